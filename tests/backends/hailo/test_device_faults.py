"""What can go wrong with a HAT without a server: each fault has its words, and the next message starts anew."""

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.backends.hailo.device import HailoDevice
from assistant.backends.hailo.device_process import Limits
from assistant.domain.errors import EngineError, ModelError
from assistant.domain.prompt import Finish, Sampling
from assistant.ports import Done, Text
from tests.backends.hailo.device_rig import SYSTEM_PYTHON, Rigs, asking, rig
from tests.backends.llama.talk import assistant, hear, user
from tests.fakes import generate

SHORT = Sampling(temperature=0, max_tokens=4)


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Rigs]:
    """Makes backends; all are closed at the end."""
    rigs = Rigs(tmp_path)
    yield rigs
    await rigs.close()


def worker_of(device: HailoDevice) -> int:
    worker = device._workers.running
    assert worker is not None
    return worker.pid


@pytest.mark.parametrize(
    ("fault", "said", "hint"),
    [
        ("busy", "another program holds the HAT", "fuser"),
        ("llm-74", "another program holds the HAT", "fuser"),
        ("mismatch", "different versions", "--reinstall"),
        ("llm-36", "driver failed", "poweroff"),
    ],
)
async def test_a_load_that_fails_says_why_and_what_mends_it(
    make: Rigs, fault: str, said: str, hint: str
) -> None:
    hat = make(fault=fault)
    for _ in range(2):
        with pytest.raises(EngineError, match=said) as caught:
            await hat.device.load()
        assert hint in caught.value.hint
    assert hat.device._workers.running is None


async def test_a_library_of_another_version_says_so(make: Rigs) -> None:
    with pytest.raises(EngineError, match="different versions") as caught:
        await make(release="5.1.1", native="5.3.0").device.load()
    assert "--reinstall" in caught.value.hint


async def test_a_python_that_is_not_there_says_so(make: Rigs) -> None:
    hat = make(python=f"{SYSTEM_PYTHON}-none")
    with pytest.raises(EngineError, match="could not be started") as caught:
        await hat.device.load()
    assert caught.value.hint == "assistant doctor"


async def test_a_python_without_hailo_s_package_says_so(tmp_path: Path) -> None:
    hat = rig(tmp_path)
    device = HailoDevice(
        hat.device.route, tmp_path / "qwen2.hef", tmp_path / "log", python=SYSTEM_PYTHON
    )
    with pytest.raises(EngineError, match="no hailo_platform") as caught:
        await device.load()
    assert "hailo-h10-all" in caught.value.hint
    await device.close()


async def test_what_steers_this_program_s_python_does_not_reach_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    hat = rig(tmp_path)
    assert await hat.device.load() == 2048
    await hat.device.close()


@pytest.mark.parametrize(("content", "said"), [(b"GGUF", "HEF"), (None, "No such file")])
async def test_a_file_that_is_no_model_is_a_model_error(
    make: Rigs, content: bytes | None, said: str
) -> None:
    hat = make()
    hef = hat.folder / "qwen2.hef"
    hef.unlink()
    if content is not None:
        hef.write_bytes(content)
    with pytest.raises(ModelError, match=said) as caught:
        await hat.device.load()
    assert str(hef) in caught.value.message


