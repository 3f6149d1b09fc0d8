"""The comparison over years: the guide's figures to the dollar, and the laws that any inputs keep."""

import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.tco import at_volume, capacity, over_volumes, reach_of, reckon
from assistant.domain.tco_break_even import CLOUD, EDGE, Stairs, break_even
from assistant.domain.tco_inputs import AS_PRINTED, GUIDE, WHY_AS_PRINTED, Inputs, checked
from assistant.domain.tco_sensitivity import sensitivity

D = Decimal


class TestTheGuide:
    """10,000 requests x 60 tokens x 365 days x 3 years; 0.0008 a token is 800 a million."""

    def test_with_the_tokens_counted_right(self) -> None:
        found = reckon(GUIDE)
        assert found.requests == 10_950_000  # 10,000 x 365 x 3
        assert found.tokens == 657_000_000  # x 60
        assert found.edge.capital == 12_000  # 10 x 1,200
        assert found.edge.operations == 105_000  # 0.5 x 70,000 x 3
        assert found.edge.power == 9_000  # 10 x 300 x 3
        assert found.edge.total == 126_000
        assert found.cloud.compute == 525_600  # 657,000,000 x 0.0008
        assert found.cloud.operations == 90_000  # 30,000 x 3
        assert found.cloud.total == 615_600
        assert found.edge_saves == 489_600
        assert found.cheaper == EDGE

    def test_as_printed(self) -> None:
        found = reckon(AS_PRINTED)
        assert found.tokens == 65_700_000
        assert found.edge.total == 126_000
        assert found.cloud.compute == 52_560
        assert found.cloud.total == 142_560
        assert found.edge_saves == 16_560
        assert "slip by ten" in WHY_AS_PRINTED
        assert "6 tokens" in WHY_AS_PRINTED

    def test_where_they_meet(self) -> None:
        """126,000 - 90,000 = 36,000 more without volume; a request a day costs 365 x 3 x 60 x 0.0008 = 52.56."""
        even = reckon(GUIDE).break_even
        assert (even.volume, even.above) == (685, EDGE)  # 36,000 / 52.56 = 684.93...
        assert even.words == "685 requests a day; above, the edge is cheaper"
        assert reckon(AS_PRINTED).break_even.volume == 6850

    def test_what_a_thousand_requests_cost(self) -> None:
        found = reckon(GUIDE)
        assert found.per_thousand(found.cloud.total) == D("56.219178082191780822")
        assert found.per_thousand(D(10_950)) == 1
        assert reckon(replace(GUIDE, requests_per_day=D(0))).per_thousand(D(1)) is None

    def test_which_inputs_move_it_most(self) -> None:
        """As printed, a fifth of upkeep is 21,000 and turns 16,560 over; a fifth of the tokens is 10,512 and does not."""
        levers = {lever.label: lever for lever in sensitivity(reckon(AS_PRINTED))}
        fte = levers["upkeep, FTE"]
        assert (fte.lower, fte.higher, fte.swing) == (D(37_560), D(-4_440), D(42_000))
        assert fte.turns
        tokens = levers["tokens a request"]
        assert (tokens.lower, tokens.higher) == (D(6_048), D(27_072))
        assert not tokens.turns
        assert next(iter(levers)) == "upkeep, FTE"
        assert "growth a year" not in levers
        first = sensitivity(reckon(GUIDE))[0]
        assert (first.label, first.swing) == ("requests a day", D(210_240))


def test_growth_by_hand() -> None:
    """1 + 1.2 + 1.44 = 3.64 years' worth of requests."""
    found = reckon(replace(GUIDE, growth=D("0.2")))
    assert found.requests == 10_000 * 365 * D("3.64")
    assert found.edge == reckon(GUIDE).edge


def test_resale_and_energy_by_hand() -> None:
    found = reckon(replace(GUIDE, resale=D(200), energy_per_request=D("0.001")))
    assert found.edge.capital == 10 * (1_200 - 200)
    assert found.edge.power == 9_000 + D("0.001") * 10_950_000


def test_nodes_are_bought_for_the_busiest_year() -> None:
    """10,000 x 1.2 x 1.2 = 14,400 a day in the third year, 500 of them a node."""
    grown = replace(GUIDE, growth=D("0.2"), capacity_per_node=D(500))
    found = reckon(grown)
    assert found.nodes == 29
    assert found.edge.capital == 29 * 1_200
    assert capacity(grown) == 3_472  # 10 x 500 / 1.44
    assert reckon(replace(grown, requests_per_day=D(3_472))).nodes == 10
    assert reckon(replace(grown, requests_per_day=D(3_473))).nodes == 11
    shrinking = replace(grown, growth=D("-0.2"))
    assert reckon(shrinking).nodes == 20


