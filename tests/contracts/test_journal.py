"""What every Journal keeps, whether on a disk or in memory."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import ErrorNote, StorageError
from assistant.domain.events import (
    ConversationDeleted,
    ConversationLabelled,
    ConversationRenamed,
    ConversationRestored,
    Event,
    Labelled,
    Trimmed,
)
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish, Role
from assistant.domain.sensitivity import Label
from assistant.ports import Journal
from assistant.storage.database import in_memory, open_database
from assistant.storage.journal import SqliteJournal
from tests.fakes import NOW_MS, asked, decided, delta, finished, started, whole_turn


def _on_disk(folder: Path) -> SqliteJournal:
    return SqliteJournal(open_database(folder / "journal.db", NOW_MS))


def _in_memory(_folder: Path) -> SqliteJournal:
    return SqliteJournal(in_memory(NOW_MS))


@pytest.fixture(params=[_on_disk, _in_memory])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    make: Callable[[Path], Journal] = request.param
    made = make(tmp_path)
    yield made
    made.close()


def _talk(journal: Journal, turns: int, conversation: str = "c1") -> None:
    journal.append(started(conversation))
    parent = None
    for i in range(turns):
        turn = f"{conversation}-t{i}"
        for event in whole_turn(
            turn, f"question {i}", f"reply {i}", conversation=conversation, parent=parent
        ):
            journal.append(event)
        parent = f"r-{turn}"


def test_an_empty_journal_holds_nothing(journal: Journal) -> None:
    assert journal.writable
    assert not journal.conversations()
    assert journal.conversation("c1") is None
    assert not journal.path("nobody")
    assert not journal.records()
    assert journal.record("t1") is None
    assert not journal.notices("c1")
    assert journal.first_kept("c1", ["m"]) is None
    assert journal.draft("") == ""


def test_a_turn_comes_back_as_it_was(journal: Journal) -> None:
    journal.append(started(system="be brief"))
    events = list(whole_turn())
    for event in events:
        journal.append(event)
    question, reply = journal.path("r-t1")
    assert (question.role, question.text, question.parent) == (Role.USER, "a question", None)
    assert (reply.role, reply.text, reply.parent) == (Role.ASSISTANT, "a reply", "q-t1")
    assert (question.finish, reply.finish) == (None, Finish.STOP)
    summary = journal.conversation("c1")
    assert summary is not None
    assert (summary.head, summary.messages, summary.system) == ("r-t1", 2, "be brief")
    assert journal.record("t1") == finished().record
    [latest] = journal.records()
    assert latest.reply == ""
    assert latest.latency_ms == finished().record.latency_ms


def test_a_running_reply_shows_what_has_arrived(journal: Journal) -> None:
    journal.append(started())
    journal.append(asked())
    assert journal.path("r-t1")[1].text == ""
    journal.append(delta("so "))
    journal.append(delta("far"))
    [_, reply] = journal.path("r-t1")
    assert (reply.text, reply.finish) == ("so far", None)
    assert journal.record("t1") is None


def test_what_was_shown_wins_over_a_record_that_says_less(journal: Journal) -> None:
    journal.append(started())
    for event in (asked(), decided(), delta("all of it"), finished("all")):
        journal.append(event)
    record = journal.record("t1")
    assert record is not None
    assert record.reply == journal.path("r-t1")[1].text == "all of it"


def test_a_reply_has_the_label_of_its_context(journal: Journal) -> None:
    journal.append(started())
    journal.append(asked(label=Label.NORMAL))
    journal.append(decided(label=Label.LOCAL_ONLY))
    question, reply = journal.path("r-t1")
    assert (question.label, reply.label) == (Label.NORMAL, Label.LOCAL_ONLY)
    journal.append(finished(label=Label.LOCAL_ONLY))
    assert journal.path("r-t1")[1].label is Label.LOCAL_ONLY


def test_a_failed_turn_keeps_its_error_and_its_text(journal: Journal) -> None:
    error = ErrorNote("engine", "engine", "the worker died", "ask again")
    journal.append(started())
    for event in (asked(), delta("half"), finished("half", finish=Finish.FAILED, error=error)):
        journal.append(event)
    assert journal.path("r-t1")[1].finish is Finish.FAILED
    record = journal.record("t1")
    assert record is not None
    assert record.error == error


def test_branches_share_their_beginning(journal: Journal) -> None:
    _talk(journal, 2)
    for event in whole_turn("other", "another way", "indeed", parent="r-c1-t0"):
        journal.append(event)
    assert [m.id for m in journal.path("r-other")][:2] == ["q-c1-t0", "r-c1-t0"]
    assert [m.id for m in journal.path("r-c1-t1")][2:] == ["q-c1-t1", "r-c1-t1"]
    assert len(journal.path("q-other")) == 3


def test_conversations_come_by_activity_and_not_by_the_clock(journal: Journal) -> None:
    for name in ("c1", "c2", "c3"):
        journal.append(started(name))
    journal.append(asked("early", conversation="c1", at_ms=5))
    assert [c.id for c in journal.conversations()] == ["c1", "c3", "c2"]
    assert [c.id for c in journal.conversations(limit=1, offset=1)] == ["c3"]


def test_a_deleted_conversation_can_be_restored(journal: Journal) -> None:
    _talk(journal, 1)
    journal.append(ConversationDeleted("c1", NOW_MS))
    assert not journal.conversations()
    assert journal.conversation("c1") is not None
    journal.append(ConversationRestored("c1", NOW_MS))
    assert [c.id for c in journal.conversations()] == ["c1"]


def test_a_renamed_conversation_has_its_new_title(journal: Journal) -> None:
    _talk(journal, 1)
    journal.append(ConversationRenamed("c1", "Sailing weather", NOW_MS))
    summary = journal.conversation("c1")
    assert summary is not None
    assert summary.title == "Sailing weather"


def test_trims_are_told_before_the_message_with_which_they_came(journal: Journal) -> None:
    _talk(journal, 3)
    journal.append(asked("t9", parent="r-c1-t2"))
    journal.append(Trimmed("t9", 2, "q-c1-t1", NOW_MS))
    [notice] = journal.notices("c1")
    assert notice.before == "q-t9"
    assert "2 messages" in notice.text
    path = [m.id for m in journal.path("r-t9")]
    assert journal.first_kept("c1", path) == "q-c1-t1"
    assert journal.first_kept("c1", path[:2]) is None


def test_the_latest_first_kept_on_the_path_counts(journal: Journal) -> None:
    _talk(journal, 3)
    for turn, kept in (("t8", "q-c1-t1"), ("t9", "q-c1-t2")):
        journal.append(asked(turn, parent="r-c1-t2"))
        journal.append(Trimmed(turn, 2, kept, NOW_MS))
    assert journal.first_kept("c1", ["q-c1-t1", "q-c1-t2"]) == "q-c1-t2"
    assert journal.first_kept("c1", ["q-c1-t1"]) == "q-c1-t1"


def test_records_are_the_latest_of_a_route_the_newest_last(journal: Journal) -> None:
    other = Route("other", Place.THIS_MACHINE, "fake", "m")
    journal.append(started())
    for i in range(6):
        route = other if i % 2 else decided().route
        for event in whole_turn(f"t{i}", route=route):
            journal.append(event)
    assert [r.turn for r in journal.records(limit=4)] == ["t2", "t3", "t4", "t5"]
    assert [r.turn for r in journal.records(limit=2, route="other")] == ["t3", "t5"]


def test_drafts_are_kept_and_dropped(journal: Journal) -> None:
    journal.save_draft("", "for nobody yet")
    journal.save_draft("c1", "first")
    journal.save_draft("c1", "second")
    assert (journal.draft(""), journal.draft("c1")) == ("for nobody yet", "second")
    journal.save_draft("c1", "")
    assert journal.draft("c1") == ""


@pytest.mark.parametrize("label", Label)
def test_a_draft_keeps_its_label(journal: Journal, label: Label) -> None:
    assert journal.draft_label("c1") is None
    journal.save_draft("c1", "of which nothing was said")
    assert journal.draft_label("c1") is Label.LOCAL_ONLY
    journal.save_draft("c1", "text", label)
    assert journal.draft_label("c1") is label
    journal.save_draft("c1", "", label)
    assert journal.draft_label("c1") is None


def test_what_does_not_fit_the_record_is_refused_and_leaves_no_trace(journal: Journal) -> None:
    journal.append(started())
    misfits: list[Event] = [
        delta("text", "nobody"),
        decided("nobody"),
        finished(turn="nobody"),
        Trimmed("nobody", 1, "m", NOW_MS),
        asked("t1", conversation="nowhere"),
        asked("t1", parent="nobody"),
        ConversationRenamed("nowhere", "x", NOW_MS),
        ConversationDeleted("nowhere", NOW_MS),
        started(),
    ]
    for event in misfits:
        with pytest.raises(StorageError):
            journal.append(event)
    for event in whole_turn():
        journal.append(event)
    again: list[Event] = [finished(), delta("more"), asked()]
    for event in again:
        with pytest.raises(StorageError):
            journal.append(event)
    assert [m.text for m in journal.path("r-t1")] == ["a question", "a reply"]


def test_a_parent_must_be_of_the_same_conversation(journal: Journal) -> None:
    _talk(journal, 1)
    journal.append(started("c2"))
    with pytest.raises(StorageError):
        journal.append(asked("t2", conversation="c2", parent="r-c1-t0"))


def test_a_conversation_has_a_label_of_its_own(journal: Journal) -> None:
    _talk(journal, 1)
    assert [c.label for c in journal.conversations()] == [Label.PUBLIC]
    journal.append(ConversationLabelled("c1", Label.LOCAL_ONLY, NOW_MS))
    assert [c.label for c in journal.conversations()] == [Label.LOCAL_ONLY]
    assert [m.label for m in journal.path("r-c1-t0")] == [Label.NORMAL, Label.NORMAL]
    journal.append(ConversationLabelled("c1", Label.PUBLIC, NOW_MS))
    summary = journal.conversation("c1")
    assert summary is not None
    assert summary.label is Label.PUBLIC
    with pytest.raises(StorageError):
        journal.append(ConversationLabelled("nowhere", Label.PUBLIC, NOW_MS))


def test_a_stricter_label_reaches_the_replies_that_came_of_it(journal: Journal) -> None:
    _talk(journal, 3)
    for event in whole_turn("other", parent="r-c1-t0"):
        journal.append(event)
    journal.append(Labelled("c1", "q-c1-t1", Label.LOCAL_ONLY, NOW_MS))
    local, normal = Label.LOCAL_ONLY, Label.NORMAL
    assert [m.label for m in journal.path("r-c1-t2")] == [normal, normal, local, local, normal, local]  # fmt: skip
    assert {m.label for m in journal.path("r-other")} == {normal}


def test_a_label_is_never_made_milder(journal: Journal) -> None:
    _talk(journal, 1)
    for label in (Label.LOCAL_ONLY, Label.LOCAL_ONLY):
        journal.append(Labelled("c1", "q-c1-t0", label, NOW_MS))
    for milder in (Label.NORMAL, Label.PUBLIC):
        with pytest.raises(StorageError, match="only ever made stricter"):
            journal.append(Labelled("c1", "q-c1-t0", milder, NOW_MS))
    for where, message in (("c1", "nobody"), ("c2", "q-c1-t0")):
        with pytest.raises(StorageError):
            journal.append(Labelled(where, message, Label.LOCAL_ONLY, NOW_MS))
    assert {m.label for m in journal.path("r-c1-t0")} == {Label.LOCAL_ONLY}


def test_a_reply_keeps_the_label_that_it_got_while_it_came(journal: Journal) -> None:
    journal.append(started())
    for event in (asked(), decided(), delta("so far")):
        journal.append(event)
    journal.append(Labelled("c1", "q-t1", Label.LOCAL_ONLY, NOW_MS))
    journal.append(finished())
    assert journal.path("r-t1")[1].label is Label.LOCAL_ONLY


ANY_TEXT = st.text(st.characters(), max_size=40)
SURROGATES = st.text(st.characters(categories=("Cs", "L")), min_size=1, max_size=9)


@given(text=ANY_TEXT | SURROGATES, pieces=st.lists(ANY_TEXT, max_size=5))
def test_any_text_is_kept(text: str, pieces: list[str]) -> None:
    expected, said = _without_surrogates(text), _without_surrogates("".join(pieces))
    with closing(SqliteJournal(in_memory(NOW_MS))) as journal:
        journal.append(started(title=text, system=text))
        journal.append(asked(text=text))
        for piece in pieces:
            journal.append(delta(piece))
        question, reply = journal.path("r-t1")
        journal.append(finished("".join(pieces)))
        assert question.text == expected
        assert reply.text == journal.path("r-t1")[1].text == said
        journal.save_draft("c1", text)
        assert journal.draft("c1") == expected


def _without_surrogates(text: str) -> str:
    return "".join("\ufffd" if 0xD800 <= ord(c) < 0xE000 else c for c in text)
