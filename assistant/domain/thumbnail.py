"""A picture made small enough to be drawn with characters: its pixels, and nothing of its file."""

from dataclasses import dataclass
from typing import Final

MOST_COLUMNS: Final = 60
MOST_ROWS: Final = 20
"""Rows of a screen; each shows two rows of pixels, one above the other."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """`width` times `height` pixels; `rgb` has three bytes for each, row by row from the top. The height is even.

    Raises: ValueError where these do not fit together, or are more than is drawn.
    """

    width: int
    height: int
    rgb: bytes

    def __post_init__(self) -> None:
        """Looks whether they do."""
        if not (0 < self.width <= MOST_COLUMNS and 0 < self.height <= 2 * MOST_ROWS):
            raise ValueError(f"{self.width} x {self.height} pixels are none that are drawn")
        if self.height % 2 or len(self.rgb) != 3 * self.width * self.height:
            raise ValueError("pixels are missing, or too many")

    @property
    def rows(self) -> int:
        """Rows of the screen that it takes."""
        return self.height // 2

    def pair(self, column: int, row: int) -> tuple[str, str]:
        """The colours of the upper and the lower pixel in a cell of the screen, as `#rrggbb`."""
        return self._colour(column, 2 * row), self._colour(column, 2 * row + 1)

    def _colour(self, x: int, y: int) -> str:
        at = 3 * (y * self.width + x)
        return f"#{self.rgb[at : at + 3].hex()}"
