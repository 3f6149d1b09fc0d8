"""The running comparison: a fold that adds up, knows what it does not know, and can go against this machine."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.charges import Compared, Cost, Source
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.pricing import Money
from assistant.domain.running_costs import (
    UNKNOWN,
    Amount,
    RunningCosts,
    Scope,
    cloud_here,
    difference,
    elsewhere,
    fold,
    full,
    of_today,
    scope_of,
    spent,
)
from assistant.domain.turns import TurnRecord
from tests.turn_maker import CLOUD, LOCAL, record

EURO = Exchange("EUR", {"USD": Rated(Decimal("0.5"), "2025-06-30", "a bank")})
PERCENT = Decimal("0.2")


def compared(cost: str | None, *, here: bool = False, currency: str = "EUR") -> Compared:
    """One comparison with a band of a fifth; None: unknown."""
    name = "cpu" if here else "mistral-eu"
    if cost is None:
        return Compared(name, "m", here=here, why="no price is known")
    amount = Decimal(cost)
    low, high = amount * (1 - PERCENT), amount * (1 + PERCENT)
    return Compared(name, "m", currency, amount, low, high, here)


def local(energy: str | None = "0.000004", *others: Compared) -> TurnRecord:
    """A turn of this machine; None: nothing metered it."""
    amount = None if energy is None else Decimal(energy)
    known = Cost("EUR", amount, amount, amount, True, joules=Decimal(50), joules_source=Source.SET)
    cost = known if energy is not None else Cost()
    return replace(record("t1", LOCAL), cost=cost, compared=others, day="2026-11-27")


def cloud(cost: str | None = "0.004", *others: Compared, currency: str = "EUR") -> TurnRecord:
    """A turn of the cloud; None: at an unknown price."""
    amount = None if cost is None else Decimal(cost)
    known = Cost(currency, amount, None, amount, False)
    kept = known if cost is not None else Cost()
    return replace(record("t2", CLOUD), cost=kept, compared=others, day="2026-11-27")


def after(*records: TurnRecord, **fields: object) -> RunningCosts:
    """The costs once all of them are over."""
    costs = RunningCosts(EURO, "2026-11-27", chat=local().conversation, **fields)  # type: ignore[arg-type]
    for one in records:
        costs = fold(costs, one)
    return costs


AMOUNTS = st.none() | st.decimals(0, 100, places=8, allow_nan=False).map(str)
TURNS = st.lists(
    st.builds(
        lambda make, cost, other: make(cost, compared(other)),
        st.sampled_from((local, cloud)),
        AMOUNTS,
        AMOUNTS,
    ),
    max_size=8,
)


@given(TURNS, st.randoms())
def test_the_order_of_turns_changes_nothing(turns: list[TurnRecord], random: object) -> None:
    other = list(turns)
    random.shuffle(other)  # type: ignore[attr-defined]
    assert after(*turns).month == after(*other).month


@given(TURNS)
def test_the_whole_equals_its_parts(turns: list[TurnRecord]) -> None:
    month = after(*turns).month
    for kind, side in (("here", month.here), ("cloud", month.cloud)):
        own = [t.cost.marginal for t in turns if (t.route == CLOUD) is (kind == "cloud")]
        known = [amount for amount in own if amount is not None]
        shown = spent(side, EURO)
        assert shown.more is (0 < len(known) < len(own))
        assert (shown.amount is None) is (bool(own) and not known)
        if shown.amount is not None:
            assert shown.amount == sum(known, Decimal(0))


def test_an_unknown_is_no_zero() -> None:
    costs = after(local(None, compared(None)))
    assert spent(costs.today.here, EURO) == UNKNOWN
    assert elsewhere(costs.today, "mistral-eu", "m", EURO) == UNKNOWN
    assert full(costs, costs.today, 1) == UNKNOWN
    assert of_today(after(local(None))) == UNKNOWN
    assert of_today(after(local(None), cloud("0.5"))) == Amount(Decimal("0.5"), more=True)


def test_a_sum_with_an_unknown_part_says_that_there_is_more() -> None:
    costs = after(local("0.25"), local(None))
    assert spent(costs.today.here, EURO) == Amount(Decimal("0.25"), estimated=True, more=True)


def test_no_turn_costs_nothing_and_that_is_known() -> None:
    assert spent(Scope().cloud, EURO) == Amount(Decimal(0))
    assert elsewhere(Scope(), "mistral-eu", "m", EURO) == Amount(Decimal(0))
    assert cloud_here(Scope(), EURO) == Amount(Decimal(0))


def test_full_adds_what_the_machine_costs_a_day_whether_it_works_or_not() -> None:
    costs = after(local("0.25"), fixed_per_day=Money(Decimal("0.15"), "EUR"), days=27)
    # 0.25 of energy, and 27 days at 0.15 = 4.05.
    assert full(costs, costs.month, costs.days) == Amount(Decimal("4.30"), estimated=True)
    assert full(costs, costs.today, 1) == Amount(Decimal("0.40"), estimated=True)


def test_the_sign_goes_either_way() -> None:
    scope = after(local("0.30", compared("0.10"))).today
    theirs = elsewhere(scope, "mistral-eu", "m", EURO)
    assert difference(theirs, [spent(scope.here, EURO)]).amount == Decimal("-0.20")
    scope = after(local("0.10", compared("0.30"))).today
    theirs = elsewhere(scope, "mistral-eu", "m", EURO)
    assert difference(theirs, [spent(scope.here, EURO)]).amount == Decimal("0.20")


def test_a_difference_with_an_unknown_in_it_is_unknown() -> None:
    known = Amount(Decimal(1))
    assert difference(UNKNOWN, [known]) == UNKNOWN
    assert difference(known, [known, UNKNOWN]) == UNKNOWN
    assert difference(replace(known, more=True), [known]) == UNKNOWN
    assert difference(known, [replace(known, more=True)]) == UNKNOWN


def test_turns_of_the_cloud_are_reckoned_here_as_well() -> None:
    scope = after(cloud("0.004", compared("0.00001", here=True)), cloud("0.004")).today
    assert cloud_here(scope, EURO) == Amount(Decimal("0.00001"), estimated=True, more=True)


def test_another_currency_goes_through_a_rate_and_is_marked() -> None:
    scope = after(cloud("0.004", currency="USD")).today
    assert spent(scope.cloud, EURO) == Amount(Decimal("0.002"), estimated=True)
    assert spent(scope.cloud, Exchange("EUR")) == UNKNOWN


def test_turns_of_another_chat_count_today_and_not_in_this_one() -> None:
    costs = fold(after(local("1")), replace(local("2"), conversation="another"))
    assert spent(costs.conversation.here, EURO).amount == 1
    assert spent(costs.today.here, EURO).amount == 3
    assert costs.turn == scope_of(local("2"))


def test_a_turn_that_never_had_a_permit_is_no_request_here_as_in_the_ledger() -> None:
    refused = replace(cloud(None, compared(None)), attempts=0)
    assert scope_of(refused) == Scope()
    costs = after(local("0.001"), refused)
    assert costs.today.turns == 1
    assert spent(costs.today.works, EURO) == Amount(Decimal("0.001"), True)
