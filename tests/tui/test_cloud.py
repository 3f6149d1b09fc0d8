"""Sending to the cloud from the chat: by the person's act, under a grant that lives, never by itself."""

import asyncio
from pathlib import Path

import pytest

from assistant.domain.consent import State
from assistant.domain.prompt import Finish
from assistant.tui.app import AssistantApp
from tests.tui.cloud_chat import (
    CloudChat,
    ask_cloud,
    cloud_chat,
    grant,
    sheet,
)
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
from tests.tui.fake_services import Answer

BADGE = "→ cloud · mistral-eu · mistral-medium · EU"
MINUTE_MS = 60_000


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def routes(on: CloudChat) -> list[tuple[str, Finish]]:
    return [(r.route.id, r.finish) for r in on.stage.journal.records()]


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_ctrl_s_shows_the_sheet_and_one_key_lets_one_message_leave(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage, size) as (app, pilot):
        assert "→ local" in screen_text(app)
        await ask_cloud(app, pilot, "Why is the sky blue?")
        await sheet(app, pilot)
        shown = screen_text(app)
        assert "Send this to the cloud?" in shown
        assert "mistral-eu · Mistral AI (law: FR) · mistral-medium" in shown
        assert not on.cloud.asked
        assert not on.stage.journal.conversations()
        await pilot.press("o")
        await until(pilot, lambda: "From the cloud." in screen_text(app))
        await answered(app, pilot)
        shown = screen_text(app)
        assert "assistant · cloud · mistral-medium · EU" in shown
        assert "→ local" in shown
        assert app.chat.composer.text == ""
    assert on.left == ["Why is the sky blue?"]
    assert on.states == [State.GIVEN]
    assert len(on.outbox) == 1
    assert not on.stage.backend.asked


async def test_what_goes_to_the_cloud_before_the_first_look_is_over_waits_for_it(
    tmp_path: Path,
) -> None:
    on = cloud_chat(tmp_path)
    on.stage.machine.gate = asyncio.Event()
    app = AssistantApp(on.stage.services, on.stage.folder)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "looking at this machine" in screen_text(app))
        await ask_cloud(app, pilot, "Why is the sky blue?")
        await pilot.pause()
        on.stage.machine.gate.set()
        await sheet(app, pilot)
        [said] = toasts(app)
        assert said.startswith("this machine is looked at first")


async def test_what_leaves_is_what_was_shown_to_the_byte(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "One line\nand another.")
        shown = await sheet(app, pilot)
        departure = shown._petition.departure
        await pilot.press("o")
        await answered(app, pilot)
        await until(pilot, lambda: on.outbox)
    [line] = on.outbox
    assert line.permit.sent_bytes == len(departure.outgoing.body)
    [(_, standing)] = on.grants
    assert standing.sheet == departure.sheet


async def test_a_no_is_on_record_and_the_text_comes_back(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "my words")
        await sheet(app, pilot)
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.composer.text == "my words")
        await until(pilot, lambda: on.states == [State.REFUSED])
        assert app.chat.desk.chat.conversation == ""
        await pilot.press("enter")
        await answered(app, pilot)
    assert routes(on) == [("cpu", Finish.STOP)]
    assert not on.cloud.asked


async def test_enter_stays_here_though_a_grant_lives(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await grant(app, pilot, "first", "c")
        await until(pilot, lambda: "GRANTED mistral-eu" in screen_text(app))
        await send(app, pilot, "second")
        await answered(app, pilot)
        await ask_cloud(app, pilot, "third")
        await until(pilot, lambda: len(on.cloud.asked) == 2)
        await answered(app, pilot)
    assert [route for route, _ in routes(on)] == ["mistral-eu", "cpu", "mistral-eu"]
    assert on.left == ["first", "third"]
    assert on.states == [State.GIVEN]


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_the_toggle_sends_the_chat_there_while_its_grant_lives(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage, size) as (app, pilot):
        app.chat.composer.put("first")
        await pilot.pause()
        await pilot.press("ctrl+t")
        await sheet(app, pilot)
        await pilot.press("m")
        await until(pilot, lambda: BADGE in screen_text(app))
        await answered(app, pilot)
        await until(pilot, lambda: "14 min, 99 requests left · f4 revoke" in screen_text(app))
        assert app.chat.composer.has_class("-cloud")
        await send(app, pilot, "second")
        await until(pilot, lambda: len(on.cloud.asked) == 2)
        await answered(app, pilot)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "→ local" in screen_text(app))
        await pilot.press("ctrl+t")
        await until(pilot, lambda: BADGE in screen_text(app))
        on.stage.clock.go_on(15 * MINUTE_MS)
        await send(app, pilot, "third")
        await sheet(app, pilot)
        assert "the time of the grant is over" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: "→ local" in screen_text(app))
        await until(pilot, lambda: app.chat.composer.text == "third")
    assert on.left == ["first", "second"]


