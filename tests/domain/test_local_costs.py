"""The costs of time by hand: the worked example, months of every length, what is unknown."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.charges import Source
from assistant.domain.cost_settings import HardwareSettings, PowerSettings
from assistant.domain.energy import Idle
from assistant.domain.local_costs import (
    Keeping,
    Known,
    LocalCosts,
    keeping_of,
    local_costs,
    months_of,
)
from assistant.domain.tariff import Tariff

EXAMPLE = Keeping(
    currency="EUR",
    price=Known(Decimal(155)),
    resale=Decimal(0),
    life_months=36,
    owned=False,
    idle_watts=Known(Decimal("3.3")),
    hours_on=Decimal(8),
    per_kwh=Known(Decimal("0.29")),
    upkeep_hours=Decimal(0),
    upkeep_rate=Decimal(40),
)
"""A kit of 155 EUR over three years, eight hours a day, 0.29 EUR for a kWh; a Pi 5 that takes 3.3 W at rest."""


def amount(known: Known) -> Decimal:
    assert known.amount is not None
    return known.amount


def cents(known: Known) -> str:
    return f"{amount(known):.2f}"


def month_of_a_year(keeping: Keeping, marginal: Decimal) -> tuple[str, str, str]:
    """Hardware, energy and all of it in a month, as the mean of the twelve of 2026; `marginal` is that of a month's turns."""
    year = local_costs(keeping, date(2026, 1, 1), date(2026, 12, 31))
    energy = amount(year.idle) + 12 * marginal
    full = year.full(Known(12 * marginal))
    return (
        f"{amount(year.hardware) / 12:.2f}",
        f"{energy / 12:.2f}",
        f"{amount(full) / 12:.2f}",
    )


def test_the_worked_example() -> None:
    """155 / 36 = 4.3056. 3.3 W * 8 h * 365 days / 12 = 0.803 kWh at 0.29 = 0.2329.

    0.3 million output tokens a month at 0.15 EUR a million = 0.045. Energy 0.2779, all of it 4.5834.
    """
    assert month_of_a_year(EXAMPLE, Decimal("0.045")) == ("4.31", "0.28", "4.58")


def test_the_worked_example_with_half_an_hour_of_upkeep() -> None:
    """0.5 h * 40 = 20.00 more."""
    kept = replace(EXAMPLE, upkeep_hours=Decimal("0.5"))
    assert month_of_a_year(kept, Decimal("0.045"))[2] == "24.58"


def test_the_worked_example_where_the_kit_is_owned() -> None:
    owned = replace(EXAMPLE, owned=True, price=Known(None))
    assert month_of_a_year(owned, Decimal("0.045")) == ("0.00", "0.28", "0.28")


def test_a_month_is_a_month_whatever_its_length() -> None:
    for first, last in ((date(2026, 2, 1), 28), (date(2028, 2, 1), 29), (date(2026, 11, 1), 30)):
        costs = local_costs(EXAMPLE, first, first.replace(day=last))
        assert cents(costs.hardware) == "4.31"
        # 3.3 W * 8 h a day * 0.29.
        assert amount(costs.idle) == Decimal("0.007656") * last
    day = local_costs(EXAMPLE, date(2026, 11, 27), date(2026, 11, 27))
    # 155 / 36 / 30.
    assert amount(day.hardware) == Decimal("0.143518518518518519")


def test_months_over_the_end_of_a_month_and_a_year() -> None:
    assert months_of(date(2026, 11, 27), date(2026, 11, 27)) == Fraction(1, 30)
    assert months_of(date(2026, 11, 16), date(2026, 12, 31)) == Fraction(3, 2)
    assert months_of(date(2026, 12, 31), date(2027, 1, 1)) == Fraction(2, 31)
    assert months_of(date(2028, 2, 29), date(2028, 2, 29)) == Fraction(1, 29)
    assert months_of(date(2026, 1, 1), date(2028, 12, 31)) == 36
    assert months_of(date(2026, 11, 27), date(2026, 11, 26)) == 0


def test_no_days_cost_nothing() -> None:
    none = local_costs(EXAMPLE, date(2026, 11, 27), date(2026, 11, 26))
    assert none.total.amount == 0
    assert none.currency == "EUR"


def test_each_part_is_marked_by_what_it_rests_on() -> None:
    month = (date(2026, 11, 1), date(2026, 11, 30))
    typed = local_costs(EXAMPLE, *month)
    assert typed.hardware.source is typed.idle.source is typed.total.source is Source.SET
    listed = replace(EXAMPLE, price=Known(Decimal(155), Source.ESTIMATED))
    assert local_costs(listed, *month).hardware.source is Source.ESTIMATED
    sure = Known(Decimal("3.3"), Source.MEASURED), Known(Decimal("0.29"), Source.MEASURED)
    for watts, per_kwh, source in (
        (sure[0], sure[1], Source.MEASURED),
        (sure[0], EXAMPLE.per_kwh, Source.SET),
        (EXAMPLE.idle_watts, sure[1], Source.SET),
        (replace(sure[0], source=Source.ESTIMATED), sure[1], Source.ESTIMATED),
        (sure[0], replace(sure[1], source=Source.ESTIMATED), Source.ESTIMATED),
    ):
        found = local_costs(replace(EXAMPLE, idle_watts=watts, per_kwh=per_kwh), *month)
        assert found.idle.source is source
    owned = local_costs(replace(EXAMPLE, owned=True), *month).hardware
    assert owned == Known(Decimal(0), Source.SET, "owned already")


