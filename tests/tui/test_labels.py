"""How far a message may travel: marked before it is sent, kept with everything that is made of it."""

from pathlib import Path

import pytest

from assistant.domain.errors import EngineError
from assistant.domain.sensitivity import Label
from assistant.domain.settings import LabelSettings, Settings
from assistant.tui.app import AssistantApp
from assistant.tui.labels import Labels
from assistant.tui.screens.consent import ConsentScreen
from assistant.tui.turn import Chat
from tests.tui.cloud_chat import CloudChat, ask_cloud, cloud_chat, grant, sheet
from tests.tui.driving import (
    NARROW,
    WIDE,
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_services import Answer, stage, with_hat

PRIVATE = "The monitors in room 12 run late."


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def said(on: CloudChat) -> list[tuple[str, Label]]:
    """Every message of the one conversation, with its label."""
    [summary] = on.stage.journal.conversations()
    return [(m.text, m.label) for m in on.stage.journal.path(summary.head or "")]


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_the_badge_says_the_label_and_the_message_after_it_begins_anew(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage, size) as (app, pilot):
        await pilot.press("ctrl+l")
        assert "→ local · cpu · smollm2-135m · ▲ local-only" in screen_text(app)
        await pilot.press("ctrl+l")
        assert "▽ public" in screen_text(app)
        await pilot.press("ctrl+l", "ctrl+l")
        await send(app, pilot, PRIVATE)
        await answered(app, pilot)
        shown = screen_text(app)
        assert "▲ local-only · 12:00" in shown
        assert "▲ local-only · 440 ms" in shown
        assert "→ local · cpu · smollm2-135m ·" not in shown
    assert {label for _, label in said(on)} == {Label.LOCAL_ONLY}


async def test_a_label_that_changes_right_after_enter_is_for_the_next_message(
    tmp_path: Path,
) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        app.chat.composer.put("hello")
        await pilot.pause()
        app.chat.composer.action_submit()
        app.chat.action_toggle_label()
        await answered(app, pilot)
        await until(pilot, lambda: on.stage.backend.asked)
        await answered(app, pilot)
        assert "▲ local-only" in screen_text(app)
    assert said(on)[0] == ("hello", Label.NORMAL)


async def test_what_is_local_only_is_refused_before_any_sheet(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await pilot.press("ctrl+l")
        await ask_cloud(app, pilot, PRIVATE)
        await until(pilot, lambda: any("this message is local-only" in t for t in toasts(app)))
        await until(pilot, lambda: app.chat.composer.text == PRIVATE)
        assert not isinstance(app.screen, ConsentScreen)
        await until(pilot, lambda: "▲ local-only" in screen_text(app))
    assert on.states == []


async def test_in_a_chat_that_leaves_a_local_only_message_is_answered_here(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await grant(app, pilot, "first", "c")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "→ cloud" in screen_text(app))
        await pilot.press("ctrl+l")
        assert "→ local · cpu · smollm2-135m · ▲ local-only" in screen_text(app)
        await send(app, pilot, PRIVATE)
        await answered(app, pilot)
        await until(pilot, lambda: "→ cloud" in screen_text(app))
    assert on.left == ["first"]
    assert [r.route.id for r in on.stage.journal.records()] == ["mistral-eu", "cpu"]


async def test_a_chat_can_be_local_only_from_its_start_and_later(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await app.chat.desk.sending.toggle_chat_label()
        assert "▲ local-only" in screen_text(app)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: any("so is every message in it" in t for t in toasts(app)))
        await ask_cloud(app, pilot, "hello")
        await until(pilot, lambda: any("this chat is local-only" in t for t in toasts(app)))
        await until(pilot, lambda: app.chat.composer.text == "hello")
        await pilot.press("enter")
        await until(pilot, on.stage.journal.conversations)
        await answered(app, pilot)
        [summary] = on.stage.journal.conversations()
        assert summary.label is Label.LOCAL_ONLY
        await app.chat.desk.sending.toggle_chat_label()
        await until(pilot, lambda: "▲ local-only ·" not in screen_text(app).split("→ local")[1])
        [summary] = on.stage.journal.conversations()
        assert summary.label is Label.NORMAL
        await app.chat.desk.sending.toggle_chat_label()
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "smollm2-135m · ▲" not in screen_text(app))
        await until(pilot, lambda: "hello            ▲" in screen_text(app))
        await app.chat.desk.open(summary.id)
        await until(pilot, lambda: "smollm2-135m · ▲ local-only" in screen_text(app))


async def test_the_setting_is_the_label_of_what_nobody_marks(tmp_path: Path) -> None:
    settings = Settings(labels=LabelSettings(default="local-only"))
    on = cloud_chat(tmp_path, settings=settings)
    async with opened(on.stage) as (app, pilot):
        assert "▲ local-only" in screen_text(app)
        await pilot.press("ctrl+l")
        assert "▽ public" in screen_text(app)
        await send(app, pilot, "for everybody")
        await answered(app, pilot)
        assert "smollm2-135m · ▲ local-only" in screen_text(app)
    assert said(on)[0] == ("for everybody", Label.PUBLIC)


async def test_what_comes_back_keeps_its_label(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path, Answer(("slow",), hold=0))
    async with opened(on.stage) as (app, pilot):
        await send(app, pilot, "first")
        await until(pilot, lambda: on.stage.backend.asked)
        await pilot.press("ctrl+l")
        await send(app, pilot, PRIVATE)
        assert "▲" not in screen_text(app)
        await pilot.press("up")
        await until(pilot, lambda: app.chat.composer.text == PRIVATE)
        assert "▲ local-only" in screen_text(app)
        await pilot.press("enter", "escape")
        await until(pilot, lambda: app.chat.composer.text == PRIVATE)
        assert "▲ local-only" in screen_text(app)
        await answered(app, pilot)


async def test_a_copy_of_a_local_only_message_is_local_only(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path, Answer(("A reply that was made of it.",)))
    async with opened(on.stage) as (app, pilot):
        await pilot.press("ctrl+l")
        await send(app, pilot, PRIVATE)
        await answered(app, pilot)
        await pilot.press("up")
        await until(pilot, lambda: "smollm2-135m · ▲ local-only" in screen_text(app))
        await pilot.press("ctrl+l")
        await until(pilot, lambda: any("holds a local-only one" in t for t in toasts(app)))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: any("this message is local-only" in t for t in toasts(app)))
        app.chat.desk.new("")
        app.chat.composer.put("Look: A reply that was made of it. What now?")
        await until(pilot, lambda: "smollm2-135m · ▲ local-only" in screen_text(app))
    assert on.states == []


