"""A copy of a local-only text is local-only, however fast it is sent and whatever part of it was copied."""

from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot

from assistant.domain.sensitivity import Label
from assistant.tui.app import AssistantApp
from tests.tui.cloud_chat import CloudChat, cloud_chat, grant
from tests.tui.driving import answered, opened, send, settled_surroundings, toasts, until

PRIVATE = "The monitors in room 12 run late."


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


async def said_here(app: AssistantApp, pilot: Pilot[int]) -> None:
    """A local-only text in a chat of its own; then an empty chat."""
    await pilot.press("ctrl+l")
    await send(app, pilot, PRIVATE)
    await answered(app, pilot)
    await pilot.press("ctrl+n")
    await until(pilot, lambda: not app.chat.desk.chat.head)


def labels_of(on: CloudChat, text: str) -> set[Label]:
    """Those of every message on record that says `text`."""
    journal = on.stage.journal
    paths = [journal.path(one.head or "") for one in journal.conversations()]
    return {m.label for path in paths for m in path if m.text == text}


async def test_a_copy_that_enter_follows_at_once_stays(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await said_here(app, pilot)
        await grant(app, pilot, "for everybody", "c")
        await pilot.press("ctrl+t")
        assert app.chat.desk.chat.cloud
        app.post_message(Paste(PRIVATE))
        app.post_message(Key("enter", None))
        await until(pilot, lambda: any("holds a local-only one" in t for t in toasts(app)))
        await answered(app, pilot)
    assert on.left == ["for everybody"]
    assert labels_of(on, PRIVATE) == {Label.LOCAL_ONLY}


@pytest.mark.parametrize("key", ["ctrl+s", "ctrl+t"])
async def test_a_copy_that_is_sent_to_the_cloud_at_once_comes_back(
    tmp_path: Path, key: str
) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await said_here(app, pilot)
        await grant(app, pilot, "for everybody", "c")
        app.chat.desk.chat.cloud = ""
        on.revoke()
        await app.chat.desk.sending.look()
        app.post_message(Paste(PRIVATE))
        app.post_message(Key(key, None))
        await until(pilot, lambda: any("this message is local-only" in t for t in toasts(app)))
        await until(pilot, lambda: app.chat.composer.text == PRIVATE)
    assert on.left == ["for everybody"]
