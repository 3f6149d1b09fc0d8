"""However a person arranged conversations: what is exported comes back equal, and what is not to be shown is in no export."""

import io
import json
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import settings as tried

from assistant.domain.errors import UsageError
from assistant.domain.events import (
    BranchDeleted,
    Compacted,
    ConversationRenamed,
    HeadMoved,
    Labelled,
    TitledBy,
)
from assistant.domain.prompt import Summary
from assistant.domain.sensitivity import Label, join
from assistant.storage.database import in_memory
from assistant.storage.documents import Part
from assistant.storage.journal import SqliteJournal
from assistant.storage.transfer import export_lines, import_lines
from tests.fakes import NOW_MS, started, whole_turn
from tests.storage.journals import journals

LOCAL, NORMAL, PUBLIC = Label.LOCAL_ONLY, Label.NORMAL, Label.PUBLIC


def exported(journal: SqliteJournal, part: Part | None = None) -> str:
    return "\n".join(export_lines(journal.database, part=part))


def again(raw: str, least: Label = PUBLIC) -> str:
    """What an empty journal exports that took `raw` in."""
    with closing(SqliteJournal(in_memory(NOW_MS))) as other:
        import_lines(other.database, io.BytesIO(raw.encode()), least=least)
        return exported(other)


@given(journals())
@tried(max_examples=40)
def test_every_export_imports_back_equal(journal: SqliteJournal) -> None:
    with closing(journal):
        raw = exported(journal)
        assert again(raw) == raw


@given(journals())
@tried(max_examples=20)
def test_no_part_holds_more_than_it_may(journal: SqliteJournal) -> None:
    with closing(journal):
        for part in (Part(NORMAL), Part(PUBLIC), Part(shown=True), Part(NORMAL, shown=True)):
            raw = exported(journal, part)
            for line in raw.splitlines()[1:]:
                one = json.loads(line)
                labels = [turn["question"]["label"] for turn in one["turns"]]
                labels += [turn["reply_label"] for turn in one["turns"]]
                labels += [summary["label"] for summary in one["summaries"]]
                assert join((part.most, *map(Label, labels))) is part.most
            assert again(raw).splitlines()[1:] == raw.splitlines()[1:]


@pytest.fixture
def journal() -> SqliteJournal:
    """t1 — t2 is local-only; beside t2 is t3."""
    made = SqliteJournal(in_memory(NOW_MS))
    made.append(started("c1", "the secret plan"))
    for turn, parent in (("t1", None), ("t2", "r-t1"), ("t3", "r-t1")):
        for event in whole_turn(turn, f"ask {turn}", f"say {turn}", parent=parent):
            made.append(event)
    return made


def test_a_local_only_title_is_left_out_alone(journal: SqliteJournal) -> None:
    journal.append(ConversationRenamed("c1", "what Anna fears", NOW_MS, TitledBy.KEPT))
    titles = [json.loads(exported(journal, Part(most)).splitlines()[1]) for most in (NORMAL, LOCAL)]
    assert [(one["title"], one["titled"]) for one in titles] == [
        ("ask t1", "prompt"),
        ("what Anna fears", "kept"),
    ]
    assert again(exported(journal)) == exported(journal)


def test_what_is_stricter_is_left_out_with_the_title_that_may_tell_of_it(
    journal: SqliteJournal,
) -> None:
    journal.append(Labelled("c1", "q-t2", LOCAL, NOW_MS))
    head, line = exported(journal, Part(NORMAL)).splitlines()
    one = json.loads(line)
    assert [turn["turn"] for turn in one["turns"]] == ["t1", "t3"]
    assert (one["title"], one["head"]) == ("ask t1", "r-t3")
    assert "secret" not in line
    assert json.loads(head)["label"] == "normal"
    assert json.loads(exported(journal).splitlines()[0])["label"] == "local-only"


def test_a_deleted_branch_stays_out_with_all_that_speaks_of_it(journal: SqliteJournal) -> None:
    journal.append(Compacted(Summary("s1", "c1", "r-t3", "in short", NORMAL, "cpu", 1), NOW_MS))
    journal.append(BranchDeleted("c1", "q-t3", "r-t2", NOW_MS))
    one = json.loads(exported(journal).splitlines()[1])
    assert [turn["turn"] for turn in one["turns"]] == ["t1", "t2"]
    assert (one["summaries"], one["head"]) == ([], "r-t2")


