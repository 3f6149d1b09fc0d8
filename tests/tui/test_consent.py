"""The consent sheet: what no key does by accident, what each key does, and what is shown of a text that means harm."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from textual.events import Paste
from textual.pilot import Pilot

from assistant.domain.consent import State
from assistant.domain.departure import PriceBound
from assistant.domain.findings import ScanVerdict
from assistant.domain.residency import ANY, UNKNOWN
from assistant.domain.sensitivity import Label
from assistant.tui.app import AssistantApp
from assistant.tui.screens import hushed
from assistant.tui.screens.consent import ConsentScreen
from assistant.tui.screens.held_message import HeldMessageScreen
from assistant.tui.screens.hushed import DEAF_MS
from tests.tui.cloud_chat import FACTS, CloudChat, ask_cloud, awake, cloud_chat, over, sheet, typed
from tests.tui.driving import (
    NARROW,
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    until,
)

PRICE = PriceBound(Decimal("0.0041"), "EUR", "2026-11-01")
WARD = "And for the monitors in room 12?"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def open_ended(on: CloudChat) -> None:
    """The route declares nothing that a rule could pass."""
    on.town.facts[FACTS.route] = replace(
        FACTS, processing=ANY, storage=UNKNOWN, retention_days=UNKNOWN, training=True
    )


async def tainted(app: AssistantApp, pilot: Pilot[int]) -> None:
    """A local-only message stands before the one that is asked about."""
    await send(app, pilot, "What is PTP?")
    await answered(app, pilot)
    await pilot.press("ctrl+l")
    await send(app, pilot, WARD)
    await answered(app, pilot)
    await ask_cloud(app, pilot, "And how exact is that?")
    await sheet(app, pilot)


async def test_keys_typed_on_answer_nothing_for_400_ms(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await until(pilot, lambda: isinstance(app.screen, ConsentScreen))
        await pilot.pause()
        for key in ("o", "m", "c", "d", "enter", "escape", "r", "b"):
            await pilot.press(key)
        on.stage.clock.go_on(DEAF_MS - 1)
        await pilot.press("escape", "pagedown", "o")
        assert isinstance(app.screen, ConsentScreen)
        assert app.screen._petition.departure.choice.keep_back is ScanVerdict.WARN
        assert on.states == []
        on.stage.clock.go_on(DEAF_MS - 1)
        await pilot.press("o")
        assert on.states == []
        awake(app)
        await pilot.press("o")
        await over(app, pilot)
    assert on.left == ["hello"]


@pytest.mark.parametrize("rest", [" also look at Tom", "one more thing", "as soon as you can"])
async def test_who_types_on_answers_nothing_and_loses_nothing(tmp_path: Path, rest: str) -> None:
    """At eight keys a second, as the sheet opens; then Escape."""
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await until(pilot, lambda: isinstance(app.screen, ConsentScreen))
        await pilot.pause()
        for key in rest:
            await pilot.press("space" if key == " " else key)
            on.stage.clock.go_on(130)
        awake(app)
        await pilot.press("escape")
        await over(app, pilot)
        await until(pilot, lambda: app.chat.composer.full_text.endswith(rest))
        assert app.chat.composer.full_text.startswith("hello")
    assert on.states == [State.REFUSED]
    assert not on.cloud.asked


async def test_a_yes_that_begins_a_word_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody stopped for a while, and types on: the first key is an own key of the sheet."""
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await sheet(app, pilot)
        monkeypatch.setattr(hushed, "ALONE_S", 3600.0)
        await pilot.press("o", "k", "x", "backspace")
        app.screen.post_message(Paste(" then\x1b"))
        await pilot.pause()
        awake(app)
        await pilot.press("c", "up")
        awake(app)
        assert isinstance(app.screen, ConsentScreen)
        assert app.screen.typed == "ok then␛"
        monkeypatch.setattr(hushed, "ALONE_S", 0.001)
        await pilot.press("o")
        await over(app, pilot)
        assert app.chat.composer.full_text == "ok then␛"
    assert on.left == ["hello"]