async def test_the_same_on_the_processor_keeps_the_label(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("from the processor",)))
    with_hat(on, Answer(("half",), failure=EngineError("it broke", "again")))
    async with opened(on) as (app, pilot):
        await pilot.press("ctrl+l")
        await send(app, pilot, PRIVATE)
        await until(pilot, lambda: "f5 asks the same" in screen_text(app))
        await answered(app, pilot)
        await pilot.press("f5")
        await until(pilot, lambda: "from the processor" in screen_text(app))
        await answered(app, pilot)
        [summary] = on.journal.conversations()
        labels = {m.label for m in on.journal.path(summary.head or "")}
    assert labels == {Label.LOCAL_ONLY}


async def test_what_must_not_leave_is_not_offered_to_the_cloud(tmp_path: Path) -> None:
    dead = EngineError("the worker died", "send again")
    on = cloud_chat(tmp_path, Answer(("half",), failure=dead))
    async with opened(on.stage) as (app, pilot):
        await pilot.press("ctrl+l")
        await send(app, pilot, PRIVATE)
        await until(pilot, lambda: "the worker died" in screen_text(app))
        await answered(app, pilot)
        assert "f5" not in screen_text(app)


async def test_a_public_message_has_a_grant_that_covers_no_more(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        app.chat.desk.chat.system = ""
        await pilot.press("ctrl+l", "ctrl+l")
        await grant(app, pilot, "for everybody", "c")
        await ask_cloud(app, pilot, "not for everybody")
        await sheet(app, pilot)
        assert "the grant covers public text, this is normal" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.composer.text == "not for everybody")
    assert on.left == ["for everybody"]


