"""Images in the chat: attached like a file, refused where a route takes none, asked for each by its own sheet, never a wall of base64."""

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.domain.attachments import compose
from assistant.storage.attachments import DiskAttachments
from assistant.tui.app import AssistantApp
from tests.picture_maker import JPEG, image, png
from tests.tui.cloud_chat import CloudChat, cloud_chat, over, sheet
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
from tests.tui.test_attaching import attached, named
from tests.tui.test_snapshots import Compare, picture

WORDS = "photo.jpg · 8 x 6 · "
NOTICE = "An image above is not sent: this route takes no images."


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def with_images(folder: Path, *answers: Answer) -> CloudChat:
    """A chat with a cloud route that takes images, in a folder that has one."""
    on = cloud_chat(folder, *answers)
    on.see()
    disk = folder / "disk"
    disk.mkdir()
    (disk / "photo.jpg").write_bytes(JPEG)
    on.stage.services = replace(on.stage.services, attaching=lambda: DiskAttachments(disk, folder))
    return on


async def take(app: AssistantApp, pilot: Pilot[int]) -> None:
    """Attaches the photo and types a question."""
    await pilot.press(*"@p")
    await named(app, pilot, "photo.jpg")
    await pilot.press("enter")
    await attached(app, pilot)
    await pilot.press(*"Where?")


async def test_it_is_attached_like_a_file_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    on = with_images(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await take(app, pilot)
        assert app.chat.composer.text.startswith(f"⟦{WORDS}")
        assert app.chat.composer.full_text == compose("Where?", [image("photo.jpg", JPEG)])
        assert any("left out: " in said and "beside the image" in said for said in toasts(app))
        assert "attached ~85 tokens" in screen_text(app)


async def test_a_route_that_takes_none_says_so_and_nothing_is_lost(tmp_path: Path) -> None:
    on = with_images(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await take(app, pilot)
        written = app.chat.composer.full_text
        await pilot.press("enter")
        await until(pilot, lambda: any("cpu takes no images" in said for said in toasts(app)))
        await until(pilot, lambda: app.chat.composer.full_text == written)
        assert on.stage.journal.conversations() == []


async def test_the_sheet_says_that_nobody_looked_and_only_once_is_a_yes(tmp_path: Path) -> None:
    on = with_images(tmp_path, Answer(("Here.",)), Answer(("Still here.",)))
    async with opened(on.stage) as (app, pilot):
        await take(app, pilot)
        await pilot.press("ctrl+s")
        await sheet(app, pilot)
        said = screen_text(app)
        assert "leaves: 2 messages, 52 bytes of text, 1 image" in said
        assert "photo.jpg · jpeg, 8 x 6 pixels, " in said
        assert "not looked into" in said
        assert "15 minutes" not in said
        await pilot.press("m", "c", "d", "b", "f")
        await sheet(app, pilot)
        assert on.states == []
        await pilot.press("o")
        await over(app, pilot)
        [asked] = on.cloud.asked
        assert asked.messages[-1].text == "[image photo.jpg]\nWhere?"
        assert asked.messages[-1].pictures == (image("photo.jpg", JPEG).picture,)
        assert f"▸ {WORDS}" in screen_text(app)
        # What stays here later is said, once.
        await send(app, pilot, "And now?")
        await answered(app, pilot)
        assert screen_text(app).count(NOTICE[:40]) == 1
        await send(app, pilot, "And then?")
        await answered(app, pilot)
        notices = [one for one in app.chat.transcript.pages.entries if NOTICE in one.text]
        assert len(notices) == 1


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
def test_the_sheet_of_an_image(
    snap_compare: Compare, tmp_path: Path, size: tuple[int, int]
) -> None:
    on = with_images(tmp_path)
    large = image("terrace at noon.png", png(1280, 960))

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        app.chat.composer.put(compose("Which of the two leans?", [image("photo.jpg", JPEG), large]))
        await pilot.press("ctrl+s")
        await sheet(app, pilot)

    assert picture(snap_compare, on.stage, size, act)
