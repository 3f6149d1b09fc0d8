"""What permits may cost counts until their end says what they came to, and a budget is held against it in the permit's own commit."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.domain.audit_entries import Outcome
from assistant.domain.budget import Budget, Scope
from assistant.domain.consent import Moment
from assistant.domain.errors import RefusedError, StorageError
from assistant.domain.events import PermitOver, Permitted
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.leave import Ended, Leave
from assistant.domain.pricing import Money
from assistant.storage import outlay as rows
from assistant.storage.database import in_memory
from assistant.storage.ledger import SqliteLedger
from tests.facts_maker import GRANT, LIMITS, NOW, later
from tests.fakes import NOW_MS
from tests.storage.leaving_stage import SERVER, Program, Ring, entry, over, permitted, to_server

MONTH = date(2025, 11, 1)
"""NOW_MS is 24 November 2025."""

DAY_MS = 86_400_000
EUROS = Exchange("EUR", {"USD": Rated(Decimal("0.5"))})


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """A program with a grant for many sends, and three turns that run."""
    made = Program(tmp_path, Ring().stores)
    for turn in ("t1", "t2", "t3"):
        made.ask(turn)
    made.grant(replace(GRANT, limits=replace(LIMITS, max_cost=None, currency="")))
    yield made
    made.close()


def _outlay(program: Program, since: date = MONTH, conversation: str = "") -> object:
    return SqliteLedger(program.database).outlay(since, conversation)


def _euros(amount: str) -> tuple[Money, ...]:
    return (Money(Decimal(amount), "EUR"),)


def _leave(event: Permitted) -> Leave:
    assert event.leave is not None
    return event.leave


def _priced(turn: str, cost: str | None, currency: str = "EUR", at: Moment = NOW) -> Permitted:
    """A permit of which the most is known, or not."""
    event = permitted(turn, at)
    leave = _leave(event)
    assert leave.request is not None
    assert leave.reserved is not None
    most = None if cost is None else Decimal(cost)
    told = replace(leave.entry, most_cost=most, currency=currency)
    asked = replace(leave.request, cost=most, currency=currency)
    reserved = replace(leave.reserved, cost=most)
    return replace(event, leave=replace(leave, entry=told, request=asked, reserved=reserved))


def _ended(turn: str, settled: str | None = None, **changes: object) -> PermitOver:
    """An end whose record differs in `changes`."""
    event = over(turn, cost=None if settled is None else Decimal(settled))
    told = replace(event.ended.entry, **changes)  # type: ignore[arg-type]
    return replace(event, ended=replace(event.ended, entry=told))


def test_the_most_counts_until_the_end_says_what_it_was(program: Program) -> None:
    """0.10 reserved and 0.10 reserved; the first came to 0.01: 0.01 + 0.10 = 0.11."""
    assert _outlay(program) == ()
    program.journal.append(permitted("t1"))
    assert _outlay(program) == _euros("0.10")
    program.journal.append(permitted("t2"))
    assert _outlay(program) == _euros("0.20")
    program.journal.append(_ended("t1", "0.01"))
    assert _outlay(program) == _euros("0.11")
    assert _outlay(program, conversation="c1") == _euros("0.11")
    assert _outlay(program, conversation="c9") == ()


def test_where_nobody_said_the_most_stays(program: Program) -> None:
    program.journal.append(permitted("t1"))
    program.journal.append(_ended("t1"))
    assert _outlay(program) == _euros("0.10")


def test_the_record_of_an_end_may_say_it_alone(program: Program) -> None:
    program.journal.append(_priced("t1", "0.10"))
    program.journal.append(_ended("t1", None, cost=Decimal("0.04"), currency="USD"))
    assert _outlay(program) == (Money(Decimal("0.04"), "USD"),)


@pytest.mark.parametrize("changes", [{"outcome": Outcome.UNSENT, "sent_bytes": None}, {"sent_bytes": 0}])  # fmt: skip
@pytest.mark.parametrize("most", ["0.10", None])
def test_where_nothing_left_nothing_was_spent(
    program: Program, changes: dict[str, object], most: str | None
) -> None:
    program.journal.append(_priced("t1", most))
    program.journal.append(_ended("t1", **changes))  # type: ignore[arg-type]
    assert _outlay(program) == ()


def test_a_send_without_a_known_bound_makes_it_unknown(program: Program) -> None:
    program.journal.append(_priced("t1", "0.10"))
    program.journal.append(_priced("t2", None))
    assert _outlay(program) is None
    assert _outlay(program, conversation="c1") is None
    assert _outlay(program, date(2025, 11, 25)) == ()
    # That it ended tells nothing; what it came to does.
    program.journal.append(_ended("t2"))
    assert _outlay(program) is None


def test_what_it_came_to_makes_an_unknown_known(program: Program) -> None:
    program.journal.append(_priced("t1", None))
    program.journal.append(_ended("t1", "0.02", currency="EUR"))
    assert _outlay(program) == _euros("0.02")


def test_days_after_today_count(program: Program) -> None:
    """The clock was a month ahead, and was set back since."""
    program.journal.append(permitted("t1", later(5 * 60_000)))
    ahead = replace(NOW, wall_ms=NOW_MS + 30 * DAY_MS)
    with program.database.write() as db:
        rows.reserve(db, replace(_leave(permitted("t2")), at=ahead))
    assert _outlay(program) == _euros("0.20")
    assert _outlay(program, date(2025, 12, 1)) == _euros("0.10")
    assert _outlay(program, date(2026, 1, 1)) == ()


def test_a_server_of_the_network_costs_nothing_unless_it_is_said_what(program: Program) -> None:
    program.ask("s1", SERVER)
    program.ask("s2", SERVER)
    free = to_server("s1")
    free = replace(free, leave=replace(_leave(free), entry=replace(_leave(free).entry, most_cost=None)))  # fmt: skip
    program.journal.append(free)
    assert _outlay(program) == ()
    program.journal.append(PermitOver("s1", "p-s1", NOW_MS, Ended(over("s1").ended.entry, NOW)))
    priced = to_server("s2")
    bound = Money(Decimal("0.10"), "EUR")
    program.journal.append(replace(priced, leave=replace(_leave(priced), bound=bound)))
    assert _outlay(program) == _euros("0.10")


def test_a_death_gives_no_outlay_back(tmp_path: Path) -> None:
    ring = Ring()
    program = Program(tmp_path, ring.stores)
    program.ask()
    program.grant()
    program.journal.append(permitted())
    program.database.close()
    with closing(Program(tmp_path, ring.stores)) as again:
        again.journal.recover(NOW_MS, lambda _: False)
        assert _outlay(again) == _euros("0.10")


# Budgets


def _budget(limit: str, scope: Scope = Scope.MONTH, conversation: str = "") -> Budget:
    return Budget(scope, Money(Decimal(limit), "EUR"), MONTH, EUROS, conversation)


def _held(event: Permitted, *budgets: Budget) -> Permitted:
    return replace(event, leave=replace(_leave(event), budgets=budgets))


def test_a_budget_lets_pass_what_is_left_and_no_more(program: Program) -> None:
    """0.10 and 0.10 of 0.20; a third 0.10 has nothing left."""
    for turn in ("t1", "t2"):
        program.journal.append(_held(permitted(turn), _budget("0.20")))
    with pytest.raises(RefusedError, match=r"has 0\.\d* left, and this may cost 0\.10"):
        program.journal.append(_held(permitted("t3"), _budget("0.20")))
    assert _outlay(program) == _euros("0.20")
    assert len(program.desk.lines()) == 2
    assert '"reasons":["budget_month"]' in program.bodies('"kind":"denied"')[-1]
    # What the first came to is less, and lets it pass.
    program.journal.append(_ended("t1", "0.00"))
    program.journal.append(_held(permitted("t3"), _budget("0.20")))


def test_a_conversation_has_a_budget_of_its_own(program: Program) -> None:
    own = _budget("0.15", Scope.CONVERSATION, "c1")
    program.journal.append(_held(permitted("t1"), own))
    with pytest.raises(RefusedError, match="limit for the conversation"):
        program.journal.append(_held(permitted("t2"), own, _budget("10")))
    assert "budget_conversation" in program.bodies('"kind":"denied"')[-1]


def test_another_currency_is_brought_into_that_of_the_budget(program: Program) -> None:
    """0.30 USD at 0.5 are 0.15 EUR: of 0.20 EUR, 0.05 are left, and 0.10 do not pass."""
    program.journal.append(_priced("t1", "0.30", "USD"))
    with pytest.raises(RefusedError, match="may cost"):
        program.journal.append(_held(permitted("t2"), _budget("0.20")))
    program.journal.append(_held(permitted("t2"), _budget("0.25")))


@pytest.mark.parametrize(("cost", "currency"), [(None, "EUR"), ("0.01", "CHF")])
def test_what_is_unknown_does_not_pass(program: Program, cost: str | None, currency: str) -> None:
    """A price, or a rate between currencies: neither as a bound nor among what was spent."""
    with pytest.raises(RefusedError):
        program.journal.append(_held(_priced("t1", cost, currency), _budget("100")))
    assert "budget_month_unknown" in program.bodies('"kind":"denied"')[-1]
    assert _outlay(program) == ()
    program.journal.append(_priced("t1", cost, currency))
    with pytest.raises(RefusedError):
        program.journal.append(_held(permitted("t2"), _budget("100")))


def test_what_another_program_spent_counts(tmp_path: Path) -> None:
    ring = Ring()
    with closing(Program(tmp_path, ring.stores)) as one, closing(Program(tmp_path, ring.stores)) as other:  # fmt: skip
        for turn in ("t1", "t2"):
            one.ask(turn)
        one.grant()
        other.journal.append(_held(permitted("t1"), _budget("0.15")))
        with pytest.raises(RefusedError):
            one.journal.append(_held(permitted("t2"), _budget("0.15")))


@pytest.mark.parametrize(
    "changes",
    [
        {"bound": Money(Decimal("0.09"), "EUR")},
        {"bound": Money(Decimal("0.10"), "USD")},
        {"budgets": (_budget("1", Scope.CONVERSATION, "c2"),)},
        {"budgets": (_budget("1", Scope.CONVERSATION),)},
        {"budgets": (_budget("1", Scope.MONTH, "c2"),)},
    ],
)
def test_a_bound_and_budgets_are_those_of_the_send(
    program: Program, changes: dict[str, object]
) -> None:
    event = permitted("t1")
    with pytest.raises(StorageError, match="of one send"):
        program.journal.append(replace(event, leave=replace(_leave(event), **changes)))  # type: ignore[arg-type]
    assert _outlay(program) == ()
    assert not program.desk.lines()


def test_permits_of_an_old_file_are_taken_in_from_the_audit(program: Program) -> None:
    for turn, most in (("t1", "0.10"), ("t2", "0.30"), ("t3", "0.50")):
        program.journal.append(_priced(turn, most))
    program.journal.append(_ended("t1", None, cost=Decimal("0.01"), currency="EUR"))
    program.journal.append(_ended("t2", outcome=Outcome.UNSENT))
    before = _outlay(program)
    assert before == _euros("0.51")
    with program.database.write() as db:
        db.execute("DELETE FROM outlay")
        db.execute("DELETE FROM outlay_day")
        rows.take_in(db)
    assert _outlay(program) == before


# Laws

amounts = st.none() | st.decimals(0, 1000, places=18)
acts = st.lists(
    st.tuples(
        amounts,
        st.sampled_from(["EUR", "USD"]),
        st.sampled_from(["c1", "c2"]),
        st.integers(0, 3),
        st.none() | st.tuples(amounts, st.booleans()),
    ),
    max_size=8,
)


@settings(max_examples=60)
@given(acts, st.integers(0, 4), st.sampled_from(["", "c1", "c9"]))  # fmt: skip
def test_outlay_is_the_most_until_settled_then_what_it_came_to(
    made: list[tuple[Decimal | None, str, str, int, tuple[Decimal | None, bool] | None]],
    since: int,
    conversation: str,
) -> None:
    database = in_memory(NOW_MS)
    first = date(2025, 11, 24)
    with database.write() as db:
        for n, (most, currency, talk, days, _) in enumerate(made):
            minted = replace(entry(f"{n}"), conversation=talk, most_cost=most, currency=currency)
            at = replace(NOW, wall_ms=NOW_MS + days * DAY_MS)
            base = _leave(permitted())
            rows.reserve(db, replace(base, entry=minted, at=at))
        for n, (*_, end) in enumerate(made):
            if end is not None:
                cost, left = end
                event = _ended(f"{n}", None, cost=cost, outcome=Outcome.CLOSED if left else Outcome.UNSENT)  # fmt: skip
                rows.settle(db, event.ended)
        found = rows.outlay(db, date.fromordinal(first.toordinal() + since), conversation)
    assert found == _by_hand(made, since, conversation)
    assert found is None or all(money.amount >= 0 for money in found)
    database.close()


def _by_hand(
    made: list[tuple[Decimal | None, str, str, int, tuple[Decimal | None, bool] | None]],
    since: int,
    conversation: str,
) -> tuple[Money, ...] | None:
    sums: dict[str, Decimal] = {}
    for most, currency, talk, days, end in made:
        if days < since or conversation not in ("", talk):
            continue
        cost, left = end or (None, True)
        if not left:
            continue
        # Without a bound there was no currency either in which the end could be counted.
        amount = most if cost is None or most is None else cost
        if amount is None:
            return None
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    return tuple(Money(sums[currency], currency) for currency in sorted(sums))
