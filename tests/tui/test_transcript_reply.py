"""A reply with a thought: folded to one row, shown quietly on demand, and never dearer for having thought long."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.hygiene import harmless
from assistant.domain.prompt import Role
from assistant.domain.thinking import split
from assistant.tui.markdown.lines import Line
from assistant.tui.widgets.transcript import Transcript
from assistant.tui.widgets.transcript_page import Entry, estimate
from assistant.tui.widgets.transcript_pages import Pages
from assistant.tui.widgets.transcript_reply import Reply
from assistant.tui.widgets.transcript_selection import selected, whole
from tests.tui.markdown_texts import SIZES, TEXTS, WIDTHS, chunks
from tests.tui.stage import Stage, find, until
from tests.tui.stage import shown as displayed

THINKING = "<think>\nFirst *this*.\n\n```py\nx = 1\n```\n\n"
THOUGHT = THINKING + "</think>\n\nThe **answer**.\n"
TAGGED = st.lists(
    st.sampled_from(["<think>", "</think>", "<thi", "nk>", "\n", "word ", "```\n"]) | TEXTS,
    max_size=8,
).map("".join)


def shown(reply: Reply) -> list[Line]:
    return [reply[row] for row in range(len(reply))]


def rows(text: str, *, live: bool = False, unfolded: bool = False, width: int = 40) -> list[str]:
    reply = Reply(text, width, live=live, unfolded=unfolded)
    return [line.text.rstrip() for line in shown(reply)]


def grown(text: str, width: int, sizes: list[int], *, unfolded: bool) -> Reply:
    """The reply laid out piece by piece; checks that no row changed above the first that is said to have."""
    reply = Reply("", width, live=True, unfolded=unfolded)
    for chunk in chunks(text, sizes):
        before = shown(reply)
        reply.append(harmless(chunk))
        changed = reply.update()
        after = shown(reply)
        assert after[:changed] == before[:changed]
        assert changed < len(after) or after == before[: len(after)]
    return reply


@given(TAGGED, WIDTHS, SIZES, st.booleans())
def test_it_says_what_changed(text: str, width: int, sizes: list[int], unfolded: bool) -> None:
    grown(text, width, sizes, unfolded=unfolded)


@given(TEXTS, TEXTS, WIDTHS, SIZES, st.booleans())
def test_grown_to_its_end_it_is_what_the_whole_gives(
    thought: str, answer: str, width: int, sizes: list[int], unfolded: bool
) -> None:
    text = f"<think>{thought}\n\nend\n\n</think>\n{answer}\n\nend\n\n"
    reply = grown(text, width, sizes, unfolded=unfolded)
    settled = Reply(harmless(text), width, live=False, unfolded=unfolded)
    assert shown(reply) == shown(settled)
    assert reply.codes == settled.codes


@given(TAGGED, WIDTHS, SIZES, st.booleans())
def test_streamed_and_settled_is_the_same_as_shown(
    text: str, width: int, sizes: list[int], unfolded: bool
) -> None:
    done = Entry("1", Role.ASSISTANT, text)
    streamed, opened = Pages(), Pages()
    for pages, entry in ((streamed, Entry("1", Role.ASSISTANT, "", open=True)), (opened, done)):
        pages.fill([entry])
        pages.resize(width)
        pages.measure(0)
    for chunk in chunks(text, sizes):
        streamed.stream("1", chunk)
        streamed.update()
        if unfolded and not streamed._unfolded:
            streamed.fold(0)
        assert streamed.heights[0] == len(streamed.page(0))
    streamed.change(done)
    if streamed._unfolded:
        opened.fold(0)
    assert streamed.measure(0) == opened.measure(0)
    assert [streamed.page(0)[n] for n in range(len(streamed.page(0)))] == [
        opened.page(0)[n] for n in range(len(opened.page(0)))
    ]


@pytest.mark.parametrize(
    ("text", "live", "unfolded", "drawn"),
    [
        ("<think>", True, False, ["thinking…"]),
        ("<think>\nso", True, False, ["thinking… 1 word · t shows it"]),
        ("<think>\nso it", True, True, ["thinking… 2 words · t folds it", "│ so it"]),
        ("<think>\nso it", False, False, ["thought for 2 words, cut off"]),
        ("<think>\nso\n</think>\n", True, False, ["thought for 1 word · t shows it"]),
        (
            "<think>\nso\n</think>\n\nYes",
            True,
            False,
            ["thought for 1 word · t shows it", "", "Yes"],
        ),
        ("so\n</think>\n\nYes", False, False, ["thought for 1 word · t shows it", "", "Yes"]),
        ("<think>\n\n</think>\n\nYes", False, False, ["Yes"]),
        ("<think>\n\n</think>\n\nYes", False, True, ["Yes"]),
        ("Yes", False, True, ["Yes"]),
    ],
)
def test_looks(text: str, live: bool, unfolded: bool, drawn: list[str]) -> None:
    assert rows(text, live=live, unfolded=unfolded) == drawn


def test_a_thought_is_shown_quietly_and_its_code_can_be_copied() -> None:
    reply = Reply(THOUGHT, 40, live=False, unfolded=True)
    assert rows(THOUGHT, unfolded=True) == [
        "thought for 7 words · t folds it",
        "│ First this.",
        "│ ┌─ py ────────────────────── c copy ─┐",
        "│ │ x = 1                              │",
        "│ └────────────────────────────────────┘",
        "",
        "The answer.",
    ]
    [code] = reply.codes
    assert (code.text, code.first, code.last) == ("x = 1", 2, 5)
    start, end = code.mark
    assert shown(reply)[2].text[start:end] == " c copy "
    looks = {span.look for line in shown(reply)[1:2] for span in line.spans}
    assert looks == {"frame", "quiet", "emphasis quiet"}


def test_what_turns_out_to_be_a_thought_is_folded_then() -> None:
    reply = Reply("I wonder.\n", 40, live=True, unfolded=False)
    assert [line.text for line in shown(reply)] == ["I wonder."]
    reply.append("</think>\nYes")
    assert reply.update() == 0
    assert [line.text for line in shown(reply)] == ["thought for 2 words · t shows it", "", "Yes"]


@pytest.mark.parametrize(
    ("width", "row"), [(31, "thought for 1 word · t shows it"), (30, "thought for 1 word")]
)
def test_what_is_told_stays_on_one_row(width: int, row: str) -> None:
    assert rows("<think>so</think>", width=width) == [row]
    assert rows("<think>so</think>", width=12) == ["thought for…"]


def test_a_copy_has_the_thought_only_where_it_is_shown() -> None:
    pages = Pages()
    pages.fill([Entry("1", Role.ASSISTANT, THOUGHT), Entry("2", Role.ASSISTANT, THINKING)])
    pages.resize(40)
    assert selected(pages, whole(0)) == pages.copied(0) == split(THOUGHT).answer
    assert pages.fold(0)
    assert selected(pages, whole(0)) == pages.copied(0) == THOUGHT
    assert pages.fold(0)
    assert pages.copied(0) == split(THOUGHT).answer
    assert pages.copied(1) == THINKING


def test_what_is_unfolded_stays_so_when_the_width_changes_and_the_reply_ends() -> None:
    pages = Pages()
    pages.fill([Entry("1", Role.ASSISTANT, "", open=True), Entry("2", Role.ASSISTANT, "plain")])
    pages.resize(40)
    pages.stream("1", THINKING)
    assert pages.fold(0)
    assert pages.page(0)[2].text == "thinking… 7 words · t folds it"
    assert not pages.fold(1)
    pages.resize(60)
    assert pages.page(0)[3].text == "│ First this."
    pages.change(Entry("1", Role.ASSISTANT, THOUGHT))
    assert pages.page(0)[2].text == "thought for 7 words · t folds it"
    assert pages.page(0)[3].text == "│ First this."


def test_a_folded_thought_is_not_counted_in_an_estimate() -> None:
    long = f"<think>{'word ' * 5000}</think>Yes"
    assert estimate(Entry("1", Role.ASSISTANT, long), 40) < 10


@pytest.mark.parametrize("unfolded", [False, True])
def test_a_long_thought_costs_no_more_per_token_than_a_short_one(unfolded: bool) -> None:
    reply = Reply("<think>\n", 80, live=True, unfolded=unfolded)
    spent: list[float] = []
    for _ in range(12):
        began = time.process_time()
        for _ in range(40):
            reply.append("some words of a thought that goes on.\n\n")
            reply.update()
        spent.append(time.process_time() - began)
    # Were it to grow with the length, the last part would cost some ten times what the first did.
    assert min(spent[-3:]) < 3 * max(spent[:3])


TALK = [
    Entry("1", Role.USER, "a question"),
    Entry("2", Role.ASSISTANT, THOUGHT),
    Entry("3", Role.ASSISTANT, "plain"),
]


async def test_a_key_shows_the_thought_of_the_message_at_hand_and_folds_it_again() -> None:
    app = Stage()
    async with app.run_test(size=(60, 30)) as pilot:
        await displayed(pilot, TALK)
        await pilot.press("t")
        assert not any("First" in row for row in app.rows()), "there is none in the last message"
        await pilot.press("up", "y", "t")
        assert [row.strip("│ ") for row in app.rows() if "thought" in row or "First" in row] == [
            "thought for 7 words · t folds it",
            "First this.",
        ]
        await pilot.press("y", "n", "c", "t")
        assert not any("First" in row for row in app.rows())
        assert app.copies == [
            (split(THOUGHT).answer, "message"),
            (THOUGHT, "message"),
            ("x = 1", "code"),
        ]


async def test_a_click_on_what_is_told_of_a_thought_shows_it() -> None:
    app = Stage()
    async with app.run_test(size=(60, 30)) as pilot:
        transcript = await displayed(pilot, TALK)
        await pilot.click(Transcript, offset=find(app, "thought for"))
        assert any("First this." in row for row in app.rows())
        assert transcript.cursor == 1
        await pilot.click(Transcript, offset=find(app, "First this"))
        await pilot.click(Transcript, offset=find(app, "thought for"))
        assert not any("First this." in row for row in app.rows())


async def test_a_long_thought_is_shown_from_its_start() -> None:
    app = Stage()
    long = "<think>" + "".join(f"line {n}\n\n" for n in range(200)) + "</think>\n\nThe answer."
    async with app.run_test(size=(60, 12)) as pilot:
        transcript = await displayed(pilot, [TALK[0], Entry("2", Role.ASSISTANT, long)])
        await pilot.press("t")
        assert app.rows()[2].endswith("thought for 400 words · t folds it")
        assert not transcript.following
        await pilot.press("pagedown", "pagedown", "t")
        assert any(row.endswith("The answer.") for row in app.rows())
        assert transcript.following


async def test_a_live_thought_is_followed_while_it_is_shown() -> None:
    app = Stage()
    async with app.run_test(size=(60, 10)) as pilot:
        transcript = await displayed(pilot, [Entry("1", Role.ASSISTANT, "", open=True)])
        transcript.stream("1", "<think>\nhm\n\n")
        await until(pilot, lambda: any("thinking… 1 word" in row for row in app.rows()))
        await pilot.press("t")
        for number in range(20):
            transcript.stream("1", f"line {number}\n\n")
        await until(pilot, lambda: app.rows()[-1].endswith("line 19"))
        transcript.stream("1", "</think>\n\nSo: yes.")
        await until(pilot, lambda: app.rows()[-1].endswith("So: yes."))