async def test_the_badge_is_local_again_once_another_window_revokes(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await grant(app, pilot, "first", "c")
        await until(pilot, lambda: "GRANTED" in screen_text(app))
        await pilot.press("ctrl+t")
        await until(pilot, lambda: BADGE in screen_text(app))
        on.revoke()
        app.chat.face.beat()
        await until(pilot, lambda: "→ local" in screen_text(app))
        assert any("the grant for mistral-eu is over" in text for text in toasts(app))
        assert "LOCAL ONLY" in screen_text(app)
        await send(app, pilot, "second")
        await answered(app, pilot)
    assert on.left == ["first"]
    assert routes(on)[-1] == ("cpu", Finish.STOP)


async def test_a_grant_that_ends_unseen_opens_the_sheet_and_sends_nothing(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await grant(app, pilot, "first", "c")
        await until(pilot, lambda: "GRANTED" in screen_text(app))
        await pilot.press("ctrl+t")
        await until(pilot, lambda: BADGE in screen_text(app))
        on.revoke()
        await send(app, pilot, "second")
        await sheet(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: app.chat.composer.text == "second")
    assert on.left == ["first"]


async def test_panic_ends_it_and_the_bar_says_offline(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await grant(app, pilot, "first", "c")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: BADGE in screen_text(app))
        await app.chat.engine.panic()
        app.chat.face.beat()
        await until(pilot, lambda: "OFFLINE" in screen_text(app))
        assert "→ local" in screen_text(app)
        await ask_cloud(app, pilot, "second")
        await sheet(app, pilot)
        assert "everything is offline" in screen_text(app)
        await pilot.press("o", "escape")
        await until(pilot, lambda: app.chat.composer.text == "second")
    assert on.left == ["first"]


async def test_a_message_that_waits_is_decided_on_when_its_turn_comes(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    on.cloud.answers = [Answer(("one",)), Answer(("never", "ending"), hold=1)]
    async with opened(on.stage) as (app, pilot):
        await grant(app, pilot, "first", "c")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: BADGE in screen_text(app))
        await send(app, pilot, "second")
        await until(pilot, lambda: len(on.cloud.asked) == 2)
        await send(app, pilot, "third")
        await until(pilot, lambda: app.chat.desk.turns.queued(app.chat.desk.chat) == ["third"])
        on.revoke()
        await until(pilot, lambda: app.chat.composer.text == "third")
        await answered(app, pilot)
        assert "its grant was revoked" in screen_text(app)
    assert on.left == ["first", "second"]


async def test_without_a_grant_a_running_reply_is_waited_for(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path, Answer(("slow",), hold=0))
    async with opened(on.stage) as (app, pilot):
        await send(app, pilot, "first")
        await until(pilot, lambda: on.stage.backend.asked)
        await ask_cloud(app, pilot, "second")
        await until(pilot, lambda: any("ctrl+s again once it is over" in t for t in toasts(app)))
        assert app.chat.composer.text == "second"
        on.stage.backend.go.set()
        await answered(app, pilot)
        await pilot.press("ctrl+s")
        await sheet(app, pilot)
        await pilot.press("escape")


async def test_what_is_asked_about_is_a_draft_meanwhile(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "not to be lost")
        await sheet(app, pilot)
        await until(pilot, lambda: on.stage.journal.draft("") == "not to be lost")


async def test_another_chat_has_no_part_in_a_grant(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await grant(app, pilot, "first", "c")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: BADGE in screen_text(app))
        first = app.chat.desk.chat.conversation
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "→ local" in screen_text(app))
        assert "1 grant in other chats · f4 see" in screen_text(app)
        await ask_cloud(app, pilot, "elsewhere")
        await sheet(app, pilot)
        await pilot.press("escape")
        await app.chat.desk.open(first)
        await until(pilot, lambda: BADGE in screen_text(app))
    assert on.left == ["first"]


async def test_placeholders_leave_and_the_reply_has_the_words_again(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    on.cloud.answers = [Answer(("I paid ⟦ib", "an-1⟧."))]
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "Pay DE89370400440532013000 today")
        await sheet(app, pilot)
        shown = screen_text(app)
        assert "Pay ⟦iban-1⟧ today" in shown
        assert "⟦iban-1⟧ was DE89370400440532013000 · restored in the reply" in shown
        await pilot.press("o")
        await until(pilot, lambda: "I paid DE89370400440532013000." in screen_text(app))
        await answered(app, pilot)
    assert on.left == ["Pay ⟦iban-1⟧ today"]


async def test_grants_that_cannot_be_read_count_as_none_and_are_said_once(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await grant(app, pilot, "first", "c")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: BADGE in screen_text(app))
        with on.stage.journal.database.write() as db:
            db.execute("ALTER TABLE consent RENAME TO gone")
        for _ in range(2):
            await app.chat.desk.sending.look()
        await until(pilot, lambda: "→ local" in screen_text(app))
        assert sum("storage" in text or "journal" in text for text in toasts(app)) == 1
