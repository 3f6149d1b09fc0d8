"""Pinned and archived conversations in the list: the keys, the marks, the way back."""

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.tui.widgets.chats import rows
from tests.tui.driving import answered, opened, screen_text, send, settled_surroundings, until
from tests.tui.fake_services import NOON_MS, Answer, stage
from tests.tui.test_chats import summary


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def test_pinned_ones_stand_under_a_heading_whatever_their_age() -> None:
    found = [replace(summary("old", 40), pinned=True), summary("new"), summary("b", 1)]
    assert [row.title for row in rows(found, "", NOON_MS)] == (
        ["New chat", "Pinned", "old", "Today", "new", "Yesterday", "b"]
    )


def test_the_archive_has_no_new_chat_and_no_pins() -> None:
    found = [replace(summary("kept"), pinned=True, archived=True)]
    assert [row.title for row in rows(found, "", NOON_MS, archive=True)] == ["kept"]
    assert [row.title for row in rows([], "", NOON_MS, archive=True)] == ["nothing here"]


async def test_a_chat_is_pinned_archived_and_brought_back(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("fine",)))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "Keep me")
        await answered(app, pilot)
        await pilot.press("ctrl+o", "p")
        await until(pilot, lambda: "Pinned" in screen_text(app))
        assert on.journal.conversations()[0].pinned
        await pilot.press("a")
        await until(pilot, lambda: not on.journal.conversations())
        [kept] = on.journal.conversations(archived=True)
        assert kept.pinned
        await pilot.press("u")
        await until(pilot, lambda: on.journal.conversations())
        assert on.journal.conversations()[0].pinned
        await until(pilot, lambda: "Pinned" in screen_text(app))
        await pilot.press("end", "a")
        await until(pilot, lambda: not on.journal.conversations())
        await pilot.press("A")
        await until(pilot, lambda: "Archive" in screen_text(app))
        await until(pilot, lambda: "Keep me" in screen_text(app).partition("\n")[2])
        # Opened from the archive, it goes on there; what is said in it brings it back.
        await pilot.press("enter")
        await until(pilot, lambda: app.chat.composer.has_focus)
        await send(app, pilot, "And on")
        await answered(app, pilot)
        [back] = on.journal.conversations()
        assert (back.archived, back.messages) == (False, 4)
        await pilot.press("ctrl+o", "escape")
        await until(pilot, lambda: "New chat" in screen_text(app))
