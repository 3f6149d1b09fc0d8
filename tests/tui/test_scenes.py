"""Pictures of every screen in the light and without colour, at both sizes; in the dark where nothing else has it."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.filter import Monochrome
from textual.pilot import Pilot

from assistant.domain.settings import ScreenSettings, Settings
from assistant.tui.app import AssistantApp
from assistant.tui.keymap import places
from tests.tui.driving import NARROW, WIDE, opened, screen_text, settled_surroundings, until
from tests.tui.fake_services import stage
from tests.tui.scenes import SCENES
from tests.tui.test_snapshots import Compare, picture, quiet

SIZES = {"120x40": WIDE, "80x24": NARROW}
ELSEWHERE = {"tco_fields"}
"""Places of keys that are parts of a screen with a name of its own."""
LOOKS = 4
"""What lies below a sheet is laid out in several passes, and the last one can be late: a picture is taken again before it counts as another."""
PARTS = {"everywhere", "composer", "conversation"}
"""Places of keys in the chat itself."""


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)
    # Images are drawn where there are colours for them.
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")


def test_every_screen_has_a_scene() -> None:
    assert set(places(AssistantApp)) - PARTS - ELSEWHERE <= set(SCENES)


@pytest.mark.parametrize("name", SCENES)
async def test_picture(snapshot: SnapshotAssertion, tmp_path: Path, name: str) -> None:
    scene = SCENES[name]
    for words, size in islice(SIZES.items(), 1 if scene.wide else None):
        async with opened(scene.make(made(tmp_path / words)), size) as (app, pilot):
            await scene.act(app, pilot)
            app.clear_notifications()
            for look in looks(app, dark=scene.dark):
                same = False
                for _ in range(LOOKS):
                    seen = await drawn(app, pilot)
                    picture = snapshot(name=f"{look}-{words}", extension_class=SVGImageExtension)
                    # Two pages of SVG tell nobody anything.
                    if same := picture == seen:
                        break
                assert same, f"{name}, {look}, {words}: make snapshots, and look at the difference"


def made(folder: Path) -> Path:
    """`folder`, which is there then."""
    folder.mkdir()
    return folder


def looks(app: AssistantApp, *, dark: bool) -> Iterator[str]:
    """Dresses the app, one look after the other."""
    if dark:
        yield "dark"
    app.theme = "textual-light"
    yield "light"
    # What NO_COLOR does at the start.
    app.no_color = True
    app._filters.append(Monochrome())
    app.theme = "textual-dark"
    yield "plain"


async def drawn(app: AssistantApp, pilot: Pilot[int]) -> str:
    """The screen once it stands still."""
    app.chat.face.desk_changed()
    await quiet(pilot)
    # A screen that lies below another one is laid out when Textual comes to it: the picture does not wait for its turn.
    for screen in app.screen_stack:
        screen._refresh_layout(screen.size)
    await quiet(pilot)
    return app.export_screenshot()


@pytest.mark.parametrize("look", ["dark", "light", "plain"])
def test_palette(
    snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: str
) -> None:
    """It follows no theme that changes while it is open."""

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await pilot.press("ctrl+p", *"chat")
        await until(pilot, lambda: "Import chats" in screen_text(app))

    if look == "plain":
        monkeypatch.setenv("NO_COLOR", "1")
    theme = "textual-light" if look == "light" else "textual-dark"
    on = stage(tmp_path, settings=Settings(screen=ScreenSettings(theme=theme)))
    assert picture(snap_compare, on, WIDE if look == "dark" else NARROW, act)
