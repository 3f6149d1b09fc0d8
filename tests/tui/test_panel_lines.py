"""What stands where in the panel: figures keep their places, unknowns say so, words say what colours do."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from assistant.domain.places import Route
from assistant.domain.readings import Readings, begin, fold
from assistant.domain.running_costs import Amount
from assistant.domain.turns import Latency, Usage
from assistant.tui.widgets.meters import ASCII, UNICODE, Glyphs
from assistant.tui.widgets.panel_costs import money
from assistant.tui.widgets.panel_lines import panel_line, panel_lines
from assistant.tui.widgets.panel_sheet import Line
from tests.tui.panel_states import (
    FIXED,
    LOCAL_CHARGED,
    LOCAL_PAST,
    READING,
    STATES,
    WRITING,
    after,
    charged,
    history,
)
from tests.turn_maker import CLOUD, LOCAL, asked, decided, delta, finished, record

states = st.sampled_from(list(STATES.values()))
glyph_sets = st.sampled_from([UNICODE, ASCII])


def text_of(lines: list[Line]) -> list[str]:
    """The lines as a reader without colours sees them."""
    return ["".join(text for text, _ in line) for line in lines]


def shown(readings: Readings, width: int = 32, glyphs: Glyphs = UNICODE) -> str:
    """All of the panel as text."""
    return "\n".join(text_of(panel_lines(readings, width, glyphs)))


@given(states, st.integers(2, 60), glyph_sets)
def test_every_line_is_exactly_as_wide_as_the_panel(
    readings: Readings, width: int, glyphs: Glyphs
) -> None:
    for line in text_of(panel_lines(readings, width, glyphs)):
        assert len(line) == width, line


@given(states, st.integers(2, 60))
def test_ascii_is_ascii(readings: Readings, width: int) -> None:
    assert shown(readings, width, ASCII).isascii()
    assert panel_line(readings, width, ASCII).isascii()


@pytest.mark.parametrize("width", [24, 30, 38])
def test_nothing_jumps_while_tokens_arrive(width: int) -> None:
    def places(readings: Readings) -> list[str]:
        lines = text_of(panel_lines(readings, width))
        free_end = [re.sub(r"(writing) [\d.]+ s *$", r"\1", line) for line in lines]
        return [re.sub(r"[\d.,—▒▓█░]", " ", line) for line in free_end]

    readings = after(begin(LOCAL_PAST), *READING, (delta(1), 3800))
    first, line = places(readings), len(panel_line(readings))
    for i in range(1, 200):
        readings = fold(readings, delta(i * 9), 3800 + i * 150)
        assert places(readings) == first
        assert len(panel_line(readings)) == line


def test_unknowns_are_dashes_never_zero() -> None:
    silent = record(usage=Usage(), latency_ms=Latency())
    readings = after(begin([]), (asked(), 0), (decided(), 1), (finished(silent), 9))
    page = shown(readings)
    assert not re.search(r"\b0\b(?! err)", page)
    for label in ("TTFT", "speed", "prepare", "queue", "load", "prefill", "decode", "total"):
        assert re.search(rf"{label} +—", page), label
    assert panel_line(readings) == "local     — tok/s · TTFT     — ms · ctx   — %"


def test_an_estimate_is_marked() -> None:
    guessed = record(usage=Usage(96, None, 28, estimated=True))
    page = shown(after(begin([]), (asked(), 0), (decided(), 1), (finished(guessed), 9)))
    assert re.search(r" 96~ +— +28~ ", page)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("empty", ["No request yet", "None measured yet", "Cost", "Nothing counted yet"]),
        ("past", ["No request yet", "local", "cloud · mistral-eu", "network · den-server"]),
        ("loading", ["local", LOCAL.model, "loading model 3.2 s", "100 %"]),
        ("reading", ["reading prompt 120/540", "13 %"]),
        ("writing", ["writing 2.9 s", "3,800 ms", "20.0 tok/s"]),
        ("done", ["done", "412 ms", "8.7 tok/s", "31 %", "p50", "p95", "p99", "1 err 1 stop"]),
        ("stopped", ["stopped", "load 897 ms"]),
        ("failed", ["failed: engine", "2 err"]),
        ("cloud", ["cloud · mistral-eu", "connect", "120 ms"]),
        ("sensors", ["Machine", "processor 54 °C", "held back nothing since boot"]),
        ("sensors", ["supply 5.08 V, max 5.0 A", "board 4.9 W~", "memory 4.9 of 8.3 GB free"]),
        ("sensors", ["CMA 270 of 512 MiB free"]),
        ("two routes", ["local · hat", "loading model 7.0 s", "hat cpu", "J/token — —", "n 23 12"]),
        ("one of two", ["cpu hat", "n — 3"]),
        ("costs", ["Cost EUR", "energy 0.000004~ 0.000017~", "cloud 0 0.0035~", "gpt-oss-…"]),
        ("costs", ["here full 0.15~ 4.05~", "saved -0.15~ -4.05~", "not the same model · ±20 %"]),
        ("costs", ["month: 4.21 of 5.00 left", "prices are 77 days old"]),
        ("costs, the cloud last", ["energy 0 0.000004~", "cloud 0.0035~", "if here 0.000010~"]),
        ("costs near a limit", ["Cost EUR month: 0.42 of 5.00 left turn chat"]),
        ("costs unknown", ["here full — —", "energy — —", "cloud 0 0"]),
        ("costs running", ["energy — 0.000004~"]),
        ("hot", ["8.7 tok/s slowed: throttled, hot, 83 °C", "held back now: throttled"]),
    ],
)
def test_each_state_is_said_in_words(state: str, words: list[str]) -> None:
    page = " ".join(shown(STATES[state]).replace("─", " ").split())
    assert [word for word in words if word not in page] == []


def test_each_part_has_its_own_mark_in_bar_and_list() -> None:
    for glyphs in (UNICODE, ASCII):
        assert len(set(glyphs.parts.values())) == len(glyphs.parts)
        page = shown(STATES["cloud"], glyphs=glyphs)
        for name, mark in glyphs.parts.items():
            assert f"{mark} {name}" in page


def test_red_is_for_errors_alone_and_places_have_their_colours() -> None:
    for name, readings in STATES.items():
        spans = [span for line in panel_lines(readings, 32) for span in line]
        red = {text.strip() for text, role in spans if role == "error"}
        assert red <= {"failed: engine", "1 err", "2 err"}, name
        for place in ("local", "network", "cloud"):
            named = {role for text, role in spans if text.strip("▌") == place}
            assert named <= {place}, name


def test_two_routes_fit_a_screen_of_40_rows() -> None:
    readings = after(begin([*LOCAL_PAST, *history(CLOUD, 3)]), *WRITING)
    assert len(panel_lines(readings, 30)) <= 38


def test_a_name_from_a_file_is_harmless() -> None:
    evil = Route("local", LOCAL.place, "llama", "\x1b[31mred\n\u202e[b]x[/b]")
    readings = after(begin([record(route=evil)]), (asked(), 0), (decided(route=evil), 1))
    page = shown(readings)
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "␛[31mred" in page


def test_a_wide_name_keeps_the_columns() -> None:
    wide = Route("local", LOCAL.place, "llama", "模型" * 20)
    for line in text_of(panel_lines(begin([record(route=wide)]), 32)):
        assert cell_len(line) == 32


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("empty", "no request yet"),
        ("loading", "local loading model 3.2 s"),
        ("reading", "local reading prompt 120/540"),
        ("writing", "local  20.0 tok/s · TTFT 3,800 ms · ctx  15 %"),
        ("done", "local   8.7 tok/s · TTFT   412 ms · ctx  31 %"),
        ("stopped", "local stopped"),
        ("failed", "local failed: engine ·   8.7 tok/s · TTFT   412 ms · ctx  31 %"),
        ("cloud", "cloud   8.7 tok/s · TTFT   412 ms · ctx  31 %"),
        ("two routes", "local loading model 7.0 s"),
        ("hot", "local   8.7 tok/s (throttled, hot, 83 °C) · TTFT   412 ms · ctx  31 %"),
    ],
)
def test_the_one_line_says_the_state(state: str, line: str) -> None:
    assert panel_line(STATES[state]) == line


@given(states, st.integers(0, 100), glyph_sets)
def test_the_one_line_fits(readings: Readings, width: int, glyphs: Glyphs) -> None:
    assert len(panel_line(readings, width, glyphs)) <= width


def test_the_one_line_leaves_out_from_the_end() -> None:
    assert panel_line(STATES["done"], 40) == "local   8.7 tok/s · TTFT   412 ms"
    assert panel_line(STATES["done"], 20) == "local   8.7 tok/s"


def test_the_one_line_names_no_place_before_it_is_known() -> None:
    assert panel_line(after(begin([]), (asked(), 0))) == "preparing"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1234567.89", "1,234,568~"),
        ("12345678", "12,345.7k~"),
        ("-34567890", "-34,568k~"),
        ("1234567890123", "1,234.6G~"),
        ("0.0000001", "<0.000001~"),
        ("-0.0000001", ">-0.00001~"),
        ("0.15", "0.15~"),
    ],
)
def test_an_amount_never_touches_the_one_before_it(amount: str, text: str) -> None:
    shown = money(Amount(Decimal(amount), estimated=True), 11, UNICODE)
    assert shown == text.rjust(11)
    assert shown[0] == " "


def test_a_limit_that_is_near_is_in_the_one_line_too() -> None:
    assert "month 0.42 EUR left · today" in panel_line(STATES["costs near a limit"], 120)
    assert "month" not in panel_line(STATES["costs"], 120)
    dark = replace(FIXED, limits=(replace(FIXED.limits[0], left=None),))
    assert "month — EUR left" in panel_line(charged(dark, LOCAL_CHARGED), 120)
