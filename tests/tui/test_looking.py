"""Looking at images: below their message in the conversation, and on a sheet before they are sent; decoded by a program of its own."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from textual.pilot import Pilot

from assistant.domain.attachments import compose
from assistant.domain.errors import AttachmentError
from assistant.domain.pictures import Picture
from assistant.domain.prompt import Role
from assistant.domain.thumbnail import Thumbnail
from assistant.storage.attachments import DiskAttachments
from assistant.tui.app import AssistantApp
from assistant.tui.half_blocks import FEW_COLOURS, READING
from assistant.tui.looking import shown_above
from assistant.tui.screens.images import ImagesScreen
from assistant.tui.widgets.transcript_page import Entry
from tests.picture_maker import JPEG, image, lake, png
from tests.tui.driving import (
    NARROW,
    WIDE,
    opened,
    screen_text,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_services import Stage, stage
from tests.tui.test_snapshots import Compare, picture

BLOCK = "▀"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")


class BrokenDisk(DiskAttachments):
    """Decodes nothing."""

    def preview(self, picture: Picture, columns: int) -> Thumbnail:
        raise AttachmentError(f"{picture.name}: no preview: it is broken")


def with_disk(folder: Path, disk: type[DiskAttachments] = DiskAttachments) -> Stage:
    on = stage(folder)
    services = replace(on.services, attaching=lambda: disk(folder, folder))
    return replace(on, services=services)


async def look(app: AssistantApp, pilot: Pilot[int]) -> ImagesScreen:
    """Opens the sheet as the palette does."""
    entries = app.get_system_commands(app.screen)
    next(one for one in entries if one.title == "Look at images").callback()
    await until(pilot, lambda: isinstance(app.screen, ImagesScreen))
    assert isinstance(app.screen, ImagesScreen)
    return app.screen


async def two_to_send(app: AssistantApp, pilot: Pilot[int]) -> None:
    """A message with two images is written, and looked at."""
    attached = [image("lake at dusk.png", lake()), image("photo.jpg", JPEG)]
    app.chat.composer.put(compose("Which of the two is ours?", attached))
    await look(app, pilot)
    await until(pilot, lambda: BLOCK in screen_text(app) and READING not in screen_text(app))


async def test_it_is_unfolded_by_a_key_and_stays_where_it_is(tmp_path: Path) -> None:
    async with opened(with_disk(tmp_path)) as (app, pilot):
        transcript = app.chat.transcript
        transcript.show(
            [
                Entry("a", Role.USER, "\n".join(map(str, range(60)))),
                Entry("b", Role.USER, compose("Where?", [image("lake.png", lake())])),
                Entry("c", Role.USER, "\n".join(map(str, range(60)))),
            ]
        )
        transcript.focus()
        transcript.cursor = 1
        transcript.show_rows(1, 0, 6)
        await pilot.press("t")
        await until(pilot, lambda: BLOCK in screen_text(app))
        shown = screen_text(app).splitlines()
        assert any("▾ lake.png" in row for row in shown)
        assert any("Where?" in row for row in shown)
        page = transcript.pages.page(1)
        drawn = [row for row in range(len(page)) if BLOCK in page[row].text]
        assert sum(BLOCK in row for row in shown) == len(drawn) > 10
        assert BLOCK not in "".join(page[row].copied() for row in range(len(page)))
        top = transcript.top
        await pilot.press("t")
        assert BLOCK not in screen_text(app)
        await pilot.press("t")
        assert transcript.top == top
        assert READING not in screen_text(app)


class HeldDisk(DiskAttachments):
    """Decodes once it may."""

    may = Event()

    def preview(self, picture: Picture, columns: int) -> Thumbnail:
        self.may.wait(10)
        return Thumbnail(columns, 20, bytes(60 * columns))


async def test_what_is_in_sight_stays_when_an_image_comes_above_it(tmp_path: Path) -> None:
    HeldDisk.may.clear()
    async with opened(with_disk(tmp_path, HeldDisk)) as (app, pilot):
        words = "\n".join(f"line {number}." for number in range(120))
        transcript = app.chat.transcript
        transcript.show([Entry("a", Role.USER, compose(words, [image("lake.png", lake())]))])
        transcript.focus()
        await pilot.press("t")
        transcript.go(0, 40)
        first = transcript.render_line(0).text
        assert "line " in first
        HeldDisk.may.set()
        await until(pilot, lambda: not transcript.pages.page(0).waits)
        assert transcript.render_line(0).text == first
        await pilot.press("home")
        await until(pilot, lambda: screen_text(app).count("│ " + BLOCK) == 10)


@pytest.mark.parametrize("key", ["lake.png", "broken"])
async def test_a_failure_and_a_terminal_of_few_colours_say_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    if key != "broken":
        monkeypatch.setenv("NO_COLOR", "1")
    on = with_disk(tmp_path, BrokenDisk)
    async with opened(on) as (app, pilot):
        app.chat.transcript.show([Entry("a", Role.USER, compose("", [image("lake.png")]))])
        app.chat.transcript.focus()
        await pilot.press("t")
        says = "no preview: it is broken" if key == "broken" else FEW_COLOURS
        await until(pilot, lambda: says in screen_text(app))


async def test_the_sheet_shows_what_will_be_sent_else_what_was_else_says_that_there_is_none(
    tmp_path: Path,
) -> None:
    async with opened(with_disk(tmp_path)) as (app, pilot):
        app.chat.composer.put("/look")
        await pilot.press("enter")
        await until(pilot, lambda: any("there is no image here" in one for one in toasts(app)))
        app.chat.transcript.show(
            [
                Entry("a", Role.USER, compose("Where?", [image("old.png", png(20, 20))])),
                Entry("b", Role.ASSISTANT, "There."),
            ]
        )
        app.chat.composer.put("/look")
        await pilot.press("enter")
        await until(pilot, lambda: BLOCK in screen_text(app))
        assert "Images of a message above" in screen_text(app)
        assert f"20 x 20 · png · {len(png(20, 20))} bytes · ~85 tokens" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
        await two_to_send(app, pilot)
        said = screen_text(app)
        assert "Images of your next message" in said
        assert "lake at dusk.png" in said
        assert "old.png" not in said.replace("▸ old.png", "")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
        assert len(app.chat.composer.attachments) == 2
        assert len(app.chat.face.gallery.arrived) == 1


async def test_the_nearest_message_above_the_one_at_hand_is_meant(tmp_path: Path) -> None:
    async with opened(with_disk(tmp_path)) as (app, _):
        transcript = app.chat.transcript
        transcript.show(
            [
                Entry("a", Role.USER, compose("", [image("first.png")])),
                Entry("b", Role.ASSISTANT, "There."),
                Entry("c", Role.USER, compose("", [image("second.png")])),
            ]
        )
        assert [one.name for one in shown_above(transcript)] == ["second.png"]
        transcript.cursor = 1
        assert [one.name for one in shown_above(transcript)] == ["first.png"]


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
def test_picture(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    assert picture(snap_compare, with_disk(tmp_path), size, two_to_send)
