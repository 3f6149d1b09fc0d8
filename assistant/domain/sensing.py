"""What the machine's sensors say and what it means for the speed of a reply; a sensor that is not there is None."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TypedDict

from assistant.domain.charges import Source
from assistant.domain.counters import Counters, EnergyCounter, joules_between

HOT_C = 80.0
"""From here on a Raspberry Pi lowers its clock step by step, at 85 °C strongly (Raspberry Pi's documentation)."""

WEAK_SUPPLY_V = 4.8
"""An input below this is near the point where a Pi 5 reports undervoltage."""

FULL_SUPPLY_A = 5.0
"""What Raspberry Pi's 27 W supply promises."""

LITTLE_MEMORY = 0.1
"""Below this share of the memory available the system begins to drop a model's file from memory, or to swap."""

BOARD_SLOPE, BOARD_REST_W = 1.1451, 0.5879
"""Wall watts of a Pi 5 over the sum of its rails: a straight line fitted to a wall meter (jfikar/RPi5-power)."""

BITS = ("undervoltage", "clock capped", "throttled", "soft temperature limit")
"""Bits 0 to 3 of `get_throttled`; bits 16 to 19 say the same of the time since boot (Raspberry Pi's documentation)."""

_SINCE_BOOT = 16
_RAIL = re.compile(
    r"^\s*(?P<rail>\w+)_(?P<what>[AV])\s+(?:current|volt)\(\d+\)=(?P<value>\d+(?:\.\d+)?)[AV]\s*$"
)


class ReadingJson(TypedDict):
    """One figure of `doctor --json`'s `sensors` field."""

    value: float
    unit: str
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure; `note` says what it covers where its name does not."""

    value: float
    unit: str
    source: Source = Source.MEASURED
    note: str = ""

    def to_json(self) -> ReadingJson:
        """The figure as an object; rounded to the thousandth, which is finer than any of these sensors."""
        return {
            "value": round(self.value, 3),
            "unit": self.unit,
            "source": self.source.value,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Throttling:
    """What the firmware holds back or held back, in the words of BITS."""

    now: tuple[str, ...]
    since_boot: tuple[str, ...]


class SensorsJson(TypedDict):
    """The object of `doctor --json`'s `sensors` field; a missing sensor is null."""

    readings: dict[str, ReadingJson | None]
    throttling: dict[str, list[str]] | None
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Figures:
    """Every figure by name. Powers are watts: of the board by estimate, of the processor package by its own counter."""

    soc_temperature: Reading | None = None
    hat_temperature: Reading | None = None
    board_power: Reading | None = None
    package_power: Reading | None = None
    supply_voltage: Reading | None = None
    supply_current: Reading | None = None
    memory_available: Reading | None = None
    memory_total: Reading | None = None
    cma_total: Reading | None = None
    cma_free: Reading | None = None

    def items(self) -> tuple[tuple[str, Reading | None], ...]:
        """Name and figure, in order."""
        return tuple((field.name, getattr(self, field.name)) for field in fields(self))


@dataclass(frozen=True, slots=True)
class Sensed:
    """One look at all sensors; `on_pi`: the board is a Raspberry Pi, whose limits are known."""

    figures: Figures = Figures()
    throttling: Throttling | None = None
    on_pi: bool = False

    @property
    def slowed(self) -> str | None:
        """What makes replies slower than this machine can, in few words, to stand beside the tokens per second."""
        causes = list(self.throttling.now) if self.throttling else []
        heat = self.figures.soc_temperature
        if self.on_pi and heat and heat.value >= HOT_C:
            causes.append(f"hot, {heat.value:.0f} °C")
        return ", ".join(causes) or None

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for each thing that is not as it should be."""
        return (*self._heat_and_throttling(), *self._supply(), *self._memory())

    def to_json(self) -> SensorsJson:
        """The object of `doctor --json`'s `sensors` field."""
        held = self.throttling
        return {
            "readings": {name: r.to_json() if r else None for name, r in self.figures.items()},
            "throttling": {"now": list(held.now), "since_boot": list(held.since_boot)}
            if held
            else None,
            "warnings": list(self.warnings),
        }

    def _heat_and_throttling(self) -> Iterator[str]:
        heat = self.figures.soc_temperature
        if self.on_pi and heat and heat.value >= HOT_C:
            yield f"the processor is at {heat.value:.0f} °C and slows down from {HOT_C:.0f} °C on: it needs more cooling"
        if self.throttling and self.throttling.now:
            yield f"the firmware holds the Pi back now: {', '.join(self.throttling.now)}"
        elif self.throttling and self.throttling.since_boot:
            yield f"the firmware held the Pi back since boot: {', '.join(self.throttling.since_boot)}"

    def _supply(self) -> Iterator[str]:
        volts, amperes = self.figures.supply_voltage, self.figures.supply_current
        if volts and volts.value < WEAK_SUPPLY_V:
            yield f"the 5 V input is at {volts.value:.2f} V: the supply or its cable is too weak"
        if amperes and amperes.value < FULL_SUPPLY_A:
            yield (
                f"the supply promises {amperes.value:.1f} A, and a Pi 5 with a HAT wants {FULL_SUPPLY_A:.0f} A "
                "(3 A is also said of a Pi that is fed through its pins)"
            )

    def _memory(self) -> Iterator[str]:
        free, total = self.figures.memory_available, self.figures.memory_total
        if free and total and free.value < LITTLE_MEMORY * total.value:
            yield (
                f"only {free.value / 1e9:.1f} GB of {total.value / 1e9:.1f} GB memory is available: replies get slow"
            )


def temperature_of(said: str | None) -> float | None:
    """Degrees Celsius of `vcgencmd measure_temp`: `temp=42.8'C`."""
    found = re.fullmatch(r"temp=(\d+(?:\.\d+)?)'C", (said or "").strip())
    return float(found[1]) if found else None


def throttling_of(said: str | None) -> Throttling | None:
    """The bits of `vcgencmd get_throttled`: `throttled=0x50005`."""
    found = re.fullmatch(r"throttled=0x([0-9a-fA-F]{1,8})", (said or "").strip())
    if found is None:
        return None
    bits = int(found[1], 16)
    now = tuple(word for bit, word in enumerate(BITS) if bits >> bit & 1)
    return Throttling(now, tuple(w for bit, w in enumerate(BITS, _SINCE_BOOT) if bits >> bit & 1))


def rails_of(said: str | None) -> dict[str, dict[str, float]]:
    """Volts and amperes of `vcgencmd pmic_read_adc` by rail: `{"VDD_CORE": {"A": 1.2, "V": 0.87}, "EXT5V": {"V": 5.1}}`."""
    rails: dict[str, dict[str, float]] = {}
    for line in (said or "").splitlines():
        if found := _RAIL.match(line):
            rails.setdefault(found["rail"], {})[found["what"]] = float(found["value"])
    return rails


def board_power_of(rails: Mapping[str, Mapping[str, float]]) -> Reading | None:
    """Estimated watts of a Pi 5 from the rails that give both volts and amperes; None where there is none.

    The 5 V rail is not among them, so what hangs on it is not seen: the HAT, USB, the fan.
    """
    watts = [rail["V"] * rail["A"] for rail in rails.values() if "V" in rail and "A" in rail]
    if not watts:
        return None
    power = BOARD_SLOPE * sum(watts) + BOARD_REST_W
    return Reading(power, "W", Source.ESTIMATED, "board estimate, HAT not included")


def package_power_between(before: Counters, after: Counters) -> Reading | None:
    """The mean watts of all processor packages between two looks; None where a package is missing from one of them."""
    if not after or before.keys() != after.keys():
        return None
    watts = [_watts(before[name], counter) for name, counter in after.items()]
    known = [w for w in watts if w is not None]
    if len(known) < len(watts):
        return None
    return Reading(sum(known), "W", Source.MEASURED, "processor package alone")


def _watts(before: EnergyCounter, after: EnergyCounter) -> float | None:
    joules, ms = joules_between(before, after), after.at_ms - before.at_ms
    return None if joules is None or ms <= 0 else joules / ms * 1000
