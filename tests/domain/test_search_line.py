"""The line in which a person types what they search for."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import UsageError
from assistant.domain.search_line import SearchLine, cycled, midnight_ms, read_line
from assistant.domain.sensitivity import Label


def test_filters_stand_anywhere_and_the_rest_is_words() -> None:
    line = read_line(
        'route:cpu "the route:x" since:2026-10-01 needle until:2026-10-02 label:normal'
    )
    assert line == SearchLine(
        '"the route:x" needle', "cpu", Label.NORMAL, date(2026, 10, 1), date(2026, 10, 2)
    )
    assert line.since_ms == midnight_ms(date(2026, 10, 1))
    assert line.until_ms == midnight_ms(date(2026, 10, 3)), "the last day counts"


def test_a_filter_that_is_still_typed_filters_nothing() -> None:
    assert read_line("needle route:") == SearchLine("needle")
    assert read_line("needle label: ") == SearchLine("needle ")


@pytest.mark.parametrize(
    ("typed", "unknown"),
    [("rout:cpu", ("rout",)), ("std::vector", ()), ("http://x", ()), ("a: b", ()), ("3:4", ())],
)
def test_what_looks_like_a_filter_is_told_and_looked_for(
    typed: str, unknown: tuple[str, ...]
) -> None:
    line = read_line(typed)
    assert (line.words, line.unknown) == (typed, unknown)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("since:yesterday", "since:yesterday is no day"),
        ("until:2026-13-01", "is no day"),
        ("until:9999-12-31", "too far away"),
        ("since:0001-01-01", "too far away"),
        ("label:secret", "label:secret is no label"),
        ("since:2026-10-02 until:2026-10-01", "is after"),
        ("label:\x1b[2J", "is no label"),
    ],
)
def test_a_value_that_cannot_be_is_told(typed: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_line(typed)
    assert told in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_key_goes_round_through_the_values() -> None:
    values, line, seen = ("a", "b"), "needle route:other", []
    for _ in range(4):
        line = cycled(line, "route", values)
        seen.append(line)
    assert seen == ["route:a needle", "route:b needle", "needle", "route:a needle"]
    assert cycled("", "route", values) == "route:a "
    assert cycled("x", "route", ()) == "x"


@given(st.text(max_size=60))
def test_any_line_is_read_or_refused(line: str) -> None:
    with suppress(UsageError):
        assert len(read_line(line).words) <= len(line) + 1
