"""The list of conversations: days, search, open, rename, delete, bring back."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from textual import events
from textual.widgets import Input

from assistant.domain.errors import StorageError
from assistant.domain.events import ConversationRenamed, Event
from assistant.domain.sensitivity import Label
from assistant.ports import ConversationSummary
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from assistant.tui.shelf import FIRST
from assistant.tui.widgets.chats import Row, day_name, day_starts, fit, rows
from tests.tui.driving import (
    NARROW,
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_services import NOON_MS, Answer, stage

DAY_MS = 86_400_000


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


class UnnamableJournal(SqliteJournal):
    """Its disk is full whenever a conversation gets another title."""

    def append(self, event: Event) -> None:
        if isinstance(event, ConversationRenamed):
            raise StorageError("the disk is full")
        super().append(event)


def summary(title: str, days_ago: float = 0) -> ConversationSummary:
    at_ms = NOON_MS - int(days_ago * DAY_MS)
    return ConversationSummary(title, title, at_ms, at_ms, None, 0, "")


def test_conversations_stand_under_their_day() -> None:
    found = rows([summary("a"), summary("b", 1), summary("c", 3), summary("d", 40)], "", NOON_MS)
    assert [row.title for row in found] == (
        ["New chat", "a", "Yesterday", "b", "Last 7 days", "c", "Older", "d"]
    )


def test_a_clock_set_back_is_today() -> None:
    assert day_name(NOON_MS + 5 * DAY_MS, day_starts(NOON_MS)) == "Today"


def test_search_looks_into_titles_in_either_case() -> None:
    found = rows([summary("Straße"), summary("Rust lifetimes", 1)], "STRASSE", NOON_MS)
    assert found == [Row("Straße", "Straße")]


def test_where_no_title_is_found_the_texts_are_offered() -> None:
    offered = [Row("no such title", None), Row("enter: search texts", None)]
    assert rows([summary("Rust")], "ward", NOON_MS) == offered
    assert rows([summary("Rust")], "ward", NOON_MS, archive=True) == offered
    assert rows([], "", NOON_MS, archive=True) == [Row("nothing here", None)]


def test_a_hostile_title_is_one_harmless_line() -> None:
    (_, row) = rows([summary("\x1b[31mred\nsecond \u202e")], "", NOON_MS)
    assert row.title == "␛[31mred second ⟨U+202E⟩"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("short", 8, "short   "),
        ("exactly8", 8, "exactly8"),
        ("far too long", 8, "far too…"),
        ("日本語の題", 8, "日本語… "),
    ],
)
def test_titles_fill_their_column_exactly(text: str, width: int, shown: str) -> None:
    assert fit(text, width) == shown


async def test_search_open_and_escape(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        for question in ("Raspberry notes", "Invoice parser"):
            await send(app, pilot, question)
            await answered(app, pilot)
            await pilot.press("ctrl+n")
            await until(pilot, lambda: app.chat.desk.chat.conversation == "")
        await pilot.press("ctrl+o", "slash", *"rasp")
        await until(pilot, lambda: "/ rasp" in screen_text(app))
        assert "Invoice parser" not in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.chat.desk.chat.title == "Raspberry notes")
        assert app.chat.composer.has_focus
        await pilot.press("ctrl+o", "slash", "x", "backspace", "escape")
        await until(pilot, lambda: "/ search" in screen_text(app))
        assert app.chat.columns.chats.has_focus
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.composer.has_focus)


async def test_rename(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "Dull")
        await answered(app, pilot)
        await pilot.press("ctrl+o", "r")
        await until(pilot, lambda: type(app.screen).__name__ == "RenameScreen")
        await pilot.press("ctrl+u", *"Bright", "enter")
        await until(pilot, lambda: "Bright" in screen_text(app))
        assert on.journal.conversations()[0].title == "Bright"
        await pilot.press("r")
        await until(pilot, lambda: type(app.screen).__name__ == "RenameScreen")
        await pilot.press("x", "escape")
        await until(pilot, lambda: type(app.screen).__name__ == "ChatScreen")
        assert on.journal.conversations()[0].title == "Bright"


async def test_a_rename_that_fails_keeps_the_old_title(tmp_path: Path) -> None:
    on = stage(tmp_path, journal_type=UnnamableJournal)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "Dull")
        await answered(app, pilot)
        await pilot.press("ctrl+o", "r")
        await until(pilot, lambda: type(app.screen).__name__ == "RenameScreen")
        await pilot.press("ctrl+u", *"Bright", "enter")
        await until(pilot, lambda: any("the disk is full" in text for text in toasts(app)))
        assert app.chat.desk.chat.title == "Dull"
        assert "Bright" not in screen_text(app)


async def test_delete_and_bring_back(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "Keep me")
        await answered(app, pilot)
        await pilot.press("ctrl+o", "d")
        await until(pilot, lambda: not on.journal.conversations())
        await until(pilot, lambda: app.chat.desk.chat.conversation == "")
        await pilot.press("u")
        await until(pilot, lambda: "Keep me" in screen_text(app).replace("deleted “Keep me”", ""))
        assert len(on.journal.conversations()) == 1


async def test_a_click_opens(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "Clickable")
        await answered(app, pilot)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: app.chat.desk.chat.conversation == "")
        await pilot.click("#chats", offset=(4, 3))
        await until(pilot, lambda: app.chat.desk.chat.title == "Clickable")
        await pilot.click("#chats", offset=(4, 1))
        await until(pilot, lambda: "/ ▏" in screen_text(app))


async def test_a_long_list_follows_the_cursor(tmp_path: Path) -> None:
    on = stage(tmp_path)
    for number in range(60):
        await on.services.engine.start_conversation("", f"chat {number:02}")
        on.clock.go_on(1000)
    async with opened(on, NARROW) as (app, pilot):
        await pilot.press("ctrl+o", "end")
        await until(pilot, lambda: "chat 00" in screen_text(app))
        await pilot.press("home")
        await until(pilot, lambda: "New chat" in screen_text(app))
        await pilot.press("pagedown", "pagedown", "pagedown")
        await until(pilot, lambda: "chat 30" in screen_text(app))


async def test_deleting_a_running_conversation_out_of_view_ends_it(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("begun ", "and ended"), hold=1))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "Running")
        await until(pilot, lambda: "begun" in screen_text(app))
        await send(app, pilot, "waits")
        (found,) = on.journal.conversations()
        await app.chat.desk.open("")
        app.chat.run_worker(app.chat.act("delete", found.id))
        await until(pilot, lambda: not on.journal.conversations())
        await answered(app, pilot)
        assert len(on.journal.records()) == 1
        app.chat.run_worker(app.chat.act("restore", ""))
        await until(pilot, lambda: on.journal.conversations())
        await app.chat.desk.open(found.id)
        assert app.chat.composer.text == "waits"


async def test_a_hostile_title_reaches_neither_toast_nor_input(tmp_path: Path) -> None:
    on = stage(tmp_path)
    await on.services.engine.start_conversation("", "\x1b[2J\u202etitle")
    async with opened(on) as (app, pilot):
        await pilot.press("ctrl+o", "down", "r")
        await until(pilot, lambda: type(app.screen).__name__ == "RenameScreen")
        line = app.screen.query_one(Input)
        assert line.value == "␛[2J⟨U+202E⟩title"
        line.insert_text_at_cursor("\x9b31m\nx")
        assert line.value == "␛[2J⟨U+202E⟩title⟨U+009B⟩31m x"
        await pilot.press("escape", "d")
        await until(pilot, lambda: toasts(app))
        assert "␛[2J⟨U+202E⟩title" in toasts(app)[-1]
        app.chat.tell("\x1b[2J")
        await until(pilot, lambda: "␛[2J" in toasts(app))


async def test_a_search_typed_at_once_deletes_nothing(tmp_path: Path) -> None:
    on = stage(tmp_path)
    for title in ("Radish and dill", "Another"):
        await on.services.engine.start_conversation("", title)
    async with opened(on) as (app, pilot):
        await pilot.press("ctrl+o", "down")
        for key in ("slash", *"dill", "enter"):
            app.post_message(events.Key(key, {"slash": "/", "enter": None}.get(key, key)))
        await until(pilot, lambda: app.chat.desk.chat.title == "Radish and dill")
        assert len(on.journal.conversations()) == 2


def test_a_chat_that_is_local_only_has_its_mark() -> None:
    kept = replace(summary("Thesis"), label=Label.LOCAL_ONLY)
    found = rows([kept, summary("Sailing")], "", NOON_MS)
    assert [(row.title, row.kept) for row in found] == [
        ("New chat", False),
        ("Thesis", True),
        ("Sailing", False),
    ]


class CountingJournal(SqliteJournal):
    """Notes how many conversations were asked for."""

    asked: ClassVar[list[int]] = []

    def conversations(
        self, limit: int = 500, offset: int = 0, *, archived: bool | None = False
    ) -> Sequence[ConversationSummary]:
        self.asked.append(limit)
        return super().conversations(limit, offset, archived=archived)


async def test_the_list_holds_all_and_reads_the_old_ones_once(tmp_path: Path) -> None:
    on = stage(tmp_path)
    with on.journal.database.write() as db:
        many = ((f"c{n:05}", f"Chat {n}", n - 20_000) for n in range(20_000))
        db.executemany(
            "INSERT INTO conversation(id, title, system, created_at_ms, updated_at_ms, activity)"
            " VALUES (?, ?, '', 1, 1, ?)",
            many,
        )
    journal = CountingJournal(on.journal.database)
    on = replace(on, services=replace(on.services, journal=journal), journal=journal)
    async with opened(on) as (app, pilot):
        chats = app.chat.columns.chats
        await until(pilot, lambda: chats.virtual_size.height > 20_000)
        before = len(CountingJournal.asked)
        await send(app, pilot, "one more")
        await answered(app, pilot)
        await until(pilot, lambda: chats.virtual_size.height > 20_003)
        assert set(CountingJournal.asked[before:]) == {FIRST}
        with closing(open_database(tmp_path / "journal.db", 0)) as other:
            SqliteJournal(other).append(ConversationRenamed("c00000", "Of another", 1))
        await send(app, pilot, "and one more")
        await answered(app, pilot)
        chats.focus()
        await pilot.press("end")
        await until(pilot, lambda: "Of another" in screen_text(app))
        await pilot.press("slash", *"chat 19999")
        await until(pilot, lambda: chats.virtual_size.height < 10)
