"""What the sensors say, in few words: each line only where there is such a sensor."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.domain.sensing import Figures, Reading, Sensed, Throttling


def sensor_lines(sensed: "Sensed") -> Iterator[tuple[str, str]]:
    """Label and text of what was read; `~` marks an estimate."""
    figures = sensed.figures
    heats = (("processor", figures.soc_temperature), ("HAT", figures.hat_temperature))
    for label, heat in heats:
        if heat:
            yield label, _figure(heat, 0)
    if sensed.throttling:
        yield "held back", held_back(sensed.throttling)
    if supply := _supply(figures):
        yield "supply", supply
    if power := figures.board_power:
        yield "board", f"{_figure(power, 1)} without HAT"
    if power := figures.package_power:
        yield "package", _figure(power, 1)
    yield from _memory(figures)


def held_back(throttling: "Throttling") -> str:
    """What the firmware holds back now, else what it held back since boot."""
    if throttling.now:
        return f"now: {', '.join(throttling.now)}"
    if throttling.since_boot:
        return f"since boot: {', '.join(throttling.since_boot)}"
    return "nothing since boot"


def _figure(reading: "Reading", decimals: int) -> str:
    from assistant.domain.charges import Source

    mark = "~" if reading.source is Source.ESTIMATED else ""
    return f"{reading.value:.{decimals}f} {reading.unit}{mark}"


def _supply(figures: "Figures") -> str:
    volts, amperes = figures.supply_voltage, figures.supply_current
    parts = [_figure(volts, 2)] if volts else []
    parts += [f"max {_figure(amperes, 1)}"] if amperes else []
    return ", ".join(parts)


def _memory(figures: "Figures") -> Iterator[tuple[str, str]]:
    free, total = figures.memory_available, figures.memory_total
    if free and total:
        yield "memory", f"{free.value / 1e9:.1f} of {total.value / 1e9:.1f} GB free"
    free, total = figures.cma_free, figures.cma_total
    if free and total:
        yield "CMA", f"{free.value / 1024**2:.0f} of {total.value / 1024**2:.0f} MiB free"
    elif total:
        yield "CMA", f"{total.value / 1024**2:.0f} MiB"
