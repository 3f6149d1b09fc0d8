"""Figures and bars have exactly the width that is asked for, and say what they do not know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from assistant.domain.readings import Parts
from assistant.tui.widgets.meters import (
    ASCII,
    UNICODE,
    Glyphs,
    cropped,
    figure,
    gauge,
    glyphs_for,
    parts_bar,
    sparkline,
)

glyph_sets = st.sampled_from([UNICODE, ASCII])
figures = st.none() | st.floats(0, 1e12)
all_parts = st.builds(Parts, figures, figures, figures, figures, figures, figures)


@given(figures, st.integers(5, 12), glyph_sets, st.integers(0, 2), st.booleans())
def test_a_figure_keeps_its_width(
    value: float | None, width: int, glyphs: Glyphs, decimals: int, estimated: bool
) -> None:
    text = figure(value, width, glyphs, decimals, estimated=estimated)
    assert len(text) == width or (value is not None and value >= 1e11)
    assert (glyphs.unknown in text) == (value is None)
    assert ("~" in text) == (estimated and value is not None)


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        (None, 4, "   —"),
        (0, 4, "   0"),
        (3120.4, 6, " 3,120"),
        (123456, 6, "123.5k"),
        (1234567, 5, "1.2M"),
    ],
)
def test_figures_as_they_are_read(value: float | None, width: int, text: str) -> None:
    assert figure(value, width, UNICODE) == text.rjust(width)


@given(all_parts, st.integers(0, 60), glyph_sets)
def test_a_bar_fills_its_width_in_order(parts: Parts, width: int, glyphs: Glyphs) -> None:
    bar = parts_bar(parts, width, glyphs)
    assert len(bar) == width
    order = [glyphs.parts[name] for name, _ in parts.items()]
    if parts.sum_ms > 0:
        assert [order.index(mark) for mark in bar] == sorted(map(order.index, bar))


def test_a_bar_is_as_long_as_the_time_was() -> None:
    bar = parts_bar(Parts(prepare=0, load=50, prefill=25, decode=25), 20, UNICODE)
    assert bar == "▒" * 10 + "▓" * 5 + "█" * 5


@given(st.none() | st.floats(0, 1), st.integers(1, 40), glyph_sets)
def test_a_gauge_shows_anything_above_nothing(
    share: float | None, width: int, glyphs: Glyphs
) -> None:
    bar = gauge(share, width, glyphs)
    assert len(bar) == width
    assert bar.startswith(glyphs.full) == bool(share)


@given(st.lists(st.floats(0, 1e6), max_size=30), st.integers(0, 20), glyph_sets)
def test_a_sparkline_stands_on_zero(values: list[float], width: int, glyphs: Glyphs) -> None:
    line = sparkline(values, width, glyphs)
    assert len(line) == width
    latest = values[-width:] if width else []
    if max(latest, default=0) > 0:
        assert glyphs.spark[-1] in line


def test_a_sparkline_of_a_known_list() -> None:
    assert sparkline([0, 7, 3.5], 5, UNICODE) == "▁█▅  "
    assert sparkline([0, 6, 3], 5, ASCII) == "_#=  "
    assert sparkline([0, 0], 2, UNICODE) == "▁▁"


@given(st.text(), st.integers(0, 20))
def test_cropped_text_has_its_width(text: str, width: int) -> None:
    flat = "".join(c for c in text if c.isprintable())
    assert cell_len(cropped(flat, width, UNICODE)) == width


@pytest.mark.parametrize(
    ("environment", "glyphs"),
    [
        ({}, UNICODE),
        ({"TERM": "xterm-256color", "LANG": "en_GB.UTF-8"}, UNICODE),
        ({"LANG": "C.utf8"}, UNICODE),
        ({"TERM": "linux", "LANG": "en_GB.UTF-8"}, ASCII),
        ({"LANG": "C"}, ASCII),
        ({"LANG": "C.UTF-8", "LC_ALL": "POSIX"}, ASCII),
        ({"LANG": "C", "LC_ALL": ""}, ASCII),
    ],
)
def test_glyphs_are_what_the_terminal_has(environment: dict[str, str], glyphs: Glyphs) -> None:
    assert glyphs_for(environment) is glyphs
