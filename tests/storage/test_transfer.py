"""History goes out and comes back the same; what is not ours does not come in."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import ErrorNote, UsageError
from assistant.domain.events import ConversationDeleted, Trimmed
from assistant.domain.prompt import Finish
from assistant.domain.sensitivity import Label
from assistant.storage.database import in_memory
from assistant.storage.journal import SqliteJournal
from assistant.storage.markdown import conversation_lines, moment
from assistant.storage.sheets import sheet_of
from assistant.storage.transfer import Imported, documents, export_lines, import_lines
from tests.fakes import NOW_MS, asked, decided, delta, finished, started, whole_turn
from tests.finding import found

FAILURE = ErrorNote("engine", "engine", "the worker \x1b[31mdied", "ask again")


@pytest.fixture
def journal() -> Iterator[SqliteJournal]:
    """A branch, a trim, a failure, labels, a running turn, two conversations."""
    made = SqliteJournal(in_memory(NOW_MS))
    made.append(started("c1", "First \x1b[2J talk", "be brief"))
    for turn, parent in (("t1", None), ("t2", "r-t1"), ("t3", "r-t1")):
        for event in whole_turn(turn, f"question \u202e{turn}", f"reply {turn}", parent=parent):
            made.append(event)
    made.append(asked("t4", "and\nthis?", parent="r-t3", label=Label.LOCAL_ONLY))
    made.append(decided("t4", Label.LOCAL_ONLY))
    made.append(Trimmed("t4", 2, "q-t3", NOW_MS + 5))
    ended = finished("half", "t4", label=Label.LOCAL_ONLY, finish=Finish.FAILED, error=FAILURE)
    made.append(ended)
    made.append(started("c2", "Second"))
    made.append(asked("t5", conversation="c2"))
    made.append(delta("still run", "t5"))
    made.append(delta("ning", "t5"))
    yield made
    made.close()


@pytest.fixture
def other() -> Iterator[SqliteJournal]:
    """Another journal, still empty."""
    made = SqliteJournal(in_memory(NOW_MS))
    yield made
    made.close()


def _exported(journal: SqliteJournal, *names: str) -> bytes:
    return "\n".join(export_lines(journal.database, names)).encode()


def _import(journal: SqliteJournal, raw: bytes) -> Imported:
    return import_lines(journal.database, io.BytesIO(raw))


def test_out_in_and_out_again_is_equal(journal: SqliteJournal, other: SqliteJournal) -> None:
    raw = _exported(journal)
    assert _import(other, raw) == Imported(conversations=2, turns=5)
    assert _exported(other, "c1") == _exported(journal, "c1")
    for head in ("r-t2", "r-t4"):
        assert other.path(head) == journal.path(head)
    assert other.notices("c1") == journal.notices("c1")
    assert other.record("t4") == journal.record("t4")
    assert [m.text for m in other.path("r-t5")] == [m.text for m in journal.path("r-t5")]
    assert [c.id for c in other.conversations()] == [c.id for c in journal.conversations()]
    assert other.conversation("c1") == journal.conversation("c1")
    assert found(other, "reply") == found(journal, "reply")


def test_what_came_from_elsewhere_does_not_colour_the_figures_here(
    journal: SqliteJournal, other: SqliteJournal
) -> None:
    _import(other, _exported(journal))
    assert not other.records()
    assert not other.records(route="cpu")
    for event in whole_turn("own", conversation="c1", parent="r-t2"):
        other.append(event)
    assert [r.turn for r in other.records()] == ["own"]


def test_what_is_here_already_is_skipped_and_what_is_new_is_added(
    journal: SqliteJournal, other: SqliteJournal
) -> None:
    earlier = _exported(journal, "c1")
    for event in whole_turn("t9", "later", "yes", parent="r-t3"):
        journal.append(event)
    assert _import(other, earlier).skipped == 0
    assert _import(other, earlier) == Imported(0, 0, 4)
    assert _import(other, _exported(journal, "c1")) == Imported(0, 1, 4)
    assert [m.text for m in other.path("r-t9")][-2:] == ["later", "yes"]


def test_a_deleted_conversation_stays_out_and_comes_back_by_import(journal: SqliteJournal) -> None:
    raw = _exported(journal, "c1")
    journal.append(ConversationDeleted("c1", NOW_MS))
    assert b'"c1"' not in _exported(journal)
    assert _import(journal, raw).skipped == 4
    assert journal.conversation("c1") in journal.conversations()


def test_an_imported_turn_that_ran_has_ended(journal: SqliteJournal, other: SqliteJournal) -> None:
    _import(other, _exported(journal, "c2"))
    assert other.recover(NOW_MS, lambda name: name == "me") == 0
    reply, record = other.path("r-t5")[1], other.record("t5")
    assert (reply.text, reply.finish) == ("still running", Finish.FAILED)
    assert record is not None
    assert record.error is not None
    assert "it was exported before the reply ended" in record.error.line()
    assert not other.records()
    raw = _exported(other, "c2")
    assert _import(other, raw) == Imported(skipped=1)


def test_an_unknown_conversation_is_named(journal: SqliteJournal) -> None:
    with pytest.raises(UsageError, match="no conversation 'nope'"):
        _exported(journal, "nope")


def _changed(change: Callable[[dict[str, object]], object]) -> bytes:
    """A good import with one thing changed in its conversation."""
    journal = SqliteJournal(in_memory(NOW_MS))
    journal.append(started())
    for event in whole_turn():
        journal.append(event)
    head, line = export_lines(journal.database)
    journal.close()
    document = json.loads(line)
    change(document)
    return f"{head}\n{json.dumps(document)}\n".encode()


def _turn(document: dict[str, object]) -> dict[str, object]:
    turns = document["turns"]
    assert isinstance(turns, list)
    [turn] = turns
    assert isinstance(turn, dict)
    return turn


def _part(document: dict[str, object], name: str) -> dict[str, object]:
    part = _turn(document)[name]
    assert isinstance(part, dict)
    return part


HEAD = b'{"format": "assistant-history", "version": 1}\n'


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "line 1"),
        (b"hello\n", "line 1"),
        (b"\xff\xfe\x00\n", "line 1"),
        (b"[1]\n", "line 1"),
        (b'{"format": "other", "version": 1}\n', "another format"),
        (b'{"format": "assistant-history", "version": 4}\n', "version 4 of the format"),
        (b'{"format": "assistant-history", "version": "1"}\n', "version is not a whole number"),
        (HEAD + b"{}\n", "line 2 of the import: id is missing"),
        (HEAD + b'{"id": "c"', "line 2"),
        (HEAD + b"[" * 100_000, "line 2"),
        (HEAD + b'{"id": ' + b"9" * 10_000 + b"}", "line 2"),
        (_changed(lambda d: d.update(id="")), "id is not an id"),
        (_changed(lambda d: d.update(id="\x1b[2J")), "id is not an id"),
        (_changed(lambda d: d.update(id=7)), "id is not a text"),
        (_changed(lambda d: d.update(created_at_ms=2**70)), "created_at_ms is not"),
        (_changed(lambda d: d.update(turns={})), "turns is not a list"),
        (_changed(lambda d: d.update(turns=[3])), "turns[0] is not an object"),
        (_changed(lambda d: _turn(d).update(reply="q-t1")), "is taken already"),
        (_changed(lambda d: _part(d, "question").update(parent="r-t1")), "no message 'r-t1'"),
        (_changed(lambda d: _part(d, "question").update(label="secret")), "label is not one of"),
        (_changed(lambda d: _part(d, "record").update(turn="t2")), "is that of another"),
        (_changed(lambda d: _part(d, "record").update(finish="boom")), "finish is not one of"),
        (_changed(lambda d: _turn(d).update(finished_at_ms=None)), "finished_at_ms is not"),
        (_changed(lambda d: _turn(d).update(record=None)), "so_far is not a text"),
        (_changed(lambda d: _turn(d).update(trimmed=[{"dropped": 1}])), "first_kept is missing"),
    ],
)
def test_what_is_not_ours_is_refused_whole(other: SqliteJournal, raw: bytes, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        _import(other, raw)
    assert says in str(caught.value)
    assert not other.conversations()
    with other.database.read() as db:
        everything = (
            "SELECT 1 FROM event UNION ALL SELECT 1 FROM message UNION ALL SELECT 1 FROM turn"
        )
        assert not db.execute(everything).fetchall()


def test_an_id_of_another_conversation_is_not_taken_over(journal: SqliteJournal) -> None:
    raw = _exported(journal, "c2").replace(b'"t5"', b'"t6"').replace(b'"c2"', b'"c3"')
    with pytest.raises(UsageError, match="taken already"):
        _import(journal, raw)
    assert journal.conversation("c3") is None


def test_lines_that_came_before_a_bad_one_are_kept(
    journal: SqliteJournal, other: SqliteJournal
) -> None:
    with pytest.raises(UsageError, match="line 4"):
        _import(other, _exported(journal) + b"\nrubbish\n")
    assert len(other.conversations()) == 2


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "title", "system", "created_at_ms", "turns", "turn"])
                | st.text(),
                inner,
                max_size=5,
            )
        ),
        max_leaves=9,
    )
)
def test_any_json_is_taken_or_refused_in_words(value: object) -> None:
    with suppress(UsageError), closing(SqliteJournal(in_memory(NOW_MS))) as journal:
        _import(journal, HEAD + json.dumps(value).encode())


def test_markdown_is_the_last_view_and_harmless(journal: SqliteJournal) -> None:
    [document] = documents(journal.database, ["c1"])
    text = "\n".join(conversation_lines(sheet_of(document)))
    assert text.startswith("# First ␛[2J talk\n")
    assert "*System prompt:* be brief" in text
    assert text.index("reply t1") < text.index("reply t3") < text.index("half")
    assert "reply t2" not in text
    assert "The oldest 2 messages no longer fit" in text
    assert "local · fake-model" in text
    assert "*failed here: engine: the worker ␛[31mdied (ask again)*" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_time_that_no_calendar_holds_is_a_dash() -> None:
    assert moment(2**62) == "—"
    assert moment(-(2**62)) == "—"
    assert moment(NOW_MS).startswith("2025-11-2")
