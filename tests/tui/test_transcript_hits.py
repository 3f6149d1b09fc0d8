"""A search that is alive in the transcript: hits are marked, shown where the words are, and walked."""

from rich.style import Style

from assistant.domain.prompt import Role
from assistant.domain.searching import sought
from assistant.tui.widgets.transcript import Entry, Transcript
from assistant.tui.widgets.transcript_marks import Marks, Trail
from tests.tui.stage import Stage, shown

FILL = "\n\n".join(f"paragraph {n}" for n in range(60))
TALK = [
    Entry("1", Role.USER, "a needle here"),
    Entry("2", Role.ASSISTANT, "Nothing."),
    Entry("3", Role.USER, "and now?"),
    Entry("4", Role.ASSISTANT, f"{FILL}\n\nthe needle\n\n{FILL}\n\nthe last needle\n\n{FILL}"),
    Entry("5", Role.USER, "short"),
    Entry("6", Role.ASSISTANT, "<think>in the needle</think>\n\nThe answer."),
    *(Entry(str(n), Role.USER, f"more {n}") for n in range(7, 40)),
]


def seek(transcript: Transcript, key: str) -> Trail:
    trail = Trail(Marks(sought("needle ")), at=key)
    trail.keys = trail.count((entry.key, entry.text) for entry in TALK)
    transcript.seek(trail)
    return trail


def marked(app: Stage) -> list[str]:
    """What is drawn in reverse, from the top."""
    transcript = app.transcript
    strips = transcript.render_lines(transcript.size.region)
    return [
        segment.text
        for strip in strips
        for segment in strip
        if (segment.style or Style()).reverse and (segment.style or Style()).bold
    ]


async def test_a_tall_message_is_shown_where_the_words_are() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        transcript = await shown(pilot, TALK)
        assert marked(app) == []
        trail = seek(transcript, "4")
        assert trail.said == "hit 2 of 3"
        assert transcript.cursor == 3
        assert any(row.endswith("the needle") for row in app.rows())
        assert marked(app) == ["needle"]
        seek(transcript, "1")
        assert app.rows()[1].startswith(">")
        assert marked(app) == ["needle"]
        transcript.seek(None)
        assert marked(app) == []


async def test_n_goes_through_a_tall_message_and_then_to_the_next_one() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        transcript = await shown(pilot, TALK)
        trail = seek(transcript, "4")
        seen = []
        for key in ("n", "n", "n", "N", "N", "N", "N"):
            await pilot.press(key)
            assert marked(app) == ["needle"]
            row = next(row for row in app.rows() if "needle" in row)
            seen.append((trail.at, row.strip(" │>▌")))
        assert seen == [
            ("4", "the last needle"),
            ("6", "in the needle"),
            ("1", "a needle here"),
            ("6", "in the needle"),
            ("4", "the last needle"),
            ("4", "the needle"),
            ("1", "a needle here"),
        ]


async def test_without_a_search_the_key_is_that_of_code_blocks() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        code = Entry("1", Role.ASSISTANT, "needle\n\n```\nls\n```")
        transcript = await shown(pilot, [code])
        await pilot.press("n")
        assert transcript.code == 0
        transcript.seek(Trail(Marks(sought("needle ")), ["1"], "1"))
        assert transcript.code is None
        await pilot.press("n")
        assert transcript.code is None
        transcript.show([code])
        assert transcript.trail is None
        assert marked(app) == []


async def test_hits_that_are_gone_or_folded_for_nothing_do_no_harm() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        thought = Entry("1", Role.ASSISTANT, "<think>well</think>\n\nYes.")
        transcript = await shown(pilot, [thought])
        transcript.seek(Trail(Marks(sought("needle ")), ["1", "gone"], "gone"))
        before = app.rows()
        await pilot.press("n")
        assert app.rows() == before, "folded again: the words are not in it"
        transcript.seek(Trail(Marks(sought("needle ")), ["gone"], "gone"))
        await pilot.press("n", "N")
        assert app.rows() == before
