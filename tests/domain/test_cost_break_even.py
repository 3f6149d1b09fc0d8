"""Break-even and capacity in reports on costs: both sides of the same requests, bounds that hold, never a guess."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.costs import Question, cost_report
from assistant.domain.cost_report import Bound, BreakEven, Elsewhere
from tests.memory_ledger import HOUSE, MISTRAL, OVH, MemoryLedger, elsewhere, euro, here


def row(ledger: MemoryLedger, pair: tuple[str, str] = MISTRAL) -> Elsewhere:
    report = cost_report(ledger, Question(), HOUSE)
    return next(one for one in report.whole.elsewhere if (one.route, one.model) == pair)


def test_where_a_request_costs_more_here_than_there_nothing_pays() -> None:
    turns = [here(1, cost=euro("0.01"))]
    found = row(MemoryLedger(turns, {"t1": (elsewhere(OVH, euro("0.01")),)}), OVH)
    assert found.break_even is not None
    assert found.break_even.requests is None
    assert not found.break_even.out_of_reach


def paying(energy: list[str | None], there: list[str | None]) -> BreakEven | None:
    """Of turns here that took `energy`, and would have cost `there`; None where nobody knows."""
    turns = [here(n, cost=one and euro(one)) for n, one in enumerate(energy)]  # type: ignore[arg-type]
    priced = [elsewhere(MISTRAL, one and euro(one)) for one in there]  # type: ignore[arg-type]
    rows = {f"t{n}": (one,) for n, one in enumerate(priced)}
    return row(MemoryLedger(turns, rows)).break_even


@pytest.mark.parametrize(
    ("energy", "there", "requests", "bound"),
    [
        # 4.32 a month; (0.20 - 0.04) / 2 = 0.08 saved by a request
        (["0.02", "0.02"], ["0.10", "0.10"], 54, Bound.EXACT),
        # At most (0.20 - 0.02) / 2 saved, at least (0.10 - 0.04) / 2.
        (["0.02", None], ["0.10", "0.10"], 48, Bound.LEAST),
        (["0.02", "0.02"], ["0.10", None], 144, Bound.MOST),
        # It is never the cheaper one, however much more energy there was.
        (["0.30", None], ["0.10", "0.10"], None, Bound.EXACT),
    ],
)
def test_both_sides_of_a_break_even_are_of_the_same_requests(
    energy: list[str | None], there: list[str | None], requests: int | None, bound: Bound
) -> None:
    found = paying(energy, there)
    assert found is not None
    assert (found.requests, found.bound) == (requests, bound)


def test_a_break_even_of_other_requests_on_each_side_is_none() -> None:
    # The dear one was not compared, the compared one not metered.
    assert paying([None, "0.02"], ["0.10", None]) is None
    # What the second would have cost there may turn it.
    assert paying(["0.30", "0.30"], ["0.10", None]) is None


@given(
    st.lists(
        st.tuples(*[st.tuples(st.decimals("0.01", 9, places=2), st.booleans())] * 2),
        min_size=1,
        max_size=8,
    )
)
def test_a_bound_of_a_break_even_holds_for_the_truth(
    turns: list[tuple[tuple[Decimal, bool], tuple[Decimal, bool]]],
) -> None:
    """Whatever is not known of some, the answer is not wrong about all of them."""
    true = paying([str(one) for (one, _), _ in turns], [str(one) for _, (one, _) in turns])
    shown = paying(
        [str(one) if known else None for (one, known), _ in turns],
        [str(one) if known else None for _, (one, known) in turns],
    )
    assert true is not None
    if shown is None:
        return
    if shown.requests is None:
        assert true.requests is None
    elif shown.bound is Bound.LEAST:
        assert true.requests is None or true.requests >= shown.requests
    else:
        assert true.requests is not None
        assert true.requests <= shown.requests


def test_what_a_machine_can_answer_hangs_on_the_turns_that_were_timed() -> None:
    turns = [here(1, cost=euro("0.01")), here(2, cost=euro("0.01"), total_ms=None)]
    there = {turn.turn: (elsewhere(MISTRAL, euro("1")),) for turn in turns}
    found = row(MemoryLedger(turns, there)).break_even
    assert found is not None
    assert found.capacity == 262_800
    untimed = [replace(turn, total_ms=None) for turn in turns]
    found = row(MemoryLedger(untimed, there)).break_even
    assert found is not None
    assert found.capacity is None
