"""Branches by the keyboard: edited, asked again, gone on with, stepped through, deleted, brought back."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.prompt import Finish, Role
from assistant.domain.sensitivity import Label
from assistant.tui import editing, tree
from assistant.tui.app import AssistantApp
from assistant.tui.keys_now import Keys
from tests.tui.driving import (
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_services import ROUTE, Answer, Stage, stage, with_hat


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


async def say(app: AssistantApp, pilot: Pilot[int], *texts: str) -> None:
    for text in texts:
        await send(app, pilot, text)
        await answered(app, pilot)


async def press(app: AssistantApp, pilot: Pilot[int], *keys: str) -> None:
    """Keys in the transcript; each act is over before the next key."""
    app.chat.transcript.focus()
    await pilot.pause()
    for key in keys:
        await pilot.press(key)
        if acts := [one for one in app.workers if one.group == "tree"]:
            await app.workers.wait_for_complete(acts)
        await pilot.pause()


def said(app: AssistantApp) -> list[str]:
    """The messages in view, and the marks of the person's."""
    entries = app.chat.transcript.pages.entries
    marks = (e.heading.removeprefix("you") if e.role is Role.USER else "" for e in entries)
    return [f"{entry.text}{mark}" for entry, mark in zip(entries, marks, strict=True)]


def path(on: Stage) -> list[tuple[str, Label]]:
    summary = on.journal.conversations()[0]
    return [(m.text, m.label) for m in on.journal.path(summary.head or "")]


async def test_an_edit_is_a_sibling_and_both_can_be_stepped_through(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("one",)), Answer(("two",)), Answer(("three",)))
    async with opened(on) as (app, pilot):
        await say(app, pilot, "first", "second")
        app.chat.composer.put("half a thought")
        await press(app, pilot, "home", "e")
        assert app.chat.composer.text == "first"
        assert app.focused is app.chat.composer
        assert "edit of a sent message" in screen_text(app)
        await pilot.press("!", "enter")
        await until(pilot, lambda: len(on.backend.asked) == 3)
        await answered(app, pilot)
        assert app.chat.composer.text == "half a thought"
        await until(pilot, lambda: said(app) == ["first! ‹ 2/2 ›", "three"])
        assert [m.text for m in on.backend.asked[-1].messages[-1:]] == ["first!"]
        await press(app, pilot, "home", "left")
        assert said(app) == ["first ‹ 1/2 ›", "one", "second", "two"]
        assert app.chat.transcript.cursor == 0
        assert [text for text, _ in path(on)] == ["first", "one", "second", "two"]
        await press(app, pilot, "left", "right")
        assert said(app) == ["first! ‹ 2/2 ›", "three"]
        assert app.chat.composer.text == "half a thought"
        await press(app, pilot, "right", "end", "up", "e", "escape")
        assert app.chat.composer.text == "half a thought"


async def test_an_edit_is_as_secret_as_what_it_came_of(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await pilot.press("ctrl+l")
        await say(app, pilot, "the key is under the mat")
        await press(app, pilot, "home", "e")
        app.chat.composer.put("something else")
        await pilot.pause()
        await pilot.press("ctrl+l")
        assert any("what you edit is local-only" in text for text in toasts(app))
        await pilot.press("enter")
        await until(pilot, lambda: len(on.backend.asked) == 2)
        await answered(app, pilot)
        assert path(on)[0] == ("something else", Label.LOCAL_ONLY)
        await press(app, pilot, "b")
        assert tree.FOLLOWS in toasts(app)


async def test_a_crash_keeps_an_edit_and_what_waited_beside_it(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await say(app, pilot, "first")
        app.chat.composer.put("half a thought")
        await press(app, pilot, "e")
        await pilot.press("!")
        await app.chat.desk._drafts.flush()
        chat = app.chat.desk.chat.conversation
        assert on.journal.draft(chat) == "half a thought\n\nfirst!"
        await pilot.press("ctrl+n")
        await app.chat.desk.open(chat)
        await pilot.pause()
        assert app.chat.composer.text == "first!"
        await pilot.press("escape")
        assert app.chat.composer.text == "half a thought"


async def test_the_same_again_here_or_on_another_route(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("one",)), Answer(("two",)))
    hat = with_hat(on, Answer(("from the hat",)))
    async with opened(on) as (app, pilot):
        app.chat.desk.chat.route = ROUTE.id
        await say(app, pilot, "first")
        await press(app, pilot, "r")
        await answered(app, pilot)
        await until(pilot, lambda: said(app) == ["first ‹ 2/2 ›", "two"])
        app.chat.transcript.focus()
        await pilot.press("R")
        await until(pilot, lambda: app.screen is not app.chat)
        assert hat.route.id in screen_text(app)
        routes = [route.id for route in app.chat.engine.routes]
        await pilot.press(*["down"] * routes.index(hat.route.id), "enter")
        await until(pilot, lambda: len(hat.asked) == 1)
        await answered(app, pilot)
        await until(pilot, lambda: said(app) == ["first ‹ 3/3 ›", "from the hat"])
        assert app.chat.composer.text == ""


async def test_a_stopped_reply_goes_on_and_the_old_one_stays(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("a b ", "c d"), hold=1), Answer(("c", " d")))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "alphabet")
        await until(pilot, lambda: app.chat.desk.turns.running and app.chat.desk.turns.running.text)
        await press(app, pilot, "r", "g", "d", "e", "left")
        assert toasts(app).count(tree.BUSY) == 5
        await pilot.press("escape")
        await answered(app, pilot)
        await press(app, pilot, "g")
        await answered(app, pilot)
        await until(pilot, lambda: said(app) == ["alphabet ‹ 2/2 ›", "a b c d"])
        assert on.backend.asked[-1].continues == "a b "
        await press(app, pilot, "left")
        assert said(app) == ["alphabet ‹ 1/2 ›", "a b "]
        await press(app, pilot, "right", "g")
        assert Keys().said(tree.ENDED) in toasts(app)


