"""Starting the engine: bad files, bad machines, and the ladder between them. Real processes, the real model."""

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from assistant.backends.llama.client import LlamaBackend
from assistant.backends.llama.ladder import FILE, Rung, remembered
from assistant.domain.errors import EngineError, ModelError
from assistant.domain.prompt import Finish, Sampling
from assistant.domain.settings import EngineSettings
from tests.backends.llama.conftest import MakeBackend
from tests.backends.llama.talk import GREEDY, ROUTE, generation, hear, user, worker_pid
from tests.fakes import generate

FRAGILE = Path(__file__).with_name("fragile_worker.py")
BRIEF = Sampling(temperature=0, max_tokens=2)
LONG = user("Tell me a story of a fox, a hen and a farmer, with all that they say. " * 5)


def fragile(*rungs: Rung, when: str = "load", dies_of: str = "SIGSEGV") -> tuple[str, ...]:
    """The argv of a worker that dies on `rungs`."""
    return (sys.executable, "-P", str(FRAGILE), ",".join(rungs), when, dies_of)


def log(tmp_path: Path) -> str:
    return (tmp_path / "engine.log").read_text("utf-8")


async def test_the_highest_rung_that_holds_is_proved_once(
    make_backend: MakeBackend, holds: Rung, starter_model: Path, tmp_path: Path
) -> None:
    assert remembered(tmp_path / "state", starter_model) is None
    assert await make_backend().load() == 1024
    assert remembered(tmp_path / "state", starter_model) is holds
    kept = (tmp_path / "state" / FILE).stat()
    assert await make_backend().load() == 1024
    assert (tmp_path / "state" / FILE).stat() == kept


@pytest.mark.parametrize(
    ("bad", "left"),
    [
        ([Rung.DEFAULT], Rung.NO_EXTRA_BUFFERS),
        ([Rung.DEFAULT, Rung.NO_EXTRA_BUFFERS, Rung.NO_MMAP], Rung.ONE_THREAD),
    ],
)
async def test_a_crash_leads_a_rung_down_and_the_one_that_held_is_remembered(
    make_backend: MakeBackend, starter_model: Path, tmp_path: Path, bad: list[Rung], left: Rung
) -> None:
    backend = make_backend(command=fragile(*bad))
    assert (await hear(backend, generation([user("Hello")], BRIEF))).text
    assert remembered(tmp_path / "state", starter_model) is left
    assert log(tmp_path).count("Segmentation fault") == len(bad)
    again = make_backend(command=fragile(*bad))
    assert await again.load() == 1024
    assert log(tmp_path).count("Segmentation fault") == len(bad)


async def test_where_no_rung_holds_it_says_so(
    make_backend: MakeBackend, starter_model: Path, tmp_path: Path
) -> None:
    with pytest.raises(EngineError) as caught:
        await make_backend(command=fragile(*Rung, dies_of="SIGILL")).load()
    assert "SIGILL" in caught.value.message
    assert "fragile_worker" in caught.value.message, "the log's tail is part of the message"
    assert "engine.log" in caught.value.hint
    assert remembered(tmp_path / "state", starter_model) is None


async def test_a_crash_in_use_fails_the_turn_and_has_the_rung_tested_again(
    make_backend: MakeBackend, holds: Rung, starter_model: Path, tmp_path: Path
) -> None:
    backend = make_backend(command=fragile(holds, when="use"))
    for _ in range(2):
        assert await backend.load() == 1024
        assert remembered(tmp_path / "state", starter_model) is holds
        with pytest.raises(EngineError, match="SIGSEGV"):
            await hear(backend, generation([LONG]))
        assert remembered(tmp_path / "state", starter_model) is None
    assert (await hear(backend, generation([LONG], BRIEF))).text
    assert remembered(tmp_path / "state", starter_model) is holds.below()


async def test_a_worker_killed_while_it_loads_says_nothing_of_the_rung(
    make_backend: MakeBackend, holds: Rung, starter_model: Path, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match="SIGKILL"):
        await make_backend(command=fragile(*Rung, dies_of="SIGKILL")).load()
    assert remembered(tmp_path / "state", starter_model) is None
    assert await make_backend().load() == 1024
    assert remembered(tmp_path / "state", starter_model) is holds


