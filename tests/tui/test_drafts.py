"""Unsent texts reach the journal, soon and in order."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path

import pytest

from assistant.domain.errors import AssistantError, StorageError
from assistant.domain.sensitivity import Label
from assistant.storage.journal import SqliteJournal
from assistant.tui.drafts import Drafts
from tests.tui.fake_services import stage


class OnceFullJournal(SqliteJournal):
    """Its disk is full at the first draft."""

    full = True

    def save_draft(self, conversation: str, text: str, label: Label = Label.LOCAL_ONLY) -> None:
        if self.full:
            self.full = False
            raise StorageError("the disk is full")
        super().save_draft(conversation, text, label)


class Tasks:
    """Runs coroutines as the screen does, and lets a test wait for them."""

    def __init__(self) -> None:
        self.running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> object:
        task = asyncio.get_running_loop().create_task(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    async def over(self) -> None:
        while self.running:
            await asyncio.gather(*self.running)


async def test_the_latest_text_of_each_conversation_is_saved_once(tmp_path: Path) -> None:
    journal = stage(tmp_path).journal
    tasks, failed = Tasks(), list[AssistantError]()
    drafts = Drafts(journal, tasks.start, failed.append, delay_s=0)
    for text in ("h", "he", "hello"):
        drafts.note("c1", text, Label.NORMAL)
    assert drafts.latest("c1") == ("hello", Label.NORMAL)
    await tasks.over()
    assert journal.draft("c1") == "hello"
    assert (drafts.latest("c1"), drafts.latest("c2")) == (("hello", Label.NORMAL), None)
    assert not failed


async def test_flush_saves_without_the_delay(tmp_path: Path) -> None:
    journal = stage(tmp_path).journal
    waiting: list[Coroutine[None, None, None]] = []
    drafts = Drafts(journal, waiting.append, lambda _error: None)
    drafts.note("c1", "half a thought", Label.PUBLIC)
    await drafts.flush()
    assert (journal.draft("c1"), journal.draft_label("c1")) == ("half a thought", Label.PUBLIC)
    drafts.note("c1", "half a thought", Label.NORMAL)
    await drafts.flush()
    assert journal.draft_label("c1") is Label.NORMAL
    for work in waiting:
        work.close()


async def test_what_is_noted_while_it_writes_is_written_after(tmp_path: Path) -> None:
    journal = stage(tmp_path).journal
    tasks = Tasks()
    drafts = Drafts(journal, tasks.start, lambda _error: None, delay_s=0)
    drafts.note("c1", "one")
    writing = asyncio.get_running_loop().create_task(drafts.flush())
    await asyncio.sleep(0)
    drafts.note("c1", "two")
    await writing
    await tasks.over()
    assert journal.draft("c1") == "two"


async def test_a_full_disk_is_said(tmp_path: Path) -> None:
    journal = stage(tmp_path).journal
    journal.close()
    failed: list[AssistantError] = []
    drafts = Drafts(journal, Tasks().start, failed.append, delay_s=0)
    drafts.note("c1", "text")
    await drafts.flush()
    assert [type(error) for error in failed] == [StorageError]


async def test_what_could_not_be_saved_is_kept_for_the_next_time(tmp_path: Path) -> None:
    journal = stage(tmp_path, journal_type=OnceFullJournal).journal
    failed: list[AssistantError] = []
    drafts = Drafts(journal, Tasks().start, failed.append, delay_s=0)
    drafts.note("c1", "text")
    await drafts.flush()
    assert (len(failed), journal.draft("c1")) == (1, "")
    await drafts.flush()
    assert journal.draft("c1") == "text"


async def test_nothing_is_saved_over_what_nobody_took_up(tmp_path: Path) -> None:
    journal = stage(tmp_path).journal
    journal.save_draft("", "a long letter", Label.NORMAL)
    drafts = Drafts(journal, Tasks().start, lambda _error: None, delay_s=0)
    drafts.note("", "h")
    drafts.note("c1", "there")
    await drafts.flush()
    assert (journal.draft(""), journal.draft("c1")) == ("a long letter", "there")
    assert await drafts.take_up() == ("a long letter", Label.NORMAL)
    drafts.note("", "a long letter\n\nh")
    await drafts.flush()
    assert journal.draft("") == "a long letter\n\nh"
    assert await drafts.take_up() is None


async def test_what_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    on = stage(tmp_path)
    on.journal.save_draft("", "a long letter", Label.NORMAL)
    on.journal.close()
    drafts = Drafts(on.journal, Tasks().start, lambda _error: None, delay_s=0)
    with pytest.raises(StorageError):
        await drafts.take_up()
    drafts.note("", "h")
    await drafts.flush()
    assert stage(tmp_path).journal.draft("") == "a long letter"
