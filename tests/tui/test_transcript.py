"""The transcript as a person meets it: it follows, it stays put, it can be walked, selected and copied."""

import pytest
from textual.events import MouseScrollUp
from textual.geometry import Offset

from assistant.domain.hygiene import harmless
from assistant.domain.places import Place
from assistant.domain.prompt import Role
from assistant.tui.widgets.transcript import Entry, Transcript
from tests.tui.stage import Stage, find, shown, until

REPLY = "Intro.\n\n```bash\nls -l\n```\n\nMiddle.\n\n```py\nx = 1\n```\n"
TALK = [
    Entry("1", Role.USER, "first question"),
    Entry("2", Role.ASSISTANT, REPLY, Place.THIS_MACHINE, "assistant · local · m", "14:02"),
    Entry("3", Role.USER, "second question"),
    Entry("4", Role.ASSISTANT, "Short.", Place.CLOUD, "assistant · cloud · m"),
]
MANY = [
    Entry(str(n), Role.ASSISTANT if n % 2 else Role.USER, f"message {n}\n\n" + "words " * (n % 70))
    for n in range(300)
]


async def test_it_opens_at_the_end() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        transcript = await shown(pilot, TALK)
        assert app.rows()[-1] == "│▌ Short."
        assert transcript.following
        assert transcript.scroll_offset.y == transcript.pages.heights.total - transcript.size.height


async def test_a_reply_is_drawn_as_it_arrives() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        transcript = await shown(pilot, TALK)
        transcript.add(Entry("5", Role.ASSISTANT, "", Place.THIS_NETWORK, open=True))
        await pilot.pause()
        assert app.rows()[-1].endswith("…")
        transcript.stream("5", "Hel")
        transcript.stream("5", "lo\n\nWorld")
        await until(pilot, lambda: app.rows()[-1].endswith("▌ World"))
        transcript.settle(Entry("5", Role.ASSISTANT, "Hello\n\nWorld!", error="It broke"))
        await pilot.pause()
        assert [row.strip() for row in app.rows()[-3:]] == ["", "World!", "failed · It broke"]


async def test_nothing_is_drawn_and_no_timer_runs_while_nothing_arrives() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        transcript = await shown(pilot, [Entry("1", Role.ASSISTANT, "", open=True)])
        transcript.stream("1", "Hello")
        await until(pilot, lambda: "Hello" in app.rows()[2])
        assert transcript._frame is None


async def test_while_the_person_reads_above_nothing_moves() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        transcript = await shown(pilot, [*MANY, Entry("r", Role.ASSISTANT, "", open=True)])
        await pilot.press("pageup", "pageup")
        before = app.rows()
        assert before[-1].strip() == "↓ more is arriving · press end"
        for number in range(30):
            transcript.stream("r", f"line {number}\n\n")
        await until(pilot, lambda: transcript.pages.heights[300] > 50)
        assert app.rows() == before
        transcript.settle(Entry("r", Role.ASSISTANT, "done"))
        await pilot.pause()
        assert app.rows()[:-1] == before[:-1]
        assert app.rows()[-1].strip() == "↓ more below · press end"
        await pilot.press("end")
        assert app.rows()[-1].endswith("done")
        assert transcript.following


async def test_scrolling_up_shows_every_row_once() -> None:
    """Heights above are estimates: what is in sight must not jump when they turn out otherwise."""
    app = Stage()
    async with app.run_test(size=(40, 20)) as pilot:
        transcript = await shown(pilot, MANY)
        last = app.rows()
        for _ in range(40):
            transcript.scroll_relative(y=-3, animate=False)
            await pilot.pause()
            now = app.rows()
            assert now[3:-1] == last[:-4] or transcript.scroll_offset.y == 0
            last = now


