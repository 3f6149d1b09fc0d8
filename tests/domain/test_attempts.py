"""The attempts of a turn: each has what the turn took since the one before it, and together they are the turn."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.attempt_words import HEAD, attempt_json, attempt_lines, attempt_text, tried_of
from assistant.domain.attempts import Attempt, End, attempt_from_json, attempt_of
from assistant.domain.charges import Cost, Energy, Source, both
from assistant.domain.fields import Fields
from assistant.domain.prompt import Finish
from tests.memory_ledger import away, euro, here

FIRST = Attempt(1_000, Finish.FAILED, "prompt_too_slow", 900, 0, True, 301_000.0)


def end(total: str | None, joules: str | None = None, currency: str = "EUR") -> End:
    amount = None if total is None else Decimal(total)
    cost = Cost(
        currency, amount, None, amount, True, joules=None if joules is None else Decimal(joules)
    )
    return End(Finish.STOP, "", 12, 2, False, cost, 50.0)


def test_an_attempt_costs_what_the_turn_cost_since_the_one_before() -> None:
    """0.003 in all, of which 0.002 were spent when the first one ended: 0.001 are left for the second."""
    first = attempt_of(1, end("0.002", "20"), ())
    second = attempt_of(2, end("0.003", "25"), [first])
    assert (first.cost, first.joules) == (Decimal("0.002"), Decimal(20))
    assert (second.cost, second.joules) == (Decimal("0.001"), Decimal(5))
    assert (second.currency, second.cost_estimated, second.input_tokens) == ("EUR", True, 12)


@pytest.mark.parametrize("last", [end(None), end("0.001"), end("0.003", currency="USD")])
def test_what_cannot_be_told_apart_is_unknown(last: End) -> None:
    before = [attempt_of(1, end("0.002"), ())]
    found = attempt_of(2, last, before)
    assert (found.cost, found.currency, found.cost_estimated) == (None, None, False)
    assert attempt_of(2, end("0.003"), [FIRST]).cost is None


@given(st.lists(st.decimals(0, 10**6, places=18), min_size=1, max_size=5))
def test_all_attempts_add_up_to_the_turn(parts: list[Decimal]) -> None:
    found: list[Attempt] = []
    total = Decimal(0)
    for n, part in enumerate(parts):
        total += part
        found.append(attempt_of(n, end(f"{total:f}", f"{total:f}"), found))
    assert [one.cost for one in found] == parts
    assert sum((one.joules or Decimal(0) for one in found), Decimal(0)) == total


@pytest.mark.parametrize("attempt", [FIRST, attempt_of(5, end("0.002", "20"), ())])
def test_it_is_read_back_as_it_was_written(attempt: Attempt) -> None:
    assert attempt_from_json(Fields(attempt.to_json())) == attempt


def test_two_stretches_of_energy_are_as_sure_as_the_less_sure() -> None:
    measured = Energy(Decimal(3), Source.MEASURED, "rapl")
    rough = Energy(Decimal(4), Source.ESTIMATED, "pmic")
    assert both(measured, rough) == Energy(Decimal(7), Source.ESTIMATED, "pmic")
    assert both(rough, measured) == Energy(Decimal(7), Source.ESTIMATED, "pmic")
    assert both(measured, None) is None


def test_a_request_of_one_attempt_is_its_own_record() -> None:
    entry = away(1, cost=euro("0.002"), finish=Finish.FAILED, error="route", total_ms=2_000.0)
    [one] = tried_of(entry, ())
    assert (one.number, one.attempt.cost, one.attempt.error) == (1, Decimal("0.002"), "route")
    assert one.attempt.at_ms == entry.at_ms - 2_000
    assert "1 of 1 failed: route · " in attempt_text(one)
    assert attempt_text(one).endswith(" · 2.0 s · 0.0020 EUR")


def test_attempts_that_nobody_kept_apart_leave_the_last() -> None:
    [one] = tried_of(here(1, attempts=3), ())
    assert one.number == 3


def test_each_attempt_has_its_line_and_its_row() -> None:
    entry = here(1, attempts=2)
    found = tried_of(entry, (FIRST, attempt_of(2_000, end("0.002", "20"), ())))
    lines = list(attempt_lines(found))
    assert len(lines) == 4
    assert lines[1] == "  1 of 2 failed: prompt_too_slow · in 900, out 0 tok~ · 301.0 s · —"
    assert lines[3] == "  2 of 2 answered · in 12, out 2 tok · 0.1 s · 0.0020~ EUR"
    rows = [attempt_json(one) for one in found]
    assert [list(row) for row in rows] == [list(HEAD)] * 2
    assert [row["cost"] for row in rows] == [None, "0.002"]
    assert [row["energy_joules"] for row in rows] == [None, "20"]
