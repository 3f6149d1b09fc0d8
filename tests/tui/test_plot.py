"""The plot: its curves stand where their figures say, read without colour, and fit any room."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from assistant.tui.widgets.meters import ASCII, UNICODE, Glyphs
from assistant.tui.widgets.plot import Graph, Marker, Plot, Series
from assistant.tui.widgets.plot_canvas import PATTERNS, Canvas, Reach, sample, tick_words, ticks
from assistant.tui.widgets.plot_lines import plot_lines
from tests.tui.test_panel import SnapCompare

EDGE = Series("edge", ((0, 126_000), (10_000, 126_000), (10_000, 138_000), (20_000, 138_000)), "local")  # fmt: skip
CLOUD = Series("cloud", ((0, 90_000), (20_000, 1_141_200)), "cloud")
LISTED = Series("list prices~", ((0, 90_000), (20_000, 141_200)), "quiet")
GRAPH = Graph(
    (EDGE, CLOUD, LISTED),
    "requests a day",
    "USD over 3 years",
    (Marker(685, "break-even 685"), Marker(10_000, "you 10,000")),
)


def page(graph: Graph, width: int = 70, height: int = 20, glyphs: Glyphs = UNICODE) -> str:
    lines = plot_lines(graph, width, height, glyphs)
    return "\n".join("".join(text for text, _ in line) for line in lines)


def test_it_says_what_it_shows() -> None:
    shown = page(GRAPH)
    for words in ("USD over 3 years", " edge", " cloud", " list prices~", "requests a day"):
        assert words in shown
    for words in ("break-even 685", "you 10,000", "1,000 k ┤", "     0 ┤", "20 k"):
        assert words in shown


def test_a_marker_stands_below_its_words() -> None:
    rows = page(GRAPH).split("\n")
    head = next(row for row in rows if "you 10,000" in row)
    column = head.index("you 10,000") + len("you 10,000") // 2
    assert sum(row[column] == "┊" for row in rows) >= 10


def test_curves_are_told_apart_without_colour() -> None:
    assert len({sample(number, 8, braille=True) for number in range(len(PATTERNS))}) == 4
    assert len({sample(number, 8, braille=False) for number in range(4)}) == 4
    shown = page(GRAPH, glyphs=ASCII)
    assert shown.isascii()
    assert shown.count("*") > 20
    assert shown.count("o") > 20


def test_a_point_stands_where_its_figures_say() -> None:
    canvas = Canvas(11, 5, Reach(0, 100, 0, 40), braille=False)
    canvas.draw(((0, 0), (0, 0)), 0)
    canvas.draw(((50, 20),), 1)
    canvas.draw(((100, 40),), 2)
    drawn = {(c, r): canvas.cell(c, r) for c in range(11) for r in range(5)}
    assert {at: mark for at, (mark, owner) in drawn.items() if owner >= 0} == {
        (0, 4): "*",
        (5, 2): "o",
        (10, 0): "+",
    }


def test_an_unknown_leaves_a_gap() -> None:
    canvas = Canvas(9, 1, Reach(0, 8, 0, 1), braille=False)
    canvas.draw(((0, 0), (2, 0), (3, None), (6, 0), (8, 0)), 0)
    assert "".join(canvas.cell(c, 0)[0] for c in range(9)) == "***   ***"


def test_a_step_is_upright() -> None:
    canvas = Canvas(5, 4, Reach(0, 4, 0, 3), braille=False)
    canvas.draw(((0, 0), (2, 0), (2, 3), (4, 3)), 0)
    rows = ["".join(canvas.cell(c, r)[0] for c in range(5)) for r in range(4)]
    assert rows == ["  ***", "  *  ", "  *  ", "***  "]


def test_nothing_to_show_and_no_room_are_said() -> None:
    assert page(Graph()).startswith("nothing to show yet")
    assert page(Graph((Series("unknown", ((0, None), (1, None))),))).startswith("nothing to show")
    assert page(GRAPH, 12, 10).startswith("no room for")
    assert page(GRAPH, 40, 4).startswith("no room for the plot")


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0, 250_000, 500_000), ["0", "250 k", "500 k"]),
        ((0, 2_500_000, 5_000_000), ["0", "2,500 k", "5,000 k"]),
        ((0, 0.5, 1.0), ["0.0", "0.5", "1.0"]),
        ((0, 0.0025, 0.005), ["0.0000", "0.0025", "0.0050"]),
        ((0, 2, 4), ["0", "2", "4"]),
        ((10_000_000, 20_000_000), ["10 M", "20 M"]),
    ],
)
def test_ticks_in_words(numbers: tuple[float, ...], words: list[str]) -> None:
    assert tick_words(numbers) == words


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(3, 12))
def test_ticks_lie_inside_and_are_few(low: float, span: float, most: int) -> None:
    high = low + span
    found = ticks(low, high, most)
    slack = max(abs(low), abs(high), span) * 1e-6
    assert all(low - slack <= tick <= high + slack for tick in found)
    assert len(found) <= most + 1


points = st.lists(
    st.tuples(st.floats(-1e9, 1e9), st.none() | st.floats(-1e12, 1e12)), max_size=12
).map(lambda found: tuple(sorted(found, key=lambda point: point[0])))
graphs = st.builds(
    Graph,
    st.lists(st.builds(Series, st.text("ab~ é", max_size=12), points), max_size=4).map(tuple),
    st.text("ab", max_size=30),
    st.text("ab", max_size=30),
    st.lists(
        st.builds(Marker, st.floats(-1e9, 1e9), st.text("ab", min_size=1, max_size=30)), max_size=3
    ).map(tuple),
)


@given(graphs, st.integers(1, 90), st.integers(1, 30), st.sampled_from([UNICODE, ASCII]))
def test_it_fills_any_room_exactly(graph: Graph, width: int, height: int, glyphs: Glyphs) -> None:
    lines = plot_lines(graph, width, height, glyphs)
    assert len(lines) == height
    assert {sum(len(text) for text, _ in line) for line in lines} == {width}


def test_ticks_of_nothing() -> None:
    assert ticks(3, 3, 5) == (3,)
    assert ticks(0, math.inf, 5) == (0,)


class Alone(App[None]):
    """A plot and nothing else."""

    def __init__(self, plot: Plot) -> None:
        super().__init__()
        self.plot = plot

    def compose(self) -> ComposeResult:
        yield self.plot


async def test_it_follows_its_graph_its_size_and_the_theme() -> None:
    app = Alone(Plot(glyphs=UNICODE))
    async with app.run_test(size=(70, 20)) as pilot:
        await pilot.pause()
        plot = app.plot

        def shown() -> str:
            return "\n".join(plot.render_line(y).text for y in range(plot.size.height))

        def colours() -> set[str]:
            return {str(s.style.color) for s in plot.render_line(0) if s.style}

        assert "nothing to show yet" in shown()
        plot.graph = GRAPH
        await pilot.pause()
        assert shown() == page(GRAPH)
        dark = colours()
        app.theme = "textual-light"
        await pilot.pause()
        assert colours() != dark
        await pilot.resize_terminal(40, 10)
        for _ in range(100):
            if plot.size == (40, 10):
                break
            await pilot.pause()
        assert shown() == page(GRAPH, 40, 10)


@pytest.mark.parametrize("size", [(70, 20), (40, 10)], ids=["70x20", "40x10"])
def test_picture(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(Alone(Plot(GRAPH, glyphs=UNICODE)), terminal_size=size)


def test_picture_in_ascii(snap_compare: SnapCompare) -> None:
    assert snap_compare(Alone(Plot(GRAPH, glyphs=ASCII)), terminal_size=(70, 20))
