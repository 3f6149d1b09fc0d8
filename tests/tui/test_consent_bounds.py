"""The bounds of a yes: for how long, how many requests, how much money."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.domain.consent import DAY_MS, State
from assistant.domain.departure import PriceBound
from assistant.domain.sensitivity import Label
from tests.facts_maker import TODAY
from tests.tui.cloud_chat import ask_cloud, cloud_chat, over, sheet, typed
from tests.tui.driving import (
    opened,
    screen_text,
    settled_surroundings,
    until,
)
from tests.tui.fake_services import NOON_MS

PRICE = PriceBound(Decimal("0.0041"), "EUR", "2026-11-01")
WARD = "And for the monitors in room 12?"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


@pytest.mark.parametrize(
    ("key", "ms", "requests", "message"),
    [("o", 600_000, 1, True), ("m", 900_000, 100, False), ("c", DAY_MS, 100, False)],
)
async def test_each_key_grants_for_so_long(
    tmp_path: Path, key: str, ms: int, requests: int, message: bool
) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await sheet(app, pilot)
        await pilot.press(key)
        await over(app, pilot)
    [(grant, standing)] = on.grants
    limits = grant.limits
    assert limits.not_after_ms - limits.not_before_ms == ms
    assert limits.max_requests == requests
    assert (grant.reach.message != "") is message
    assert grant.reach.ceiling is Label.NORMAL
    said = [e.how for _, events in on.consents.all() for e in events if hasattr(e, "how")]
    assert said == [f"key {key}, consent sheet"] * 2
    assert standing.state is State.GIVEN


async def test_a_day_is_named_before_it_is_granted(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await sheet(app, pilot)
        await pilot.press("d")
        await typed(app, pilot, "soon")
        assert "a day is written as 2026-12-07" in screen_text(app)
        await typed(app, pilot, "2027-01-07")
        assert "30 days at most" in screen_text(app)
        await typed(app, pilot, "2026-11-22")
        assert "that day is over" in screen_text(app)
        await typed(app, pilot, str(TODAY + timedelta(days=30)))
        await sheet(app, pilot)
        assert "d until 2026-12-23" in screen_text(app)
        await pilot.press("e")
        await typed(app, pilot, "2026-12-07")
        await sheet(app, pilot)
        assert on.states == []
        await pilot.press("d")
        await over(app, pilot)
    [(grant, _)] = on.grants
    # The end of that day in UTC.
    assert grant.limits.not_after_ms == NOON_MS + 14 * DAY_MS + DAY_MS // 2


async def test_a_budget_bounds_requests_and_money(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    on.town.price = PRICE
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await sheet(app, pilot)
        assert "at most 0.0041 EUR" in screen_text(app)
        await pilot.press("b")
        for wrong, said in (
            ("many", "a number from 1"),
            ("5, a lot", "an amount in EUR"),
            ("5, 0.001", "this message alone may cost 0.0041 EUR"),
        ):
            await typed(app, pilot, wrong)
            await until(pilot, lambda said=said: said in screen_text(app))  # type: ignore[misc]
        await typed(app, pilot, "5, 0.50")
        await sheet(app, pilot)
        assert "budget: 5 requests, at most 0.50 EUR" in screen_text(app)
        await pilot.press("c")
        await over(app, pilot)
        await until(pilot, lambda: "4 requests, 0.4959 EUR left" in screen_text(app))
    [(grant, _)] = on.grants
    assert grant.limits.max_requests == 5
    assert (grant.limits.max_cost, grant.limits.currency) == (Decimal("0.50"), "EUR")


async def test_what_nobody_knows_the_price_of_has_no_budget_in_money(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await sheet(app, pilot)
        assert "the price is not known" in screen_text(app)
        await pilot.press("b")
        await typed(app, pilot, "5, 1.00")
        await until(pilot, lambda: "no budget in money can hold" in screen_text(app))
        await pilot.press("escape")
        await sheet(app, pilot)
        await pilot.press("escape")
        await over(app, pilot)
