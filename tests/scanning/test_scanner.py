"""The scan: the app's own keys, places in characters, bounds of size and time, and that nothing is kept."""

import base64
import itertools
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.findings import Gap, Kind, Layer, ScanVerdict
from assistant.domain.redaction import redact, restore
from assistant.scanning.scanner import BUDGET_MS, MOST_BYTES, OWN_KEY, SHORTEST_KEY, PatternScanner

KEY = "gw_" + "fT6pLm2Qx8"
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126))
SIGNS = st.characters(min_codepoint=33, max_codepoint=126)
KEYS = st.text(SIGNS, min_size=SHORTEST_KEY, max_size=60)
LONGER_KEYS = st.text(SIGNS, min_size=12, max_size=60)


class Time:
    """A clock that goes on by a step at each look."""

    def __init__(self, step_ms: float) -> None:
        self._ms = itertools.count(0.0, step_ms)

    def __call__(self) -> float:
        return next(self._ms)


@given(before=st.text(max_size=60), key=KEYS, after=st.text(max_size=60))
def test_an_own_key_is_found_in_any_text(
    scanner: PatternScanner, before: str, key: str, after: str
) -> None:
    text = before + key + after
    scan = scanner.scan(text, [key])
    assert scan.blocks
    assert any(key in text[f.start : f.end] for f in scan.findings)


@given(before=PRINTABLE, key=LONGER_KEYS, after=PRINTABLE)
def test_an_own_key_is_found_behind_one_encoding(
    scanner: PatternScanner, before: str, key: str, after: str
) -> None:
    plain = before + key + after
    for code in (
        base64.b64encode(plain.encode()).decode(),
        base64.urlsafe_b64encode(plain.encode()).decode(),
        plain.encode().hex(),
        quote(plain, safe=""),
        "".join(f"%{byte:02X}" for byte in plain.encode()),
    ):
        assert scanner.scan(f"see {code} there", [key]).blocks


def test_where_an_own_key_stands(scanner: PatternScanner) -> None:
    code = base64.b64encode(f"user:{KEY}".encode()).decode()
    text = f"ü {KEY} ö {code} é {KEY}"
    found = {
        (f.layer, text[f.start : f.end])
        for f in scanner.scan(text, [KEY]).findings
        if f.rule == OWN_KEY
    }
    assert found == {(Layer.PLAIN, KEY), (Layer.ENCODED, code)}


def test_a_key_too_short_to_tell_is_not_looked_for(scanner: PatternScanner) -> None:
    assert not scanner.scan("a test of seven letters", ["test", "seven l", ""]).findings


def test_no_keys_no_findings(scanner: PatternScanner) -> None:
    assert not scanner.scan(f"see {KEY}").findings
    assert scanner.scan("").verdict is None


@pytest.mark.parametrize("before", ["", "ü", "漢字 🎉 ", "\ud800 ", "\x1b[1m"])
def test_places_are_in_characters(scanner: PatternScanner, before: str) -> None:
    text = f"{before}Mail ann@example.org — to DE89 3704 0044 0532 0130 00 „jetzt“"
    shown = {(f.kind, text[f.start : f.end]) for f in scanner.scan(text).findings}
    assert shown == {
        (Kind.EMAIL, "ann@example.org"),
        (Kind.IBAN, "DE89 3704 0044 0532 0130 00"),
    }


@pytest.mark.parametrize(
    "text",
    [
        "AKIA\u200bZQ3DR7\u200bTLM5KJX2VW",
        "AKIA\x1b[31mZQ3DR7TLM5\x1b[0mKJX2VW",
        "x\x1b[1mAKIAZQ3DR7TLM5KJX2VW",
        "ＡＫＩＡZQ3DR7TLM5KJX2VW",
        "AKIAZQ3DR7\xadTLM5KJX2VW\x00",
    ],
)
def test_what_shows_nothing_hides_nothing(scanner: PatternScanner, text: str) -> None:
    assert scanner.scan(text).blocks


def test_findings_keep_the_first_reading_in_which_they_show(scanner: PatternScanner) -> None:
    [finding] = scanner.scan(r"ann@example.org and C:\new").findings
    assert finding.layer is Layer.PLAIN


@given(text=st.text())
def test_any_text_can_be_scanned_and_redacted(scanner: PatternScanner, text: str) -> None:
    scan = scanner.scan(text)
    assert scan.scanned
    assert all(0 <= f.start < f.end <= len(text) for f in scan.findings)
    redacted = redact(text, scan.findings)
    assert restore(redacted.text, redacted.placeholders) == text


def test_what_was_redacted_holds_nothing_that_blocks(scanner: PatternScanner) -> None:
    text = f"{KEY}: card 4111 1111 1111 1111, IBAN DE89370400440532013000, my password is hunter2."
    redacted = redact(text, scanner.scan(text, [KEY]).findings)
    assert redacted.text == ("⟦secret-1⟧: card ⟦card-1⟧, IBAN ⟦iban-1⟧, my password is ⟦secret-2⟧")
    assert scanner.scan(redacted.text, [KEY]).verdict is None


@pytest.mark.parametrize(
    "text", ["a" * (MOST_BYTES + 1), "é" * (MOST_BYTES // 2 + 1), "x" * 10_000_000]
)
def test_a_text_too_long_is_unscanned_at_once(scanner: PatternScanner, text: str) -> None:
    scan = scanner.scan(text)
    assert (scan.gap, scan.findings, scan.blocks) == (Gap.TOO_LONG, (), True)
    assert scan.took_ms < 20


def test_a_text_of_just_the_bound_is_scanned(scanner: PatternScanner) -> None:
    text = ("All work and no play makes Jack a dull boy.\n" * (MOST_BYTES // 44 + 1))[:MOST_BYTES]
    assert scanner.scan(text).scanned


def test_past_the_budget_a_text_is_unscanned_and_what_was_found_is_said() -> None:
    text = f"{KEY} and 4111 1111 1111 1111"
    late = PatternScanner(Time(step_ms=BUDGET_MS / 8)).scan(text, [KEY])
    assert late.gap is Gap.TOO_SLOW
    assert late.blocks
    assert OWN_KEY in {f.rule for f in late.findings}
    assert BUDGET_MS < late.took_ms < BUDGET_MS * 1.5


def test_a_scan_takes_the_time_that_it_says() -> None:
    assert PatternScanner(Time(step_ms=0)).scan("hello").took_ms == 0


def test_nothing_is_kept_of_what_was_seen(scanner: PatternScanner) -> None:
    marked = f"{KEY} zq-marker-81723"
    scan = scanner.scan(marked, [KEY])
    assert KEY not in repr(scan)
    assert "zq-marker" not in repr(vars(scanner))


def test_verdicts_by_kind(scanner: PatternScanner) -> None:
    text = "4111 1111 1111 1111 | Tel. 030 1234567 | ann@example.org"
    assert [f.verdict for f in scanner.scan(text).findings] == [
        ScanVerdict.BLOCK,
        ScanVerdict.WARN,
        ScanVerdict.NOTE,
    ]
