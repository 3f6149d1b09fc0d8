"""A real terminal for the real program: a pty whose screen pyte keeps."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence

from tests.e2e import nursery
from tests.e2e.quick_screen import QuickScreen, QuickStream

QUIET_MS, MOST_READS = 8, 50
"""A frame is whole once nothing more came for so long; who never pauses is looked at all the same."""


class Terminal:
    """A child on a pty of `columns` x `rows`; `screen` is what a person would see."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], columns: int, rows: int
    ) -> None:
        """Starts `command`, as `_start` does."""
        self.screen = QuickScreen(columns, rows)
        self._stream = QuickStream(self.screen)
        self.raw = bytearray()
        self._text = ""
        self.pid, self.fd = self._start(command, environment, (columns, rows))
        self.resize(columns, rows)

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], _size: tuple[int, int]
    ) -> tuple[int, int]:
        """From nothing; gives the pid and the near end of the pty."""
        pid, fd = pty.fork()
        if pid == 0:
            # Where the tests run behind a shell's back, ctrl+c is ignored by all that they start.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execvpe(command[0], list(command), dict(environment))  # noqa: S606 - the test's own child
        return pid, fd

    def resize(self, columns: int, rows: int) -> None:
        """Tells the child of another size, as a terminal does."""
        self.screen.resize(rows, columns)
        self._text = ""
        _tell_size(self.fd, columns, rows)

    def send(self, keys: str) -> None:
        """Types."""
        os.write(self.fd, keys.encode())

    def hang_up(self) -> None:
        """Goes away, as a terminal does whose connection broke; what the child still writes has nowhere to go."""
        os.close(self.fd)
        # Something to read from, of which nothing comes.
        self.fd, self._other_end = os.pipe()

    def text(self) -> str:
        """The screen's lines."""
        # pyte puts them together anew each time, which takes longer than to wait for a change.
        self._text = self._text or "\n".join(self.screen.display)
        return self._text

    def pump(self, wait_s: float) -> bool:
        """Takes what the child wrote within `wait_s`; False where it is gone."""
        looking = select.poll()
        looking.register(self.fd, select.POLLIN | select.POLLHUP)
        wait_ms, most = wait_s * 1000, MOST_READS
        # A frame comes in pieces: half of one is a screen that nobody sees.
        while most and looking.poll(wait_ms):
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.raw += data
            self._text = ""
            self._stream.feed(data)
            wait_ms, most = QUIET_MS, most - 1
        return True

    def wait_for(self, condition: Callable[[str], bool], timeout_s: float = 20) -> str:
        """The screen once `condition` holds of it; fails with the screen where it never does."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if condition(self.text()):
                return self.text()
            if not self.pump(0.05):
                break
        if condition(self.text()):
            return self.text()
        raise AssertionError(f"never came:\n{self.text()}")

    def wait_for_text(self, wanted: str, timeout_s: float = 20) -> str:
        """The screen once it holds `wanted`."""
        return self.wait_for(lambda text: wanted in text, timeout_s)

    def wait_for_exit(self, timeout_s: float = 20) -> int:
        """The child's exit code."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            self.pump(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"still runs:\n{self.text()}")

    def close(self) -> None:
        """Ends the child, however it is."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
        os.close(self.fd)


class ForkedTerminal(Terminal):
    """The same, whose program is a fork of the nursery."""

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], size: tuple[int, int]
    ) -> tuple[int, int]:
        """See `nursery.bear`."""
        near, far = os.openpty()
        # A fork is quicker than who starts it: it would see no size.
        _tell_size(near, *size)
        pid = nursery.bear(command, environment, (far, far, far), terminal=True)
        os.close(far)
        return pid, near


def _tell_size(fd: int, columns: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
