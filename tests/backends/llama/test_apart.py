"""The worker is cut off from the network by the kernel, and knows nothing of the program's environment; it works all the same."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.backends.llama.launch import Plan, is_apart, launch
from assistant.machine.programs import ask
from tests.backends.llama.conftest import SMALL, MakeBackend
from tests.backends.llama.talk import generation, hear, user, worker_pid

ROOT = Path(__file__).parents[3]
CALLER = Path(__file__).with_name("calling_worker.py")


def kernel_lets_it(*how: str) -> bool:
    """What the system's own program for it says."""
    if not how and os.geteuid() != 0:
        how = ("--user",)
    unshare = shutil.which("unshare")
    assert unshare is not None, "util-linux has it"
    command = [unshare, *how, "--net", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def network(process: str) -> str:
    """Names the network namespace that a process is in."""
    return str(Path("/proc", process, "ns", "net").readlink())


async def test_a_real_worker_reaches_nothing_and_still_answers_and_keeps_its_states(
    make_backend: MakeBackend, proved: None, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        port = str(listener.getsockname()[1])
        told = tmp_path / "told"
        command = (sys.executable, "-P", str(CALLER), port, str(told))
        backend = make_backend(command=command)
        assert (await hear(backend, generation([user("Hello")]))).text
        pid = worker_pid(backend)
        apart = network(str(pid)) != network("self")
        await backend.close()
        assert apart is kernel_lets_it()
        # By Python's socket and by the system's own connect, which no wall inside the program would see.
        assert told.read_text() == ("refused refused" if apart else "connected connected")
        if apart:
            with pytest.raises(BlockingIOError):
                listener.accept()
    assert list((tmp_path / "cache" / "kv").iterdir())


async def test_the_worker_says_in_its_first_words_where_it_is(
    starter_model: Path, proved: None, tmp_path: Path
) -> None:
    plan = Plan(starter_model, SMALL, tmp_path / "state", tmp_path / "cache", tmp_path / "log")
    launched = await launch(plan)
    assert launched.netns is kernel_lets_it()
    launched.worker.kill()
    await launched.worker.end(5)


def test_a_look_says_what_a_worker_would_find() -> None:
    assert is_apart(ask) is kernel_lets_it()
    assert is_apart(lambda *_, **__: "not apart") is False
    assert is_apart(lambda *_, **__: None) is None


async def test_nothing_of_the_environment_but_what_the_engine_needs_reaches_the_worker(
    make_backend: MakeBackend, proved: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "OPENAI_API_KEY",
        "LLAMA_API_KEY",
        "HTTPS_PROXY",
        "http_proxy",
        "SSL_CERT_FILE",
        "SSH_AUTH_SOCK",
    ):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    backend = make_backend()
    await backend.load()
    held = Path(f"/proc/{worker_pid(backend)}/environ").read_bytes()
    assert b"secret" not in held
    assert b"OLLAMA_NO_CLOUD=1\0" in held
    assert b"OMP_WAIT_POLICY=passive\0" in held


LEAVES = """
import os, sys
from pathlib import Path
from assistant.backends.llama.apart import leave_network
before = os.geteuid(), os.getegid()
left = leave_network(as_root=False)
Path(sys.argv[1]).write_text("x")
[rights] = [l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("CapEff")]
print(left, (os.geteuid(), os.getegid()) == before, int(rights.split()[1], 16))
"""


def test_in_a_user_namespace_one_stays_who_one_is_and_gives_up_every_right(tmp_path: Path) -> None:
    """Also where the tests run as root, which the worker leaves without one."""
    written = tmp_path / "written"
    command = [sys.executable, "-c", LEAVES, str(written)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert written.stat().st_uid == os.geteuid()
    lets = kernel_lets_it("--user")
    assert done.stdout.split()[0] == str(lets)
    assert not lets or done.stdout == "True True 0\n"
