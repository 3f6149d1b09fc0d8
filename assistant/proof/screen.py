"""The chat on a terminal that nobody looks at: opened, left alone for a while, closed with its own key."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

IDLE_S: Final = 5.0
"""How long the chat is left alone."""
_QUIET_S: Final = 1.0
_PATIENCE_S: Final = 60.0
_FULL_SCREEN: Final = b"\x1b[?1049h"
_QUIT: Final = b"\x11"


def sit(command: Sequence[str], environment: Mapping[str, str]) -> int | None:
    """Runs the chat until it has been idle for `IDLE_S`, then quits it: its exit code; None where it never came or never ended."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    with subprocess.Popen(  # noqa: S603 - this very program
        command,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env={**environment, "TERM": "xterm-256color"},
        start_new_session=True,
    ) as chat:
        os.close(inner)
        try:
            return _quit(chat, outer) if _came(outer) else None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(chat.pid, signal.SIGKILL)
            os.close(outer)


def _came(terminal: int) -> bool:
    """Whether the whole screen was drawn, and nothing more for a moment; then it is left alone."""
    end, drawn, last = time.monotonic() + _PATIENCE_S, b"", time.monotonic()
    while (now := time.monotonic()) < end:
        data = _heard(terminal)
        if data is None:
            return False
        if data:
            drawn, last = drawn + data, now
        elif _FULL_SCREEN in drawn and now - last > _QUIET_S:
            return _stays(terminal, now + IDLE_S)
    return False


def _stays(terminal: int, end: float) -> bool:
    while time.monotonic() < end:
        if _heard(terminal) is None:
            return False
    return True


def _quit(chat: "subprocess.Popen[bytes]", terminal: int) -> int | None:
    os.write(terminal, _QUIT)
    end = time.monotonic() + _PATIENCE_S
    while chat.poll() is None and time.monotonic() < end:
        _heard(terminal)
    return chat.poll()


def _heard(terminal: int) -> bytes | None:
    """What the chat has drawn within a tenth of a second; None where it has let go of its terminal."""
    if not select.select([terminal], [], [], 0.1)[0]:
        return b""
    try:
        return os.read(terminal, 65536) or None
    except OSError:
        # It ended. Nobody is to spin while the process is being cleared away.
        time.sleep(0.01)
        return None
