"""Summarising from the screen: offered where the window moved, shown in the transcript, taken back by a key."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.notices import summarised
from assistant.domain.prompt import Finish, Message, Role, Summary
from assistant.domain.sensitivity import Label
from assistant.ports import ConversationSummary, Notice
from assistant.tui.app import AssistantApp
from assistant.tui.compacting import OFFER
from assistant.tui.entries import Opened, entries
from tests.finding import hits
from tests.tui.driving import (
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_services import NOON_MS, Answer, Stage, stage

SUMMARY = Answer(("Four Pis keep time ", "by PTP."))


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


async def talk(app: AssistantApp, pilot: Pilot[int], turns: int) -> None:
    for number in range(turns):
        await send(app, pilot, f"question {number}")
        await answered(app, pilot)


def standing(on: Stage) -> Summary | None:
    [found] = on.journal.conversations()
    path = on.journal.path(found.head) if found.head else ()
    return on.journal.summary(found.id, [message.id for message in path])


def message(number: int, label: Label = Label.NORMAL) -> Message:
    role = Role.USER if number % 2 == 0 else Role.ASSISTANT
    finish = Finish.STOP if number % 2 else None
    return Message(f"m{number}", "c", None, role, f"text {number}", label, "t", NOON_MS, finish)


@pytest.mark.parametrize("label", [Label.NORMAL, Label.LOCAL_ONLY])
def test_it_stands_before_the_first_message_that_is_read_in_full(label: Label) -> None:
    path = [message(0, label), *(message(number) for number in range(1, 6))]
    about = ConversationSummary("c", "t", NOON_MS, NOON_MS, "m5", 6, "")
    made = Summary("s", "c", "m3", "the sense", Label.NORMAL, "cpu", NOON_MS)
    moved = [Notice("m4", "the window moved")]
    found = entries(Opened(about, path, {}, moved, "", None, compacted=made), NOON_MS)
    keys = ["m0", "m1", "m2", "m3", "summary-s", "notice-m4", "m4", "m5"]
    assert [entry.key for entry in found] == keys
    mark = "▲ local-only" if label is Label.LOCAL_ONLY else ""
    assert found[4].text == f"{summarised(4, mark)}\n\nthe sense"
    assert ("▲ local-only" in found[4].text) is (label is Label.LOCAL_ONLY)


async def test_it_is_made_shown_and_taken_back(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(), Answer(), Answer(), SUMMARY, Answer())
    async with opened(on) as (app, pilot):
        await talk(app, pilot, 3)
        app.chat.action_summarise()
        await until(pilot, lambda: "Summarised on this machine" in screen_text(app))
        assert "Four Pis keep time by PTP." in screen_text(app)
        made = standing(on)
        assert made is not None
        assert made.text == "Four Pis keep time by PTP."
        await send(app, pilot, "go on")
        await answered(app, pilot)
        assert "Four Pis keep time by PTP." in str(on.backend.asked[-1].messages)
        app.chat.transcript.focus()
        await pilot.press("z")
        await until(pilot, lambda: "Summarised on this machine" not in screen_text(app))
        assert standing(on) is None


async def test_a_message_that_is_sent_goes_first_and_esc_ends_it(tmp_path: Path) -> None:
    held = Answer(("a", "b"), hold=1)
    on = stage(tmp_path, Answer(), Answer(), Answer(), held, Answer(), held)
    async with opened(on) as (app, pilot):
        await talk(app, pilot, 3)
        app.chat.action_summarise()
        await until(pilot, lambda: "summarising, 0 of 2 messages" in screen_text(app))
        await until(pilot, lambda: len(on.backend.asked) == 4)
        await send(app, pilot, "me first")
        await answered(app, pilot)
        assert hits(on.journal, "me first")
        await until(pilot, lambda: not app.chat.desk.compacting.running)
        app.chat.action_summarise()
        await until(pilot, lambda: len(on.backend.asked) == 6)
        await pilot.press("escape")
        await until(pilot, lambda: "nothing was summarised" in toasts(app))
        assert standing(on) is None


async def test_where_there_is_nothing_older_it_says_so(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        app.chat.action_summarise()
        await until(pilot, lambda: any("nothing to summarise yet" in text for text in toasts(app)))
        app.chat.action_undo_summary()
        await until(pilot, lambda: "nothing is summarised here" in toasts(app))


async def test_it_is_offered_where_the_window_moved(tmp_path: Path) -> None:
    on = stage(tmp_path)
    on.backend.window_tokens = 60
    async with opened(on) as (app, pilot):
        await talk(app, pilot, 2)
        assert OFFER not in screen_text(app)
        await send(app, pilot, "a longer question " * 4)
        await answered(app, pilot)
        await until(pilot, lambda: OFFER in screen_text(app))