def test_labels_go_round_and_only_get_stricter() -> None:
    labels, chat = Labels(Settings), Chat()
    seen = []
    for _ in range(4):
        seen.append(labels.of_next(chat))
        assert labels.toggle(chat) == ""
    assert seen == [Label.NORMAL, Label.LOCAL_ONLY, Label.PUBLIC, Label.NORMAL]
    labels.raise_to(chat, Label.PUBLIC)
    assert labels.take(chat) is Label.LOCAL_ONLY
    assert labels.take(chat) is Label.NORMAL
    chat.label = Label.LOCAL_ONLY
    assert "local-only" in labels.toggle(chat)
    assert labels.of_next(chat) is Label.LOCAL_ONLY


def test_a_short_word_is_a_copy_only_where_nothing_else_stands() -> None:
    labels, chat = Labels(Settings), Chat()
    labels.remember([("yes", Label.LOCAL_ONLY), (PRIVATE, Label.LOCAL_ONLY), ("no", Label.NORMAL)])
    assert not labels.typed(chat, "yesterday")
    assert not labels.typed(chat, "no")
    assert not labels.typed(chat, "")
    assert labels.typed(chat, " yes ")
    assert labels.of_next(chat) is Label.LOCAL_ONLY
    assert not labels.typed(chat, PRIVATE)
    assert labels.typed(Chat(), f"I said: {PRIVATE}")


async def test_a_message_that_was_said_is_made_stricter_where_it_stands(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await send(app, pilot, "tell nobody")
        await answered(app, pilot)
        await send(app, pilot, "anything else")
        await answered(app, pilot)
        assert "▲ local-only" not in screen_text(app)
        app.chat.transcript.focus()
        await pilot.press("home", "l")
        await until(pilot, lambda: len(marked(app)) == 3)
        assert [label for _, label in said(on)] == [
            Label.LOCAL_ONLY,
            Label.LOCAL_ONLY,
            Label.NORMAL,
            Label.LOCAL_ONLY,
        ]
        assert screen_text(app).count("▲ local-only") == 3
        await pilot.press("l")
        await pilot.pause()
        assert len(marked(app)) == 3
        await ask_cloud(app, pilot, "and now there?")
        shown = await sheet(app, pilot)
        assert shown._petition.departure.tainted
        await pilot.press("escape")
    assert on.left == []


async def test_without_one_in_view_nothing_is_made_stricter(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        app.chat.transcript.action_keep_here()
        await until(pilot, lambda: any("no message here yet" in t for t in toasts(app)))


async def test_a_reply_that_runs_keeps_the_mark_that_it_got(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path, Answer(("slow",), hold=0))
    async with opened(on.stage) as (app, pilot):
        await send(app, pilot, "first")
        await until(pilot, lambda: on.stage.backend.asked)
        app.chat.transcript.action_keep_here()
        await until(pilot, lambda: any("stay on this machine" in t for t in toasts(app)))
        on.stage.backend.go.set()
        await answered(app, pilot)
        await until(pilot, lambda: len(marked(app)) >= 1 and said(on)[-1][1] is Label.LOCAL_ONLY)
        await until(pilot, lambda: app.chat.transcript.pages.entries[-1].key in marked(app))


def marked(app: AssistantApp) -> list[str]:
    """The messages in view that are shown as local-only."""
    entries = app.chat.transcript.pages.entries
    return [entry.key for entry in entries if entry.aside.startswith("▲ local-only")]
