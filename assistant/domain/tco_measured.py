"""The inputs of a comparison as this machine measured them: what was asked of it, and over how many days."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Context, Decimal
from typing import Final

from assistant.domain.errors import UsageError
from assistant.domain.ledger import Totals
from assistant.domain.tco_inputs import Inputs, energy_cost, plain

ASKED_DAYS: Final = 30
"""How many days of real traffic the guide asks for."""

_DAY_MS: Final = 86_400_000
_WIDE: Final = Context(prec=40)
_FEW: Final = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Measured:
    """Means over `turns` in `days`. Tokens are over the turns that have a count, `uncounted` have none.

    `joules_per_request` is energy above idle and `capacity_per_day` what this machine can do one after another, both over its own
    turns; None where nothing says it. `unmetered` of its turns have no reading.
    """

    days: int
    turns: int
    requests_per_day: Decimal
    input_tokens: Decimal
    output_tokens: Decimal
    uncounted: int = 0
    estimated: int = 0
    joules_per_request: Decimal | None = None
    unmetered: int = 0
    capacity_per_day: Decimal | None = None

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
            "requests_per_day": plain(self.requests_per_day),
            "input_tokens_per_request": plain(self.input_tokens),
            "output_tokens_per_request": plain(self.output_tokens),
            "without_count": self.uncounted,
            "estimated": self.estimated,
            "joules_per_request": None if joules is None else plain(joules),
            "without_reading": self.unmetered,
            "capacity_per_day": None if capacity is None else plain(capacity),
        }


def measured(everywhere: Totals, here: Totals, first: date, today: date) -> Measured:
    """What the turns from the day `first` to `today` say; `here` are those of this machine among `everywhere`.

    Raises: UsageError where there is nothing to say it from.
    """
    days = max(1, (today - first).days + 1)
    counted = everywhere.turns - everywhere.uncounted
    if counted <= 0:
        raise UsageError("no request with a count of tokens is on record", "ask something first")
    metered = here.turns - here.unmetered
    busy = Decimal(here.busy_ms)
    return Measured(
        days,
        everywhere.turns,
        _mean(Decimal(everywhere.turns), days),
        _mean(Decimal(everywhere.input), counted),
        _mean(Decimal(everywhere.output), counted),
        everywhere.uncounted,
        everywhere.estimated,
        _mean(here.energy_joules, metered) if metered > 0 else None,
        here.unmetered,
        _WIDE.divide_int(Decimal(_DAY_MS) * here.turns, busy) if busy > 0 else None,
    )


def fill(
    inputs: Inputs, found: Measured, per_kwh: Decimal | None
) -> tuple[Inputs, tuple[str, ...]]:
    """`inputs` with what was measured, and what is to be said of it; `per_kwh` is in their currency (None: unknown)."""
    notes = [found.words]
    if found.uncounted:
        notes.append(f"{found.uncounted:,} without a count of tokens left out")
    energy = inputs.energy_per_request
    if found.joules_per_request is None:
        notes.append("energy of a request: unknown, no meter; it stays as it was")
    elif per_kwh is None:
        notes.append(
            "energy of a request: no price of a kWh is known (tariff.per_kwh); it stays as it was"
        )
    else:
        energy = energy_cost(found.joules_per_request, per_kwh)
        joules = plain(found.joules_per_request)
        notes.append(f"{joules} J a request above idle, at {plain(per_kwh)} a kWh")
    capacity = found.capacity_per_day or inputs.capacity_per_node
    if found.capacity_per_day:
        notes.append(f"a node can do ~{found.capacity_per_day:,} a day")
    filled = replace(
        inputs,
        requests_per_day=found.requests_per_day,
        input_tokens=found.input_tokens,
        output_tokens=found.output_tokens,
        energy_per_request=energy,
        capacity_per_node=capacity,
        split_assumed=False,
    )
    return filled, tuple(notes)


def _mean(amount: Decimal, count: int) -> Decimal:
    return _WIDE.divide(amount, Decimal(count)).quantize(_FEW, context=_WIDE).normalize()
