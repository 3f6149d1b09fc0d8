"""The inputs of the comparison: what is absurd is refused and named, what is stepped stays inside, presets fit."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.charges import Source
from assistant.domain.errors import UsageError
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.ledger import Entry, Totals, sum_of
from assistant.domain.price_list import NoPrice, Quote
from assistant.domain.pricing import Price, Rates, Tier, Tokens
from assistant.domain.tco import reckon
from assistant.domain.tco_break_even import CLOUD
from assistant.domain.tco_inputs import (
    BY_NAME,
    FIELDS,
    GUIDE,
    PRESETS,
    Field,
    checked,
    energy_cost,
    plain,
    power_per_year,
    split,
    with_said,
)
from assistant.domain.tco_measured import fill, measured
from assistant.domain.tco_prices import ListPrice, at_list_prices, converted, with_price
from assistant.domain.tco_words import list_break_even, list_source, money, shortened
from tests.memory_ledger import here

D = Decimal
DAY = date(2026, 11, 9)


def test_the_presets_fit() -> None:
    for preset in PRESETS.values():
        assert checked(preset) == preset


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("salary", "-1", "salary of a post a year: -1 is out of reach"),
        ("salary", "NaN", "NaN is no number"),
        ("salary", "sNaN", "sNaN is no number"),
        ("salary", "Infinity", "Infinity is no number"),
        ("salary", "many\x1b[2J", "is no number"),
        ("salary", "1e999999", "1E+999999 is out of reach"),
        ("salary", "1e-999", "that has too many decimals"),
        ("salary", "", "'' is no number"),
        ("salary", "-", "'-' is no number"),
        ("years", "0", "0 is out of reach"),
        ("years", "31", "31 is out of reach"),
        ("years", "2.5", "2.5 is not whole"),
        ("nodes", "1.5", "1.5 is not whole"),
        ("days_per_year", "367", "367 is out of reach"),
        ("growth", "-91", "is out of reach"),
        ("growth", "NaN%", "NaN is no number"),
        ("capacity_per_node", "0", "0 is out of reach"),
    ],
)
def test_what_cannot_be_is_refused(name: str, text: str, what: str) -> None:
    with pytest.raises(UsageError) as refused:
        BY_NAME[name].parsed(text)
    assert what in refused.value.message
    assert "\x1b" not in refused.value.message
    assert refused.value.message.startswith(BY_NAME[name].label)
    assert refused.value.hint.startswith(("a number from", "a whole number from"))


def test_a_percentage_is_typed_as_one() -> None:
    growth = BY_NAME["growth"]
    assert growth.parsed("20") == growth.parsed("20 %") == D("0.2")
    assert growth.shown(D("0.2")) == "20"
    assert BY_NAME["capacity_per_node"].parsed(" - ") is None


def test_what_does_not_fit_together_is_refused() -> None:
    for wrong, what in (
        (replace(GUIDE, resale=D(1201)), "1201 is more than its price, 1200"),
        (replace(GUIDE, input_tokens=D(0), output_tokens=D(0)), "0 are none"),
        (replace(GUIDE, currency="dollars"), "'dollars' is no currency"),
        (replace(GUIDE, fte=D(-1)), "-1 is out of reach"),
        (replace(GUIDE, nodes=D(0)), "nodes: 0 of them do no request"),
        (replace(GUIDE, fte=None), "it is not said"),  # type: ignore[arg-type]
    ):
        with pytest.raises(UsageError, match=what):
            checked(wrong)


@given(st.sampled_from(FIELDS), st.booleans(), st.integers(1, 40))
def test_steps_stay_inside_and_end(field: Field, up: bool, count: int) -> None:
    value = GUIDE.years if field.name == "years" else getattr(GUIDE, field.name)
    for _ in range(count):
        value = field.stepped(value, up)
        if value is not None:
            assert field.checked(value) == value


@pytest.mark.parametrize(
    ("value", "up", "down"),
    [("10000", "15000", "7000"), ("685", "700", "500"), ("1", "1.5", "0.7"), ("0", "0.01", "0")],
)
def test_a_step_goes_to_the_next_round_number(value: str, up: str, down: str) -> None:
    field = BY_NAME["requests_per_day"]
    assert field.stepped(D(value), True) == D(up)
    assert field.stepped(D(value), False) == D(down)


def test_tokens_are_split_without_a_rest() -> None:
    assert split(D(60), D("0.5")) == (D(30), D(30))
    inward, outward = split(D("61"), D("0.333"))
    assert inward + outward == 61
    with pytest.raises(UsageError, match="no share"):
        split(D(60), D("1.5"))
    with pytest.raises(UsageError, match="no share"):
        split(D(60), D("NaN"))


def test_power_and_energy_by_hand() -> None:
    assert power_per_year(D(10), D("0.25"), D(365)) == D("21.9")  # 87.6 kWh
    assert energy_cost(D(3_600_000), D("0.29")) == D("0.29")
    assert energy_cost(D(61), D("0.29")) == D("0.000004913888888889")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("489600", "489,600"),
        ("-16560.4", "-16,560"),
        ("11.506849", "11.51"),
        ("0.5", "0.50"),
        ("0.00481", "0.00481"),
        ("0", "0"),
        ("1E+6", "1,000,000"),
    ],
)
def test_amounts_to_read(amount: str, text: str) -> None:
    assert money(D(amount)) == text
    assert money(D(amount), estimated=True) == text + "~"


def test_an_unknown_amount_is_a_dash() -> None:
    assert money(None) == "—"
    assert plain(D("1E+3")) == "1000"
    assert plain(D("0.500")) == "0.5"


def test_counts_in_short() -> None:
    assert [shortened(n) for n in (685, 110_697, 1_956_948)] == ["685", "110.7 k", "2.0 M"]


def priced(currency: str, inward: str, outward: str, multiplier: str = "1") -> ListPrice:
    tier = Tier(1000, Rates(D(inward) * 2, D(outward) * 2))
    price = Price(currency, Rates(D(inward), D(outward)), (tier,))
    return ListPrice("some", "model", Quote("model", price, D(multiplier), DAY, "a list"))


class TestListPrices:
    """657,000,000 tokens, half of them input: 328.5 million each way."""

    euros = Exchange("EUR", {"USD": Rated(D("0.8"))})

    def test_by_hand(self) -> None:
        found = at_list_prices(GUIDE, [priced("USD", "0.25", "2", "1.1")], self.euros)[0]
        assert found.result is not None
        assert found.result.cloud.compute == D("328.5") * D("0.275") + D("328.5") * D("2.2")
        assert found.result.cloud.total == 90_000 + D("813.0375")
        assert found.result.cheaper == CLOUD
        assert found.rate is None
        assert found.to_json()["cheaper"] == "cloud"
        assert found.to_json()["same_model"] is False
        assert list_source([found]) == "list prices of 2026-11-09"

    def test_another_currency_is_converted_and_the_rate_is_told(self) -> None:
        found = at_list_prices(GUIDE, [priced("EUR", "8", "8")], self.euros)[0]
        assert found.result is not None
        assert found.result.inputs.cloud_input == 10
        assert found.to_json()["exchange_rate"] == "1.25"

    def test_the_tier_is_that_of_the_length(self) -> None:
        long = replace(GUIDE, input_tokens=D("1000.5"))
        found = at_list_prices(long, [priced("USD", "1", "1")], self.euros)[0]
        assert found.result is not None
        assert found.result.inputs.cloud_input == 2

    def test_what_is_unknown_stays_so_and_says_why(self) -> None:
        unknown = ListPrice("some", "model", NoPrice("nobody knows"))
        foreign = priced("CHF", "1", "1")
        first, second = at_list_prices(GUIDE, [unknown, foreign], self.euros)
        assert first.result is None
        assert first.to_json()["total"] is None
        assert first.why == "nobody knows"
        assert second.why == "no rate between CHF and USD is known (costs.exchange)"
        assert list_break_even(first) == "—"
        assert list_source([first]) == ""
        with pytest.raises(UsageError, match="some:model: nobody knows"):
            with_price(GUIDE, unknown, self.euros)

    def test_where_the_edge_wins_in_words(self) -> None:
        def words(price: ListPrice, **more: D) -> str:
            return list_break_even(at_list_prices(replace(GUIDE, **more), [price], self.euros)[0])  # type: ignore[arg-type]

        assert words(priced("USD", "800", "800")) == "from 685~"
        assert words(priced("USD", "0", "0")) == "never"
        assert words(priced("USD", "800", "800"), fte=D(0)) == "always"
        assert words(priced("USD", "800", "800"), fte=D(0), capacity_per_node=D(9)) == "below 496~"
        assert words(priced("USD", "800", "800"), capacity_per_node=D(9)) == "never"
        burning = {"fte": D(0), "energy_per_request": D("0.1")}
        assert words(priced("USD", "0", "0"), **burning) == "below 631~"

    def test_rates_go_both_ways(self) -> None:
        assert converted(D(5), self.euros, "USD", "EUR") == 4
        assert converted(D(4), self.euros, "EUR", "USD") == 5
        assert converted(D(4), self.euros, "CHF", "CHF") == 4
        assert converted(D(4), self.euros, "CHF", "EUR") is None
        awkward = Exchange("EUR", {"USD": Rated(D("0.92"))})
        assert converted(D("4.6"), awkward, "EUR", "USD") == 5


class TestMeasured:
    """Means over what was counted, and what is short of it said."""

    everywhere = Totals(
        turns=43, timed=40, uncounted=5, input=38_000, output=9_500, estimated=1, busy_ms=800_000
    )
    here = Totals(turns=33, timed=30, unmetered=13, energy_joules=D(1_220), busy_ms=600_000)

    def test_by_hand(self) -> None:
        found = measured(self.everywhere, self.here, date(2026, 11, 1), date(2026, 11, 20))
        assert found.days == 20
        assert found.requests_per_day == 2
        assert (found.input_tokens, found.output_tokens) == (D(1_000), D(250))
        assert found.joules_per_request == 61
        assert found.capacity_per_day == 4_320  # one takes 20 s
        assert found.words == "measured over 20 days (few: the guide asks for 30), 40 requests"
        assert found.to_json()["enough_days"] is False

    def test_it_fills_the_inputs_and_says_what_is_missing(self) -> None:
        found = measured(self.everywhere, self.here, date(2026, 11, 1), date(2026, 11, 30))
        inputs, notes = fill(GUIDE, found, D("0.29"))
        assert inputs.requests_per_day == D("1.333")
        assert inputs.tokens_per_request == 1_250
        assert inputs.energy_per_request == energy_cost(D(61), D("0.29"))
        assert inputs.capacity_per_node == 4_320
        assert not inputs.split_assumed
        assert inputs.nodes == GUIDE.nodes
        assert notes[0] == "measured over 30 days, 40 requests"
        assert "5 without a count of tokens left out" in notes
        assert "3 that never left or were cut off are no requests here" in notes
        assert "in 1 of them tokens or energy are estimated" in notes
        assert "61~ J a request above idle (20 of 33 had a reading), at 0.29 a kWh" in notes
        unpriced, notes = fill(GUIDE, found, None)
        assert unpriced.energy_per_request == GUIDE.energy_per_request
        assert any("tariff.per_kwh" in note for note in notes)

    def test_an_unknown_energy_stays_unknown(self) -> None:
        unmetered = Totals(turns=30, unmetered=30)
        found = measured(self.everywhere, unmetered, DAY, DAY)
        assert found.joules_per_request is None
        assert found.capacity_per_day is None
        assert found.words.startswith("measured over 1 day ")
        assert found.to_json()["joules_per_request"] is None
        inputs, notes = fill(GUIDE, found, D("0.29"))
        assert inputs.energy_per_request == 0
        assert any("unknown, no meter" in note for note in notes)

    @pytest.mark.parametrize("priced_first", [False, True])
    def test_cached_input_has_its_own_price_there(self, priced_first: bool) -> None:
        """300 turns in 30 days, 90 % of the input cached at a tenth of the price: as those turns cost in truth."""
        cloud = Totals(turns=300, timed=300, input=3_000_000, cached=2_700_000, output=30_000)
        found = measured(cloud, Totals(), date(2026, 10, 30), date(2026, 11, 28), (), cloud)
        rates = Rates(D("1.25"), D(10), D("0.125"))
        quote = Quote("m", Price("USD", rates), D("1.1"), DAY, "s")
        price, usd = ListPrice("r", "m", quote), Exchange("USD")
        if priced_first:
            inputs, notes = fill(with_price(GUIDE, price, usd), found, None)
        else:
            inputs, notes = fill(GUIDE, found, None)
            inputs = with_price(inputs, price, usd)
        real = quote.cost(Tokens(3_000_000, 30_000, 2_700_000))
        assert real is not None
        assert reckon(inputs).cloud.compute == real.amount * D("36.5")
        assert any(note.startswith("90 % of the input came from a provider's") for note in notes)
        said = with_said(inputs, {"cloud_input": D(1), "cloud_output": D(1)})
        assert reckon(said).cloud.compute == D("110.595")
        assert with_said(inputs, {"input_tokens": D(1)}).cached_tokens == 0

    def test_input_that_this_machine_kept_is_plain_there_and_said(self) -> None:
        turns = Totals(turns=4, timed=4, input=1_000, cached=8, output=4)
        inputs, notes = fill(GUIDE, measured(turns, turns, DAY, DAY), None)
        assert inputs.cached_tokens == 0
        assert any(note.startswith("under 1 % of the input was kept here") for note in notes)

    def test_a_clock_that_was_set_back_makes_one_day(self) -> None:
        assert measured(self.everywhere, self.here, DAY, date(2026, 11, 1)).days == 1

    def test_nothing_counted_is_said(self) -> None:
        with pytest.raises(UsageError, match="no request with a count"):
            measured(Totals(turns=2, uncounted=2), Totals(), DAY, DAY)

    def test_how_the_energy_came_about_is_told(self) -> None:
        def told(*sources: Source | None) -> str:
            found = measured(self.everywhere, self.here, DAY, DAY, sources)
            return next(note for note in fill(GUIDE, found, D("0.29"))[1] if "above idle" in note)

        assert told(Source.MEASURED, None).startswith("61 J a request above idle (20 of 33 had")
        assert "a reading; by watts that you set)" in told(Source.SET)
        assert "a reading; estimated; by watts that you set)" in told(Source.SET, Source.ESTIMATED)
        found = measured(self.everywhere, self.here, DAY, DAY, [Source.SET, None])
        assert found.to_json()["readings_are"] == ["set"]

    def test_what_never_left_and_what_has_no_end_is_in_no_mean(self) -> None:
        """Five replies of 10 in and 2.8 out in 20 s each; one refused send; one turn that died with 86 out."""
        five = [_turn(n, 10, tokens) for n, tokens in enumerate((2, 3, 3, 3, 3))]
        whole = sum_of([*five, _turn(8, 0, 0), _turn(9, None, 86, None)])
        found = measured(whole, whole, DAY, DAY)
        assert (found.turns, found.untimed) == (5, 2)
        assert (found.input_tokens, found.output_tokens) == (D(10), D("2.8"))
        assert found.capacity_per_day == 4_320


def _turn(number: int, into: int | None, out: int | None, ms: float | None = 20_000) -> Entry:
    return replace(here(number), input=into, output=out, total_ms=ms)
