"""What this machine takes, connected: the meter of the settings, its plug behind the door, and what idle power is known."""

import functools
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError, UsageError
from assistant.domain.places import Route
from assistant.domain.settings import Settings
from assistant.machine.tree import sysroot
from assistant.storage import paths

if TYPE_CHECKING:
    from assistant.domain.cost_settings import PowerSettings
    from assistant.domain.energy import Idle, PowerLook
    from assistant.domain.local_costs import Keeping
    from assistant.machine.meters import LocalMeter, Unmetered
    from assistant.machine.sources import Choice, Here
    from assistant.outbound.door import Door
    from assistant.ports import Clock
    from assistant.ports.accounting import Metering
    from assistant.storage.idle_power import IdlePowerFile
    from assistant.storage.tariffs import TariffFile

PLUG_STEP_S = 1.0
PLUG_LONGEST_S = 2.0
"""For one step of a reading, and for all of it."""

_Stamp = tuple[int, int, int]


def meter(places: paths.Places, clock: "Clock", settings: Callable[[], Settings]) -> "Power":
    """The meter of this machine. Nothing is loaded or looked at before its first use."""
    return Power(places, clock, settings)


def keeping(settings: Settings, power: "Power", files: "TariffFile") -> "Keeping":
    """What the costs of time rest on (domain.local_costs). Blocks for files.

    Raises: UsageError where the settings name a preset that is none.
    """
    from assistant.domain.hardware import preset_of
    from assistant.domain.local_costs import keeping_of

    exchange = files.exchange(settings.costs)
    preset = preset_of(files.presets, settings.hardware.preset)
    return keeping_of(
        settings.hardware,
        settings.power,
        files.tariff(settings.tariff, exchange),
        power.idle,
        power.source,
        currency=exchange.currency,
        preset_price=preset.price(exchange) if preset else None,
    )


class Power:
    """Implements ports.accounting.Meter by what the settings say at the moment. Safe to use from any thread."""

    def __init__(
        self, places: paths.Places, clock: "Clock", settings: Callable[[], Settings]
    ) -> None:
        """`settings` reads those of the moment, and may raise a SettingsError: then the last ones hold."""
        self._places = places
        self._clock = clock
        self._settings = settings
        self._lock = threading.Lock()
        self._stamp: tuple[_Stamp | None] | None = None
        self._used: PowerSettings | None = None
        self._meter: LocalMeter | Unmetered | None = None
        self._choice: Choice | None = None
        self._reader: PlugReader | None = None

    def prepare(self) -> None:
        """Chooses the meter, so that the first turn need not wait for its modules. Blocks for files alone. Never raises."""
        self._current()
        # Known idle power lies in a file, which the end of a turn should not wait for.
        _ = self.idle

    def begin(self, route: Route) -> "Metering":
        """See ports.accounting.Meter. Quick once it is prepared."""
        return self._current().begin(route)

    def rest(self) -> None:
        """A look while no turn runs, by which idle power is learned. Blocks for a reading: call it in a thread. Never raises."""
        from assistant.machine.meters import LocalMeter

        current = self._current()
        if isinstance(current, LocalMeter):
            current.rest()

    @property
    def source(self) -> str:
        """The meter in use; "" where there is none."""
        self._current()
        gauge = self._choice.gauge if self._choice else None
        return gauge.name if gauge else ""

    @property
    def idle(self) -> "Idle | None":
        """What the idle machine takes by the meter in use; None where nobody knows."""
        from assistant.machine.meters import LocalMeter

        current = self._current()
        return current.idle if isinstance(current, LocalMeter) else None

    def look(self) -> "PowerLook":
        """What is used and why, with one reading to see whether it answers. Blocks for some seconds at most. Never raises."""
        from assistant.domain.energy import PowerLook

        self._current()
        choice = self._choice
        if choice is None or choice.gauge is None:
            return PowerLook("", choice.why if choice else ())
        why = list(choice.why)
        if choice.gauge.look() is None:
            said = self._reader.problem if self._reader and choice.gauge.name == "plug" else ""
            why.append(f"{choice.gauge.name}: {said or 'it gave no reading now'}")
        return PowerLook(choice.gauge.name, tuple(why), self.idle)

    def _current(self) -> "LocalMeter | Unmetered":
        """The meter that the settings ask for; chosen anew where they changed."""
        stamp = _stamp(self._places.settings_file)
        with self._lock:
            if self._meter is None or self._stamp != (stamp,):
                self._stamp = (stamp,)
                self._use(self._wanted())
            assert self._meter is not None, "a meter was made above"
            return self._meter

    def _wanted(self) -> "PowerSettings":
        try:
            return self._settings().power
        except AssistantError:
            return self._used or Settings().power

    def _use(self, wanted: "PowerSettings") -> None:
        if self._meter is not None and wanted == self._used:
            return
        from assistant.machine.meters import LocalMeter, Unmetered
        from assistant.machine.sources import choose

        self._used = wanted
        self._choice = choose(wanted, self._here(wanted))
        gauge = self._choice.gauge
        if gauge is None:
            self._meter = Unmetered()
            return
        self._meter = LocalMeter(
            gauge,
            self._idle_power,
            self._clock.monotonic_ms,
            idle_watts=wanted.idle_watts,
            hat_watts=wanted.hat_watts,
            sees_hat=gauge.name == "plug",
        )

    def _here(self, wanted: "PowerSettings") -> "Here":
        from assistant.machine.sources import Here

        self._reader, why = None, "no plug is set"
        if wanted.plug:
            try:
                self._reader = PlugReader(self._clock, wanted.plug, wanted.plug_field)
            except UsageError as error:
                why = error.note().line()
        return Here(sysroot(), self._clock.monotonic_ms, self._reader or why)

    @functools.cached_property
    def _idle_power(self) -> "IdlePowerFile":
        from assistant.storage.idle_power import FILE, IdlePowerFile

        return IdlePowerFile(self._places.state / FILE, lambda: _day(self._clock))


