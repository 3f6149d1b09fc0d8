"""Every fault of the stand-in does what its list says, and nothing after it."""

import asyncio
from json import JSONDecodeError
from pathlib import Path

import pytest

from tests.standins.hailo_facts import PROFILES
from tests.standins.hailo_faults import FAULTS, Faults
from tests.standins.hailo_ollama import HailoOllama
from tests.standins.talk import Heard, ask, asking

MODEL = "qwen2.5-coder:1.5b"
ALIKE = pytest.mark.parametrize("profile", tuple(PROFILES))
CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}]}


def server_of(*fault: str, profile: str = "5.3.0") -> HailoOllama:
    return HailoOllama(profile=profile, time_scale=0.005, load_s=0.1, fault=fault)


async def chat(server: HailoOllama, **more: object) -> Heard:
    return await ask(server.port, "POST", "/api/chat", {**CHAT, **more})


def stack(heard: Heard) -> str:
    """The line of an error page that helps."""
    return heard.body.decode().partition("  - ")[2].partition("\n")[0]


def test_a_fault_has_a_moment_and_a_number_of_times() -> None:
    faults = Faults(["drop:3:2", "busy"])
    assert faults.take("drop", 2) is None
    assert [bool(faults.take("drop", 3)) for _ in range(3)] == [True, True, False]
    assert all(faults.take("busy") for _ in range(5))
    faults.clear("busy")
    assert faults.take("busy") is None
    with pytest.raises(ValueError, match="no fault"):
        faults.add("nonsense")


@pytest.mark.parametrize(
    ("fault", "said"), [("load", "Failed to create LLM"), ("busy:0:1", "Failed to create VDevice")]
)
@pytest.mark.parametrize("profile", ["5.3.0", "5.4.0"])
async def test_after_a_failed_load_only_an_unload_helps(
    fault: str, said: str, profile: str
) -> None:
    """§1.9: a second try skips the loading, even where it says that it loaded."""
    async with server_of(fault, profile=profile) as server:
        heard = await chat(server)
        assert (heard.status, stack(heard)) == (500, said)
        assert (await chat(server, messages=None)).json["done_reason"] == "load"
        assert stack(await chat(server)) == "LLM not loaded"
        assert (await chat(server, messages=None, keep_alive=0)).status == 200
        assert (await chat(server)).lines[-1]["done"]


async def test_after_a_failed_load_5_1_dies() -> None:
    async with server_of("load", profile="5.1.1") as server:
        assert (await chat(server)).status == 500
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await chat(server)
        assert server.crashed.is_set()
        with pytest.raises(ConnectionRefusedError):
            await chat(server)


@ALIKE
@pytest.mark.parametrize("fault", ["stall:3", "drop:3"])
async def test_a_stream_breaks_off(fault: str, profile: str) -> None:
    async with server_of(fault, profile=profile) as server:
        heard = await chat(server)
        assert (heard.status, len(heard.chunks), heard.whole) == (200, 3, False)
        assert server.log[-1].outcome == "dropped"
        assert (await chat(server)).lines[-1]["done"]


async def test_a_stream_ends_without_done() -> None:
    async with server_of("no-done:3") as server:
        heard = await chat(server)
        assert (len(heard.chunks), heard.whole) == (3, True)
        assert not heard.lines[-1]["done"]


async def test_a_slow_prefill_runs_into_the_read_timeout() -> None:
    async with server_of("slow-prefill:12") as server:
        heard = await chat(server)
        assert (heard.status, heard.chunks, heard.whole) == (200, [], False)
        assert stack(await chat(server, stream=False)) == "read failed!"
        server.faults.clear()
        server.faults.add("slow-prefill", 9)
        assert (await chat(server)).lines[-1]["done"]


async def test_a_hanging_server_keeps_its_lock() -> None:
    async with (
        server_of("hang:2") as server,
        asking(server.port, "POST", "/api/chat", CHAT) as line,
    ):
        heard = await line.head()
        assert await line.chunk(heard)
        assert await line.chunk(heard)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.chunk(heard), 0.2)
        assert server.chat.lock.locked()
        assert (await ask(server.port, "GET", "/")).status == 200


