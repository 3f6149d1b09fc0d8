"""Starts the program as a fork of a process that has imported it: most of what a command takes is the import, the same each time.

`python -m tests.e2e.nursery FD` is that process. What it forks is a process like any other: with its own pid, streams, terminal,
environment, wall and end, a child of whoever asked for it. That each command comes up from nothing too is tests/e2e/test_starts.py.
"""

import atexit
import ctypes
import fcntl
import functools
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import signal
import socket
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).parents[2]
PYTHON = (sys.executable, "-m")
_ROOMS = (
    "commands",
    "conversation",
    "domain",
    "machine",
    "outbound",
    "ports",
    "scanning",
    "storage",
    "tui",
    "wiring",
)
"""All of the program but its workers and its proof, which run in processes of their own."""
_SIZE = struct.Struct("Q")
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Birth:
    """What a fork is to become: the module to run, its arguments and environment, and whether its streams are a terminal."""

    module: str
    arguments: list[str]
    environment: dict[str, str]
    terminal: bool


class Nursery:
    """A process that forks the program; `before` is put before its command, to run it somewhere else."""

    def __init__(self, before: Sequence[str]) -> None:
        """Starts it; it ends with this process at the latest."""
        self._line, other = socket.socketpair()
        module = (sys.executable, "-m", "tests.e2e.nursery", str(other.fileno()))
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        self._process = subprocess.Popen(
            [*before, *module],
            stdin=subprocess.DEVNULL,
            pass_fds=[other.fileno()],
            env={**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        )
        other.close()
        atexit.register(self.close)

    def close(self) -> None:
        """Ends it; what it forked goes on."""
        self._line.close()
        self._process.wait()

    def bear(self, birth: Birth, streams: tuple[int, int, int]) -> int:
        """Has the program started with these three files as its streams; it is a child of this process. Gives its pid."""
        told = json.dumps(vars(birth)).encode()
        # It is the child of a child that is gone at once, so that it comes to us.
        _adopt(True)
        socket.send_fds(self._line, [_SIZE.pack(len(told))], streams)
        self._line.sendall(told)
        answer = self._line.recv(_SIZE.size)
        _adopt(False)
        assert answer, "the nursery is gone: what it said is above"
        return int(_SIZE.unpack(answer)[0])


def _adopt(whether: bool) -> None:
    """Whether this process becomes the parent of what its children leave behind."""
    done = ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(whether), 0, 0, 0)
    assert done == 0, "this kernel knows no subreaper"


_nursery = functools.cache(Nursery)
_ONE_AT_A_TIME = Lock()
"""Adopting is a matter of the whole process, and each nursery is begun once, whichever thread asks."""


def bear(
    command: Sequence[str],
    environment: Mapping[str, str],
    streams: tuple[int, int, int],
    *,
    terminal: bool = False,
) -> int:
    """Starts `command`, which ends in PYTHON with a module and its arguments, as `Nursery.bear` does."""
    words = tuple(command)
    at = next(i for i in range(len(words)) if words[i : i + len(PYTHON)] == PYTHON)
    module, *arguments = words[at + len(PYTHON) :]
    birth = Birth(module, arguments, dict(environment), terminal)
    with _ONE_AT_A_TIME:
        return _nursery(words[:at]).bear(birth, streams)


# In the nursery.


def main(line: socket.socket) -> str:
    """Forks for whoever asks; in each fork gives the module that it is to run, and ends when nobody is there any more."""
    import_rooms(*_ROOMS)
    gc.collect()
    gc.freeze()
    while True:
        head, streams, _, _ = socket.recv_fds(line, _SIZE.size, 3)
        if not head:
            os._exit(0)
        told = _whole(line, _SIZE.unpack(head)[0])
        pid = _fork_twice()
        if not pid:
            line.close()
            birth = Birth(**json.loads(told))
            _become(birth, streams)
            return birth.module
        for stream in streams:
            os.close(stream)
        line.sendall(_SIZE.pack(pid))


def import_rooms(*rooms: str) -> None:
    """Imports every module of these rooms of the program, also what is imported late."""
    for room in rooms:
        package = importlib.import_module(f"assistant.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)


def _whole(line: socket.socket, size: int) -> bytes:
    told = bytearray()
    while len(told) < size:
        told += line.recv(size - len(told))
    return bytes(told)


def _fork_twice() -> int:
    """The pid of the grandchild, whose parent is gone; in the grandchild 0."""
    hear, say = os.pipe()
    between = os.fork()
    if not between:
        child = os.fork()
        if child:
            os.write(say, _SIZE.pack(child))
            os._exit(0)
        os.close(hear)
        os.close(say)
        return 0
    os.waitpid(between, 0)
    pid = int(_SIZE.unpack(os.read(hear, _SIZE.size))[0])
    os.close(hear)
    os.close(say)
    return pid


def _become(birth: Birth, streams: Sequence[int]) -> None:
    """Takes the streams, the environment and the arguments, as a process has them that was just started."""
    if birth.terminal:
        os.setsid()
        fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
    for place, stream in enumerate(streams):
        os.dup2(stream, place)
    os.closerange(3, max(streams) + 1)
    # Where the tests run behind a shell's back, ctrl+c is ignored by all that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(birth.environment)
    sys.argv = [birth.module, *birth.arguments]
    sys.stdin = sys.__stdin__ = _opened(0, "r", "surrogateescape")  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _opened(1, "w", "surrogateescape")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _opened(2, "w", "backslashreplace")  # type: ignore[misc]
    sys.stderr.reconfigure(line_buffering=True)


def _opened(place: int, mode: str, errors: str) -> io.TextIOWrapper:
    stream = open(place, mode, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115 - open to the end
    assert isinstance(stream, io.TextIOWrapper)
    return stream


if __name__ == "__main__":
    runpy.run_module(
        main(socket.socket(fileno=int(sys.argv[1]))), run_name="__main__", alter_sys=True
    )
