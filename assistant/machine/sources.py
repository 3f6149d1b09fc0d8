"""Which gauge of its power this machine has, and why not a better one."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assistant.domain.cost_settings import PowerSettings
from assistant.machine.counters import PACKAGE_ZONE, read_counters
from assistant.machine.gauges import Gauge, Rapl, Sampled, Typed, rail_watts
from assistant.machine.programs import Ask, ask
from assistant.machine.tree import names, read_text

BEAT_S: Final = 1.0
"""How often the rails and a plug are asked while a turn runs."""

WITH_RAILS: Final = ("Raspberry Pi 5", "Raspberry Pi Compute Module 5")
"""How the names of boards begin whose power chip tells volts and amperes; a Raspberry Pi 500 is one of them."""

ReadPlug = Callable[[], float | None]
"""The watts that the plug says now; may block for some seconds."""


@dataclass(frozen=True, slots=True)
class Here:
    """What can be asked on this machine. `root` stands in the place of `/`; `plug` is its reader, or why there is none."""

    root: Path
    monotonic_ms: Callable[[], float]
    plug: ReadPlug | str
    ask: Ask = ask
    which: Callable[[str], str | None] = shutil.which


@dataclass(frozen=True, slots=True)
class Choice:
    """The gauge (None: there is none), and why none of the better ones."""

    gauge: Gauge | None
    why: tuple[str, ...] = ()


def choose(settings: PowerSettings, here: Here) -> Choice:
    """The gauge that the settings name, or the best of this machine. Reads small files alone: starts and asks nothing."""
    if settings.source == "none":
        return Choice(None, ("power.source is none",))
    why: list[str] = []
    for found in _offers(settings, here):
        if not isinstance(found, str):
            return Choice(found, tuple(why))
        why.append(found)
    return Choice(None, tuple(why))


def _offers(settings: PowerSettings, here: Here) -> Iterator[Gauge | str]:
    """Each source that may be used, the best first: its gauge, or why it has none."""
    offers = {"rapl": _rapl, "plug": _plug, "pmic": _pmic, "watts": _typed}
    for name, offer in offers.items():
        if settings.source in ("auto", name):
            yield offer(settings, here)


def _rapl(_: PowerSettings, here: Here) -> Gauge | str:
    if read_counters(here.root, here.monotonic_ms):
        return Rapl(here.root, here.monotonic_ms)
    if any(PACKAGE_ZONE.fullmatch(name) for name in names(here.root / "sys/class/powercap")):
        return "rapl: the processor has an energy counter, but only root may read it"
    return "rapl: the processor shows no energy counter"


def _plug(settings: PowerSettings, here: Here) -> Gauge | str:
    if isinstance(here.plug, str):
        return f"plug: {here.plug}"
    identity = f"plug {settings.plug} {settings.plug_field}"
    return Sampled("plug", identity, BEAT_S, here.plug, here.monotonic_ms)


def _pmic(settings: PowerSettings, here: Here) -> Gauge | str:
    board = read_text(here.root / "proc/device-tree/model") or ""
    if not board.startswith(WITH_RAILS):
        return "pmic: this is no Raspberry Pi 5"
    if here.which("vcgencmd") is None:
        return "pmic: vcgencmd is not installed"
    slope, rest_watts = settings.pmic_slope, settings.pmic_rest_watts

    def read() -> float | None:
        return rail_watts(slope, rest_watts, here.ask)

    return Sampled("pmic", f"pmic {slope:g} {rest_watts:g}", BEAT_S, read, here.monotonic_ms)


def _typed(settings: PowerSettings, here: Here) -> Gauge | str:
    whole = settings.busy_watts > 0 and settings.idle_watts > 0
    if not whole and not settings.hat_watts > 0:
        return "watts: power.busy_watts and power.idle_watts are not both set"
    if whole and settings.busy_watts <= settings.idle_watts:
        return "watts: power.busy_watts is not above power.idle_watts: a reply would take nothing"
    return Typed(settings.busy_watts, here.monotonic_ms)