def test_there_may_be_no_break_even() -> None:
    cheap = replace(GUIDE, cloud_input=D(0), cloud_output=D(0))
    even = reckon(cheap).break_even
    assert (even.volume, even.above) == (None, CLOUD)
    assert even.words == "none: the cloud is cheaper at every volume"
    # A node more for each 5 requests costs 2,100, and they save 262.80.
    bounded = reckon(replace(GUIDE, fte=D(0), capacity_per_node=D(5))).break_even
    assert (bounded.volume, bounded.above, bounded.below) == (241, CLOUD, EDGE)
    slow = reckon(replace(GUIDE, capacity_per_node=D(5))).break_even
    assert slow.words == "none: the cloud is cheaper at every volume"
    always = replace(GUIDE, fte=D(0))
    assert reckon(always).break_even.words == "none: the edge is cheaper at every volume"


def test_the_break_even_may_lie_the_other_way_round() -> None:
    """A cheap edge whose requests take more energy than the cloud asks for them: 69,000 / (1,095 x 0.1)."""
    found = reckon(replace(GUIDE, fte=D(0), cloud_input=D(0), cloud_output=D(0), energy_per_request=D("0.1")))  # fmt: skip
    assert (found.break_even.volume, found.break_even.above) == (631, CLOUD)


def test_a_break_even_beyond_the_planned_machines_is_found_on_the_stairs() -> None:
    """60 a node: with 15 of them 36,000 + 5 x 2,100 = 46,500, / 52.56 = 884.7; the 16th is bought for request 901."""
    even = reckon(replace(GUIDE, capacity_per_node=D(60))).break_even
    assert (even.volume, even.above, even.again) == (885, EDGE, 901)
    assert even.words == "885 requests a day; above, the edge is cheaper, but not at every volume (not at 901)"  # fmt: skip
    assert reckon(replace(GUIDE, capacity_per_node=D("68.5"))).break_even.volume == 685
    lone = replace(GUIDE, nodes=D(1), capacity_per_node=D(50))
    found = reckon(lone)
    assert (found.cheaper, found.break_even.above) == (EDGE, EDGE)
    assert found.break_even.volume == 1_445


def test_where_nobody_looked_no_side_is_named() -> None:
    """A node does two and a half requests and costs just what these save: the cloud never comes ahead, but nobody proves it."""
    even = break_even(Stairs(Fraction(0), Fraction(1), Fraction(5, 2), 1, Fraction(5, 2)))
    assert (even.volume, even.above, even.below) == (None, None, EDGE)
    assert even.words == f"none up to {even.looked} a day, where the edge is cheaper; not looked for above that"  # fmt: skip
    assert even.looked == 250


def by_looking(stairs: Stairs, most: int) -> list[int]:
    """Every volume up to `most` at which another side is cheaper than at the one before."""
    sides = []
    for volume in range(most + 1):
        needed = 0 if stairs.each is None else math.ceil(volume / stairs.each)
        sides.append(stairs.side(volume, max(stairs.planned, needed)))
    return [n for n in range(1, most + 1) if sides[n] != sides[n - 1]]


@given(
    st.builds(
        Stairs,
        st.fractions(-200, 200, max_denominator=7),
        st.fractions(-5, 5, max_denominator=7),
        st.fractions(0, 30, max_denominator=7),
        st.integers(0, 4),
        st.none() | st.fractions(Fraction(1, 5), 12, max_denominator=5),
    )
)
def test_the_stairs_turn_where_looking_at_each_volume_finds_it(stairs: Stairs) -> None:
    found, turns = break_even(stairs), by_looking(stairs, 250)
    volumes = [n for n in (found.volume, found.again) if n is not None and n <= 250]
    assert volumes == turns[:2]
    if found.looked is not None:
        assert not [n for n in turns if n <= found.looked]


def test_a_picture_reaches_past_volume_and_break_even() -> None:
    assert reach_of(reckon(GUIDE)) == 15_000
    assert reach_of(reckon(replace(GUIDE, requests_per_day=D(10)))) == 856
    assert reach_of(reckon(replace(GUIDE, requests_per_day=D(0), fte=D(0)))) == 10


def test_the_table_steps_with_the_nodes() -> None:
    stepped = replace(GUIDE, nodes=D(1), capacity_per_node=D(1_000))
    rows = over_volumes(stepped, 4_000, 5)
    assert [int(row.requests_per_day) for row in rows] == [0, 1_000, 2_000, 3_000, 4_000]
    assert [int(row.nodes) for row in rows] == [1, 1, 2, 3, 4]
    assert [row.edge - rows[0].edge for row in rows] == [0, 0, 2_100, 4_200, 6_300]
    assert len(over_volumes(stepped, 2, 50)) == 3


