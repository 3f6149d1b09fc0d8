"""Each conversation keeps its own unsent text with its label: while others are in view, over a restart, and over kill -9."""

import functools
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.sensitivity import Label
from assistant.tui.app import AssistantApp
from assistant.tui.turn import Ask
from tests.fakes import started, whole_turn
from tests.tui.driving import answered, opened, settled, settled_surroundings, until
from tests.tui.fake_services import Stage, stage

DRAFTS = {
    "c1": ("about the ward", Label.LOCAL_ONLY),
    "c2": ("about sailing", Label.NORMAL),
    "c3": ("about the garden", Label.LOCAL_ONLY),
}
_KILLED = """
import os, signal, sys
from pathlib import Path
from assistant.domain.sensitivity import Label
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
journal = SqliteJournal(open_database(Path(sys.argv[1]), 0))
for part in sys.argv[2:]:
    name, label, text = part.split("|")
    journal.save_draft(name, text, Label(label))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def with_chats(folder: Path) -> Stage:
    on = stage(folder)
    for name in DRAFTS:
        if on.journal.conversation(name) is None:
            on.journal.append(started(name, f"chat {name}"))
            for event in whole_turn(f"t-{name}", conversation=name):
                on.journal.append(event)
    return on


async def view(app: AssistantApp, pilot: Pilot[int], name: str) -> None:
    app.chat.run_worker(app.chat.desk.open(name))
    await until(pilot, lambda: app.chat.desk.chat.conversation == name)
    await pilot.pause()


def stands(app: AssistantApp, text: str) -> bool:
    return app.chat.composer.full_text == text


async def all_stand(app: AssistantApp, pilot: Pilot[int]) -> None:
    for name, (text, label) in DRAFTS.items():
        await view(app, pilot, name)
        await until(pilot, functools.partial(stands, app, text))
        assert app.chat.desk.labels.of_next(app.chat.desk.chat) is label, name


async def test_over_a_switch_and_a_restart(tmp_path: Path) -> None:
    on = with_chats(tmp_path)
    async with opened(on) as (app, pilot):
        for name, (text, label) in DRAFTS.items():
            await view(app, pilot, name)
            app.chat.composer.put(text)
            await pilot.pause()
            app.chat.desk.chat.mark = label
            app.chat.desk.keep(app.chat.desk.chat)
        await all_stand(app, pilot)
        await app.chat.desk.close()
    on.journal.close()
    again = with_chats(tmp_path)
    async with opened(again) as (app, pilot):
        await all_stand(app, pilot)


async def test_over_kill_9(tmp_path: Path) -> None:
    on = with_chats(tmp_path)
    parts = [f"{name}|{label.value}|{text}" for name, (text, label) in DRAFTS.items()]
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "journal.db"), *parts]
    ended = subprocess.run(command, check=False, timeout=60)  # noqa: ASYNC221 - nothing else runs
    assert ended.returncode == -signal.SIGKILL
    async with opened(on) as (app, pilot):
        await all_stand(app, pilot)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Label.PUBLIC, Label.NORMAL),
        (Label.NORMAL, Label.NORMAL),
        (Label.LOCAL_ONLY, Label.LOCAL_ONLY),
    ],
)
async def test_a_key_of_the_first_moment_takes_no_draft_away(
    tmp_path: Path, before: Label, after: Label
) -> None:
    on = stage(tmp_path)
    on.journal.save_draft("", "a letter of yesterday", before)
    app = AssistantApp(on.services, tmp_path / "cache")
    async with app.run_test(size=(120, 40)) as pilot:
        app.chat.composer.insert("h")
        await until(pilot, lambda: settled(app))
        both = "a letter of yesterday\n\nh"
        await until(pilot, lambda: stands(app, both) and on.journal.draft("") == both)
        assert app.chat.desk.labels.of_next(app.chat.desk.chat) is after
        assert on.journal.draft_label("") is after


async def test_who_sends_in_the_first_moment_keeps_the_draft(tmp_path: Path) -> None:
    on = stage(tmp_path)
    on.journal.save_draft("", "a letter of yesterday", Label.NORMAL)
    app = AssistantApp(on.services, tmp_path / "cache")
    async with app.run_test(size=(120, 40)) as pilot:
        app.chat.desk.post(Ask(app.chat.desk.chat, "hello"))
        await until(pilot, lambda: settled(app))
        await answered(app, pilot)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: stands(app, "a letter of yesterday"))
        await app.chat.desk.close()
        assert on.journal.draft("") == "a letter of yesterday"
        [summary] = on.journal.conversations()
        assert on.journal.path(summary.head or "")[0].text == "hello"


LETTER = "a letter of an hour"


async def behind_a_prompt(app: AssistantApp, pilot: Pilot[int]) -> None:
    """A letter that is local-only waits in `c1`, behind the prompt that was sent there."""
    await view(app, pilot, "c1")
    await pilot.press("ctrl+l")
    app.chat.composer.put(LETTER)
    await pilot.pause()
    await pilot.press("up")
    await until(pilot, lambda: not stands(app, LETTER))


async def test_what_waits_behind_an_earlier_prompt_is_kept_and_stands_there_again(
    tmp_path: Path,
) -> None:
    on = with_chats(tmp_path)
    async with opened(on) as (app, pilot):
        await behind_a_prompt(app, pilot)
        await until(pilot, lambda: on.journal.draft("c1") == LETTER)
        assert on.journal.draft_label("c1") is Label.LOCAL_ONLY
        app.chat.composer.insert("!")
        await pilot.pause()
        await view(app, pilot, "c2")
        await view(app, pilot, "c1")
        assert app.chat.composer.full_text.startswith(f"{LETTER}\n\n")
        await behind_a_prompt(app, pilot)
        await pilot.press("ctrl+n")
        await view(app, pilot, "c1")
        assert stands(app, LETTER)
        assert app.chat.desk.labels.of_next(app.chat.desk.chat) is Label.LOCAL_ONLY


async def test_what_waits_behind_a_prompt_that_is_sent_again_comes_back(tmp_path: Path) -> None:
    on = with_chats(tmp_path)
    async with opened(on) as (app, pilot):
        await behind_a_prompt(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: stands(app, LETTER))
        await answered(app, pilot)
        assert app.chat.desk.labels.of_next(app.chat.desk.chat) is Label.LOCAL_ONLY
        await app.chat.desk.close()
    assert (on.journal.draft("c1"), on.journal.draft_label("c1")) == (LETTER, Label.LOCAL_ONLY)
