"""Turns with figures for the ledger: what a test chooses, and whatever Hypothesis makes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from assistant.domain.charges import Compared, Cost, Source, rounded
from assistant.domain.events import Event, Finished
from assistant.domain.ledger import Chosen, Entry, WhatIf
from assistant.domain.places import Place, Route
from assistant.domain.pricing import Money
from assistant.domain.prompt import Finish
from assistant.domain.turns import Latency, TurnRecord, Usage
from tests.fakes import asked, decided, finished

HERE = Route("cpu", Place.THIS_MACHINE, "llama", "small")
NETWORK = Route("den", Place.THIS_NETWORK, "remote", "medium")
CLOUD = Route("near", Place.CLOUD, "cloud", "large")
ROUTES = (HERE, Route("hat", Place.THIS_MACHINE, "hailo", "small"), NETWORK, CLOUD)
DAYS = tuple(date(2026, 10, 30).fromordinal(date(2026, 10, 30).toordinal() + n) for n in range(4))
"""The last two days of a month and the first two of the next."""


@dataclass(frozen=True, slots=True)
class Made:
    """One turn to be put on record: its record, and the question and the place that it was asked at."""

    record: TurnRecord
    text: str
    parent: str | None = None

    @property
    def events(self) -> Iterator[Event]:
        """From the question to the end."""
        turn, conversation = self.record.turn, self.record.conversation
        yield asked(turn, self.text, conversation=conversation, parent=self.parent)
        yield decided(turn, route=self.record.route)
        yield self.end

    @property
    def end(self) -> Finished:
        """The last of them."""
        return Finished(self.record, 1_764_000_000_000)


def euros(amount: str, **more: object) -> Cost:
    """A cost of one turn, known exactly."""
    value = Decimal(amount)
    cost = Cost("EUR", value, None, value, estimated=False)
    return replace(cost, **more)  # type: ignore[arg-type]


def turn(
    name: str,
    route: Route = HERE,
    cost: Cost | None = None,
    day: str = "2026-11-23",
    conversation: str = "c1",
    **changes: object,
) -> TurnRecord:
    """A record with chosen figures; Usage(12, 8, 2) and the latencies of fakes.finished."""
    event = finished("", name, conversation=conversation, route=route)
    assert isinstance(event, Finished)
    made = replace(event.record, cost=cost or Cost(), day=day)
    return replace(made, **changes)  # type: ignore[arg-type]


amounts = st.decimals(0, 10**6, allow_nan=False, allow_infinity=False, places=18) | st.sampled_from(
    [
        Decimal(0),
        Decimal("0.1"),
        Decimal("1E-18"),
        Decimal("0.000000999999999999"),
        Decimal("0.0000012"),
    ]
)
currencies = st.sampled_from(["EUR", "USD", "CHF"])
counts = st.none() | st.integers(0, 10**6)
times = st.none() | st.floats(0, 10**7) | st.sampled_from([0.5, 1.5, 2.5, 1234.5])


@st.composite
def costs(draw: st.DrawFn) -> Cost:
    """Any cost: known, unknown, or with a part of it unknown."""
    amount, joules = draw(st.none() | amounts), draw(st.none() | amounts)
    currency = draw(st.none() | currencies)
    source = None if joules is None else draw(st.sampled_from(Source))
    estimated = draw(st.booleans())
    return Cost(currency, amount, None, amount, estimated, joules=joules, joules_source=source)


@st.composite
def compared(draw: st.DrawFn) -> Compared:
    """Any comparison."""
    route = draw(st.sampled_from(["near", "far"]))
    cost = draw(st.none() | amounts)
    low, high = (
        (None, None)
        if cost is None
        else (rounded(cost * Decimal("0.8")), rounded(cost * Decimal("1.2")))
    )
    return Compared(
        route, "large", draw(st.none() | currencies), cost, low, high, here=draw(st.booleans())
    )


usages = st.builds(
    Usage, counts, counts, counts, st.booleans(), cache_write_tokens=counts, reasoning_tokens=counts
)
latencies = st.builds(Latency, first_token=times, decode=times, total=times)


@st.composite
def turns(draw: st.DrawFn, most: int = 8) -> list[Made]:
    """Some turns of two conversations, in the order in which they are asked."""
    made = []
    for number in range(draw(st.integers(0, most))):
        finish = draw(st.sampled_from(Finish))
        record = turn(
            f"t{number}",
            draw(st.sampled_from(ROUTES)),
            draw(costs()),
            draw(st.sampled_from(DAYS)).isoformat(),
            draw(st.sampled_from(["c1", "c2"])),
            finish=finish,
            usage=draw(usages),
            latency_ms=draw(latencies),
            compared=tuple(draw(st.lists(compared(), max_size=3))),
            attempts=draw(st.integers(0, 3)),
        )
        made.append(Made(record, draw(st.sampled_from(["a", "b"]))))
    return made


choices = st.builds(
    Chosen,
    st.none() | st.sampled_from(DAYS),
    st.none() | st.sampled_from(DAYS),
    st.sampled_from(["", "cpu", "hat", "near", "nowhere"]),
    st.sampled_from(["", "small", "large"]),
    st.sampled_from(["", "c1", "c2", "c9"]),
    st.none() | st.sampled_from(Place),
)


def is_chosen(entry: Entry, chosen: Chosen) -> bool:
    """Whether a turn counts, by the words of Chosen."""
    return (
        (chosen.since is None or entry.day >= chosen.since)
        and (chosen.until is None or entry.day <= chosen.until)
        and chosen.route in ("", entry.route)
        and chosen.model in ("", entry.model)
        and chosen.conversation in ("", entry.conversation)
        and chosen.place in (None, entry.place)
    )


def what_ifs(records: Iterable[TurnRecord]) -> tuple[WhatIf, ...]:
    """What the turns were compared with, added up one by one."""
    found: dict[tuple[str, str, bool], WhatIf] = {}
    for one in (one for record in records for one in record.compared):
        key = (one.route, one.model, one.here)
        empty = WhatIf(*key)
        if one.cost is None or one.low is None or one.high is None or not one.currency:
            line = replace(empty, unknown=1)
        else:
            parts = [(Money(part, one.currency),) for part in (one.cost, one.low, one.high)]
            line = replace(empty, cost=parts[0], low=parts[1], high=parts[2], turns=1)
        found[key] = found.get(key, empty).plus(line)
    return tuple(found[key] for key in sorted(found))