def amounts(low: str, high: str, places: int = 2) -> st.SearchStrategy[D]:
    return st.decimals(D(low), D(high), places=places, allow_nan=False, allow_infinity=False)


some_inputs = st.builds(
    Inputs,
    requests_per_day=amounts("0", "100000"),
    input_tokens=amounts("1", "5000"),
    output_tokens=amounts("0", "5000"),
    nodes=st.integers(1, 50).map(D),
    node_price=amounts("500", "5000"),
    fte=amounts("0", "5"),
    salary=amounts("0", "100000"),
    power_per_node=amounts("0", "1000"),
    cloud_input=amounts("0", "1000", 4),
    cloud_output=amounts("0", "1000", 4),
    cloud_operations=amounts("0", "100000"),
    years=st.integers(1, 30).map(D),
    growth=amounts("-0.9", "2"),
    resale=amounts("0", "500"),
    energy_per_request=amounts("0", "0.5", 6),
    capacity_per_node=st.none() | amounts("1", "10000"),
    life_months=st.none() | st.integers(1, 120).map(D),
)


@given(some_inputs)
def test_totals_are_their_parts(inputs: Inputs) -> None:
    found = reckon(checked(inputs))
    shown = found.to_json()
    edge, cloud = shown["edge"], shown["cloud"]
    assert isinstance(edge, dict)
    assert isinstance(cloud, dict)

    def exact(text: object) -> Fraction:
        return Fraction(D(str(text)))

    assert exact(edge["total"]) == sum(exact(edge[n]) for n in ("capital", "operations", "power"))
    assert exact(cloud["total"]) == exact(cloud["compute"]) + exact(cloud["operations"])
    assert exact(shown["edge_saves"]) == exact(cloud["total"]) - exact(edge["total"])


@given(some_inputs)
def test_at_the_break_even_it_turns_within_one_request(inputs: Inputs) -> None:
    even = reckon(inputs).break_even
    if even.volume is None:
        for volume in (0, 1, even.looked or 10**9):
            row = at_volume(inputs, D(volume))
            assert (row.edge <= row.cloud) == (even.below == EDGE)
        return
    here, before = at_volume(inputs, D(even.volume)), at_volume(inputs, D(even.volume - 1))
    assert (here.edge <= here.cloud) == (even.above == EDGE)
    assert (before.edge <= before.cloud) == (even.above == CLOUD)
    if even.again is not None:
        back = at_volume(inputs, D(even.again))
        assert (back.edge <= back.cloud) == (even.above == CLOUD)


@given(some_inputs, st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_requests_never_cost_less(inputs: Inputs, one: int, other: int) -> None:
    fewer, more = at_volume(inputs, D(min(one, other))), at_volume(inputs, D(max(one, other)))
    assert fewer.edge <= more.edge
    assert fewer.cloud <= more.cloud
    assert fewer.nodes <= more.nodes


@given(some_inputs)
def test_without_growth_every_year_costs_the_same(inputs: Inputs) -> None:
    steady = replace(inputs, growth=D(0))
    whole, year = reckon(steady), reckon(replace(steady, years=D(1)))
    assert whole.requests == year.requests * inputs.years
    assert whole.cloud.compute == year.cloud.compute * inputs.years
    lives = 1 if inputs.life_months is None else inputs.years
    assert abs(whole.edge.capital - year.edge.capital * lives) <= D("1E-12")
    assert whole.edge.operations == year.edge.operations * inputs.years


@given(some_inputs)
def test_the_levers_come_in_order_and_say_when_the_answer_turns(inputs: Inputs) -> None:
    found = reckon(inputs)
    levers = sensitivity(found)
    swings = [lever.swing for lever in levers]
    assert swings == sorted(swings, reverse=True)
    assert all(swing >= 0 for swing in swings)
    for lever in levers:
        ends = [amount >= 0 for amount in (lever.lower, lever.higher)]
        assert lever.turns == (not all(end == (found.cheaper == EDGE) for end in ends))


@given(some_inputs)
def test_a_row_of_the_table_is_the_result_at_that_volume(inputs: Inputs) -> None:
    found, row = reckon(inputs), at_volume(inputs, inputs.requests_per_day)
    assert (row.edge, row.cloud, row.nodes) == (found.edge.total, found.cloud.total, found.nodes)


@pytest.mark.parametrize("years", [1, 2, 30])
def test_years_are_exact_however_many(years: int) -> None:
    found = reckon(replace(GUIDE, years=D(years), growth=D("0.1234567")))
    assert found.edge.operations == 35_000 * years
    assert str(found.requests)[-1] != "E"
