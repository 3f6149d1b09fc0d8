"""Looking at the images that go with a message, or went with one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.domain.prompt import Role
from assistant.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from assistant.domain.pictures import Picture
    from assistant.tui.screens.acting import ActingScreen
    from assistant.tui.turn import Chat


async def look_at_images(screen: "ActingScreen", _: "Chat") -> None:
    """Opens a sheet with those of the message being written; where it has none, of the message at hand or the nearest above it."""
    from assistant.tui.screens.images import ImagesScreen

    attached = screen.face.composer.attachments
    found: Sequence[Picture] = [one.picture for one in attached if one.picture is not None]
    title = "Images of your next message"
    if not found:
        found, title = shown_above(screen.face.transcript), "Images of a message above"
    if not found:
        screen.face.tell("there is no image here, in your next message or above it")
        return
    await screen.app.push_screen_wait(ImagesScreen(title, found, screen.face.gallery))


def shown_above(transcript: Transcript) -> "Sequence[Picture]":
    """The images of the message at hand, or of the nearest one above it that has any."""
    from assistant.domain.pictured import pictures_in

    entries = transcript.pages.entries
    last = transcript.last if transcript.cursor is None else transcript.cursor
    texts = (one.text for one in reversed(entries[: (last or 0) + 1]) if one.role is Role.USER)
    return next((found for text in texts if (found := pictures_in(text))), ())
