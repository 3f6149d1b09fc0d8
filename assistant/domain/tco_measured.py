"""The inputs of a comparison as this machine measured them: what was asked of it, and over how many days."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Context, Decimal
from typing import Final

from assistant.domain.charges import Source
from assistant.domain.errors import UsageError
from assistant.domain.ledger import NOTHING, Totals
from assistant.domain.tco_inputs import Inputs, energy_cost, plain

ASKED_DAYS: Final = 30
"""How many days of real traffic the guide asks for."""

_DAY_MS: Final = 86_400_000
_WIDE: Final = Context(prec=40)
_FEW: Final = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Measured:
    """Means over `turns` in `days`; `untimed` more are no requests: nothing left, or the program died. Tokens are over the turns
    that have a count, `uncounted` have none. In `estimated` turns tokens or energy are an estimate.

    `joules_per_request` is energy above idle and `capacity_per_day` what this machine can do one after another, both over its own
    turns; None where nothing says it. `cached_tokens` of the input came from a provider's cache, `kept_tokens` from one of this
    machine or network, which no provider would have had. `metered` of its `here` turns have a reading, and `sources` say how these came about.
    """

    days: int
    turns: int
    requests_per_day: Decimal
    input_tokens: Decimal
    output_tokens: Decimal
    uncounted: int = 0
    estimated: int = 0
    joules_per_request: Decimal | None = None
    here: int = 0
    metered: int = 0
    sources: tuple[Source, ...] = ()
    capacity_per_day: Decimal | None = None
    untimed: int = 0
    cached_tokens: Decimal = Decimal(0)
    kept_tokens: Decimal = Decimal(0)

    @property
    def words(self) -> str:
        """Over how much it is, and what is short of the guide."""
        days = "1 day" if self.days == 1 else f"{self.days:,} days"
        turns = "1 request" if self.turns == 1 else f"{self.turns:,} requests"
        few = "" if self.days >= ASKED_DAYS else f" (few: the guide asks for {ASKED_DAYS})"
        return f"measured over {days}{few}, {turns}"

    def to_json(self) -> dict[str, object]:
        """The object `telemetry`."""
        joules, capacity = self.joules_per_request, self.capacity_per_day
        return {
            "days": self.days,
            "enough_days": self.days >= ASKED_DAYS,
            "requests": self.turns,
            "no_requests": self.untimed,
            "requests_per_day": plain(self.requests_per_day),
            "input_tokens_per_request": plain(self.input_tokens),
            "output_tokens_per_request": plain(self.output_tokens),
            "cached_tokens_per_request": plain(self.cached_tokens),
            "kept_tokens_per_request": plain(self.kept_tokens),
            "without_count": self.uncounted,
            "estimated": self.estimated,
            "joules_per_request": None if joules is None else plain(joules),
            "with_reading": self.metered,
            "without_reading": self.here - self.metered,
            "readings_are": [source.value for source in self.sources],
            "capacity_per_day": None if capacity is None else plain(capacity),
        }


def measured(
    everywhere: Totals,
    here: Totals,
    first: date,
    today: date,
    sources: Iterable[Source | None] = (),
    cloud: Totals = NOTHING,
) -> Measured:
    """What the turns from the day `first` to `today` say; `here` are those of this machine among `everywhere`, `cloud` the cloud's.

    `sources` are those of the energy of its turns; None for one without.
    Raises: UsageError where there is nothing to say it from.
    """
    days = max(1, (today - first).days + 1)
    counted = everywhere.turns - everywhere.uncounted
    if counted <= 0:
        raise UsageError("no request with a count of tokens is on record", "ask something first")
    metered = here.turns - here.unmetered
    busy, seen = Decimal(here.busy_ms), set(sources)
    return Measured(
        days,
        everywhere.timed,
        _mean(Decimal(everywhere.timed), days),
        _mean(Decimal(everywhere.input), counted),
        _mean(Decimal(everywhere.output), counted),
        everywhere.uncounted,
        everywhere.estimated,
        _mean(here.energy_joules, metered) if metered > 0 else None,
        here.turns,
        metered,
        tuple(source for source in Source if source in seen),
        _WIDE.divide_int(Decimal(_DAY_MS) * here.timed, busy) if busy > 0 else None,
        everywhere.turns - everywhere.timed,
        _mean(Decimal(cloud.cached), counted),
        _mean(Decimal(everywhere.cached - cloud.cached), counted),
    )


def fill(
    inputs: Inputs, found: Measured, per_kwh: Decimal | None
) -> tuple[Inputs, tuple[str, ...]]:
    """`inputs` with what was measured, and what is to be said of it; `per_kwh` is in their currency (None: unknown)."""
    notes = [found.words]
    if found.uncounted:
        notes.append(f"{found.uncounted:,} without a count of tokens left out")
    if found.untimed:
        notes.append(f"{found.untimed:,} that never left or were cut off are no requests here")
    if found.estimated:
        notes.append(f"in {found.estimated:,} of them tokens or energy are estimated")
    notes += _cached(found)
    energy = inputs.energy_per_request
    if found.joules_per_request is None:
        notes.append("energy of a request: unknown, no meter; it stays as it was")
    elif per_kwh is None:
        notes.append(
            "energy of a request: no price of a kWh is known (tariff.per_kwh); it stays as it was"
        )
    else:
        energy = energy_cost(found.joules_per_request, per_kwh)
        notes.append(f"{_joules(found)}, at {plain(per_kwh)} a kWh")
    capacity = found.capacity_per_day or inputs.capacity_per_node
    if found.capacity_per_day:
        notes.append(f"a node can do ~{found.capacity_per_day:,} a day")
    filled = replace(
        inputs,
        requests_per_day=found.requests_per_day,
        input_tokens=found.input_tokens,
        output_tokens=found.output_tokens,
        cached_tokens=found.cached_tokens,
        energy_per_request=energy,
        capacity_per_node=capacity,
        split_assumed=False,
    )
    return filled, tuple(notes)


def _cached(found: Measured) -> Iterator[str]:
    """How much of the input was read before, and at which price that counts."""
    if found.cached_tokens:
        share = _percent(found.cached_tokens, found.input_tokens)
        yield f"{share} of the input came from a provider's cache: at a list's price for that, where it has one"
    if found.kept_tokens:
        share = _percent(found.kept_tokens, found.input_tokens)
        yield f"{share} of the input was kept here: the cloud may not have had it in a cache, so it is priced as plain input"


def _percent(part: Decimal, whole: Decimal) -> str:
    share = part * 100 / whole
    return f"{share:.0f} %" if share >= 1 else "under 1 %"


def _joules(found: Measured) -> str:
    """How much, of how many requests that is known, and how."""
    assert found.joules_per_request is not None
    how = {Source.SET: "by watts that you set", Source.ESTIMATED: "estimated"}
    known = [how[source] for source in found.sources if source in how]
    exact = found.sources == (Source.MEASURED,)
    joules = plain(found.joules_per_request) + ("" if exact else "~")
    readings = f"{found.metered:,} of {found.here:,} had a reading"
    return f"{joules} J a request above idle ({'; '.join((readings, *known))})"


def _mean(amount: Decimal, count: int) -> Decimal:
    return _WIDE.divide(amount, Decimal(count)).quantize(_FEW, context=_WIDE).normalize()
