"""Going to an empty chat: what is typed before it belongs to the old one, what is typed after it to the new one."""

from pathlib import Path

import pytest
from textual import events

from assistant.domain.errors import StorageError
from assistant.domain.events import ConversationStarted, Event
from assistant.domain.sensitivity import Label
from assistant.storage.journal import SqliteJournal
from assistant.tui.app import AssistantApp
from tests.tui.driving import answered, opened, screen_text, send, settled_surroundings, until
from tests.tui.fake_services import Answer, Stage, stage


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


class StartlessJournal(SqliteJournal):
    """Its disk is full whenever a conversation begins."""

    def append(self, event: Event) -> None:
        if isinstance(event, ConversationStarted):
            raise StorageError("the disk is full")
        super().append(event)


NAMED = ("enter", "up", "down", "ctrl+n", "ctrl+o")


def burst(app: AssistantApp, *keys: str) -> None:
    """Keys that arrive in one packet: none waits until the one before it has acted."""
    for key in keys:
        for one in [key] if key in NAMED else key:
            app.post_message(events.Key(one, one if len(one) == 1 else None))


def questions(on: Stage) -> set[tuple[str, ...]]:
    """What was asked in each conversation."""
    heads = (summary.head for summary in on.journal.conversations())
    paths = [on.journal.path(head) for head in heads if head]
    return {tuple(m.text for m in path if m.role.value == "user") for path in paths}


async def test_keys_in_one_burst_go_where_they_were_meant(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        burst(app, "one", "enter", "left", "ctrl+n", "two", "enter", "ctrl+n", "three", "enter")
        await until(pilot, lambda: len(on.backend.asked) == 3)
        await answered(app, pilot)
        burst(app, "four", "enter", "half", "ctrl+n", "five")
        await until(pilot, lambda: len(on.backend.asked) == 4 and app.chat.desk.chat.head is None)
        await answered(app, pilot)
        assert app.chat.composer.text == "five"
        await app.action_quit()
    assert questions(on) == {("one",), ("two",), ("three", "four")}
    drafts = {summary.title: on.journal.draft(summary.id) for summary in on.journal.conversations()}
    assert drafts == {"one": "left", "two": "", "three": "half"}
    assert on.journal.draft("") == "five"


async def test_new_texts_that_wait_survive_a_crash_together(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("begun ", "and ended"), hold=1))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "runs")
        await until(pilot, lambda: "begun" in screen_text(app))
        burst(app, "ctrl+n", "waits", "enter", "ctrl+n", "also", "enter", "ctrl+n", "typed")
        await until(pilot, lambda: on.journal.draft("") == "waits\n\nalso\n\ntyped")
        on.backend.go.set()
        await until(pilot, lambda: len(on.backend.asked) == 3)
        await answered(app, pilot)
        await until(pilot, lambda: on.journal.draft("") == "typed")
    assert questions(on) == {("runs",), ("waits",), ("also",)}


async def test_an_unsent_new_chat_outlives_turns_of_other_chats(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "one")
        await answered(app, pilot)
        (summary,) = on.journal.conversations()
        burst(app, "ctrl+n", "a thought")
        await until(pilot, lambda: app.chat.composer.text == "a thought")
        await app.chat.desk.open(summary.id)
        await send(app, pilot, "two")
        await answered(app, pilot)
        await app.chat.desk.open("")
        assert app.chat.composer.text == "a thought"
        await app.action_quit()
    assert on.journal.draft("") == "a thought"


async def test_what_is_sent_behind_the_key_for_a_new_chat_takes_no_mark_of_the_old_one(
    tmp_path: Path,
) -> None:
    on = stage(tmp_path, Answer(("one",)), Answer(("two",)))
    async with opened(on) as (app, pilot):
        desk, composer = app.chat.desk, app.chat.composer
        await send(app, pilot, "hello")
        await answered(app, pilot)
        old = desk.chat
        await pilot.press("ctrl+l")
        composer.insert("pin 4711")
        await pilot.pause()
        # What the keys of one packet do, before the message of the first is handled.
        composer.action_leave()
        composer.insert("hi")
        composer.action_submit()
        await until(pilot, lambda: desk.chat is not old and desk.chat.head)
        await answered(app, pilot)
        assert (old.typed, desk.labels.of_next(old)) == ("pin 4711", Label.LOCAL_ONLY)
        await pilot.press("ctrl+l")
        await send(app, pilot, "and the next one")
        assert desk.labels.of_next(desk.chat) is Label.NORMAL


async def test_what_comes_back_behind_the_key_for_a_new_chat_is_of_the_old_one(
    tmp_path: Path,
) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        desk, composer = app.chat.desk, app.chat.composer
        await send(app, pilot, "hello")
        await answered(app, pilot)
        old = desk.chat
        composer.insert("half")
        composer.action_leave()
        composer.insert("new")
        desk.handed_back(old, "not sent", Label.LOCAL_ONLY)
        await until(pilot, lambda: desk.chat is not old)
        assert (composer.full_text, desk.labels.of_next(desk.chat)) == ("new", Label.NORMAL)
        assert (old.typed, desk.labels.of_next(old)) == ("not sent\n\nhalf", Label.LOCAL_ONLY)


@pytest.mark.parametrize("away", [False, True])
async def test_a_new_chat_that_cannot_begin_is_the_empty_one_again(
    tmp_path: Path, away: bool
) -> None:
    on = stage(tmp_path, journal_type=StartlessJournal)
    async with opened(on) as (app, pilot):
        burst(app, "one", "enter", *(["ctrl+n"] if away else []), "two")
        await until(pilot, lambda: app.chat.composer.text == "one\n\ntwo")
        assert app.chat.desk.chat.title == ""
        await pilot.press("ctrl+n")
        await until(pilot, lambda: app.chat.composer.text == "one\n\ntwo")
        await app.action_quit()
    assert on.journal.draft("") == "one\n\ntwo"


async def test_keys_behind_the_way_to_the_list_are_for_the_list(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "first")
        await answered(app, pilot)
        burst(app, "ctrl+n", "second", "enter")
        await until(pilot, lambda: len(on.backend.asked) == 2)
        await answered(app, pilot)
        burst(app, "half", "ctrl+o", "down", "enter")
        await until(pilot, lambda: app.chat.desk.chat.title == "first")
        await until(pilot, lambda: app.focused is app.chat.composer)
        assert app.chat.composer.text == ""
        burst(app, "ctrl+o", "up", "enter")
        await until(pilot, lambda: app.chat.composer.text == "half")
    assert questions(on) == {("first",), ("second",)}
