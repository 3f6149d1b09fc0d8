"""A picture made small: its pixels fit its size, or it is none."""

import pytest

from assistant.domain.thumbnail import MOST_COLUMNS, MOST_ROWS, Thumbnail


def test_a_cell_has_the_upper_and_the_lower_pixel() -> None:
    small = Thumbnail(2, 4, bytes(range(24)))
    assert small.rows == 2
    assert small.pair(0, 0) == ("#000102", "#060708")
    assert small.pair(1, 1) == ("#0f1011", "#151617")


@pytest.mark.parametrize(
    ("width", "height", "length"),
    [
        (0, 2, 0),
        (1, 0, 0),
        (-1, -2, 6),
        (1, 1, 3),
        (1, 2, 5),
        (1, 2, 7),
        (MOST_COLUMNS + 1, 2, 6 * (MOST_COLUMNS + 1)),
        (1, 2 * MOST_ROWS + 2, 6 * (MOST_ROWS + 1)),
    ],
)
def test_what_does_not_fit_is_none(width: int, height: int, length: int) -> None:
    with pytest.raises(ValueError, match=r"pixels"):
        Thumbnail(width, height, bytes(length))