async def test_they_are_dead_again_once_the_sheet_says_something_else(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "mail anna@example.org")
        await sheet(app, pilot)
        await pilot.press("r")
        await until(pilot, lambda: "⟦email-1⟧" in screen_text(app))
        await pilot.press("o", "enter")
        assert isinstance(app.screen, ConsentScreen)
        awake(app)
        await pilot.press("o")
        await over(app, pilot)
    assert on.left == ["mail ⟦email-1⟧"]


@pytest.mark.parametrize(
    "keys", [("enter",), ("tab", "enter"), ("shift+tab", "enter"), ("escape",)]
)
async def test_enter_never_grants(tmp_path: Path, keys: tuple[str, ...]) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await sheet(app, pilot)
        await pilot.press(*keys)
        await over(app, pilot)
        assert app.chat.composer.text == "hello"
    assert on.states == [State.REFUSED]
    assert not on.cloud.asked


async def test_a_click_on_deny_denies_and_one_on_a_key_presses_it(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await until(pilot, lambda: isinstance(app.screen, ConsentScreen))
        await pilot.pause()
        await pilot.click("Deny")
        assert isinstance(app.screen, ConsentScreen)
        awake(app)
        await pilot.click("Deny")
        await over(app, pilot)
        await pilot.press("ctrl+s")
        await sheet(app, pilot)
        await pilot.click("#keys", offset=(2, 0))
        await over(app, pilot)
    assert on.states == [State.GIVEN, State.REFUSED]


@pytest.mark.parametrize("size", [NARROW, (120, 40)])
async def test_a_refusal_shows_every_reason_and_takes_no_yes(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    on = cloud_chat(tmp_path)
    open_ended(on)
    async with opened(on.stage, size) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        shown = await sheet(app, pilot)
        text = screen_text(app)
        assert "not as it is, for 4 reasons" in text
        assert "o once" not in text
        for key in ("o", "m", "c", "d"):
            await pilot.press(key)
        assert app.screen is shown
        await pilot.press("end", "home")
        for reason in shown._petition.decision.reasons:
            assert reason.text.split("(")[0].strip()[:40] in screen_text(app).replace("\n", " ")
        await pilot.press("escape")
        await over(app, pilot)
        assert app.chat.composer.text == "hello"
    assert State.GIVEN not in on.states


async def test_what_is_kept_back_goes_round(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    text = "mail anna@example.org, pay DE89370400440532013000, call +49 30 901820"
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, text)
        shown = await sheet(app, pilot)
        seen = []
        for _ in range(4):
            choice = shown._petition.departure.choice.keep_back
            sent = shown._petition.departure.leaves[-1].text
            seen.append((choice, sent.count("⟦"), shown._petition.open))
            await pilot.press("r")
            await until(
                pilot,
                lambda c=choice: shown._petition.departure.choice.keep_back is not c,  # type: ignore[misc]
            )
            await sheet(app, pilot)
        assert seen == [
            (ScanVerdict.WARN, 2, True),
            (ScanVerdict.NOTE, 3, True),
            (None, 0, False),
            (ScanVerdict.BLOCK, 1, True),
        ]
        await pilot.press("escape")
        await over(app, pilot)


async def test_what_must_stay_can_be_left_out(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await tainted(app, pilot)
        assert "local-only text never leaves this machine" in screen_text(app)
        assert "▲ stays" in screen_text(app)
        await pilot.press("o")
        assert isinstance(app.screen, ConsentScreen)
        await pilot.press("l")
        await until(pilot, lambda: "o once" in screen_text(app))
        await sheet(app, pilot)
        await pilot.press("l")
        await until(pilot, lambda: "o once" not in screen_text(app))
        await sheet(app, pilot)
        await pilot.press("l")
        await until(pilot, lambda: "o once" in screen_text(app))
        await sheet(app, pilot)
        await pilot.press("o")
        await over(app, pilot)
    [request] = on.cloud.asked
    said = [m.text for m in request.messages]
    assert WARD not in said
    assert said[-1] == "And how exact is that?"


async def test_a_message_is_let_go_for_a_typed_reason_in_a_branch(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await tainted(app, pilot)
        await pilot.press("x")
        await typed(app, pilot, "")
        assert "only for a reason" in screen_text(app)
        await typed(app, pilot, "no names in it")
        await until(pilot, lambda: "o once" in screen_text(app))
        await sheet(app, pilot)
        await pilot.press("o")
        await over(app, pilot)
        await until(pilot, lambda: "From the cloud." in screen_text(app))
        await until(pilot, lambda: "▲ local-only" not in screen_text(app))
        head = app.chat.desk.chat.head
    assert WARD in [m.text for m in on.cloud.asked[0].messages]
    labels = [m.label for m in on.stage.journal.path(head or "")]
    assert set(labels) == {Label.NORMAL}


async def test_of_several_messages_one_is_chosen_and_a_no_keeps_the_branch(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        for text in ("first secret", "second secret"):
            await pilot.press("ctrl+l")
            await send(app, pilot, text)
            await answered(app, pilot)
        await ask_cloud(app, pilot, "And now?")
        await sheet(app, pilot)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, HeldMessageScreen))
        await pilot.press("escape")
        await sheet(app, pilot)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, HeldMessageScreen))
        await pilot.press("down", "enter")
        await typed(app, pilot, "it is none")

        def secrets() -> dict[str, Label]:
            [summary] = on.stage.journal.conversations()
            said = on.stage.journal.path(summary.head or "")
            return {m.text: m.label for m in said if m.text.endswith("secret")}

        let_go = {"first secret": Label.LOCAL_ONLY, "second secret": Label.NORMAL}
        await until(pilot, lambda: secrets() == let_go)
        await sheet(app, pilot)
        await pilot.press("escape")
        await over(app, pilot)
        await until(pilot, lambda: app.chat.composer.text == "And now?")
        assert secrets() == let_go
    assert not on.cloud.asked


async def test_text_that_means_harm_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    on.town.facts[FACTS.route] = replace(FACTS, operator="[bold]Ev\x1b[31mil\u202e GmbH")
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "[@click=app.quit]x[/] \u202etxt.exe")
        await sheet(app, pilot)
        shown = screen_text(app)
        assert "[bold]Ev␛[31mil⟨U+202E⟩ GmbH" in shown
        assert "[@click=app.quit]x[/] ⟨U+202E⟩txt.exe" in shown
        await pilot.press("escape")
        await over(app, pilot)


