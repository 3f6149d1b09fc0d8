"""Picture files by their own bytes: of which kind one is, how large, and the same picture without what stands beside it.

What is kept is listed, not what is dropped: camera, place, time, comments, previews, colour profiles and all that a later
format adds go. The picture itself is copied as it is; nothing is decoded. Of an animation its first frame is kept.
"""

from dataclasses import dataclass
from typing import Final

from assistant.domain.picture_parts import NoPictureError

MOST_SIDE: Final = 8_000
"""Pixels; no provider takes a longer side."""

KINDS: Final = ("png", "jpeg", "webp", "gif")

_MAGIC: Final = (
    ("png", b"\x89PNG\r\n\x1a\n"),
    ("jpeg", b"\xff\xd8\xff"),
    ("gif", b"GIF87a"),
    ("gif", b"GIF89a"),
)
MAGIC_BYTES: Final = 12
"""So many of the first bytes tell the kind."""


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture of `width` x `height` pixels; `raw` is a whole file of that kind, with nothing beside the picture."""

    kind: str
    width: int
    height: int
    raw: bytes


def kind_of(begin: bytes) -> str:
    """The kind of a file that begins with `begin`, by its magic bytes; "" where it is none of these."""
    if begin[:4] == b"RIFF" and begin[8:12] == b"WEBP":
        return "webp"
    return next((kind for kind, magic in _MAGIC if begin.startswith(magic)), "")


def cleaned(raw: bytes) -> PictureFile:
    """The picture in `raw`; what comes out of it goes in again unchanged. Raises: NoPictureError."""
    from assistant.domain import picture_jpeg, picture_others

    kind = kind_of(raw)
    try:
        match kind:
            case "png":
                found = picture_others.png(raw)
            case "jpeg":
                found = picture_jpeg.jpeg(raw)
            case "webp":
                found = picture_others.webp(raw)
            case "gif":
                found = picture_others.gif(raw)
            case _:
                raise NoPictureError("it is no PNG, JPEG, WebP or GIF")
    except (IndexError, OverflowError) as error:
        raise NoPictureError("it ends too early") from error
    width, height, plain = found
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE):
        raise NoPictureError(
            f"it has {width:,} x {height:,} pixels; a side may have 1 to {MOST_SIDE:,}"
        )
    return PictureFile(kind, width, height, plain)