async def test_a_refusal_before_the_headers() -> None:
    async with server_of("500", "no-headers") as server:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await chat(server)
        heard = await chat(server)
        assert (heard.status, stack(heard)) == (500, "Failed to generate")
        assert b"stacktrace:\n" in heard.body


@ALIKE
async def test_a_crash_takes_everything_along(profile: str) -> None:
    async with server_of("crash:4", profile=profile) as server:
        heard = await chat(server)
        assert (len(heard.chunks), heard.whole) == (4, False)
        assert server.crashed.is_set()
        with pytest.raises(ConnectionRefusedError):
            await ask(server.port, "GET", "/")


async def test_a_server_comes_back_on_its_port() -> None:
    async with server_of() as first:
        port = first.port
        await first.kill()
        with pytest.raises(ConnectionRefusedError):
            await ask(port, "GET", "/")
    async with HailoOllama(profile="5.4.0", port=port) as second:
        assert (await ask(port, "GET", "/")).status == 200
        assert second.log[-1].path == "/"


async def test_lines_may_be_broken_or_come_in_pieces() -> None:
    async with server_of("bad-line:2", "split") as server:
        heard = await chat(server)
        assert (len(heard.chunks), heard.whole) == (25, True)
        with pytest.raises(JSONDecodeError):
            _ = heard.lines
        assert len((await chat(server)).lines) == 25


async def test_a_reply_may_name_a_remote_host() -> None:
    async with server_of("remote-host") as server:
        heard = await chat(server)
        assert all("remote_host" in line for line in heard.lines[:-1])


async def test_a_device_has_one_holder(tmp_path: Path) -> None:
    lock = str(tmp_path / "lock")
    one = HailoOllama(lock_file=lock, load_s=0, time_scale=0.005)
    two = HailoOllama(profile="5.3.0", lock_file=lock, load_s=0, time_scale=0.005)
    async with one, two:
        assert (await chat(one)).status == 200
        assert stack(await chat(two)) == "Failed to create VDevice"
        await chat(one, messages=None, keep_alive=0)
        await chat(two, messages=None, keep_alive=0)
        assert (await chat(two)).status == 200


@pytest.mark.parametrize("fault", ["pull-drop", "pull-error", "pull-crash"])
async def test_a_download_fails(fault: str) -> None:
    async with HailoOllama(
        profile="5.3.0", installed=(), time_scale=0.005, fault=(fault,)
    ) as server:
        heard = await ask(server.port, "POST", "/api/pull", {"model": MODEL})
        assert heard.whole == (fault == "pull-error")
        assert ("error" in heard.lines[-1]) == (fault == "pull-error")
        assert server.crashed.is_set() == (fault == "pull-crash")
        assert not server.catalog.installed


async def test_a_download_stalls_and_one_who_leaves_may_end_the_server() -> None:
    plan = HailoOllama(installed=(), time_scale=0.005, fault=("pull-stall", "pull-leave"))
    async with plan as server:
        body = {"model": MODEL}
        async with asking(server.port, "POST", "/api/pull", body) as line:
            heard = await line.head()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(line.rest(heard), 0.4)
            assert len(heard.chunks) == 10
        assert not server.crashed.is_set()
        async with asking(server.port, "POST", "/api/pull", body) as line:
            await line.chunk(await line.head())
        await asyncio.wait_for(server.crashed.wait(), 5)


async def test_nobody_notices_that_a_client_left_before_a_write() -> None:
    """§1.9: not in prefill, and not without a stream."""
    async with server_of("slow-prefill:8") as server:
        async with asking(server.port, "POST", "/api/chat", CHAT) as line:
            await line.head()
        assert server.chat.lock.locked()
        async with server.chat.lock:
            assert server.log[-1].outcome == "left"


def test_every_fault_is_described() -> None:
    assert all(FAULTS.values())
