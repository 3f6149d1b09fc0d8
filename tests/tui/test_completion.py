"""The list above a text area: what is typed filters it, its keys take or leave it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.pilot import Pilot
from textual.widgets import Static

from assistant.tui.widgets.completion import ROWS, Choice, Completion, Offer
from assistant.tui.widgets.composer import Composer

WORDS = ("alpha", "beta", "gamma", *(f"g{n}" for n in range(20)))


def names(text: str, at: int) -> Offer | None:
    """Words behind the last `#` before the cursor."""
    start = text.rfind("#", 0, at)
    if start < 0:
        return None
    typed = text[start:at]
    found = tuple(
        Choice(f"#{word} ", word, f"the word {word}")
        for word in WORDS
        if f"#{word}".startswith(typed)
    )
    return Offer(start, at, found, "Words")


def final(text: str, at: int) -> Offer | None:
    return Offer(0, at, (Choice("!go", ends=True),)) if text[:at] in ("!", "!g", "!go") else None


class WritingApp(App[int]):
    CSS = "#above { height: 1fr; } Composer { height: 3; }"

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(id="above")
            yield Composer()

    def on_composer_submitted(self, event: Composer.Submitted) -> None:
        self.sent.append(event.text)

    def on_composer_take_back(self) -> None:
        self.sent.append("taken back")


@asynccontextmanager
async def writing() -> AsyncIterator[tuple[WritingApp, Composer, Pilot[int]]]:
    app = WritingApp()
    async with app.run_test(size=(60, 20)) as pilot:
        composer = app.query_one(Composer)
        composer.completing.sources += [names, final]
        composer.focus()
        yield app, composer, pilot


async def typed(pilot: Pilot[int], text: str) -> None:
    await pilot.press(
        *("number_sign" if c == "#" else "exclamation_mark" if c == "!" else c for c in text)
    )
    await pilot.pause()


async def test_what_is_typed_filters_and_tab_takes() -> None:
    async with writing() as (app, composer, pilot):
        await typed(pilot, "a#be")
        shown = app.query_one(Completion)
        assert composer.completing.open
        assert shown.chosen == Choice("#beta ", "beta", "the word beta")
        await pilot.press("tab")
        await pilot.pause()
        assert (composer.text, composer.completing.open) == ("a#beta ", False)
        assert composer.has_focus


async def test_the_arrows_move_in_the_list_and_around_its_ends() -> None:
    async with writing() as (app, composer, pilot):
        await typed(pilot, "#")
        await pilot.press("up")
        assert app.query_one(Completion).chosen == Choice("#g19 ", "g19", "the word g19")
        await pilot.press("down", "down")
        assert app.query_one(Completion).chosen == Choice("#beta ", "beta", "the word beta")
        assert composer.text == "#"


async def test_the_list_shows_a_few_lines_and_stands_above() -> None:
    async with writing() as (app, composer, pilot):
        await typed(pilot, "#")
        shown = app.query_one(Completion)
        assert shown.size.height == ROWS
        assert shown.region.bottom == composer.region.y


async def test_escape_closes_it_for_this_word_and_the_text_stays() -> None:
    async with writing() as (_app, composer, pilot):
        await typed(pilot, "#")
        await pilot.press("escape", "b")
        await pilot.pause()
        assert (composer.text, composer.completing.open) == ("#b", False)
        await typed(pilot, " #")
        assert composer.completing.open


async def test_enter_takes_what_needs_more_and_sends_what_is_whole() -> None:
    async with writing() as (app, composer, pilot):
        await typed(pilot, "#al")
        await pilot.press("enter")
        await pilot.pause()
        assert (app.sent, composer.text) == ([], "#alpha ")
        await pilot.press("backspace")
        await pilot.pause()
        await pilot.press("enter")
        assert app.sent == ["#alpha"]
        await typed(pilot, "!")
        await pilot.press("enter")
        await pilot.pause()
        assert app.sent == ["#alpha", "!go"]


async def test_a_text_that_nobody_typed_offers_nothing() -> None:
    async with writing() as (app, composer, pilot):
        composer.put("#be")
        await pilot.pause()
        assert not composer.completing.open
        await pilot.press("up", "t")
        await pilot.pause()
        assert composer.text == "#bet"
        assert composer.completing.open
        await pilot.click(Completion, offset=(4, 1))
        assert composer.text == "#beta "
        assert not app.sent


async def test_keys_that_come_faster_than_the_list_take_nothing_unseen() -> None:
    async with writing() as (app, composer, pilot):
        await typed(pilot, "#")
        composer.insert("ga")
        assert composer.completing.press("enter") is False
        await pilot.pause()
        assert composer.text == "#ga"
        composer.insert("m")
        assert composer.completing.press("tab")
        assert composer.text == "#gamma "
        composer.put("")
        composer.insert("#be")
        assert composer.completing.press("down") is False
        assert not app.sent
