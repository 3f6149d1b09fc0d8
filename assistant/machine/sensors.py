"""Reads this machine's sensors: heat, throttling, supply, memory, power; what is not there is None."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from assistant.domain.counters import Counters
from assistant.domain.sensing import (
    Figures,
    Reading,
    Sensed,
    board_power_of,
    package_power_between,
    rails_of,
    temperature_of,
    throttling_of,
)
from assistant.machine.counters import read_counters
from assistant.machine.memory import read_memory
from assistant.machine.programs import Ask, ask
from assistant.machine.tree import names, read_integer, read_text

SOC_ZONES: Final = ("cpu-thermal", "cpu_thermal", "x86_pkg_temp")
"""Types of the thermal zone that is the processor's own; the others are of the board, the disk, the radio."""
MOST_ZONES: Final = 32
HAT_TIMEOUT_S: Final = 5.0
HAT_PROBE: Final = (
    "import json; from hailo_platform import Device\n"
    "t = Device().control.get_chip_temperature()\n"
    "print(json.dumps([t.ts0_temperature, t.ts1_temperature]))"
)


class Sensors:
    """Looks at the sensors; keeps the last energy counters, because power is what they gain between two looks."""

    def __init__(self, root: Path, monotonic_ms: Callable[[], float], ask: Ask = ask) -> None:
        """`root` stands in the place of `/`; `ask` runs `vcgencmd`."""
        self._root = root
        self._monotonic_ms = monotonic_ms
        self._ask = ask
        self._before: Counters = {}

    def look(self) -> Sensed:
        """One look; starts `vcgencmd` twice on a Pi, so call it in a thread, and not before the first frame. Never raises.

        `package_power` is there from the second look on.
        """
        rails = rails_of(self._ask("vcgencmd", "pmic_read_adc"))
        held = throttling_of(self._ask("vcgencmd", "get_throttled"))
        counters = read_counters(self._root, self._monotonic_ms)
        power, self._before = package_power_between(self._before, counters), counters
        memory = read_memory(self._root)
        volts = rails.get("EXT5V", {}).get("V")
        figures = Figures(
            soc_temperature=self._heat(),
            board_power=board_power_of(rails),
            package_power=power,
            supply_voltage=_reading(volts, "V"),
            supply_current=_reading(_promised_amperes(self._root), "A", "what the supply promised"),
            memory_available=_reading(memory.available_bytes, "B"),
            memory_total=_reading(memory.total_bytes, "B"),
            cma_total=_reading(memory.cma_total_bytes, "B"),
            cma_free=_reading(memory.cma_free_bytes, "B"),
        )
        return Sensed(figures, held, held is not None or self._on_pi())

    def _on_pi(self) -> bool:
        board = read_text(self._root / "proc/device-tree/model")
        return board is not None and board.startswith("Raspberry Pi")

    def _heat(self) -> Reading | None:
        celsius = read_temperature(self._root)
        if celsius is None:
            celsius = temperature_of(self._ask("vcgencmd", "measure_temp"))
        return _reading(celsius, "°C")


def read_temperature(root: Path) -> float | None:
    """The processor's degrees Celsius from its thermal zone; from the first zone where none says that it is the processor's."""
    zones = root / "sys/class/thermal"
    found = [n for n in names(zones) if n.startswith("thermal_zone")][:MOST_ZONES]
    kinds = {read_text(zones / name / "type"): name for name in reversed(found)}
    own = next((kinds[kind] for kind in SOC_ZONES if kind in kinds), "thermal_zone0")
    millidegrees = read_integer(zones / own / "temp")
    return None if millidegrees is None else millidegrees / 1000


def read_hat_temperature(python: str = "/usr/bin/python3", ask: Ask = ask) -> Reading | None:
    """The hotter of the Hailo-10H's two sensors. Opens the device, in a process of its own: never while it generates.

    Blocks for up to 5 s. None where the device is held, or does not say.
    """
    said = ask(
        python,
        "-P",
        "-c",
        HAT_PROBE,
        timeout_s=HAT_TIMEOUT_S,
        extra={"HAILORT_LOGGER_PATH": "NONE"},
    )
    try:
        values = json.loads(said or "")
    except ValueError:
        return None
    known = [v for v in values if isinstance(v, float)] if isinstance(values, list) else []
    return _reading(max(known, default=None), "°C")


def _promised_amperes(root: Path) -> float | None:
    """What the supply promised the firmware, a big-endian 32-bit number of mA in the device tree."""
    try:
        raw = (root / "proc/device-tree/chosen/power/max_current").read_bytes()
    except OSError:
        return None
    return int.from_bytes(raw, "big") / 1000 if len(raw) == 4 else None


def _reading(value: float | None, unit: str, note: str = "") -> Reading | None:
    return None if value is None else Reading(value, unit, note=note)