async def test_a_held_device_serves_as_soon_as_it_is_free(make: Rigs, tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    hat = make(lock=lock)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(EngineError, match="holds the HAT"):
            await hear(hat.device, asking([user("Hello")]))
    assert (await hear(hat.device, asking([user("Hello")]))).text


async def test_a_device_that_stalls_fails_the_turn_and_the_next_one_has_a_new_worker(
    make: Rigs, tmp_path: Path
) -> None:
    hat = make(fault="stall:5", time_scale=0.002, lock=tmp_path / "lock")
    talk, said = [user("Hello")], ""
    await hat.device.load()
    before = worker_of(hat.device)
    with pytest.raises(EngineError, match="no token for a minute"):
        async for event in generate(hat.device, asking(talk)):
            said += event.text if isinstance(event, Text) else ""
    assert said
    talk += [assistant(said), user("Again")]
    await hear(hat.device, asking(talk, "t2", SHORT))
    assert hat.seen == hat.meant(talk)
    assert worker_of(hat.device) != before


async def test_a_worker_that_hangs_is_ended_and_gives_the_device_free(
    make: Rigs, tmp_path: Path
) -> None:
    limits = Limits(silence_s=0.3, end_s=0.3)
    hat = make(fault="hang:6", limits=limits, lock=tmp_path / "lock")
    await hat.device.load()
    before = worker_of(hat.device)
    with pytest.raises(EngineError, match="said nothing for 0 s") as caught:
        await hear(hat.device, asking([user("Hello")]))
    assert "poweroff" in caught.value.hint
    assert (await hear(hat.device, asking([user("Hello")], "t2", SHORT))).text
    assert worker_of(hat.device) != before


async def test_a_load_that_hangs_is_given_up(make: Rigs) -> None:
    hat = make(load_s=10_000, limits=Limits(load_s=0.3, end_s=0.2))
    with pytest.raises(EngineError, match="said nothing"):
        await hat.device.load()
    await asyncio.wait_for(hat.device.close(), 5)


async def test_a_crash_of_the_library_fails_the_turn_with_its_last_words(make: Rigs) -> None:
    hat = make(fault="die:5")
    said = ""
    with pytest.raises(EngineError, match="SIGSEGV") as caught:
        async for event in generate(hat.device, asking([user("Hello")])):
            said += event.text if isinstance(event, Text) else ""
    assert said
    assert "device_worker.py" in caught.value.message
    assert "Segmentation fault" in hat.log
    assert (await hear(hat.device, asking([user("Hello")], "t2", SHORT))).text


async def test_kill_9_in_mid_reply_fails_the_turn_and_the_next_one_sees_all(
    make: Rigs, tmp_path: Path
) -> None:
    hat = make(lock=tmp_path / "lock")
    talk = [user("Hello")]
    for turn, texts in enumerate((0, 1, 5)):
        await hat.device.load()
        said = ""
        with pytest.raises(EngineError, match="SIGKILL") as caught:
            async for event in generate(hat.device, asking(talk, f"t{turn}")):
                if isinstance(event, Text):
                    said += event.text
                if len(said.split()) >= texts:
                    os.kill(worker_of(hat.device), signal.SIGKILL)
        assert caught.value.hint
        talk += [assistant(said), user("Go on")]
    assert (await hear(hat.device, asking(talk, "t9"))).text
    assert hat.seen == hat.meant(talk)


async def test_a_worker_that_is_asked_to_end_gives_the_device_back_first(
    make: Rigs, tmp_path: Path
) -> None:
    hat = make(reply_tokens=300, lock=tmp_path / "lock")
    worker = 0
    with pytest.raises(EngineError, match="SIGTERM"):
        async for event in generate(hat.device, asking([user("Hello")], sampling=Sampling())):
            if isinstance(event, Text) and not worker:
                worker = worker_of(hat.device)
                os.kill(worker, signal.SIGTERM)
    assert hat.events("end")[-1]["status"] == "ABORTED"


async def test_a_worker_that_talks_nonsense_is_an_engine_error(make: Rigs) -> None:
    hat = make(python="/bin/echo")
    with pytest.raises(EngineError, match="not a frame"):
        await hat.device.load()


async def test_closing_in_mid_reply_ends_it(make: Rigs) -> None:
    hat = make(reply_tokens=300)
    stream = generate(hat.device, asking([user("Hello")], sampling=Sampling()))
    async for event in stream:
        if isinstance(event, Text):
            break
    await asyncio.wait_for(hat.device.close(), 5)
    (*_, last) = [event async for event in stream]
    assert isinstance(last, Done)
    assert last.finish is Finish.CANCELLED


async def test_the_worker_ends_with_its_parent_even_while_the_library_holds_its_lock(
    tmp_path: Path,
) -> None:
    code = (
        "import asyncio, os, sys\nfrom pathlib import Path\n"
        "from tests.backends.hailo.device_rig import rig\n"
        "async def main():\n"
        "    hat = rig(Path(sys.argv[1]), load_s=100_000)\n"
        "    loading = asyncio.create_task(hat.device.load())\n"
        "    while not (hat.folder / 'logs' / 'hailort.log').exists(): await asyncio.sleep(0.01)\n"
        "    children = Path(f'/proc/self/task/{os.getpid()}/children').read_text()\n"
        "    print(children, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    said, _ = await parent.communicate()
    (child,) = said.split()
    async with asyncio.timeout(10):
        while _lives(int(child)):
            await asyncio.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "XZ"