async def test_a_remembered_rung_that_crashes_at_the_start_is_tested_again(
    make_backend: MakeBackend, starter_model: Path, tmp_path: Path
) -> None:
    assert await make_backend().load() == 1024
    backend = make_backend(command=(sys.executable, "-c", "import os; os.abort()"))
    with pytest.raises(EngineError, match="SIGABRT"):
        await backend.load()
    assert remembered(tmp_path / "state", starter_model) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a GGUF file"),
        (b"<!DOCTYPE html><html>", "not a GGUF file"),
        (b"GGUF", "cannot be loaded"),
        (b"GGUF" + bytes(4096), "cannot be loaded"),
    ],
)
async def test_an_alien_file_is_a_model_error(
    make_backend: MakeBackend, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "alien.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said) as caught:
        await make_backend(model_path=path).load()
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert not (tmp_path / "state" / FILE).exists()


async def test_a_truncated_model_is_a_model_error(
    make_backend: MakeBackend, starter_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "half.gguf"
    with starter_model.open("rb") as whole, path.open("wb") as half:
        shutil.copyfileobj(whole, half)
        half.truncate(50_000_000)
    with pytest.raises(ModelError, match="cannot be loaded"):
        await make_backend(model_path=path).load()


async def test_a_missing_or_locked_file_is_a_model_error(
    make_backend: MakeBackend, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="No such file"):
        await make_backend(model_path=tmp_path / "none.gguf").load()
    with pytest.raises(ModelError, match="Is a directory"):
        await make_backend(model_path=tmp_path).load()


async def test_a_model_too_large_for_the_machine_is_refused_before_it_is_loaded(
    starter_model: Path, tmp_path: Path
) -> None:
    backend = LlamaBackend(
        ROUTE,
        starter_model,
        EngineSettings(),
        tmp_path / "state",
        tmp_path / "cache",
        need_bytes=9_000_000_000,
        total_bytes=lambda: 8_000_000_000,
    )
    with pytest.raises(ModelError, match=r"9\.0 GB.*8\.0 GB"):
        await backend.load()
    assert not (tmp_path / "state").exists()


async def test_a_worker_that_cannot_be_started_is_an_engine_error(
    make_backend: MakeBackend, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match="could not be started"):
        await make_backend(command=(str(tmp_path / "nothing"),)).load()


@pytest.mark.usefixtures("home")
async def test_folders_that_cannot_be_written_cost_comfort_not_the_reply(
    starter_model: Path, tmp_path: Path
) -> None:
    nowhere = tmp_path / "file"
    nowhere.touch()
    settings = EngineSettings(context_tokens=256, threads=1)
    backend = LlamaBackend(ROUTE, starter_model, settings, nowhere / "state", nowhere / "cache")
    assert (await hear(backend, generation([user("Hello")], BRIEF))).text
    await backend.close()


async def test_a_worker_that_talks_nonsense_is_an_engine_error(make_backend: MakeBackend) -> None:
    with pytest.raises(EngineError, match="not a frame"):
        await make_backend(command=("/bin/echo", "hello")).load()


@pytest.mark.usefixtures("proved")
async def test_giving_up_on_a_load_leaves_it_to_the_next_who_asks(
    make_backend: MakeBackend,
) -> None:
    backend = make_backend()
    first = asyncio.create_task(backend.load())
    second = asyncio.create_task(backend.load())
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 1024
    pid = worker_pid(backend)
    assert await backend.load() == 1024
    assert worker_pid(backend) == pid


@pytest.mark.usefixtures("proved")
async def test_closing_while_it_loads_ends_the_load(make_backend: MakeBackend) -> None:
    backend = make_backend()
    loading = asyncio.create_task(backend.load())
    await asyncio.sleep(0)
    await backend.close()
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert await backend.load() == 1024, "the next call starts anew"


@pytest.mark.usefixtures("proved")
async def test_a_stop_while_it_loads_is_not_lost(make_backend: MakeBackend) -> None:
    backend = make_backend()
    asked = asyncio.create_task(hear(backend, generation([user("Hi")], GREEDY, id="t9")))
    await asyncio.sleep(0)
    await backend.stop("t9")
    heard = await asked
    assert heard.done is not None
    assert heard.done.finish is Finish.CANCELLED
    assert not heard.text


@pytest.mark.usefixtures("proved")
async def test_kill_9_at_any_moment_fails_the_turn_and_the_next_one_runs(
    make_backend: MakeBackend, holds: Rung, starter_model: Path, tmp_path: Path
) -> None:
    backend = make_backend()
    request = generation([user("Tell a story.")], Sampling(temperature=0, max_tokens=200))
    for events in (1, 3, 6):
        await backend.load()
        seen = 0
        with pytest.raises(EngineError, match="SIGKILL") as caught:
            async for _ in generate(backend, request):
                seen += 1
                if seen == events:
                    os.kill(worker_pid(backend), signal.SIGKILL)
        assert caught.value.hint
    assert remembered(tmp_path / "state", starter_model) is holds, "that was no crash"
    assert (await hear(backend, generation([user("Hello")], BRIEF))).text


@pytest.mark.usefixtures("proved")
async def test_kill_9_between_turns_goes_unnoticed(make_backend: MakeBackend) -> None:
    backend = make_backend()
    await backend.load()
    worker = backend._worker()
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    await worker.end(10)
    assert (await hear(backend, generation([user("Hello")], BRIEF))).text


@pytest.mark.usefixtures("proved")
async def test_the_worker_is_gone_after_close_and_ctrl_c_does_not_reach_it(
    make_backend: MakeBackend,
) -> None:
    backend = make_backend()
    await backend.load()
    pid = worker_pid(backend)
    assert os.getpgid(pid) != os.getpgid(0)
    await backend.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await backend.close()


async def test_the_worker_ends_with_its_parent(starter_model: Path, tmp_path: Path) -> None:
    code = (
        "import asyncio, os, sys\nfrom pathlib import Path\n"
        "from tests.backends.llama.talk import ROUTE, worker_pid\n"
        "from assistant.backends.llama.client import LlamaBackend\n"
        "from assistant.domain.settings import EngineSettings\n"
        "async def main():\n"
        "    here = Path(sys.argv[2])\n"
        "    b = LlamaBackend(ROUTE, Path(sys.argv[1]), EngineSettings(threads=1), here, here)\n"
        "    await b.load()\n"
        "    print(worker_pid(b), flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        str(starter_model),
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    said, _ = await parent.communicate()
    pid = int(said)
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state in "XZ":
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"worker {pid} outlived its parent")
