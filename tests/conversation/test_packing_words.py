"""A packed send, field by field: which words in which order, what is asked of the backend and of the prices, where it is cut."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from assistant.conversation.packing import Load, Packer
from assistant.domain.cloud_routes import NOT_SHOWN, Wire
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.departure import Choice, Departure, Leaving, PriceBound, Stay, Staying
from assistant.domain.errors import PromptTooLongError
from assistant.domain.findings import Finding, Gap, Kind, Scan, ScanVerdict
from assistant.domain.permit import Outgoing
from assistant.domain.prompt import ChatMessage, Message, Prompt, Role, Sampling
from assistant.domain.redaction import NO_PLACEHOLDERS
from assistant.domain.rules import Content
from assistant.domain.sensitivity import Label
from assistant.domain.settings import GenerationSettings
from assistant.ports import Generation
from tests.conversation.border_doubles import SETUP, CloudScripted, Town

BOUND = PriceBound(Decimal("0.01"), "EUR", "2026-11-01")
MARK, OTHER = "sesame", "mellon"


@dataclass
class Marks:
    """Finds two words, and remembers what it was given."""

    seen: list[tuple[str, frozenset[str]]] = field(default_factory=list)

    def scan(self, text: str, keys: Collection[str] = ()) -> Scan:
        self.seen.append((text, frozenset(keys)))
        places = [text.find(word) for word in (MARK, OTHER) if word in text]
        found = [Finding("mark", Kind.SECRET, ScanVerdict.BLOCK, at, at + 6) for at in places]
        return Scan(tuple(found), 1.0)


@dataclass
class Till(Town):
    """Remembers what a price was asked for."""

    asked: list[tuple[CloudSetup, int, int]] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return "d" * 64

    def bound(self, setup: CloudSetup, input_tokens: int, reply_tokens: int) -> PriceBound | None:
        self.asked.append((setup, input_tokens, reply_tokens))
        return BOUND


@dataclass
class Far(CloudScripted):
    """A model of a few tokens, one for each word; remembers what it was to compose."""

    window_tokens: int = 100
    composed: list[Generation] = field(default_factory=list)

    def compose(self, request: Generation) -> Outgoing:
        self.composed.append(request)
        return super().compose(request)

    def estimate(self, messages: Sequence[ChatMessage]) -> int:
        assert all(isinstance(message.role, Role) for message in messages)
        return sum(len(message.text.split()) for message in messages)


def turn(name: str, question: str, answer: str, label: Label = Label.PUBLIC) -> tuple[Message, ...]:
    """A question of a person and its answer."""
    asked = Message(f"q{name}", "talk", None, Role.USER, question, label, name, 1)
    return asked, replace(asked, id=f"r{name}", role=Role.ASSISTANT, text=answer)


def load(
    text: str = "and now",
    path: tuple[Message, ...] = (),
    *,
    system: str = "",
    choice: Choice | None = None,
    sampling: Sampling | None = None,
    most: int = 20,
) -> Load:
    prompt = Prompt(text, "talk", path[-1].id if path else None, system=system)
    prompt = replace(prompt, sampling=sampling or Sampling())
    return Load(SETUP, prompt, path, "own", choice or Choice(), most)


def packed(of: Load, far: Far | None = None, scanner: Marks | None = None) -> Departure:
    town = Till()
    return Packer(scanner or Marks(), town, town).pack(of, far or Far())


def test_the_own_message_stands_behind_the_path() -> None:
    path = turn("1", "hello", "hi")
    of = load(path=path)
    label = of.prompt.label
    own = Message("own", "talk", "r1", Role.USER, "and now", label, "", 0)
    assert of.messages == (*path, own)


def test_a_send_field_by_field() -> None:
    path, scanner, town, far = turn("1", "hello you", "hi there"), Marks(), Till(), Far()
    of = load(path=path, system="be brief please", sampling=Sampling(temperature=0.1, seed=7))
    departure = Packer(scanner, town, town).pack(of, far)
    there = (
        ChatMessage(Role.SYSTEM, "be brief please"),
        ChatMessage(Role.USER, "hello you"),
        ChatMessage(Role.ASSISTANT, "hi there"),
        ChatMessage(Role.USER, "and now"),
    )
    sampling = Sampling(temperature=0.1, seed=7, max_tokens=20)
    request = Generation("", "talk", there, sampling)
    assert far.composed == [request]
    whole = "be brief please\n\nhello you\n\nhi there\n\nand now"
    assert departure == Departure(
        setup=SETUP,
        message="own",
        choice=Choice(),
        leaves=(
            Leaving("", Role.SYSTEM, "be brief please", "be brief please", Label.NORMAL),
            Leaving("q1", Role.USER, "hello you", "hello you", Label.PUBLIC),
            Leaving("r1", Role.ASSISTANT, "hi there", "hi there", Label.PUBLIC),
            Leaving("own", Role.USER, "and now", "and now", of.prompt.label),
        ),
        stays=(),
        outgoing=CloudScripted().compose(request),
        scan=Scan((), 1.0),
        placeholders=NO_PLACEHOLDERS,
        input_tokens=9,
        reply_tokens=20,
        price=BOUND,
    )
    assert town.asked == [(SETUP, len(departure.outgoing.body), 20)]
    assert departure.tokens == len(departure.outgoing.body) + 20
    assert scanner.seen == [(whole, frozenset(town.keys))]


def test_the_shipped_system_prompt_is_public_and_ones_own_is_ones_own() -> None:
    shipped = packed(load(system=GenerationSettings().system_prompt)).leaves[0]
    assert (shipped.role, shipped.message, shipped.label) == (Role.SYSTEM, "", Label.PUBLIC)
    assert packed(load(system="be brief")).leaves[0].label is Label.NORMAL
    assert [one.role for one in packed(load()).leaves] == [Role.USER]


@pytest.mark.parametrize(
    ("wished", "most", "window", "tokens"),
    [
        (None, 20, 100, 20),
        (7, 20, 100, 7),
        (30, 20, 100, 20),
        (None, 80, 100, 50),
        (80, 80, 101, 50),
        (1, 20, 100, 1),
        (None, 20, 2, 1),
        (None, 20, 1, 1),
    ],
)
def test_a_reply_has_what_was_asked_for_but_half_of_the_window_at_most(
    wished: int | None, most: int, window: int, tokens: int
) -> None:
    of = load("", sampling=Sampling(max_tokens=wished), most=most)
    assert packed(of, Far(window_tokens=window)).reply_tokens == tokens


def test_what_is_kept_back_has_its_placeholder_at_every_place() -> None:
    path = turn("1", f"the word is {MARK}", f"so {MARK} it is")
    scanner = Marks()
    departure = packed(load(f"now {OTHER}, not {MARK}", path), None, scanner)
    assert [one.text for one in departure.leaves] == [
        "the word is ⟦secret-1⟧",
        "so ⟦secret-1⟧ it is",
        "now ⟦secret-2⟧, not ⟦secret-1⟧",
    ]
    originals = [one.original for one in departure.leaves]
    words = "\n\n".join(one.text for one in departure.leaves)
    # All at once, then each because something was found, and what would leave.
    assert [text for text, _ in scanner.seen] == ["\n\n".join(originals), *originals, words]
    first = departure.leaves[0]
    assert (first.original, first.redacted) == (f"the word is {MARK}", True)
    assert first.findings == (Finding("mark", Kind.SECRET, ScanVerdict.BLOCK, 12, 18),)
    assert departure.placeholders.originals == {"⟦secret-1⟧": MARK, "⟦secret-2⟧": OTHER}
    assert departure.scan == Scan((), 1.0)
    bare = packed(load(f"again {MARK}", choice=Choice(None)))
    assert bare.leaves[0].text == f"again {MARK}"
    assert bare.scan is not None
    assert bare.scan.blocks


def test_stop_texts_leave_and_so_they_are_shown_and_scanned() -> None:
    scanner = Marks()
    departure = packed(load(sampling=Sampling(stop=("\n", f"say {MARK}"))), None, scanner)
    assert departure.besides == (("stop", f"say {MARK}"),)
    assert scanner.seen[-1][0] == f"and now\n\nsay {MARK}"
    assert departure.content is Content.BLOCK
    assert packed(load()).besides == ()


@pytest.mark.parametrize(("wire", "filled"), [(Wire.ANTHROPIC, True), (Wire.OPENAI, False)])
def test_what_a_wire_puts_before_a_reply_is_shown(wire: Wire, filled: bool) -> None:
    setup = replace(SETUP, row=replace(SETUP.row, wire=wire))
    _, answer = turn("1", "hello", "hi there")
    of = replace(load(path=(answer,), system="be brief"), setup=setup)
    there = (("user", NOT_SHOWN),) if filled else ()
    assert packed(of).besides == there
    assert packed(replace(of, path=turn("1", "hello", "hi there"))).besides == ()


def test_other_keys_are_looked_for_at_the_next_send() -> None:
    scanner, town = Marks(), Till()
    packer = Packer(scanner, town, town)
    packer.pack(load(), Far())
    town.keys = ("k-another",)
    packer.pack(load(), Far())
    assert [keys for _, keys in scanner.seen][-1] == {"k-another"}


def test_a_turn_stays_whole_and_in_its_place() -> None:
    """An answer that must stay keeps its question with it; what stays is told in the order of the conversation."""
    asked, answer = turn("2", "public question", "secret answer")
    path = (
        *turn("1", "one", "two"),
        asked,
        replace(answer, label=Label.LOCAL_ONLY),
        *turn("3", "three", "four"),
    )
    departure = packed(load("five", path))
    assert [one.message for one in departure.leaves] == ["q1", "r1", "q3", "r3", "own"]
    assert departure.stays == (
        Staying("q2", Role.USER, "public question", Label.LOCAL_ONLY, Stay.LABEL),
        Staying("r2", Role.ASSISTANT, "secret answer", Label.LOCAL_ONLY, Stay.LABEL),
    )


@pytest.mark.parametrize(
    ("window", "first"),
    [(15, "q1"), (14, "q3"), (9, "q3"), (8, "own"), (5, "own")],
)
def test_where_an_old_conversation_is_cut(window: int, first: str) -> None:
    local = turn("2", "a b c", "d e f", Label.LOCAL_ONLY)
    path = (*turn("1", "a b c", "d e f"), *local, *turn("3", "a b", "c d"))
    # Two words of the system's, six and four of turns, two of the own; one is for the reply.
    departure = packed(load("x y", path, system="be brief", most=1), Far(window_tokens=window))
    assert departure.leaves[0].role is Role.SYSTEM
    assert departure.leaves[1].message == first
    stays = [(one.message, one.why) for one in departure.stays]
    kept = {one.message for one in departure.leaves}
    expected = [(m.id, Stay.LABEL if m in local else Stay.WINDOW) for m in path if m.id not in kept]
    assert stays == expected


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_a_message_that_does_not_fit_alone_is_refused_in_words(turns: int) -> None:
    path = tuple(one for n in range(turns) for one in turn(str(n), "one", "two"))
    of = load("word " * 1500, path, most=300)
    far = Far(window_tokens=1700)
    with pytest.raises(PromptTooLongError) as refused:
        packed(of, far)
    assert refused.value.message == "this message takes about 1,500 tokens; good takes 1,400"
    assert refused.value.hint == (
        "shorten it, or set the window with: assistant routes add --context"
    )
    assert packed(of, Far(window_tokens=1800)).input_tokens == 1500


def test_where_nothing_may_leave_there_is_nothing_to_cut() -> None:
    prompt = replace(load().prompt, label=Label.LOCAL_ONLY)
    departure = packed(replace(load(), prompt=prompt))
    assert departure.leaves == ()
    assert [one.message for one in departure.stays] == ["own"]


def test_a_secret_that_was_found_says_more_than_a_key_that_is_locked_away() -> None:
    town = Till(shut=True)
    clean = Packer(Marks(), town, town).pack(load(), Far()).scan
    assert clean == Scan((), 1.0, Gap.KEYS_LOCKED)
    bare = load(f"so {MARK}", choice=Choice(None))
    found = Packer(Marks(), town, town).pack(bare, Far()).scan
    assert found is not None
    assert (found.blocks, found.gap) == (True, None)


@pytest.mark.parametrize(
    ("question", "answer", "own"),
    [
        # Nobody kept it back: a reply that has it first, and a question that has it again.
        ("hello", f"it is {MARK}", "thanks"),
        (f"say {MARK}", "no", f"say {MARK}"),
    ],
)
def test_what_no_reply_repeats_leaves_where_a_person_wants_it(
    question: str, answer: str, own: str
) -> None:
    departure = packed(load(own, turn("1", question, answer), choice=Choice(None)))
    assert [one.text for one in departure.leaves] == [question, answer, own]


def test_what_stands_at_the_start_of_a_text_is_kept_back_as_everywhere() -> None:
    path = turn("1", f"{MARK} and {OTHER}", "no", Label.LOCAL_ONLY)
    departure = packed(load(f"{MARK} it is", path, choice=Choice(None, leave_out=True)))
    assert [one.text for one in departure.leaves] == ["⟦secret-1⟧ it is"]
    assert departure.placeholders.originals == {"⟦secret-1⟧": MARK}