class PlugReader:
    """Reads a smart plug of this network, each time by a request of its own through a door that can open nothing else."""

    def __init__(self, clock: "Clock", url: str, field: str) -> None:
        """Asks nothing yet. Raises: UsageError where `url` does not lead to this network."""
        from assistant.domain.plug import plug_address

        self.problem = ""
        """Why the last reading gave nothing; "" where it gave one."""
        self._clock = clock
        self._address, self._target = plug_address(url)
        self._field = field

    def __call__(self) -> float | None:
        """The watts of the moment; None where there are none. Blocks for up to PLUG_LONGEST_S, in a thread without a loop."""
        import asyncio

        from assistant.domain.plug import plug_watts

        try:
            body = asyncio.run(self._body())
        except TimeoutError:
            self.problem = f"{self._address} fell silent"
            return None
        except AssistantError as error:
            self.problem = error.note().line()
            return None
        except OSError as error:
            # This machine has no more files or sockets to give.
            self.problem = error.strerror or str(error)
            return None
        watts = plug_watts(body, self._field)
        missing = f"{self._address} answered without a number of watts at {self._field}"
        self.problem = missing if watts is None else ""
        return watts

    async def _body(self) -> bytes:
        """Raises: TimeoutError, RefusedError, ServerError."""
        import asyncio

        from assistant.domain.control import CONTROL_LIFE_MS, Control, ControlPermit
        from assistant.domain.plug import MOST_BYTES
        from assistant.ports import Patience

        each_s = PLUG_STEP_S
        patience = Patience(connect_s=each_s, head_s=each_s, first_s=each_s, silence_s=each_s)
        permit = ControlPermit(
            self._clock.new_id(),
            Control.SENSE,
            self._address,
            "GET",
            self._target,
            b"",
            self._clock.now_ms() + CONTROL_LIFE_MS,
            MOST_BYTES,
        )
        async with (
            asyncio.timeout(PLUG_LONGEST_S),
            self._door.control(permit, patience) as reply,
        ):
            return b"".join([piece async for piece in reply.chunks()])

    @functools.cached_property
    def _door(self) -> "Door":
        """A door of its own, for the threads of the meter: that of the house works in the screen's loop, and has the keys."""
        from assistant.outbound.door import Door

        return Door(self._clock)


def _day(clock: "Clock") -> date:
    return date.fromtimestamp(clock.now_ms() / 1000)  # noqa: DTZ012 - the day where the machine is


def _stamp(path: Path) -> _Stamp | None:
    """What changes when the file does; None where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return (state.st_mtime_ns, state.st_size, state.st_ino)
