"""Which price holds: how a model's name finds its row, when a price holds, and every reason why none is known."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from assistant.domain.price_list import (
    Found,
    Kind,
    Listed,
    Match,
    NoPrice,
    PriceList,
    Quote,
    Tariff,
    Timed,
    find,
    is_stale,
    stale_words,
)
from assistant.domain.pricing import Money, Price, Rates, Tokens

DAY = date(2026, 11, 9)
NIGHT = (time(16, 30), time(0, 30))


def price(amount: int) -> Price:
    return Price("USD", Rates(Decimal(amount), Decimal(amount)))


def row(
    model: str, *tests: tuple[Kind, str], amount: int | None = 1, placed: bool = False
) -> Listed:
    prices = () if amount is None else (Timed(price(amount)),)
    return Listed(model, Match(tests or ((Kind.IS, model),)), prices, placed)


def a_list(name: str, *models: Listed, falls_back: tuple[str, ...] = ()) -> PriceList:
    return PriceList(name, DAY, f"the page of {name}", models, falls_back)


LISTS = {
    one.name: one
    for one in (
        a_list(
            "first",
            row("tts", (Kind.HOLDS, "-tts"), amount=None),
            row("gpt-5", (Kind.IS, "gpt-5"), (Kind.IS, "gpt-5-2025-08-07")),
            row("old", placed=True),
            row("broad", (Kind.BEGINS, "gpt-6")),
            falls_back=("second",),
        ),
        a_list("second", row("claude"), row("gpt-5", amount=9), falls_back=("third",)),
        a_list("third", row("far")),
    )
}
TARIFFS: dict[str, Tariff | NoPrice] = {
    "here": Tariff("first"),
    "placed": Tariff("first", placed_only=True),
    "dear": NoPrice("it is billed by the hour"),
}


def found(model: str, route: str = "here") -> Found | NoPrice:
    return find(TARIFFS, LISTS.__getitem__, route, model)


def where(model: str) -> str:
    """The list and the row that `model` is found in."""
    hit = found(model)
    assert isinstance(hit, Found), hit
    return f"{hit.prices.name} {hit.row.model}"


@pytest.mark.parametrize(
    ("test", "fits", "fits_not"),
    [
        ((Kind.IS, "abc"), "abc", "abcd"),
        ((Kind.BEGINS, "abc"), "abcd", "xabc"),
        ((Kind.ENDS, "abc"), "xabc", "abcx"),
        ((Kind.HOLDS, "abc"), "xabcx", "axbc"),
        ((Kind.PATTERN, r"^a\d$"), "a1", "a12"),
    ],
)
def test_each_kind_of_test(test: tuple[Kind, str], fits: str, fits_not: str) -> None:
    assert Match((test,)).fits(fits)
    assert not Match((test,)).fits(fits_not)


def test_one_test_is_enough_and_a_group_has_to_fit_whole() -> None:
    group = (Match(((Kind.BEGINS, "a"),)), Match(((Kind.ENDS, "z"),)))
    either = Match(((Kind.IS, "b"),), (group,))
    assert [name for name in ("b", "a-z", "a", "z") if either.fits(name)] == ["b", "a-z"]


def test_a_name_is_found_by_the_first_row_that_fits_in_any_case() -> None:
    assert where("GPT-5") == "first gpt-5"
    assert where("gpt-6-anything") == "first broad"


def test_a_day_written_without_dashes_is_tried_with_them_when_nothing_else_fits() -> None:
    assert where("gpt-5-20250807") == "first gpt-5"
    assert isinstance(found("gpt-5-20250230"), NoPrice)  # no such day
    assert isinstance(found("gpt-5-202508071"), NoPrice)


def test_a_list_is_backed_by_others_one_step_far() -> None:
    assert where("claude") == "second claude"
    assert isinstance(found("far"), NoPrice)


def test_why_there_is_no_price() -> None:
    assert found("nobody-has-it") == NoPrice("the page of first has no price for nobody-has-it")
    assert found("gpt-6-tts") == NoPrice("the page of first gives no price per token for gpt-6-tts")
    assert found("any", "dear") == NoPrice("it is billed by the hour")
    assert found("any", "elsewhere") == NoPrice("no prices are known for elsewhere")
    assert found("gpt-5", "placed") == NoPrice(
        "the price of gpt-5 is not known for the place of placed"
    )


def test_the_price_of_a_place_is_not_multiplied_again() -> None:
    one, other = found("gpt-5"), found("old", "placed")
    assert isinstance(one, Found)
    assert isinstance(other, Found)
    factor = Decimal("1.10")
    now = datetime(2026, 11, 27, tzinfo=UTC)
    assert one.quote(factor, now) == Quote("gpt-5", price(1), factor, DAY, "the page of first")
    assert other.quote(factor, now) == Quote("old", price(1), Decimal(1), DAY, "the page of first")
    # 10 x 1 + 10 x 1 = 20 millionths, with the multiplier 22
    [quote] = one.quotes(factor)
    assert quote.cost(Tokens(10, 10)) == Money(Decimal("0.000022"), "USD")
    assert quote.most(10, 10) == Money(Decimal("0.000022"), "USD")


def at(hour: int, minute: int = 0, day: int = 27) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_of_the_prices_that_hold_the_last_counts() -> None:
    later = date(2026, 12, 1)
    one = Listed(
        "m",
        Match(()),
        (
            Timed(price(1)),
            Timed(price(2), hours=(time(1), time(4))),
            Timed(price(3), since=later),
        ),
    )
    assert one.at(at(0, 59)) == price(1)
    assert one.at(at(1)) == price(2)
    assert one.at(at(3, 59)) == price(2)
    assert one.at(at(4)) == price(1)
    assert one.at(datetime(2026, 11, 30, 23, 59, tzinfo=UTC)) == price(1)
    assert one.at(datetime(2026, 12, 1, 2, tzinfo=UTC)) == price(3)


def test_hours_may_pass_midnight_and_are_those_of_utc() -> None:
    night = Timed(price(1), hours=NIGHT)
    held = [
        clock
        for clock in ((16, 29), (16, 30), (23, 0), (0, 29), (0, 30))
        if night.holds(at(*clock))
    ]
    assert held == [(16, 30), (23, 0), (0, 29)]
    berlin = timezone(timedelta(hours=1))
    assert night.holds(datetime(2026, 11, 27, 17, 30, tzinfo=berlin))
    assert not night.holds(datetime(2026, 11, 27, 17, 29, tzinfo=berlin))


def test_a_first_day_is_that_of_utc() -> None:
    one = Timed(price(1), since=date(2026, 12, 1))
    berlin = timezone(timedelta(hours=1))
    assert not one.holds(datetime(2026, 12, 1, 0, 59, tzinfo=berlin))
    assert one.holds(datetime(2026, 12, 1, 1, tzinfo=berlin))


def test_a_row_may_have_no_price_at_a_time() -> None:
    one = Found(Listed("m", Match(()), (Timed(price(1), hours=NIGHT),)), LISTS["first"])
    assert one.quote(Decimal(1), at(12)) == NoPrice(
        "the page of first gives no price for m at that time"
    )


def test_prices_are_stale_after_sixty_days() -> None:
    quote = Quote("m", price(1), Decimal(1), DAY, "a test")
    assert not quote.stale(DAY + timedelta(days=60))
    assert quote.stale(DAY + timedelta(days=61))
    assert not is_stale(DAY, DAY - timedelta(days=1))
    assert stale_words(DAY, DAY) == "0 days old"
    assert stale_words(DAY, DAY + timedelta(days=61)) == "61 days old: older than 60 days"


def test_a_day_to_come_is_no_day_of_prices() -> None:
    before = DAY - timedelta(days=2)
    assert is_stale(DAY, before)
    assert stale_words(DAY, before) == "of a day to come (was the clock wrong?)"


@pytest.mark.parametrize(
    ("model", "row_of", "other"),
    [
        ("deepseek-chat", "deepseek-chat", False),
        ("DeepSeek-Chat-latest", "deepseek-chat", False),
        ("vendor/deepseek-chat", "deepseek-chat", False),
        ("deepseek-chat-2025-12-11", "deepseek-chat", False),
        ("deepseek-chat-20251211", "deepseek-chat", False),
        ("deepseek-chat-0324", "deepseek-chat", False),
        ("deepseek-chat-v9", "deepseek-chat", True),
        ("claude-3-5-haiku-20241022", "claude-3-5-haiku-latest", False),
        ("claude-opus-4-20250514", "claude-opus-4-0", False),
        ("claude-opus-4-8-fast", "claude-opus-4-8", True),
        ("gemini-1.5-flash-8b", "gemini-1.5-flash", True),
        ("mistral-medium-3", "mistral-medium-3-5", True),
        ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "regional.anthropic.claude-sonnet-4-5-20250929-v1:0", False),
    ],
)  # fmt: skip
def test_a_price_under_another_models_name_is_known_as_such(
    model: str, row_of: str, other: bool
) -> None:
    any_name = row(row_of, (Kind.HOLDS, ""))
    prices = a_list("one", any_name)
    hit = find({"here": Tariff("one")}, lambda _: prices, "here", model)
    assert isinstance(hit, Found)
    assert hit.other is other
    assert [one.other for one in hit.quotes(Decimal(1))] == [other]


def test_over_years_the_dearest_hours_of_the_day_count() -> None:
    timed = (Timed(price(3)), Timed(price(1), hours=NIGHT))
    one = Found(Listed("m", Match(()), timed), LISTS["first"])
    for hour in (12, 20):
        found = one.dearest(Decimal(1), at(hour))
        assert isinstance(found, Quote)
        assert (found.price, found.source) == (
            price(3),
            "the page of first, at its dearest hours",
        )
    plain = Found(Listed("m", Match(()), (Timed(price(2)),)), LISTS["first"])
    assert plain.dearest(Decimal(1), at(12)) == plain.quote(Decimal(1), at(12))
    never = Found(
        Listed("m", Match(()), (Timed(price(1), since=date(2099, 1, 1)),)), LISTS["first"]
    )
    assert isinstance(never.dearest(Decimal(1), at(12)), NoPrice)
