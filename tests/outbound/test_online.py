"""While everything is offline nothing is fetched, and what is being fetched is broken off."""

import asyncio
import os
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from assistant.domain.control import Control, ControlPermit
from assistant.domain.errors import RefusedError, StorageError
from assistant.domain.places import Address
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.outbound.online import WhileOnline, require_online
from assistant.outbound.starter import Starter
from assistant.ports import Patience
from tests.outbound.cloud_rig import cloud, leads_to, trusting
from tests.outbound.model_host import Script, serving
from tests.outbound.test_door_requests import download
from tests.outbound.test_downloads import BODY, downloads
from tests.outbound.test_downloads import ENTRY as OVER_HTTPS
from tests.outbound.test_starter import entry_for, left, make_wheel, starter

HASTE = Patience(2, 2, 2, 2)


class Switch:
    """Says whether everything is offline; `press` is the panic key."""

    def __init__(self, *, on: bool = False) -> None:
        self.on = on

    def __call__(self) -> bool:
        return self.on


def door(offline: Switch) -> Door:
    return Door(SystemClock(), trusting(), look=leads_to("127.0.0.1"), offline=offline)


def asks(host: str, port: int, purpose: Control = Control.LOOK) -> ControlPermit:
    return ControlPermit("c", purpose, Address(host, port), "GET", "/tags", b"", 2**60, 99)


async def test_the_door_asks_nobody_elsewhere() -> None:
    async with cloud() as far:
        with pytest.raises(RefusedError, match="offline"):
            async with door(Switch(on=True)).get(download(far.port)):
                pass
        for permit in (asks("server.local", far.port), asks("192.168.1.20", far.port)):
            with pytest.raises(RefusedError, match="offline"):
                async with door(Switch(on=True)).control(permit, HASTE):
                    pass
    assert far.heard == []


async def test_a_server_of_this_machine_answers_and_fetches_nothing_for_us() -> None:
    async with cloud(pem=None) as near:
        async with door(Switch(on=True)).control(asks("127.0.0.1", near.port), HASTE) as reply:
            assert reply.status == 200
        with pytest.raises(RefusedError, match="offline"):
            async with door(Switch(on=True)).control(
                asks("127.0.0.1", near.port, Control.PULL), HASTE
            ):
                pass
    assert len(near.heard) == 1


async def test_a_refusal_says_what_it_is_and_how_it_ends() -> None:
    with pytest.raises(RefusedError) as refused:
        await require_online(Switch(on=True))
    told = refused.value.message, refused.value.hint
    assert told == (
        "everything is offline, so nothing is asked of other machines",
        "assistant consent lift",
    )
    await require_online(Switch())
    await require_online(None)


async def test_what_cannot_be_told_is_no_leave() -> None:
    def unreadable() -> bool:
        raise StorageError("the journal cannot be read")

    nowhere = Door(SystemClock(), trusting(), look=leads_to("127.0.0.1"), offline=unreadable)
    with pytest.raises(StorageError):
        async with nowhere.get(download(9)):
            pass


async def test_pip_is_not_even_started(tmp_path: Path) -> None:
    told = tmp_path / "told"
    tells = f"import pathlib; pathlib.Path({str(told)!r}).touch()"
    pip = Starter(SystemClock(), (sys.executable, "-c", tells))
    entry = entry_for(make_wheel(tmp_path / "index"))
    with pytest.raises(RefusedError, match="offline"):
        [step async for step in WhileOnline(pip, Switch(on=True)).fetch(entry, tmp_path)]
    assert not told.exists()


async def test_a_pip_that_runs_is_ended(tmp_path: Path) -> None:
    folder, pid_file, switch = tmp_path / "incoming", tmp_path / "pid", Switch()
    folder.mkdir()
    script = (
        "import os, time, pathlib\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    pip = Starter(SystemClock(), (sys.executable, "-c", script))
    entry = entry_for(make_wheel(tmp_path / "index"))

    async def fetch() -> None:
        async with aclosing(WhileOnline(pip, switch).fetch(entry, folder)) as steps:
            async for _ in steps:
                pass

    task = asyncio.create_task(fetch())
    while not (pid_file.exists() and pid_file.read_text()):
        await asyncio.sleep(0.01)
    switch.on = True
    with pytest.raises(RefusedError, match="offline"):
        await asyncio.wait_for(task, 20)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
    assert left(folder) == []


async def test_online_everything_arrives_by_either_way(tmp_path: Path) -> None:
    folder = tmp_path / "incoming"
    folder.mkdir()
    entry = entry_for(make_wheel(tmp_path / "index"))
    by_pip = WhileOnline(starter(tmp_path / "index"), Switch())
    steps = [step async for step in by_pip.fetch(entry, folder)]
    assert (folder / "tiny.part").stat().st_size == entry.size_bytes
    (folder / "tiny.part").unlink()
    with serving(Script(body=BODY)) as server:
        over = WhileOnline(downloads(server), Switch())
        steps = [step async for step in over.fetch(OVER_HTTPS, folder)]
    assert len(steps) > 2
    assert (folder / "tiny.part").read_bytes() == BODY
