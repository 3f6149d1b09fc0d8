"""The ledger's sums are those of their parts, to the last place, whatever was chosen and in whatever order turns ended."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.domain.ledger import NOTHING, By, Chosen, Entry, Sum, sum_of
from assistant.domain.pricing import Money
from assistant.storage.database import in_memory
from assistant.storage.journal import SqliteJournal
from assistant.storage.ledger import SqliteLedger
from assistant.storage.ledger_check import differences
from tests.fakes import NOW_MS, started
from tests.ledger_maker import (
    CLOUD,
    Made,
    choices,
    euros,
    is_chosen,
    turn,
    turns,
    what_ifs,
)

LAWS = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])


@contextmanager
def ledger_of(made: Sequence[Made]) -> Iterator[tuple[SqliteJournal, SqliteLedger]]:
    """A journal with two conversations, and these turns in it."""
    journal = SqliteJournal(in_memory(NOW_MS))
    for name in ("c1", "c2"):
        journal.append(started(name, f"about {name}"))
    for one in made:
        for event in one.events:
            journal.append(event)
    yield journal, SqliteLedger(journal.database)
    journal.close()


def _chosen(entries: Sequence[Entry], chosen: Chosen) -> list[Entry]:
    return [entry for entry in entries if is_chosen(entry, chosen)]


@LAWS
@given(turns(), choices)
def test_totals_are_those_of_the_entries(made: list[Made], chosen: Chosen) -> None:
    with ledger_of(made) as (_, ledger):
        every = list(ledger.entries(Chosen()))
        permitted = [one.record.turn for one in made if one.record.attempts]
        assert [entry.turn for entry in every] == permitted
        assert list(ledger.entries(chosen)) == _chosen(every, chosen)
        assert ledger.totals(chosen) == sum_of(_chosen(every, chosen))


@LAWS
@given(turns(), choices)
def test_what_it_would_have_cost_is_the_sum_of_the_comparisons(
    made: list[Made], chosen: Chosen
) -> None:
    with ledger_of(made) as (_, ledger):
        counted = {entry.turn for entry in ledger.entries(chosen)}
        records = [one.record for one in made if one.record.turn in counted]
        assert tuple(ledger.what_if(chosen)) == what_ifs(records)


_KEYS: dict[By, Callable[[Entry], tuple[str, str]]] = {
    By.DAY: lambda entry: (entry.day.isoformat(), ""),
    By.MONTH: lambda entry: (entry.day.isoformat()[:7], ""),
    By.ROUTE: lambda entry: (entry.route, entry.model),
    By.MODEL: lambda entry: (entry.model, entry.model),
    By.CONVERSATION: lambda entry: (entry.conversation, ""),
}


@LAWS
@given(turns(), choices, st.sampled_from(By))
def test_lines_are_the_sums_of_their_turns(made: list[Made], chosen: Chosen, by: By) -> None:
    with ledger_of(made) as (_, ledger):
        parts: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        for entry in ledger.entries(chosen):
            parts[_KEYS[by](entry)].append(entry)
        lines = ledger.sums(by, chosen)
        assert {(line.key, line.model): line.totals for line in lines} == {
            key: sum_of(some) for key, some in parts.items()
        }
        records = {one.record.turn: one.record for one in made}
        for line in lines:
            own = parts[line.key, line.model]
            assert line.what_if == what_ifs(records[entry.turn] for entry in own)
            places = {entry.place for entry in own}
            assert line.place is None or places == {line.place}
        assert _whole(lines) == ledger.totals(chosen)
        assert list(lines) == _in_order(by, lines)


def _whole(lines: Sequence[Sum]) -> object:
    whole = NOTHING
    for line in lines:
        whole = whole.plus(line.totals)
    return whole


def _in_order(by: By, lines: Sequence[Sum]) -> list[Sum]:
    if by in (By.DAY, By.MONTH):
        return sorted(lines, key=lambda line: line.key)

    def place(line: Sum) -> tuple[bool, Decimal, int]:
        cost = [money.amount for money in line.totals.cost]
        return not cost, -max(cost, default=Decimal(0)), 0 if cost else -line.totals.turns

    # A stable sort leaves equals as they are.
    return sorted(lines, key=place)


@LAWS
@given(turns(), st.randoms(use_true_random=False), choices)
def test_the_order_of_ends_changes_no_sum(made: list[Made], chance: Random, chosen: Chosen) -> None:
    # What was asked again is no question of the order of ends, but of that of questions.
    alone = [replace(one, text=f"question {n}") for n, one in enumerate(made)]
    other = list(alone)
    chance.shuffle(other)
    with ledger_of(alone) as (_, first), ledger_of(other) as (_, second):
        assert first.totals(chosen) == second.totals(chosen)
        assert first.what_if(chosen) == second.what_if(chosen)
        assert first.sums(By.DAY, chosen) == second.sums(By.DAY, chosen)
        assert _known(first.sums(By.ROUTE, chosen)) == _known(second.sums(By.ROUTE, chosen))


def _known(lines: Sequence[Sum]) -> set[Sum]:
    return set(lines)


@LAWS
@given(turns())
def test_currencies_never_mix_and_unknowns_stay_unknown(made: list[Made]) -> None:
    with ledger_of(made) as (journal, ledger):
        costs = [one.record.cost for one in made if one.record.attempts]
        known = [cost for cost in costs if cost.marginal is not None and cost.currency]
        totals = ledger.totals(Chosen())
        by_hand: dict[str, Decimal] = defaultdict(Decimal)
        for cost in known:
            assert cost.marginal is not None
            # Up to 8 amounts of 24 digits: nothing is rounded at 28.
            by_hand[cost.currency or ""] += cost.marginal
        assert {money.currency: money.amount for money in totals.cost} == by_hand
        assert totals.unpriced == len(costs) - len(known)
        assert all(money.amount >= 0 for money in totals.cost)
        with journal.database.read() as db:
            assert differences(db) == []


def test_a_limit_leaves_the_latest_days_and_the_dearest_of_the_rest() -> None:
    amounts = {"2026-10-31": "0.3", "2026-11-01": "0.1", "2026-11-02": "0.2"}
    made = [
        Made(turn(f"t{n}", CLOUD, euros(amount), day, f"c{1 + n % 2}"), f"{n}")
        for n, (day, amount) in enumerate(amounts.items())
    ]
    with ledger_of(made) as (_, ledger):
        days = ledger.sums(By.DAY, Chosen(), 2)
        assert [line.key for line in days] == ["2026-11-01", "2026-11-02"]
        assert [line.key for line in ledger.sums(By.MONTH, Chosen(), 1)] == ["2026-11"]
        [dearest] = ledger.sums(By.CONVERSATION, Chosen(), 1)
        assert (dearest.key, dearest.title) == ("c1", "about c1")
        assert dearest.totals.cost == (Money(Decimal("0.5"), "EUR"),)
        assert ledger.first_day() == date(2026, 10, 31)


def test_a_conversation_has_its_place_by_the_largest_of_its_amounts() -> None:
    """c1: 2 CHF and 1 EUR; c2: 1.5 EUR and one turn that nobody knows the cost of. No amount is converted."""
    costs = [("c1", "CHF", "2"), ("c1", "EUR", "1"), ("c2", "EUR", "1.5")]
    made = [
        Made(turn(f"t{n}", CLOUD, euros(amount, currency=currency), conversation=name), f"{n}")
        for n, (name, currency, amount) in enumerate(costs)
    ]
    made += [Made(turn(f"u{n}", CLOUD, conversation="c2"), f"u{n}") for n in range(9)]
    with ledger_of(made) as (_, ledger):
        lines = ledger.sums(By.CONVERSATION, Chosen(), 2)
        assert [(line.key, len(line.totals.cost)) for line in lines] == [("c1", 2), ("c2", 1)]
        assert lines[1].totals.unpriced == 9


def test_a_ledger_without_turns_says_so() -> None:
    with ledger_of([]) as (_, ledger):
        assert ledger.totals(Chosen()) == NOTHING
        assert ledger.first_day() is None
        assert not ledger.rates()
        assert not ledger.what_if(Chosen(since=date(2026, 1, 1)))
        assert not list(ledger.entries(Chosen(since=date(2026, 1, 1), until=date(2026, 1, 2))))
        for by in By:
            assert not ledger.sums(by, Chosen(), 3)