async def test_the_destination_stays_while_a_long_text_scrolls(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    text = "\n".join(f"line {number}" for number in range(300))
    async with opened(on.stage, NARROW) as (app, pilot):
        await ask_cloud(app, pilot, text)
        await sheet(app, pilot)
        for key, sees in (
            ("pagedown", "line 9"),
            ("end", "line 299"),
            ("up", "line 297"),
            ("home", "line 0"),
        ):
            await pilot.press(key)
            await until(pilot, lambda sees=sees: sees in screen_text(app))  # type: ignore[misc]
            assert "mistral-eu · Mistral AI (law: FR)" in screen_text(app)
            assert "Deny" in screen_text(app)
        await pilot.press("escape")
        await over(app, pilot)


async def test_in_a_window_that_is_too_small_nobody_says_yes(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage, (50, 16)) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await sheet(app, pilot)
        assert "a yes needs a larger window" in screen_text(app)
        await pilot.press("o", "c")
        assert isinstance(app.screen, ConsentScreen)
        await pilot.press("enter")
        await over(app, pilot)
    assert on.states == [State.REFUSED]


async def test_panic_while_the_sheet_is_open_grants_nothing(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await sheet(app, pilot)
        on.border.panic()
        await pilot.press("c")
        await over(app, pilot)
        assert app.chat.composer.text == "hello"
    assert on.states == []
    assert not on.cloud.asked