async def test_a_jump_far_up_lands_where_the_bar_says() -> None:
    app = Stage()
    async with app.run_test(size=(40, 20)) as pilot:
        transcript = await shown(pilot, MANY)
        transcript.scroll_to(y=0)
        await pilot.pause()
        assert app.rows()[1:3] == ["   you", "   message 0"]
        transcript.scroll_to(y=transcript.max_scroll_y)
        await pilot.pause()
        assert transcript.following
        transcript.scroll_to(y=transcript.max_scroll_y // 2)
        await pilot.pause()
        number, _ = transcript.top
        assert 100 < number < 200


async def test_the_wheel_scrolls() -> None:
    app = Stage()
    async with app.run_test(size=(40, 20)) as pilot:
        transcript = await shown(pilot, MANY)
        y = transcript.scroll_offset.y
        await pilot._post_mouse_events([MouseScrollUp], Transcript)
        await pilot.pause()
        assert transcript.scroll_offset.y < y
        assert not transcript.following


@pytest.mark.parametrize("size", [(20, 5), (24, 12), (80, 24), (160, 50), (12, 4)])
async def test_any_size_will_do(size: tuple[int, int]) -> None:
    app = Stage()
    async with app.run_test(size=size) as pilot:
        await shown(pilot, TALK)
        await pilot.press("home", "n", "pagedown", "end")
        assert len(app.rows()) == app.transcript.size.height


async def test_a_resize_keeps_the_place() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await shown(pilot, MANY)
        transcript.go(150, 1)
        await pilot.pause()
        await pilot.resize_terminal(50, 20)
        await pilot.pause()
        assert transcript.top[0] == 150
        assert not transcript.following
        await pilot.press("end")
        await pilot.resize_terminal(90, 30)
        await pilot.pause()
        assert transcript.following
        assert transcript.scroll_offset.y == transcript.pages.heights.total - transcript.size.height


async def test_ten_thousand_messages_open_with_few_laid_out() -> None:
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        entries = [Entry(str(n), Role.ASSISTANT, REPLY) for n in range(10_000)]
        transcript = await shown(pilot, entries)
        assert len(transcript.pages._laid) < 10
        assert transcript.virtual_size.height > 100_000


async def test_walking_from_message_to_message() -> None:
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        transcript = await shown(pilot, TALK)
        assert transcript.cursor == 3
        await pilot.press("up", "k")
        assert transcript.cursor == 1
        # The reply is taller than the screen: it is walked through before the next message is at hand.
        assert app.rows()[1].startswith(">▌ assistant · local")
        await pilot.press("j")
        assert transcript.cursor == 1
        await pilot.press("j", "j", "j", "j")
        assert transcript.cursor == 3
        await pilot.press("home")
        assert transcript.cursor == 0
        assert app.rows()[1].startswith(">  you")
        await pilot.press("end")
        assert transcript.cursor == 3


async def test_the_cursor_shows_with_the_focus_alone() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        await shown(pilot, TALK)
        assert any(row.startswith(">") for row in app.rows())
        await pilot.press("tab")
        await pilot.pause()
        assert not any(row.startswith(">") for row in app.rows())


async def test_code_blocks_and_messages_are_copied() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        transcript = await shown(pilot, TALK)
        await pilot.press("p", "c", "left_square_bracket", "c")
        assert app.copies == [("x = 1", "code"), ("ls -l", "code")]
        await pilot.press("n", "c", "y")
        assert app.copies[2:] == [("x = 1", "code"), (REPLY, "message")]
        await pilot.press("n")
        assert (transcript.cursor, transcript.code) == (1, 1)
        await pilot.press("end", "c")
        assert app.copies[4:] == [("Short.", "message")]


async def test_a_copy_is_harmless() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        await shown(pilot, [Entry("1", Role.ASSISTANT, "a\x1b[31mb\n\n```\nx\x07y\n```\n")])
        await pilot.press("y", "n", "c")
        assert app.copies == [("a␛[31mb\n\n```\nx␇y\n```\n", "message"), ("x␇y", "code")]


async def test_a_click_on_the_mark_copies_the_block() -> None:
    app = Stage()
    async with app.run_test(size=(60, 24)) as pilot:
        transcript = await shown(pilot, TALK)
        await pilot.click(Transcript, offset=find(app, "c copy"))
        assert app.copies == [("ls -l", "code")]
        assert (transcript.cursor, transcript.code) == (1, 0)
        await pilot.click(Transcript, offset=find(app, "first question"))
        assert (transcript.cursor, transcript.code) == (0, None)
        assert len(app.copies) == 1


async def test_the_mouse_selects_across_messages() -> None:
    app = Stage()
    async with app.run_test(size=(60, 24)) as pilot:
        transcript = await shown(pilot, TALK)
        await pilot.mouse_down(Transcript, offset=find(app, "question"))
        await pilot.hover(Transcript, offset=find(app, "Intro") + Offset(2, 0))
        await pilot.mouse_up(Transcript, offset=find(app, "Intro") + Offset(2, 0))
        assert app.screen.get_selected_text() == "question\n\nInt"
        await pilot.press("c")
        assert app.copies == [("question\n\nInt", "selection")]
        assert transcript.text_selection is not None


async def test_a_double_click_selects_a_message() -> None:
    app = Stage()
    async with app.run_test(size=(60, 24)) as pilot:
        await shown(pilot, TALK)
        await pilot.click(Transcript, offset=find(app, "Intro"), times=2)
        await pilot.pause()
        assert app.screen.get_selected_text() == REPLY.rstrip("\n")


async def test_hostile_text_reaches_no_strip() -> None:
    hostile = "\x1b]8;;http://x\x07link\x1b]8;;\x07 [red]x[/red] \x9b31m \u202eabc &#27;[2J"
    app = Stage()
    async with app.run_test(size=(60, 24)) as pilot:
        entries = [
            Entry(str(n), role, hostile, heading=hostile, aside=hostile, error=hostile)
            for n, role in enumerate(Role)
        ]
        transcript = await shown(pilot, entries)
        for row in app.rows():
            assert row == harmless(row)
        for strip in transcript.render_lines(transcript.size.region):
            assert all(not (segment.style and segment.style.link) for segment in strip)
        assert "[red]x[/red]" in "\n".join(app.rows())


async def test_a_theme_change_is_followed() -> None:
    app = Stage()
    async with app.run_test(size=(60, 24)) as pilot:
        transcript = await shown(pilot, TALK)
        before = transcript.render_lines(transcript.size.region)
        app.theme = "textual-light"
        await pilot.pause()
        after = transcript.render_lines(transcript.size.region)
        assert [strip.text for strip in before] == [strip.text for strip in after]
        assert before != after


async def test_places_are_told_apart_by_colour_and_by_word() -> None:
    app = Stage()
    async with app.run_test(size=(60, 24)) as pilot:
        entries = [
            Entry(p, Role.ASSISTANT, "x", p, f"assistant · {w}")
            for p, w in (
                (Place.THIS_MACHINE, "local"),
                (Place.THIS_NETWORK, "network"),
                (Place.CLOUD, "cloud"),
            )
        ]
        transcript = await shown(pilot, entries)
        bars = [
            segment.style.color
            for strip in transcript.render_lines(transcript.size.region)
            for segment in strip
            if segment.text == "▌" and segment.style
        ]
        assert len(set(bars)) == 3
        text = "\n".join(app.rows())
        assert all(word in text for word in ("local", "network", "cloud"))


async def test_a_notice_may_stand_above_the_reply_that_it_is_about() -> None:
    app = Stage()
    async with app.run_test(size=(60, 24)) as pilot:
        transcript = await shown(pilot, TALK)
        transcript.add(Entry("5", Role.ASSISTANT, "", open=True))
        transcript.stream("5", "Hello")
        transcript.add(Entry("n", Role.SYSTEM, "two messages were left out"), before="5")
        await until(pilot, lambda: "Hello" in app.rows()[-1])
        assert app.rows()[-4].strip() == "· two messages were left out"
