"""The routes of this machine, connected: what is kept over looks, what a broken file does, when the HAT's heat is read."""

import asyncio
from pathlib import Path

import pytest

from assistant.conversation.engine import Engine
from assistant.domain.errors import ModelError
from assistant.domain.places import HAT, Place
from assistant.domain.prompt import Prompt
from assistant.domain.settings import HatSettings, Settings
from assistant.machine.clock import SystemClock
from assistant.storage import paths
from assistant.storage.routes import FILE
from assistant.wiring.hat import hat_addresses
from assistant.wiring.hat_heat import EVERY_MS, STALE_MS, HatHeat
from assistant.wiring.local import LocalRoutes
from assistant.wiring.models import model_shelf
from assistant.wiring.processor import Processor
from tests.conversation.doubles import ListJournal
from tests.fakes import FakeClock
from tests.standins import hailo_process
from tests.standins.machines import Machine, make

NOBODY = "127.0.0.1:9"


@pytest.fixture
def pi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A Pi with a HAT whose models are hailo-ollama's alone, in a home of its own."""
    machine = make(tmp_path, "h10_server_down")
    monkeypatch.setenv("ASSISTANT_SYSROOT", str(machine.root))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return machine


def routes(address: str = NOBODY, *, use_hat: bool = True) -> tuple[LocalRoutes, paths.Places]:
    places, clock = paths.find(), SystemClock()
    paths.make(places)
    settings = Settings(hat=HatSettings(address=address, use=use_hat))
    processor = Processor(places, model_shelf(places, clock, settings), clock)
    return LocalRoutes(places, processor, clock, lambda: settings), places


async def test_a_backend_is_kept_while_it_is_ready_and_made_anew_after_it_was_not(
    pi: Machine,
) -> None:
    with hailo_process.running() as server:
        local, _ = routes(f"127.0.0.1:{server.port}")
        first, again = await local.look(), await local.look()
        assert first.backends[HAT] is again.backends[HAT]
        assert again.report.default is not None
        assert again.report.default.id == HAT
        port = server.port
    gone = await local.look()
    assert HAT not in gone.backends
    assert gone.absent[HAT] == "hailo-ollama is not running"
    with hailo_process.running(port=port):
        back = await local.look()
        assert back.backends[HAT] is not first.backends[HAT]
    for looked in (first, back):
        await looked.backends[HAT].close()


async def test_a_broken_file_of_own_routes_brings_down_no_other_route(pi: Machine) -> None:
    with hailo_process.running() as server:
        local, places = routes(f"127.0.0.1:{server.port}")
        (places.config / FILE).write_text("[[route]\n")
        looked = await local.look()
        assert list(looked.backends) == [HAT]
        assert FILE in looked.report.problem


async def test_a_hat_that_is_not_to_be_used_gets_only_what_names_it(pi: Machine) -> None:
    with hailo_process.running() as server:
        local, _ = routes(f"127.0.0.1:{server.port}", use_hat=False)
        looked = await local.look()
        assert looked.report.default is None
        assert looked.report.why == "the HAT is ready, but hat.use is off"
        engine = Engine(ListJournal(), {}, FakeClock(), "i")
        await engine.use_backends(looked.backends, looked.absent)
        assert engine.default is None
        with pytest.raises(ModelError, match=r"hat\.use is off"):
            engine.propose(Prompt("Hello", "c1"))
        assert engine.propose(Prompt("Hello", "c1"), HAT).route.id == HAT


async def test_own_routes_stand_behind_those_of_this_machine(pi: Machine) -> None:
    with hailo_process.running() as server:
        local, _ = routes(f"127.0.0.1:{server.port}")
        from assistant.domain.own_routes import OwnRoute, endpoint

        local.own.store.keep(OwnRoute("attic", endpoint("http://192.168.1.20:8080/v1"), "big"))
        looked = await local.look()
        assert list(looked.backends) == [HAT, "attic"]
        attic = looked.report.routes[-1]
        assert (attic.place, attic.ready) == (Place.CLOUD, False)
        assert looked.report.default is not None
        assert looked.report.default.id == HAT


@pytest.mark.parametrize(
    ("hint", "ports"),
    [
        ("", [8000]),
        ("0.0.0.0:9000", [8000, 9000]),
        ("[::]:9000", [8000, 9000]),
        ("localhost:9000", [8000, 9000]),
        ("127.0.0.1:8000", [8000]),
        ("192.168.1.4:9000", [8000]),
        ("nonsense", [8000]),
    ],
)
def test_where_hailo_ollama_may_listen(
    hint: str, ports: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", hint)
    found = list(hat_addresses(HatSettings()))
    assert [address.port for address in found] == ports
    assert all(address.loopback for address in found)


async def test_the_hats_heat_is_never_read_while_a_reply_runs(pi: Machine) -> None:
    busy, clock = True, FakeClock()
    heat = HatHeat(clock, lambda: busy)
    asked = pi.root / "asked"
    python = pi.put("usr/bin/python3", f'#!/bin/sh\necho x >> "{asked}"\necho "[51.0, 50.5]"\n')
    python.chmod(0o755)
    assert heat.latest() is None
    assert heat._task is None
    busy = False
    assert heat.latest() is None
    assert heat._task is not None
    await heat._task
    reading = heat.latest()
    assert reading is not None
    assert (reading.value, reading.unit) == (51.0, "°C")
    assert asked.read_text() == "x\n"
    clock.forward(EVERY_MS)
    busy = True
    assert heat.latest() is reading
    await asyncio.sleep(0)
    assert asked.read_text() == "x\n"
    clock.forward(STALE_MS)
    assert heat.latest() is None


async def test_a_reply_on_the_hat_waits_for_a_reading_of_its_heat(pi: Machine) -> None:
    gate = pi.root / "gate"
    script = f'#!/bin/sh\nwhile [ ! -e "{gate}" ]; do sleep 0.01; done\necho "[51.0]"\n'
    pi.put("usr/bin/python3", script).chmod(0o755)
    with hailo_process.running() as server:
        local, _ = routes(f"127.0.0.1:{server.port}")
        hat = (await local.look()).backends[HAT]
        assert local._heat._task is None, "a look alone reads nothing"
        await local.sense()
        loading = asyncio.create_task(hat.load())
        await asyncio.wait({loading}, timeout=0.2)
        assert not loading.done()
        gate.touch()
        assert await loading == 2048
        assert local._heat.known() is not None
        await hat.close()
