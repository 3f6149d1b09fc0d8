"""The plain chat: what was kept stays kept beside what is typed after it, with its label; a system prompt has one too."""

from collections.abc import Iterator

import pytest

from assistant.domain.sensitivity import Label
from assistant.storage import paths
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from tests.commands.rig import KEY, Heard, Shell, Town, beside, set_up
from tests.standins.cloud import Cloud

LETTER = "a long letter of yesterday"
SECRET = "The monitors of ward nine stand in the cellar of house nine."


@pytest.fixture
def town(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, home: object
) -> Iterator[Town]:
    monkeypatch.setenv("ASSISTANT_KEY_GATE", KEY)
    shell = Shell(capsys, monkeypatch)
    with beside(Cloud(key=KEY, echo=True)) as cloud:
        set_up(shell, cloud.port)
        yield Town(shell, cloud)


def plain(town: Town, *lines: str, more: tuple[str, ...] = ()) -> Heard:
    return town.shell("chat", "--plain", *more, stdin="".join(f"{line}\n" for line in lines))


def kept(conversation: str = "") -> tuple[str, Label | None]:
    journal = SqliteJournal(open_database(paths.find().journal_file, 0))
    try:
        return journal.draft(conversation), journal.draft_label(conversation)
    finally:
        journal.close()


def labels(conversation: str) -> list[Label]:
    journal = SqliteJournal(open_database(paths.find().journal_file, 0))
    try:
        known = journal.conversation(conversation)
        return [one.label for one in journal.path(known.head or "")] if known else []
    finally:
        journal.close()


def test_another_message_leaves_what_was_kept(town: Town) -> None:
    conversation, _ = town.grant()
    here = ("--open", conversation)
    plain(town, "/label public", LETTER, more=here)
    assert kept(conversation) == (LETTER, Label.PUBLIC)
    done = plain(town, "/cloud hello", more=here)
    assert f"still kept in this chat: {LETTER}" in done.err
    assert "hello" in str(town.cloud.got)
    assert LETTER not in str(town.cloud.got)
    assert kept(conversation) == (LETTER, Label.PUBLIC)
    assert labels(conversation)[0] is Label.NORMAL
    assert plain(town, "/cloud", more=here).code == 0
    assert LETTER in str(town.cloud.got)
    assert kept(conversation)[0] == ""


def test_what_is_not_sent_either_is_kept_with_it(town: Town) -> None:
    plain(town, LETTER)
    again = plain(town, "hello", "/drop")
    assert f"still kept in the empty chat, /new: {LETTER}" in again.err
    assert f"still kept: {LETTER}; /send sends it" in again.err
    assert kept() == (LETTER, Label.NORMAL)
    plain(town, "hello")
    assert kept() == (f"{LETTER}\n\nhello", Label.NORMAL)


def test_what_is_kept_stays_in_the_empty_chat_when_a_message_moves_on(town: Town) -> None:
    plain(town, LETTER)
    plain(town, "/cloud hello")
    assert kept() == (LETTER, Label.NORMAL)
    listed = plain(town, "/list", "/open 1")
    assert "not sent yet: hello" in listed.err


@pytest.mark.parametrize("lines", [('"""one', "two"), ("one\\",), ('"""one', 'two"""')])
def test_a_message_of_many_lines_leaves_it_too(town: Town, lines: tuple[str, ...]) -> None:
    plain(town, LETTER)
    plain(town, *lines)
    assert kept()[0].startswith(f"{LETTER}\n\none")
    assert kept()[0].count("one") == 1


def test_lines_that_were_an_order_or_nothing_are_no_draft(town: Town) -> None:
    plain(town, LETTER)
    plain(town, "/read 1\\", "", '"""', '"""')
    assert kept() == (LETTER, Label.NORMAL)


def test_a_local_only_draft_stays_so_whatever_is_said(town: Town) -> None:
    conversation, _ = town.grant()
    here = ("--open", conversation)
    plain(town, "/label local-only", SECRET, more=here)
    done = plain(town, "/label normal", "/cloud", "hello", more=here)
    assert "this text holds a local-only one" in done.err
    assert town.cloud.got == []
    assert kept(conversation) == (f"{SECRET}\n\nhello", Label.LOCAL_ONLY)


@pytest.mark.parametrize(
    "before",
    [("/label local-only",), ("/label local-only", SECRET, "/drop", "/label normal")],
    ids=["said", "copied"],
)
def test_a_local_only_system_prompt_keeps_its_chat_here(
    town: Town, before: tuple[str, ...]
) -> None:
    conversation, _ = town.grant()
    order = f"/system {SECRET}"
    done = plain(
        town, *before, order, "/label normal", "/cloud Why?", more=("--open", conversation)
    )
    assert "the system prompt is local-only, and so is this chat from now on" in done.err
    assert town.cloud.got == []
    listed = plain(town, "/label local-only", order, "/label normal", "/cloud Why?", "/list")
    assert listed.err.count("0 messages, local-only") == 2


def test_a_system_prompt_that_is_read_out_is_known_as_it_is_copied(town: Town) -> None:
    conversation, _ = town.grant()
    plain(town, "/label local-only", f"/system {SECRET}", more=("--open", conversation))
    other, _ = town.grant()
    opened = (f"/open {conversation}", "/system", f"/open {other}", f"/cloud {SECRET}")
    assert "this text holds a local-only one" in plain(town, *opened).err
    assert town.cloud.got == []


@pytest.mark.parametrize("said", ["public", "normal"])
def test_a_new_chat_is_as_public_as_its_first_message(town: Town, said: str) -> None:
    plain(town, f"/label {said}", "/cloud Why?")
    journal = SqliteJournal(open_database(paths.find().journal_file, 0))
    [one] = journal.conversations()
    journal.close()
    assert one.label is Label(said)
