"""Reads the energy counters of the processor, where the kernel shows them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from assistant.domain.counters import Counters, EnergyCounter
from assistant.machine.tree import names, read_integer, read_text

PACKAGE_ZONE: Final = re.compile(r"intel-rapl:\d+")
"""Zones of the first level; deeper ones are parts of them, and `intel-rapl-mmio` counts the same energy again."""
PACKAGE: Final = "package-"


def read_counters(root: Path, monotonic_ms: Callable[[], float]) -> Counters:
    """The energy counters of the processor packages (RAPL); none where there are none or only root may read them."""
    folder = root / "sys/class/powercap"
    found = (name for name in names(folder) if PACKAGE_ZONE.fullmatch(name))
    packages = [n for n in found if (read_text(folder / n / "name") or PACKAGE).startswith(PACKAGE)]
    counters = {}
    for name in packages:
        energy_uj = read_integer(folder / name / "energy_uj")
        if energy_uj is not None:
            range_uj = read_integer(folder / name / "max_energy_range_uj")
            counters[name] = EnergyCounter(energy_uj, range_uj, monotonic_ms())
    return counters
