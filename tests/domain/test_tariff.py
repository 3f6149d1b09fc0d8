"""Prices of a kWh by hand: bands, nights over midnight, nights of summer time, clocks that were set back."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import UsageError
from assistant.domain.pricing import Money
from assistant.domain.tariff import Tariff

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
FLAT = Tariff("EUR", Decimal("0.29"))
BANDS = Tariff("EUR", Decimal("0.30"), Decimal("0.20"), time(22), time(6))


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def after(start: datetime, **length: float) -> datetime:
    return (start.astimezone(UTC) + timedelta(**length)).astimezone(start.tzinfo)


def test_a_flat_price_is_the_same_always() -> None:
    start = at("2026-11-27 21:59")
    assert FLAT.price(start, after(start, days=90)) == Decimal("0.29")
    assert FLAT.at(start) == Decimal("0.29")
    # A kWh is 3.6 MJ: 9,000 J are 0.0025 kWh, at 0.29 that is 0.000725.
    assert FLAT.cost(Decimal(9000), start, start) == Money(Decimal("0.000725"), "EUR")


@pytest.mark.parametrize(
    ("clock", "price"),
    [("21:59", "0.30"), ("22:00", "0.20"), ("00:00", "0.20"), ("05:59", "0.20"), ("06:00", "0.30")],
)
def test_the_night_begins_and_ends_by_the_wall_clock(clock: str, price: str) -> None:
    assert BANDS.at(at(f"2026-11-27 {clock}")) == Decimal(price)


def test_a_night_may_lie_within_one_day_and_may_have_no_length() -> None:
    noon = Tariff("EUR", Decimal("0.30"), Decimal("0.10"), time(12), time(14))
    assert [
        noon.at(at(f"2026-11-27 {clock}")) for clock in ("11:59", "12:00", "13:59", "14:00")
    ] == [Decimal(price) for price in ("0.30", "0.10", "0.10", "0.30")]
    never = Tariff("EUR", Decimal("0.30"), Decimal("0.10"), time(6), time(6))
    start = at("2026-11-27 00:00")
    assert never.price(start, after(start, days=1)) == Decimal("0.30")


def test_a_turn_over_the_edge_is_split_by_time() -> None:
    start = at("2026-11-27 21:57")
    # Three minutes by day, one by night: (3 * 0.30 + 1 * 0.20) / 4.
    assert BANDS.price(start, after(start, minutes=4)) == Decimal("0.275")
    # 7.2 kJ are 0.002 kWh.
    assert BANDS.cost(Decimal(7200), start, after(start, minutes=4)).amount == Decimal("0.00055")


def test_an_ordinary_day_has_sixteen_hours_of_day() -> None:
    start = at("2026-11-27 09:13:27.5")
    # (16 * 0.30 + 8 * 0.20) / 24 = 6.4 / 24.
    assert BANDS.price(start, after(start, days=1)) == pytest.approx(
        Decimal("0.266666666666666667")
    )
    assert BANDS.all_day == BANDS.price(start, after(start, days=1))
    assert FLAT.all_day == Decimal("0.29")


@pytest.mark.parametrize(
    ("night", "hours", "expected"),
    [
        # In the night to 29 March 2026 the clock goes from 02:00 to 03:00: seven hours of night, from 22:00 on.
        ("2026-03-28 21:00", 9, "0.2222222222222222222"),  # (7 * 0.20 + 2 * 0.30) / 9
        # In the night to 25 October 2026 it goes from 03:00 back to 02:00: nine hours.
        ("2026-10-24 21:00", 11, "0.2181818181818181818"),  # (9 * 0.20 + 2 * 0.30) / 11
        ("2026-11-26 21:00", 10, "0.22"),  # (8 * 0.20 + 2 * 0.30) / 10
    ],
)
def test_nights_in_which_the_clock_is_set(night: str, hours: int, expected: str) -> None:
    start = at(night)
    end = after(start, hours=hours)
    assert end.time() == time(7)
    assert BANDS.price(start, end) == pytest.approx(Decimal(expected), abs=Decimal("1e-17"))


def test_an_edge_in_the_hour_that_comes_twice_comes_twice() -> None:
    early = Tariff("EUR", Decimal("0.30"), Decimal("0.20"), time(22), time(2, 30))
    start = at("2026-10-25 02:00")
    # 02:00-02:30 night, 02:30-03:00 day, 02:00-02:30 once more night, 02:30-03:00 day.
    assert early.price(start, after(start, hours=2)) == Decimal("0.25")


def test_an_edge_in_the_hour_that_never_comes_holds_from_the_jump_on() -> None:
    early = Tariff("EUR", Decimal("0.30"), Decimal("0.20"), time(22), time(2, 30))
    start = at("2026-03-29 01:00")
    # 01:00-02:00 night, then the clock shows 03:00, which is day.
    assert early.price(start, after(start, hours=2)) == Decimal("0.25")


def test_a_clock_that_is_set_by_half_an_hour() -> None:
    start = at("2026-04-04 21:00", LORD_HOWE)
    end = after(start, hours=10.5)
    assert end.time() == time(7)
    # 8.5 hours of night, 2 of day.
    assert BANDS.price(start, end) == pytest.approx(
        (Decimal("8.5") * Decimal("0.2") + 2 * Decimal("0.3")) / Decimal("10.5")
    )


def test_a_clock_that_was_set_back_takes_the_price_of_the_start() -> None:
    start = at("2026-11-27 23:00")
    assert BANDS.price(start, at("2026-11-27 12:00")) == Decimal("0.20")
    assert BANDS.price(start, start) == Decimal("0.20")


@pytest.mark.parametrize("price", ["-0.01", "NaN", "Infinity"])
def test_a_price_that_is_none_is_refused(price: str) -> None:
    with pytest.raises(UsageError):
        Tariff("EUR", Decimal(price))
    with pytest.raises(UsageError):
        Tariff("EUR", Decimal("0.3"), Decimal(price))


def test_the_sun_is_free() -> None:
    free = Tariff("EUR", Decimal(0), Decimal(0))
    assert free.all_day == 0


clocks = st.times(max_value=time(23, 59)).map(lambda clock: clock.replace(second=0, microsecond=0))
moments = st.integers(1_767_225_600, 1_830_297_600).map(lambda s: datetime.fromtimestamp(s, UTC))
zones = st.sampled_from([BERLIN, LORD_HOWE, ZoneInfo("America/New_York"), ZoneInfo("UTC")])


@given(clocks, clocks, moments, zones, st.integers(1, 200_000), st.floats(0, 1))
def test_split_anywhere_the_parts_come_to_the_whole(
    begin: time, end: time, moment: datetime, zone: ZoneInfo, seconds: int, share: float
) -> None:
    tariff = Tariff("EUR", Decimal("0.31"), Decimal("0.19"), begin, end, as_of=date(2026, 1, 1))
    start = moment.replace(tzinfo=zone)
    first = int(seconds * share)
    middle, stop = after(start, seconds=first), after(start, seconds=seconds)
    whole = tariff.price(start, stop)
    assert Decimal("0.19") <= whole <= Decimal("0.31")
    parts = tariff.price(start, middle) * first + tariff.price(middle, stop) * (seconds - first)
    assert parts / seconds == pytest.approx(whole, abs=Decimal("1e-15"))


@given(clocks, clocks, moments, zones, st.integers(1, 3000))
def test_every_minute_counts_as_its_own_wall_clock_says(
    begin: time, end: time, moment: datetime, zone: ZoneInfo, minutes: int
) -> None:
    tariff = Tariff("EUR", Decimal(3), Decimal(2), begin, end)
    start = moment.replace(second=0, microsecond=0, tzinfo=zone)
    one_by_one = [tariff.at(after(start, minutes=minute)) for minute in range(minutes)]
    mean = sum(one_by_one, Decimal(0)) / minutes
    assert tariff.price(start, after(start, minutes=minutes)) == pytest.approx(
        mean, abs=Decimal("1e-15")
    )
