"""The quick screen shows what pyte's own does, whatever comes and wherever it is cut."""

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.e2e.quick_screen import QuickScreen, QuickStream

PIECES = st.one_of(
    st.text("ab é─│▌…", min_size=1, max_size=30),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=6),
    st.sampled_from(["漢字", "🔎", "e\u0301", "\r\n", "\n", "\t", "\b", "\x0e", "\x0f", "\x1b(0", "\x1b(B", "\x1b7", "\x1b8"]),
    st.sampled_from(["\x1b[4h", "\x1b[4l", "\x1b(0"]),
    st.sampled_from(["\x1b[?7l", "\x1b[?7h", "\x1b[?5h", "\x1b[?5l", "\x1b[2J", "\x1b[K", "\x1b[?25l", "\x1b]0;t\x07"]),
    st.builds("\x1b[{};{}H".format, st.integers(0, 6), st.integers(0, 22)),
    st.lists(st.sampled_from(["", "0", "1", "7", "22", "31", "48;5;7", "38;2;1;2;3", "99999", "38"]), max_size=3).map(
        lambda codes: f"\x1b[{';'.join(codes)}m"
    ),
)  # fmt: skip


def cells(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    return [
        [tuple(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)
    ]


@settings(max_examples=200)
@given(st.lists(PIECES, max_size=25), st.data())
def test_each_cell_is_the_same(pieces: list[str], data: st.DataObject) -> None:
    told = "".join(pieces).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(told)), max_size=4)))
    usual, quick = pyte.Screen(20, 5), QuickScreen(20, 5)
    streams = pyte.ByteStream(usual), QuickStream(quick)
    for begin, end in zip([0, *cuts], [*cuts, len(told)], strict=True):
        for stream in streams:
            stream.feed(told[begin:end])
    assert cells(quick) == cells(usual)
    assert (quick.cursor.x, quick.cursor.y) == (usual.cursor.x, usual.cursor.y)
    assert quick.cursor.attrs == usual.cursor.attrs


def test_its_lines_are_the_same() -> None:
    usual, quick = pyte.Screen(20, 2), QuickScreen(20, 2)
    for stream in (pyte.ByteStream(usual), QuickStream(quick)):
        stream.feed("a 漢字 \x1b[1m🔎 b\x1b[m─\r\ne\u0301 end".encode())
    assert quick.display == usual.display
