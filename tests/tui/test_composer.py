"""Writing: what sends, what makes a line, what comes back, what is folded."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from assistant.domain.attachments import Attachment, compose, parted
from assistant.domain.places import Place, Route
from assistant.tui.widgets.composer import Composer
from assistant.tui.wording import Bound
from tests.tui.driving import PATIENCE_S


class ComposerApp(App[int]):
    """A composer and what came out of it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.taken_back = 0

    def compose(self) -> ComposeResult:
        yield Composer()

    def on_composer_submitted(self, event: Composer.Submitted) -> None:
        self.sent.append(event.text)
        self.query_one(Composer).recall.add(event.text)

    def on_composer_take_back(self) -> None:
        self.taken_back += 1
        self.query_one(Composer).recall_older()

    def action_page_transcript(self, _pages: int) -> None:
        return


@asynccontextmanager
async def writing() -> AsyncIterator[tuple[ComposerApp, Composer, Pilot[int]]]:
    app = ComposerApp()
    async with app.run_test(size=(60, 20)) as pilot:
        composer = app.query_one(Composer)
        composer.focus()
        yield app, composer, pilot


async def test_enter_sends_and_empties() -> None:
    async with writing() as (app, composer, pilot):
        await pilot.press(*"hi", "enter")
        await pilot.pause()
        assert (app.sent, composer.text) == (["hi"], "")


async def test_nothing_is_not_sent() -> None:
    async with writing() as (app, _composer, pilot):
        await pilot.press("enter", "space", "enter")
        assert app.sent == []


async def test_new_lines_by_key_and_by_backslash() -> None:
    async with writing() as (app, composer, pilot):
        await pilot.press("a", "ctrl+j", "b", "shift+enter", "c", "backslash", "enter", "d")
        assert composer.text == "a\nb\nc\nd"
        await pilot.press("enter")
        await pilot.pause()
        assert app.sent == ["a\nb\nc\nd"]


async def test_arrows_walk_through_lines_before_prompts() -> None:
    async with writing() as (app, composer, pilot):
        await pilot.press(*"first", "enter", *"x", "ctrl+j", *"y")
        await pilot.press("up")
        assert composer.text == "x\ny"
        await pilot.press("up")
        assert composer.text == "first"
        await pilot.press("down")
        assert composer.text == "x\ny"
        assert app.taken_back == 0


async def test_up_in_an_empty_composer_asks_for_what_waits() -> None:
    async with writing() as (app, composer, pilot):
        await pilot.press(*"first", "enter", "up")
        await pilot.pause()
        assert (app.taken_back, composer.text) == (1, "first")


async def test_readline_keys() -> None:
    async with writing() as (_app, composer, pilot):
        await pilot.press(*"one two", "ctrl+a", "ctrl+k")
        assert composer.text == ""
        await pilot.press(*"one two", "ctrl+w")
        assert composer.text == "one "
        await pilot.press("ctrl+u", *"a b", "alt+b", "x", "ctrl+e", "y")
        assert composer.text == "a xby"


async def test_a_long_paste_is_folded_and_sent_whole() -> None:
    async with writing() as (app, composer, pilot):
        text = ("lorem ipsum dolor sit amet, " * 4000)[:100_000]
        composer.post_message(events.Paste(text))
        await pilot.pause()
        assert composer.text == "⟦pasted text · 100 kB · ~25,000 tokens⟧"
        await pilot.press("space", *"sum", "enter")
        await pilot.pause()
        assert [parted(sent) for sent in app.sent] == [
            ("sum", (Attachment("pasted text", "paste", text),))
        ]


async def test_a_short_paste_is_put_in_as_harmless_text() -> None:
    async with writing() as (_app, composer, pilot):
        composer.post_message(events.Paste("a\r\nb\rc\x1b[31m"))
        await pilot.pause()
        assert composer.text == "a\nb\nc␛[31m"


async def test_backspace_takes_a_folded_paste_as_a_whole() -> None:
    async with writing() as (_app, composer, pilot):
        await pilot.press("a")
        composer.post_message(events.Paste("x" * 9000))
        await pilot.pause()
        await pilot.press("backspace")
        assert composer.text == "a"
        await pilot.press("backspace")
        assert composer.text == ""


async def test_delete_takes_a_token_as_a_whole_too() -> None:
    async with writing() as (_app, composer, pilot):
        await pilot.press("b", "home")
        composer.attach(Attachment("a.py", "text", "x"))
        await pilot.press("home", "delete", "delete")
        assert composer.text == "b"


async def test_a_message_with_blocks_folds_back_and_is_sent_as_it_was() -> None:
    async with writing() as (app, composer, pilot):
        found = (Attachment("a.py", "text", "x\n" * 99), Attachment("b\x1b.py", "text", "\x1b"))
        composer.put(compose("why?", found))
        assert composer.text == "⟦a.py · 198 bytes · ~50 tokens⟧ ⟦b␛.py · 3 bytes · ~1 token⟧ why?"
        composer.give_back(compose("and", [found[0]]))
        assert composer.attachments == (found[0], found[0], Attachment("b␛.py", "text", "␛"))
        composer.reading = 1
        await pilot.press("enter")
        assert app.sent == []
        composer.reading = 0
        await pilot.press("enter")
        await pilot.pause()
        assert parted(app.sent[0])[0] == "and\n\nwhy?"


async def test_a_paste_of_10_mb_does_not_stall() -> None:
    async with writing() as (app, composer, pilot):
        began = time.process_time()
        composer.post_message(events.Paste("word " * 2_000_000))
        await pilot.pause()
        await pilot.press("x", "enter")
        await pilot.pause()
        assert time.process_time() - began < PATIENCE_S / 2
        own, (pasted,) = parted(app.sent[0])
        assert (own, pasted.size_bytes) == ("x", 10_000_000)


async def test_what_is_handed_back_stands_before_what_is_typed() -> None:
    async with writing() as (_app, composer, _pilot):
        composer.put("typed")
        composer.give_back("queued")
        assert composer.full_text == "queued\n\ntyped"
        composer.put("")
        composer.give_back("x" * 9000)
        assert composer.full_text == "x" * 9000


async def test_the_badge_says_where_the_text_will_go() -> None:
    async with writing() as (_app, composer, pilot):
        here, cloud = Place.THIS_MACHINE, Place.CLOUD
        composer.label(Bound(Route("cpu", here, "llama", "[b]m[/b]"), here), "context 3 % of 4,096")
        await pilot.pause()
        assert composer.has_class("-local")
        assert "→ local · cpu · " in str(composer.border_title)
        composer.label(Bound(Route("x", cloud, "remote", "m"), cloud), "")
        assert composer.has_class("-cloud")
        assert not composer.has_class("-local")


async def test_keys_act_in_the_order_in_which_they_come() -> None:
    async with writing() as (app, composer, pilot):
        for key in (*"ab", "ctrl+j", *"cx", "backspace", "d", "left", "left", "e"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        await pilot.pause()
        assert composer.text == "ab\necd"


async def test_what_is_typed_on_after_enter_stays() -> None:
    async with writing() as (app, composer, pilot):
        for key in (*"one", "enter", *"two", "enter", *"three"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        await pilot.pause()
        assert app.sent == ["one", "two"]
        assert composer.text == "three"


async def test_a_prompt_called_back_is_harmless() -> None:
    async with writing() as (_app, composer, pilot):
        composer.recall.fill(["\x1b]0;x\x07\u202e"])
        composer.recall_older()
        await pilot.pause()
        assert composer.text == "␛]0;x␇⟨U+202E⟩"
