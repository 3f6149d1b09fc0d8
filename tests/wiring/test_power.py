"""The meter of the settings: a plug on loopback behind the door, a counter in a tree, settings that change."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assistant.domain.charges import Source
from assistant.domain.cost_settings import HardwareSettings, PowerSettings
from assistant.domain.energy import Idle, PowerLook
from assistant.domain.errors import SettingsError, UsageError
from assistant.domain.local_costs import Known, local_costs
from assistant.domain.places import Place, Route
from assistant.domain.settings import Settings
from assistant.machine.clock import SystemClock
from assistant.ports.accounting import Meter
from assistant.storage import paths
from assistant.storage.idle_power import FILE, IdlePowerFile
from assistant.storage.settings import TomlSettings
from assistant.storage.tariffs import TariffFile
from assistant.wiring.house import open_house, services
from assistant.wiring.power import PlugReader, Power, keeping, meter
from tests.domain.test_plug import SHELLY_GEN1, SHELLY_GEN2, TASMOTA

ROUTE = Route("cpu", Place.THIS_MACHINE, "llama", "a")


@contextmanager
def plug(
    body: bytes, status: int = 200, wait: threading.Event | None = None
) -> Iterator[list[str]]:
    """A plug on loopback that answers `body`; gives its address, then what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {sorted(self.headers)}")
            if wait is not None:
                wait.wait(20)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    asked: list[str] = [f"http://127.0.0.1:{server.server_address[1]}"]
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    try:
        yield asked
    finally:
        if wait is not None:
            wait.set()
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty machine."""
    monkeypatch.setenv("ASSISTANT_SYSROOT", str(tmp_path / "machine"))
    return tmp_path / "machine"


def power(settings: PowerSettings | None = None) -> Power:
    places = paths.find()
    paths.make(places)
    if settings is None:
        return meter(places, SystemClock(), TomlSettings(places.settings_file).load)
    whole = replace(Settings(), power=settings)
    return meter(places, SystemClock(), lambda: whole)


def write(text: str) -> None:
    file = paths.find().settings_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def rapl(root: Path) -> None:
    folder = root / "sys/class/powercap/intel-rapl:0"
    folder.mkdir(parents=True)
    (folder / "name").write_text("package-0\n")
    (folder / "energy_uj").write_text("1000\n")


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        threading.Event().wait(0.005)


@pytest.mark.parametrize(
    ("body", "target", "where", "watts"),
    [
        (SHELLY_GEN1, "/status", "meters.0.power", 6.42),
        (SHELLY_GEN2, "/rpc/Switch.GetStatus?id=0", "apower", 6.4),
        (TASMOTA, "/cm?cmnd=Status%208", "StatusSNS.ENERGY.Power", 7.0),
    ],
    ids=["shelly-gen1", "shelly-gen2", "tasmota"],
)
def test_a_plug_is_read_through_the_door(
    body: bytes, target: str, where: str, watts: float
) -> None:
    with plug(body) as asked:
        assert PlugReader(SystemClock(), asked[0] + target, where)() == watts
    [request] = asked[1:]
    assert request.startswith(target)
    assert "Cookie" not in request
    assert "Authorization" not in request


def test_a_plug_that_says_nothing_useful_says_why() -> None:
    with plug(b"{}") as asked:
        reader = PlugReader(SystemClock(), asked[0], "apower")
        assert reader() is None
        assert "without a number of watts at apower" in reader.problem
    assert reader() is None
    assert "cannot be reached" in reader.problem


def test_a_plug_that_says_too_much_or_is_silent_is_given_up() -> None:
    with plug(b"x" * 100_000) as asked:
        reader = PlugReader(SystemClock(), asked[0], "apower")
        assert reader() is None
        assert "65,536 bytes" in reader.problem
    with plug(SHELLY_GEN2, wait=threading.Event()) as asked:
        reader = PlugReader(SystemClock(), asked[0], "apower")
        begun = time.monotonic()
        assert reader() is None
        assert time.monotonic() - begun < 10
        assert "silent" in reader.problem


def test_a_plug_outside_is_refused_and_never_asked(root: Path) -> None:
    # Any look for a name and any connection beyond loopback fails the test by itself.
    for url in ("https://plug.example.com/status", "http://93.184.215.14/status"):
        look = power(PowerSettings(source="plug", plug=url)).look()
        assert look.source == ""
        assert "not an address of this network" in look.why[0]


def test_a_turn_is_metered_by_the_plug_and_leaves_no_thread(root: Path) -> None:
    with plug(SHELLY_GEN2) as asked:
        url = f"{asked[0]}/rpc/Switch.GetStatus?id=0"
        ours = power(PowerSettings(plug=url, idle_watts=1.4))
        turn = ours.begin(ROUTE)
        # With the second question the first reading is over.
        until(lambda: len(asked) > 2)
        found = turn.end()
        until(lambda: "meter" not in [thread.name for thread in threading.enumerate()])
    assert found is not None
    assert (found.meter, found.source) == ("plug", Source.ESTIMATED)
    # 5 W above what was typed as idle, for one second and a little.
    assert Decimal("4") < found.joules < Decimal("50")


def test_nothing_is_known_of_an_empty_machine(root: Path) -> None:
    ours: Power = power()
    port: Meter = ours
    assert port.begin(ROUTE).end() is None
    ours.rest()
    assert ours.idle is None
    look = ours.look()
    assert look.source == ""
    assert look.idle is None
    assert [why.partition(":")[0] for why in look.why] == ["rapl", "plug", "pmic", "watts"]


def test_the_settings_of_the_moment_hold(root: Path) -> None:
    ours = power()
    assert ours.look().source == ""
    write("[power]\nbusy_watts = 9.0\nidle_watts = 3.0\n")
    assert ours.look().source == "watts"
    assert ours.idle == Idle(3.0, learned=False)
    turn = ours.begin(ROUTE)
    found = turn.end()
    assert found is not None
    assert found.source is Source.SET
    write('[power]\nsource = "none"\n')
    assert ours.look() == PowerLook("", ("power.source is none",))
    write("[power\n")
    assert ours.look() == PowerLook("", ("power.source is none",)), "the last that could be read"


def test_settings_that_never_could_be_read_are_the_shipped_ones(root: Path) -> None:
    def broken() -> Settings:
        raise SettingsError("broken")

    rapl(root)
    places = paths.find()
    paths.make(places)
    assert meter(places, SystemClock(), broken).look().source == "rapl"


def test_what_was_learned_is_said(root: Path) -> None:
    rapl(root)
    places = paths.find()
    paths.make(places)
    IdlePowerFile(places.state / FILE, lambda: date(2026, 11, 27)).learn("rapl", 4.25)
    assert power().look() == PowerLook("rapl", (), Idle(4.25, learned=True))


def test_a_silent_plug_is_said_to_be_one(root: Path) -> None:
    look = power(PowerSettings(plug="http://127.0.0.1:1/status")).look()
    assert look.source == "plug"
    assert "cannot be reached" in look.why[-1]


def test_what_the_costs_of_time_rest_on_is_brought_together(root: Path) -> None:
    hardware = HardwareSettings(preset="pi5-8gb-hat2")
    settings = replace(Settings(), hardware=hardware, power=PowerSettings(idle_watts=3.3))
    ours = power(settings.power)
    files = TariffFile()
    found = keeping(settings, ours, files)
    assert found.currency == "EUR"
    assert found.price.source is found.per_kwh.source is Source.ESTIMATED
    assert found.idle_watts == Known(Decimal("3.3"), Source.SET)
    costs = local_costs(found, date(2026, 11, 1), date(2026, 11, 30))
    assert costs.total.amount is not None
    assert 0 < costs.total.amount < 20
    wrong = replace(settings, hardware=replace(hardware, preset="pi6"))
    with pytest.raises(UsageError, match="no preset 'pi6'"):
        keeping(wrong, ours, files)


async def test_idle_power_is_learned_beside_the_panel_while_no_reply_runs(root: Path) -> None:
    class Resting(Power):
        rests = 0

        def rest(self) -> None:
            self.rests += 1

    rapl(root)
    with open_house() as house:
        resting = Resting(house.places, house.clock, house.settings_store.load)
        assert isinstance(house.power, Power)
        await services(replace(house, power=resting)).sense()
    assert resting.rests == 1


def test_a_turn_without_a_file_to_spare_has_no_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_loop(body: Coroutine[object, object, bytes]) -> bytes:
        body.close()
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(asyncio, "run", no_loop)
    reader = PlugReader(SystemClock(), "http://127.0.0.1:1/status", "apower")
    assert reader() is None
    assert reader.problem == "Too many open files"