async def test_where_a_route_begins_anew_it_is_asked_in_words(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("a b ", "c d"), hold=1), Answer(("c d",)))
    on.backend.goes_on = False
    async with opened(on) as (app, pilot):
        await send(app, pilot, "alphabet")
        await until(pilot, lambda: app.chat.desk.turns.running and app.chat.desk.turns.running.text)
        await pilot.press("escape")
        await answered(app, pilot)
        await press(app, pilot, "g")
        await answered(app, pilot)
        await until(pilot, lambda: said(app) == ["alphabet", "a b ", tree.GO_ON, "c d"])


async def test_what_is_deleted_comes_back_step_by_step(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("one",)), Answer(("two",)), Answer(("three",)))
    async with opened(on) as (app, pilot):
        await say(app, pilot, "first", "second")
        await press(app, pilot, "end", "r")
        await answered(app, pilot)
        await until(pilot, lambda: said(app)[-2:] == ["second ‹ 2/2 ›", "three"])
        await press(app, pilot, "end", "d")
        assert said(app) == ["first", "one", "second", "two"], "its neighbour is in view"
        await press(app, pilot, "end", "d")
        assert said(app) == ["first", "one"]
        await press(app, pilot, "home", "d")
        assert said(app) == []
        assert on.journal.conversations()[0].messages == 0
        await press(app, pilot, "d")
        assert tree.NOTHING in toasts(app)
        await press(app, pilot, "u", "u")
        assert said(app) == ["first", "one", "second", "two"]
        await press(app, pilot, "u", "u")
        assert said(app) == ["first", "one", "second ‹ 2/2 ›", "three"]
        assert "nothing of this chat is deleted" in toasts(app)


async def test_an_emptied_chat_is_gone_on_with(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("one",)), Answer(("two",)))
    async with opened(on) as (app, pilot):
        await say(app, pilot, "first")
        await press(app, pilot, "d")
        app.chat.composer.focus()
        await say(app, pilot, "anew")
        assert said(app) == ["anew", "two"]
        [summary] = on.journal.conversations()
        assert summary.messages == 2


async def test_a_branch_from_an_earlier_reply_and_the_way_back(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("one",)), Answer(("two",)), Answer(("three",)))
    async with opened(on) as (app, pilot):
        await say(app, pilot, "first", "second")
        await press(app, pilot, "home", "b")
        assert said(app) == ["first", "one"]
        assert tree.BRANCHED in toasts(app)
        await press(app, pilot, "right")
        assert said(app) == ["first", "one", "second", "two"]
        await press(app, pilot, "home", "b")
        await say(app, pilot, "other")
        await press(app, pilot, "end", "left")
        assert said(app) == ["first", "one", "second ‹ 1/2 ›", "two"]
        await press(app, pilot, "home", "right")
        assert Keys().said(tree.ALONE) in toasts(app)


async def test_a_refusal_leaves_the_edit_in_the_composer(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await say(app, pilot, "first")
        app.chat.composer.put("aside")
        await press(app, pilot, "e")
        await on.services.engine.use_backends({}, {ROUTE.id: "it went away"})
        await pilot.press("!", "enter")
        await until(
            pilot,
            lambda: (
                any("went away" in text or "no model" in text for text in toasts(app))
                or app.screen is not app.chat
            ),
        )
        await answered(app, pilot)
        assert app.chat.composer.text == "first!"
        assert app.chat.desk.chat.edit is not None
        assert Finish.STOP in {m.finish for m in on.journal.path(app.chat.desk.chat.head or "")}


@pytest.mark.parametrize("way", [("escape",), ("home", "e")], ids=["left", "another"])
async def test_an_edit_that_was_left_is_taken_up_again(
    tmp_path: Path, way: tuple[str, ...]
) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await pilot.press("ctrl+l")
        await say(app, pilot, "first")
        await say(app, pilot, "second")
        app.chat.composer.put("half a thought")
        await press(app, pilot, "end", "up", "e")
        app.chat.composer.put("second, rewritten at length for ten minutes")
        await pilot.pause()
        await press(app, pilot, *way)
        assert Keys().said(editing.LEFT) in toasts(app)
        await press(app, pilot, "escape")
        assert app.chat.composer.text == "half a thought"
        await press(app, pilot, "end", "up", "e")
        assert app.chat.composer.text == "second, rewritten at length for ten minutes"
        chat, labels = app.chat.desk.chat, app.chat.desk.labels
        assert labels.of_next(chat) is Label.LOCAL_ONLY
        assert labels.of_taken(app.chat.composer.text, Label.PUBLIC) is chat.mark
        app.chat.composer.focus()
        await pilot.press("ctrl+z")
        assert app.chat.composer.text == "second"
        await pilot.press("escape")
        assert app.chat.composer.text == "half a thought"
        assert toasts(app).count(Keys().said(editing.LEFT)) == 1


async def test_an_edit_that_was_not_sent_is_kept_too_where_it_is_left(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await say(app, pilot, "first")
        await press(app, pilot, "e")
        app.chat.composer.put("rewritten")
        chat, desk = app.chat.desk.chat, app.chat.desk
        branch = editing.take(chat, app.chat.face, desk.labels)
        app.chat.composer.take()
        desk.handed_back(chat, "rewritten", Label.LOCAL_ONLY, branch)
        await pilot.press("escape")
        assert app.chat.composer.text == ""
        await press(app, pilot, "e")
        assert app.chat.composer.text == "rewritten"
        assert desk.labels.of_next(chat) is Label.LOCAL_ONLY