def test_nothing_comes_milder_than_was_asked(journal: SqliteJournal) -> None:
    one = json.loads(again(exported(journal), least=LOCAL).splitlines()[1])
    labels = {turn["question"]["label"] for turn in one["turns"]}
    assert labels | {turn["reply_label"] for turn in one["turns"]} == {"local-only"}


def test_a_second_import_leaves_the_view_and_the_place_as_they_are(journal: SqliteJournal) -> None:
    raw = exported(journal)
    journal.append(HeadMoved("c1", "r-t2", NOW_MS))
    import_lines(journal.database, io.BytesIO(raw.encode()))
    found = journal.conversation("c1")
    assert found is not None
    assert found.head == "r-t2"


def test_what_goes_on_from_the_branch_in_view_is_in_view_another_branch_is_not(
    journal: SqliteJournal,
) -> None:
    with closing(SqliteJournal(in_memory(NOW_MS))) as other:
        import_lines(other.database, io.BytesIO(exported(journal).encode()))
        for turn, parent in (("t4", "r-t2"), ("t5", "r-t3")):
            for event in whole_turn(turn, parent=parent):
                journal.append(event)
            import_lines(other.database, io.BytesIO(exported(journal).encode()))
            found = other.conversation("c1")
            assert found is not None
            assert found.head == {"t4": "r-t3", "t5": "r-t5"}[turn]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"titled": "nobody"}, "titled is not one of"),
        ({"pinned": "yes"}, "pinned is not true or false"),
        ({"head": "nowhere"}, "no reply 'nowhere'"),
        ({"sampling": {}}, "sampling.temperature is missing"),
        ({"sampling": {"temperature": 1e300}}, "sampling.temperature is not"),
        ({"summaries": [{"id": "s", "upto": "nowhere"}]}, "is missing"),
        ({"ratings": [{"better": "t1", "worse": "t9", "tie": False, "at_ms": 1}]}, "'t9'"),
    ],
)
def test_what_does_not_fit_is_refused_whole(
    journal: SqliteJournal, change: dict[str, object], says: str
) -> None:
    head, line = exported(journal).splitlines()
    raw = f"{head}\n{json.dumps({**json.loads(line), **change})}"
    with closing(SqliteJournal(in_memory(NOW_MS))) as other:
        with pytest.raises(UsageError) as caught:
            import_lines(other.database, io.BytesIO(raw.encode()))
        assert says in str(caught.value)
        assert not other.conversations()


def test_a_summary_is_never_milder_than_what_it_stands_for(journal: SqliteJournal) -> None:
    summary = {"id": "s1", "upto": "r-t3", "text": "x", "label": "public", "route": "cpu"}
    head, line = exported(journal).splitlines()
    one = {**json.loads(line), "summaries": [{**summary, "created_at_ms": 1}]}
    back = json.loads(again(f"{head}\n{json.dumps(one)}").splitlines()[1])
    assert back["summaries"][0]["label"] == "normal"


def test_what_goes_on_from_a_message_that_became_stricter_here_comes_in_as_strict() -> None:
    """Another machine went on with it before it knew."""
    with closing(SqliteJournal(in_memory(NOW_MS))) as there:
        there.append(started("c1", "a chat"))
        for event in whole_turn("t1", "ask", "say", parent=None):
            there.append(event)
        first = exported(there)
        for turn, parent in (("t2", "r-t1"), ("t3", "r-t2")):
            for event in whole_turn(turn, f"ask {turn}", f"say {turn}", parent=parent):
                there.append(event)
        then = exported(there)
    with closing(SqliteJournal(in_memory(NOW_MS))) as here:
        import_lines(here.database, io.BytesIO(first.encode()))
        here.append(Labelled("c1", "q-t1", LOCAL, NOW_MS))
        import_lines(here.database, io.BytesIO(then.encode()))
        labels = [(message.id, message.label) for message in here.path("r-t3")]
    assert labels == [
        ("q-t1", LOCAL),
        ("r-t1", LOCAL),
        ("q-t2", NORMAL),
        ("r-t2", LOCAL),
        ("q-t3", NORMAL),
        ("r-t3", LOCAL),
    ]
