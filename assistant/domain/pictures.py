"""A picture that goes with a message: what it is called, how large it is, about how many tokens it takes, and its bytes as base64."""

import base64
import binascii
import functools
from dataclasses import dataclass
from typing import Final

from assistant.domain.picture_files import cleaned
from assistant.domain.picture_parts import NoPictureError

MOST_PICTURE_BYTES: Final = 1_400_000
"""So that it fits into a message as base64. A model scales down what is longer than some 1,600 to 2,600 pixels anyway."""

MOST_PICTURE_TOKENS: Final = 50_000
"""What no picture costs more than, for limits in money: the dearest published way of counting, gpt-4o-mini's 2,833 and 5,667 for
each of at most 8 tiles, comes to 48,169."""

_PIXELS_PER_TOKEN: Final = 750
_LEAST_TOKENS, _LIKELY_TOKENS = 85, 4_800


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole file of `kind` (`png`, `jpeg`, `webp`, `gif`) as `base64`, with nothing in it beside the picture.

    `width` and `height` are in pixels, as they are stored.
    """

    name: str
    kind: str
    base64: str
    width: int
    height: int

    @property
    def media_type(self) -> str:
        """`image/png`."""
        return f"image/{self.kind}"

    @property
    def size_bytes(self) -> int:
        """Of the file, not of its base64."""
        return len(self.base64) // 4 * 3 - self.base64[-2:].count("=")

    @property
    def tokens(self) -> int:
        """About how many tokens it takes: a token for 750 pixels, as Anthropic publishes it, within what models count at all."""
        counted = -(-self.width * self.height // _PIXELS_PER_TOKEN)
        return min(max(counted, _LEAST_TOKENS), _LIKELY_TOKENS)

    @property
    def pixels(self) -> str:
        """`1024 x 768`."""
        return f"{self.width} x {self.height}"


def picture_in(name: str, kind: str, text: str) -> Picture | None:
    """The picture that an attachment's `text` holds; None where it is not exactly what was made of a picture file here.

    What is None is a text, and looked through as one: nothing passes for a picture that has more beside it.
    """
    size = _size(kind, text)
    return None if size is None else Picture(name, kind, text, *size)


@functools.lru_cache(maxsize=8)
def _size(kind: str, text: str) -> tuple[int, int] | None:
    """Width and height. A picture is read once for many looks at it."""
    try:
        raw = base64.b64decode(text, validate=True)
        found = cleaned(raw)
    except (binascii.Error, NoPictureError, ValueError):
        return None
    exact = found.kind == kind and found.raw == raw and encoded(raw) == text
    return (found.width, found.height) if exact else None


def encoded(raw: bytes) -> str:
    """The one way in which bytes are written."""
    return base64.b64encode(raw).decode("ascii")