def test_resale_lowers_what_is_lost_and_never_makes_money() -> None:
    month = (date(2026, 11, 1), date(2026, 11, 30))
    sold = local_costs(replace(EXAMPLE, resale=Decimal(47)), *month)
    assert amount(sold.hardware) == 3
    dear = local_costs(replace(EXAMPLE, resale=Decimal(900)), *month)
    assert amount(dear.hardware) == 0


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"price": Known(None, why="no price")}, "hardware"),
        ({"idle_watts": Known(None, why="no watts")}, "idle"),
        ({"per_kwh": Known(None, why="no tariff")}, "idle"),
    ],
)
def test_what_is_unknown_is_never_nothing(change: dict[str, Known], part: str) -> None:
    costs = local_costs(replace(EXAMPLE, **change), date(2026, 11, 1), date(2026, 11, 30))  # type: ignore[arg-type]
    found = getattr(costs, part)
    assert found.amount is None
    assert found.why.startswith("no ")
    assert costs.total.amount is None
    assert costs.full(Known(Decimal(1))).amount is None
    assert costs.total.why == found.why


def test_an_unknown_energy_makes_the_full_cost_unknown() -> None:
    costs = local_costs(EXAMPLE, date(2026, 11, 1), date(2026, 11, 30))
    assert costs.full(Known(None, why="no meter")) == Known(None, why="no meter")
    assert costs.total.amount is not None


def test_a_sum_is_as_sure_as_its_weakest_part() -> None:
    by_source = {source: Known(Decimal(1), source) for source in Source}
    sure, set_, rough = (by_source[s] for s in (Source.MEASURED, Source.SET, Source.ESTIMATED))
    assert LocalCosts("EUR", sure, sure, sure).total.source is Source.MEASURED
    assert LocalCosts("EUR", sure, set_, sure).total.source is Source.SET
    assert LocalCosts("EUR", sure, set_, sure).full(rough) == Known(Decimal(4), Source.ESTIMATED)


TARIFF = Tariff("EUR", Decimal("0.30"), Decimal("0.18"))


def test_the_settings_go_before_what_is_learned_or_shipped() -> None:
    typed = keeping_of(
        HardwareSettings(
            price="200", resale="20", hours_on=12.0, upkeep_hours=0.5, upkeep_rate="30"
        ),
        PowerSettings(idle_watts=3.0),
        TARIFF,
        Idle(9.0, learned=True),
        "plug",
        currency="EUR",
        preset_price=Decimal(300),
    )
    assert typed.price == Known(Decimal(200), Source.SET)
    assert typed.idle_watts == Known(Decimal("3.0"), Source.SET)
    # Sixteen hours at 0.30 and eight at 0.18.
    assert typed.per_kwh == Known(Decimal("0.26"), Source.SET)
    assert (typed.currency, typed.life_months, typed.owned) == ("EUR", 36, False)
    assert (typed.resale, typed.hours_on) == (Decimal(20), Decimal(12))
    assert (typed.upkeep_hours, typed.upkeep_rate) == (Decimal("0.5"), Decimal(30))


@pytest.mark.parametrize(
    ("meter", "source"),
    [("plug", Source.MEASURED), ("pmic", Source.ESTIMATED), ("rapl", Source.ESTIMATED)],
)
def test_what_is_learned_is_as_sure_as_its_meter_sees_the_whole_machine(
    meter: str, source: Source
) -> None:
    learned = keeping_of(
        HardwareSettings(),
        PowerSettings(),
        replace(TARIFF, source=Source.ESTIMATED),
        Idle(3.21, learned=True),
        meter,
        currency="EUR",
        preset_price=Decimal(300),
    )
    assert learned.price == Known(Decimal(300), Source.ESTIMATED)
    assert learned.idle_watts == Known(Decimal("3.210"), source)
    assert learned.per_kwh.source is Source.ESTIMATED


def test_without_anything_everything_is_unknown() -> None:
    bare = keeping_of(HardwareSettings(), PowerSettings(), None, None, "", currency="EUR")
    costs = local_costs(bare, date(2026, 11, 1), date(2026, 11, 30))
    assert costs.hardware.amount is costs.idle.amount is None
    assert "hardware.price" in costs.hardware.why
    assert "power.idle_watts" in costs.idle.why
    assert costs.upkeep == Known(Decimal(0), Source.SET)


days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(days, st.integers(0, 800), st.integers(0, 800))
def test_the_parts_of_a_time_cost_what_the_whole_costs(first: date, a: int, b: int) -> None:
    middle, last = first + timedelta(days=a), first + timedelta(days=a + b + 1)
    kept = replace(EXAMPLE, upkeep_hours=Decimal("0.7"))
    whole = local_costs(kept, first, last)
    one = local_costs(kept, first, middle)
    other = local_costs(kept, middle + timedelta(days=1), last)
    for part in ("hardware", "idle", "upkeep"):
        parts = amount(getattr(one, part)) + amount(getattr(other, part))
        assert abs(amount(getattr(whole, part)) - parts) <= Decimal("1e-17")
    assert months_of(first, last) == months_of(first, middle) + months_of(
        middle + timedelta(days=1), last
    )


money = st.decimals(0, 10**6, places=2)


@given(money, money, st.integers(1, 600), money, money, st.decimals(0, 24, places=1), days)
def test_no_cost_is_negative(
    price: Decimal,
    resale: Decimal,
    life: int,
    watts: Decimal,
    per_kwh: Decimal,
    hours: Decimal,
    first: date,
) -> None:
    keeping = replace(
        EXAMPLE,
        price=Known(price),
        resale=resale,
        life_months=life,
        idle_watts=Known(watts),
        per_kwh=Known(per_kwh),
        hours_on=hours,
    )
    costs = local_costs(keeping, first, first + timedelta(days=400))
    assert min(amount(costs.hardware), amount(costs.idle), amount(costs.upkeep)) >= 0
    assert amount(costs.hardware) <= amount(
        local_costs(keeping, first, first + timedelta(days=401)).hardware
    )
