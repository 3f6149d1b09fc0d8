"""The states in which a panel can be seen."""

from dataclasses import replace
from decimal import Decimal
from random import Random

from assistant.domain.charges import Compared, Cost, Source
from assistant.domain.events import Progress, Stage, TurnEvent
from assistant.domain.exchange import Exchange, Rated
from assistant.domain.places import Route
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish
from assistant.domain.readings import Readings, begin, fold, sense, tick
from assistant.domain.running_costs import Limit, RunningCosts
from assistant.domain.turns import Latency, TurnRecord, Usage
from tests.tui.fake_machine import COOL, CPU_ROUTE, HAT_ROUTE, HOT
from tests.turn_maker import (
    CLOUD,
    LATENCY,
    LOCAL,
    NETWORK,
    asked,
    decided,
    delta,
    finished,
    progress,
    record,
)

Seen = tuple[TurnEvent | Progress, float]


def after(readings: Readings, *seen: Seen) -> Readings:
    """`readings` with all of `seen` folded in."""
    for event, at_ms in seen:
        readings = fold(readings, event, at_ms)
    return readings


def history(route: Route, n: int) -> list[TurnRecord]:
    """Requests of one route whose times differ, the same at every run."""
    random = Random(route.id)
    found = []
    for _ in range(n):
        first_ms, decode_ms = random.uniform(200, 900), random.uniform(2500, 6000)
        times = Latency(1, 0, 0, None, first_ms, decode_ms, first_ms + decode_ms + 9)
        usage = Usage(96, 64, random.randint(20, 300))
        found.append(record("old", route, usage=usage, latency_ms=times))
    return found


LOCAL_PAST = [*history(LOCAL, 41), record(finish=Finish.FAILED), record(finish=Finish.CANCELLED)]
PAST = [*LOCAL_PAST, *history(CLOUD, 12), *history(NETWORK, 7)]

SENT: tuple[Seen, ...] = ((asked(), 0.0), (decided(), 1.0), (progress(Stage.QUEUE), 2.0))
LOADING: tuple[Seen, ...] = (*SENT, (progress(Stage.LOAD), 2.0))
READING: tuple[Seen, ...] = (
    *LOADING,
    (progress(Stage.PREFILL, 120, 540, window=4096, cached=64), 3200.0),
)
WRITING: tuple[Seen, ...] = (*READING, *((delta(1 + 3 * i), 3800.0 + 150 * i) for i in range(20)))

LOCAL_ROUTES = replace(
    begin([*history(HAT_ROUTE, 23), *history(CPU_ROUTE, 12)]), here=(HAT_ROUTE, CPU_ROUTE)
)
ON_HAT: tuple[Seen, ...] = (
    (asked(), 0.0),
    (decided(route=HAT_ROUTE), 1.0),
    (Progress("t1", Stage.LOAD, HAT_ROUTE), 2.0),
)

EURO = Exchange("EUR", {"USD": Rated(Decimal("0.85"), "2025-06-30", "a bank")})


def _elsewhere(scale: int) -> tuple[Compared, ...]:
    prices = (
        ("ovhcloud", "gpt-oss-120b", "EUR", "0.00003"),
        ("mistral-eu", "mistral-medium-latest", "USD", "0.0012"),
        ("openai", "gpt-5-mini", "USD", "0.0006"),
    )
    found = [
        (route, model, currency, scale * Decimal(cost)) for route, model, currency, cost in prices
    ]
    return tuple(
        Compared(route, model, currency, cost, cost * Decimal("0.8"), cost * Decimal("1.2"))
        for route, model, currency, cost in found
    )


ENERGY = Decimal("0.0000042")
LOCAL_CHARGED = replace(
    record(),
    cost=Cost("EUR", ENERGY, ENERGY, ENERGY, joules=Decimal(52), joules_source=Source.ESTIMATED),
    compared=_elsewhere(1),
    day="2026-11-27",
)
CLOUD_CHARGED = replace(
    record("t2", CLOUD),
    cost=Cost("USD", Decimal("0.0041"), None, Decimal("0.0041"), estimated=False),
    compared=(
        *_elsewhere(3),
        Compared(
            "hat",
            "qwen",
            "EUR",
            Decimal("0.00001"),
            Decimal("0.000008"),
            Decimal("0.000012"),
            here=True,
        ),
    ),
    day="2026-11-27",
)
NO_COSTS = RunningCosts(
    EURO,
    "2026-11-27",
    chat=LOCAL_CHARGED.conversation,
    compared=tuple((one.route, one.model) for one in LOCAL_CHARGED.compared),
)
FIXED = replace(
    NO_COSTS,
    fixed_per_day=Money(Decimal("0.15"), "EUR"),
    days=27,
    limits=(Limit("month", Money(Decimal("5.00"), "EUR"), Money(Decimal("4.21"), "EUR")),),
    prices_days=77,
)


def charged(costs: RunningCosts, *records: TurnRecord) -> Readings:
    """The readings after turns that cost something."""
    readings = replace(begin(LOCAL_PAST), costs=costs)
    for one in records:
        opened = replace(asked(), message=replace(asked().message, turn=one.turn))
        readings = after(readings, (opened, 0.0), (finished(one), 5000.0))
    return readings


STATES = {
    "costs": charged(FIXED, *[LOCAL_CHARGED] * 3, CLOUD_CHARGED, LOCAL_CHARGED),
    "costs, the cloud last": charged(FIXED, LOCAL_CHARGED, CLOUD_CHARGED),
    "costs near a limit": charged(
        replace(FIXED, limits=(replace(FIXED.limits[0], left=Money(Decimal("0.42"), "EUR")),)),
        LOCAL_CHARGED,
    ),
    "costs unknown": charged(NO_COSTS, record()),
    "costs running": after(charged(FIXED, LOCAL_CHARGED), *WRITING),
    "sensors": sense(begin(LOCAL_PAST), COOL),
    "two routes": tick(after(sense(LOCAL_ROUTES, COOL), *ON_HAT), 7002),
    "one of two": replace(begin(history(HAT_ROUTE, 3)), here=(CPU_ROUTE,), sensed=COOL),
    "hot": after(sense(begin(LOCAL_PAST), HOT), *WRITING, (finished(record()), 7000)),
    "empty": begin([]),
    "past": begin(PAST),
    "loading": tick(after(begin(LOCAL_PAST), *LOADING), 3190),
    "reading": tick(after(begin(LOCAL_PAST), *READING), 3500),
    "writing": after(begin(LOCAL_PAST), *WRITING),
    "done": after(begin(PAST), *WRITING, (finished(record()), 7000)),
    "stopped": after(
        begin([]),
        *LOADING,
        (
            finished(
                record(finish=Finish.CANCELLED, usage=Usage(), latency_ms=Latency(2, 1, total=900))
            ),
            900,
        ),
    ),
    "failed": after(begin(LOCAL_PAST), *WRITING, (finished(record(finish=Finish.FAILED)), 7000)),
    "cloud": after(
        begin(PAST),
        (asked(), 0),
        (decided(route=CLOUD), 1),
        (finished(record(route=CLOUD, latency_ms=replace(LATENCY, connect=120.0))), 4000),
    ),
}
