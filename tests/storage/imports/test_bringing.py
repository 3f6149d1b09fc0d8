"""What other programs exported comes in whole, labelled, in branches, and only once."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import closing

import pytest

from assistant.domain.errors import UsageError
from assistant.domain.events import ConversationStarted
from assistant.domain.prompt import Finish
from assistant.domain.sensitivity import Label
from assistant.ports import ConversationSummary
from assistant.storage.branches import SqliteBranches
from assistant.storage.database import in_memory
from assistant.storage.imports.bringing import Brought, bring_in
from assistant.storage.imports.values import Source
from assistant.storage.journal import SqliteJournal
from assistant.storage.taking_in import Imported
from assistant.storage.transfer import export_lines
from tests.fakes import NOW_MS
from tests.storage.imports import shapes


@pytest.fixture
def journal() -> Iterator[SqliteJournal]:
    made = SqliteJournal(in_memory(NOW_MS))
    yield made
    made.close()


def bring(journal: SqliteJournal, value: object, label: Label | None = None) -> Brought:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return bring_in(journal.database, io.BytesIO(raw), label=label)


def only(journal: SqliteJournal) -> ConversationSummary:
    [found] = journal.conversations(archived=None)
    return found


def texts(journal: SqliteJournal, head: str | None = None) -> list[str]:
    return [message.text for message in journal.path(head or str(only(journal).head))]


def test_chatgpt(journal: SqliteJournal) -> None:
    brought = bring(journal, [shapes.chatgpt()])
    assert brought.imported == Imported(1, 4)
    assert dict(brought.left_out) == {"image": 1, "file": 1}
    found = only(journal)
    assert (found.title, found.pinned, found.archived) == ("Bread", True, False)
    assert found.system == "I bake.\n\nBe short."
    assert found.created_at_ms == 1_700_000_000_000
    call = "[to python]\n```python\nlook()\n```\n\n[tool python]\nrye\n\n"
    asked = "[image, not imported]\n\nWhat bread is this?\n\n[file, not imported: list.pdf]"
    assert texts(journal) == [asked, f"{call}It is rye.", "How hot?", "230 degrees."]
    path = journal.path(str(found.head))
    assert {message.label for message in path} == {Label.LOCAL_ONLY}
    beside = SqliteBranches(journal.database).siblings(str(found.head))
    assert [len(beside[message.id]) for message in path[::2]] == [2, 2]
    first, _ = beside[path[0].id]
    assert texts(journal, SqliteBranches(journal.database).leaf(first)) == [
        asked,
        f"{call}Rye bread.",
    ]
    other, _ = beside[path[2].id]
    leaf = SqliteBranches(journal.database).leaf(other)
    assert texts(journal, leaf)[-1] == "<think>\nan hour?\n</think>\n\nAn hour."
    record = journal.record(path[3].turn)
    assert record is not None
    assert (record.route.model, record.finish, record.attempts) == ("o3", Finish.STOP, 0)
    assert not journal.records(), "it colours no figure here"


def test_a_system_prompt_from_elsewhere_goes_no_further_than_what_was_said_under_it(
    journal: SqliteJournal,
) -> None:
    """It would leave with every message that is sent there."""
    bring(journal, [shapes.chatgpt()])
    assert only(journal).label is Label.LOCAL_ONLY


def test_a_system_prompt_of_ours_is_no_milder_than_was_said(journal: SqliteJournal) -> None:
    journal.append(ConversationStarted("c1", "a chat", "you know the ward", NOW_MS))
    lines = "\n".join(export_lines(journal.database)).encode()
    for label, then in ((None, Label.PUBLIC), (Label.LOCAL_ONLY, Label.LOCAL_ONLY)):
        with closing(SqliteJournal(in_memory(NOW_MS))) as other:
            bring(other, lines, label)
            assert only(other).label is then


def test_claude(journal: SqliteJournal) -> None:
    brought = bring(journal, [shapes.claude()])
    assert (brought.imported, dict(brought.left_out)) == (Imported(1, 2), {"image": 1})
    assert texts(journal) == [
        "Read this\n\n[attached: notes.txt]\n````\nan ``` owl\n````\n\n[image, not imported: owl.png]",
        '<think>\nTwo files.\n</think>\n\n[to search]\n{\n  "q": "owls"\n}\n\n[tool search]\nfound\n\nDone.',
        "Thanks",
        "You are welcome.",
    ]
    assert only(journal).updated_at_ms == 1_747_821_633_000


def test_claude_as_the_site_gives_it_has_branches(journal: SqliteJournal) -> None:
    one = shapes.claude()
    parents = ("00000000-0000-4000-8000-000000000000", "m1", "m2", "m1")
    for message, parent in zip(one["chat_messages"], parents, strict=True):
        message["parent_message_uuid"] = parent
    one["current_leaf_message_uuid"] = "m3"
    assert bring(journal, one).imported == Imported(1, 3)
    assert texts(journal)[2:] == ["Thanks", ""]
    assert journal.path(str(only(journal).head))[-1].finish is Finish.CANCELLED


def test_open_webui(journal: SqliteJournal) -> None:
    brought = bring(journal, [shapes.open_webui()])
    assert (brought.imported, dict(brought.left_out)) == (Imported(1, 3), {"image": 1})
    found = only(journal)
    assert (found.archived, found.system) == (True, "Be brief.")
    asked = "Another\n\n[image, not imported]"
    assert texts(journal) == ["Name a river", "The Elbe.", asked, "[error]\nmodel gone"]
    record = journal.record(journal.path(str(found.head))[1].turn)
    assert record is not None
    assert record.route.model == "b:2b"


def test_llama_server(journal: SqliteJournal) -> None:
    brought = bring(journal, shapes.llama_server())
    assert (brought.imported, dict(brought.left_out)) == (Imported(1, 1), {"image": 1})
    assert only(journal).system == "You are terse."
    asked = "Read\n\n[attached: a.txt]\n```\nalpha\n```\n\n[image, not imported: b.png]"
    assert texts(journal) == [asked, "<think>\nhm\n</think>\n\nRead it."]


def test_llama_server_as_json_lines_in_a_zip(journal: SqliteJournal) -> None:
    one = shapes.llama_server()
    lines = [{"harness": "x", "type": "session", **one["conv"]}]
    lines += [{"type": "message", "message": message} for message in one["messages"]]
    lines.insert(2, {"type": "of the future"})
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("../../evil.jsonl", "\n".join(map(json.dumps, lines)))
        archive.writestr("picture.png", b"no")
    assert bring(journal, raw.getvalue()).imported == Imported(1, 1)
    assert bring(journal, one).imported == Imported(0, 0, 1), "the other form is the same"


def test_a_zip_as_it_is_mailed(journal: SqliteJournal) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("user.json", '{"email": "x"}')
        archive.writestr("conversations.json", json.dumps([shapes.chatgpt()]))
        archive.writestr("chat.html", "<html>")
    assert bring(journal, raw.getvalue()).imported == Imported(1, 4)


@pytest.mark.parametrize(
    "one",
    [shapes.chatgpt(), shapes.claude(), shapes.open_webui(), shapes.llama_server()],
    ids=["chatgpt", "claude", "open-webui", "llama-server"],
)
def test_again_adds_nothing_and_a_label_is_taken(journal: SqliteJournal, one: shapes.JSON) -> None:
    first = bring(journal, [one], Label.NORMAL)
    assert {m.label for m in journal.path(str(only(journal).head))} == {Label.NORMAL}
    raw = "\n".join(export_lines(journal.database)).encode()
    again = bring(journal, [one]).imported
    with closing(SqliteJournal(in_memory(NOW_MS))) as other:
        bring(other, raw)
        assert "\n".join(export_lines(other.database)).encode() == raw
    assert again == Imported(0, 0, first.imported.turns)


def test_what_was_said_since_the_last_export_is_added(journal: SqliteJournal) -> None:
    one = shapes.claude()
    later = {**one, "chat_messages": one["chat_messages"][:2]}
    assert bring(journal, [later]).imported == Imported(1, 1)
    assert bring(journal, [one]).imported == Imported(0, 1, 1)
    assert texts(journal)[2:] == ["Thanks", "You are welcome."]


def test_one_that_is_broken_keeps_no_other_out_and_is_named(journal: SqliteJournal) -> None:
    bad = shapes.chatgpt()
    bad["mapping"]["q2"]["message"] = "no object"
    brought = bring(journal, [bad, 7, {"a": 1}, shapes.claude()])
    assert [(t.where, t.what) for t in brought.troubles] == [
        ("conversation 1", "mapping.q2.message is not an object"),
        ("conversation 2", "it is not an object"),
        ("conversation 3", "its shape is not that of any export that is known here"),
    ]
    assert only(journal).title == "Owls"


def test_those_of_one_file_stand_by_their_times_whatever_its_order(journal: SqliteJournal) -> None:
    bring(journal, [shapes.claude(), shapes.chatgpt()])
    with journal.database.read() as db:
        titles = [
            title
            for (title,) in db.execute("SELECT title FROM conversation ORDER BY activity DESC")
        ]
    assert titles == ["Owls", "Bread"]


def test_an_import_that_was_ended_in_the_middle_is_put_in_order_by_the_next(
    journal: SqliteJournal,
) -> None:
    every = [shapes.claude(), shapes.chatgpt()]
    for one in every:
        # Ended before it set them in order: each came alone.
        bring(journal, [one])
    assert [one.title for one in journal.conversations(archived=None)] == ["Bread", "Owls"]
    bring(journal, every)
    assert [one.title for one in journal.conversations(archived=None)] == ["Owls", "Bread"]


def test_a_forced_format_is_taken_at_its_word(journal: SqliteJournal) -> None:
    raw = io.BytesIO(json.dumps([shapes.claude()]).encode())
    with pytest.raises(UsageError, match="conversation 1 of the import: mapping is not an object"):
        bring_in(journal.database, raw, forced=Source.CHATGPT)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "it is empty"),
        (b"hello", "no export that is known here"),
        (b"<!doctype html><html></html>", "this HTML is not what"),
        (b"PK\x03\x04rubbish", "archive cannot be read"),
        (b"[1, 2", "the end of the file stands where , should"),
        (b'[{"mapping": {}', "no JSON"),
        (b'{"a": 1}', "shape is not that of any export"),
        (b"[" * 100_000, "nested too deeply"),
        (b'[{"a": ' + b"[" * 100_000, "nested too deeply"),
        (b'[{"a": "\xff"}]', "can't decode"),
        (b"[]]", "no JSON"),
        (b'{"a": 1 "b": 2}', "stands where , should"),
    ],
)
def test_what_is_nobodys_export_is_refused_in_words(
    journal: SqliteJournal, raw: bytes, says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        bring(journal, raw)
    assert says in str(caught.value)
    assert not journal.conversations()


def test_what_came_before_a_break_is_kept(journal: SqliteJournal) -> None:
    raw = json.dumps([shapes.claude()])[:-1] + ", {"
    with pytest.raises(UsageError, match="what came before it was taken in: 1 new conv"):
        bring(journal, raw.encode())
    assert only(journal).title == "Owls"


def test_a_bomb_is_read_no_further_than_its_bound(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.storage.imports.archive.MOST_BYTES", 1_000_000)
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", "[" + " " * 10_000_000)
    with pytest.raises(UsageError, match="more than 1,000,000 bytes"):
        bring(journal, raw.getvalue())


@pytest.mark.parametrize(
    "method",
    [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
    ids=["zip", "bz2", "lzma"],
)
def test_an_archive_that_is_damaged_is_refused_in_words(
    journal: SqliteJournal, method: int
) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", method) as archive:
        archive.writestr("conversations.json", json.dumps([{"x": "y" * 500}] * 300))
    whole = raw.getvalue()
    end = whole.index(b"PK\x01\x02")
    for place in range(48, end, max(1, end // 10)):
        with pytest.raises(UsageError):
            bring(journal, whole[:place] + b"\xff\x00\xff" + whole[place + 3 :])


def test_a_broken_line_of_ours_keeps_no_other_out_and_is_named(journal: SqliteJournal) -> None:
    bring(journal, [shapes.claude(), shapes.chatgpt()])
    head, first, second = export_lines(journal.database)
    lines = [head, '{"id": "bad", "turns": 3}', "no JSON", first, second]
    with closing(SqliteJournal(in_memory(NOW_MS))) as other:
        brought = bring_in(other.database, io.BytesIO("\n".join(lines).encode()))
        assert [one.where for one in brought.troubles] == ["line 2", "line 3"]
        assert brought.imported.conversations == 2
        with pytest.raises(UsageError, match="line 2 of the import: turns is not a list"):
            bring_in(other.database, io.BytesIO("\n".join(lines[:3]).encode()))
