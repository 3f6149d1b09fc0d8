"""Asks the program that decodes pictures for a small one, and ends it where it takes too long."""

import base64
from typing import Final

from assistant.domain.errors import AttachmentError
from assistant.domain.pictures import Picture
from assistant.domain.thumbnail import Thumbnail
from assistant.storage import reading_apart

TIMEOUT_S: Final = 10.0

# By name: this process never imports what decodes.
_PROGRAM: Final = reading_apart.program("assistant.storage.picture_pixels")
_LATE: Final = "it was not decoded"
_PROBLEMS: Final = {
    "large": "it has more pixels than are decoded for a preview",
    "broken": "it is broken, or not what it says it is",
    "memory": "it takes more memory or time than a preview is given",
}


def thumbnail(picture: Picture, columns: int, timeout_s: float = TIMEOUT_S) -> Thumbnail:
    """`picture` in at most so many columns of a screen. Blocks for up to `timeout_s`. Raises: AttachmentError."""
    raw = base64.b64decode(picture.base64)
    command = (*_PROGRAM, picture.kind, str(columns))
    said = reading_apart.printed(command, raw, picture.name, timeout_s, _LATE)
    head, _, pixels = said.partition(b"\n")
    first, _, second = head.decode("ascii", "replace").partition(" ")
    problem = second if first == "problem" else "memory"
    try:
        return Thumbnail(int(first), int(second), pixels)
    except ValueError:
        # Nothing at all was said where it was ended or ran out of its bounds.
        what = _PROBLEMS.get(problem, _PROBLEMS["memory"])
        raise AttachmentError(f"{picture.name}: no preview: {what}") from None
