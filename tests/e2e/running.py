"""The program at work with pipes at its three ends: what `subprocess` is to a command, for the forks of the nursery."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from threading import Thread
from types import TracebackType
from typing import Self

from tests.e2e import nursery


class Running:
    """A fork of the program. `returncode` is None until its end was waited for; minus the number of a signal that ended it."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], stdin: int | None = None
    ) -> None:
        """Starts it (see `nursery.bear`), with a file as its input, else with a pipe."""
        (taken, given), (out, said), (err, told) = (os.pipe() for _ in range(3))
        its = (taken if stdin is None else stdin, said, told)
        self.pid = nursery.bear(command, environment, its)
        for end in (taken, said, told):
            os.close(end)
        self.stdin = os.fdopen(given, "wb")
        self.stdout, self.stderr = os.fdopen(out, "rb"), os.fdopen(err, "rb")
        self.returncode: int | None = None

    def __enter__(self) -> Self:
        """Is itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Lets go of the pipes; what still runs is ended."""
        for stream in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        if self.returncode is None:
            self.send_signal(signal.SIGKILL)
            self.wait()

    def send_signal(self, sign: int) -> None:
        """Sends it a signal."""
        os.kill(self.pid, sign)

    def wait(self) -> int:
        """Its exit code, once there is one."""
        if self.returncode is None:
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def communicate(self, given: bytes = b"", timeout_s: float = 60) -> tuple[bytes, bytes]:
        """Gives it all its input, and what it writes to its end. Raises: subprocess.TimeoutExpired."""
        Thread(target=self._give, args=(given,), daemon=True).start()
        end, heard = time.monotonic() + timeout_s, {self.stdout: b"", self.stderr: b""}
        with selectors.DefaultSelector() as looking:
            for stream in heard:
                looking.register(stream, selectors.EVENT_READ, stream)
            while looking.get_map():
                ready = looking.select(end - time.monotonic())
                if not ready:
                    raise subprocess.TimeoutExpired("assistant", timeout_s)
                for key, _ in ready:
                    data = os.read(key.fd, 65536)
                    heard[key.data] += data
                    if not data:
                        looking.unregister(key.fileobj)
        self.wait()
        return heard[self.stdout], heard[self.stderr]

    def _give(self, given: bytes) -> None:
        # Who does not read to the end has ended, or will.
        with contextlib.suppress(BrokenPipeError), self.stdin:
            self.stdin.write(given)


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    stdin: bytes = b"",
    timeout_s: float = 60,
) -> "subprocess.CompletedProcess[bytes]":
    """Runs the program to its end, as a fork of the nursery."""
    with Running(command, environment) as running:
        out, err = running.communicate(stdin, timeout_s)
        return subprocess.CompletedProcess([*command], running.wait(), out, err)
