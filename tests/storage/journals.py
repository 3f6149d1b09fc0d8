"""Journals that Hypothesis makes up: trees of turns, arranged in every way that a person can arrange them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st

from assistant.domain.events import (
    BranchDeleted,
    Compacted,
    CompactionUndone,
    ConversationLabelled,
    ConversationRenamed,
    ConversationShelved,
    ConversationTuned,
    Event,
    HeadMoved,
    Labelled,
    Rated,
    TitledBy,
)
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish, Sampling, Summary
from assistant.domain.sensitivity import Label
from assistant.storage.branches import SqliteBranches
from assistant.storage.database import in_memory
from assistant.storage.journal import SqliteJournal
from tests.fakes import LOCAL, NOW_MS, asked, decided, delta, finished, started

CLOUD = Route("far", Place.CLOUD, "remote", "a-model")
TEXTS = st.text(max_size=30) | st.sampled_from(
    [
        "</script><!--",
        "```py\nx\n```",
        "<!-- assistant-history 3 -->",
        "-->",
        "\x1b[2J\u202e",
        "\ud800",
    ]
)
SAMPLINGS = st.builds(
    Sampling,
    temperature=st.floats(0, 2),
    seed=st.none() | st.integers(0, 2**31 - 1),
    max_tokens=st.none() | st.integers(1, 4096),
    stop=st.lists(st.text(min_size=1, max_size=4), max_size=2).map(tuple),
)


@dataclass
class Maker:
    """Adds to a journal what Hypothesis says."""

    draw: Callable[[st.SearchStrategy], object]
    journal: SqliteJournal = field(default_factory=lambda: SqliteJournal(in_memory(NOW_MS)))
    heads: dict[str, list[str]] = field(default_factory=dict)
    """The replies of each conversation that are in sight."""
    named: set[str] = field(default_factory=set)
    """The conversations that a person gave a title: no model may change it."""
    at_ms: int = NOW_MS
    count: int = 0

    def append(self, event: Event) -> None:
        self.journal.append(event)

    def conversation(self) -> None:
        name = f"c{len(self.heads)}"
        self.append(started(name, self._text(), self._text()))
        self.heads[name] = []

    def _text(self) -> str:
        return str(self.draw(TEXTS))

    def _label(self) -> Label:
        label = self.draw(st.sampled_from(Label))
        assert isinstance(label, Label)
        return label

    def turn(self, name: str) -> None:
        self.count += 1
        turn, label = f"t{self.count}", self._label()
        parent = self.draw(st.sampled_from([None, *self.heads[name]]))
        assert parent is None or isinstance(parent, str)
        at = {
            "conversation": name,
            "parent": parent,
            "label": label,
            "at_ms": self.at_ms + self.count,
        }
        self.append(asked(turn, self._text(), **at))  # type: ignore[arg-type]
        route = CLOUD if self.draw(st.booleans()) else LOCAL
        self.append(decided(turn, label, route))
        reply = self._text()
        self.append(delta(reply, turn))
        finish = self.draw(st.sampled_from([Finish.STOP, Finish.CANCELLED]))
        assert isinstance(finish, Finish)
        self.append(
            finished(reply, turn, conversation=name, label=label, route=route, finish=finish)
        )
        self.heads[name].append(f"r-{turn}")

    def arrange(self, name: str) -> None:
        acts = [self._rename, self._shelve, self._tune, self._look, self._label_all]
        if self.heads[name]:
            acts += [self._delete, self._compact, self._rate, self._tighten]
        act = self.draw(st.sampled_from(acts))
        assert callable(act)
        act(name)

    def _rename(self, name: str) -> None:
        by = self.draw(st.sampled_from([TitledBy.PERSON, TitledBy.KEPT]))
        assert isinstance(by, TitledBy)
        if name not in self.named and self.draw(st.booleans()):
            by = TitledBy.MODEL
        else:
            self.named.add(name)
        self.append(ConversationRenamed(name, f"title {self.count}", self.at_ms, by))

    def _shelve(self, name: str) -> None:
        pinned, archived = bool(self.draw(st.booleans())), bool(self.draw(st.booleans()))
        self.append(ConversationShelved(name, pinned, archived, self.at_ms))

    def _tune(self, name: str) -> None:
        sampling = self.draw(st.none() | SAMPLINGS)
        assert sampling is None or isinstance(sampling, Sampling)
        self.append(ConversationTuned(name, self._text(), sampling, self.at_ms))

    def _label_all(self, name: str) -> None:
        self.append(ConversationLabelled(name, self._label(), self.at_ms))

    def _look(self, name: str) -> None:
        head = self.draw(st.sampled_from([None, *self.heads[name]]))
        assert head is None or isinstance(head, str)
        self.append(HeadMoved(name, head, self.at_ms))

    def _one(self, name: str) -> str:
        return str(self.draw(st.sampled_from(self.heads[name])))

    def _tighten(self, name: str) -> None:
        message = self._one(name).replace("r-", "q-")
        self.append(Labelled(name, message, Label.LOCAL_ONLY, self.at_ms))

    def _delete(self, name: str) -> None:
        gone = self._one(name)
        question = gone.replace("r-", "q-")
        left = [
            head
            for head in self.heads[name]
            if question not in {m.id for m in self.journal.path(head)}
        ]
        head = SqliteBranches(self.journal.database).leaf(left[-1]) if left else None
        head = head if head in left else (left[-1] if left else None)
        self.append(BranchDeleted(name, question, head, self.at_ms))
        self.heads[name] = left

    def _compact(self, name: str) -> None:
        self.count += 1
        upto = self._one(name)
        said = self._text(), self._label(), "cpu", self.at_ms
        self.append(Compacted(Summary(f"s{self.count}", name, upto, *said), self.at_ms))
        if self.draw(st.booleans()):
            self.append(CompactionUndone(name, f"s{self.count}", self.at_ms))

    def _rate(self, name: str) -> None:
        better, worse = (self._one(name).removeprefix("r-") for _ in range(2))
        if better != worse:
            self.append(Rated(name, better, worse, bool(self.draw(st.booleans())), self.at_ms))


@st.composite
def journals(draw: Callable[[st.SearchStrategy], object]) -> SqliteJournal:
    """One or two conversations of a few turns; who draws one closes it."""
    maker = Maker(draw)
    for _ in range(int(str(draw(st.integers(1, 2))))):
        maker.conversation()
    for _ in range(int(str(draw(st.integers(0, 10))))):
        name = str(draw(st.sampled_from(sorted(maker.heads))))
        (maker.turn if draw(st.booleans()) else maker.arrange)(name)
    return maker.journal
