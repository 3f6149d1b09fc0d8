"""Key echo: from the key to the screen, while the chat is idle and while the engine uses every core.

python -m tests.benchmarks.bench_echo [MODEL.gguf] [KEYS]
"""

import os
import select
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.processes import children, cpu_s
from tests.conftest import STARTER
from tests.e2e.program import with_model
from tests.e2e.terminal import Terminal

TARGET_P99_MS = 50.0
EVERY_S = 0.12
WORD = "abcdefghijklmnopqrstuvwxyz"
STORY = "Write a very long story about a lighthouse, in many chapters."


class Wire(Terminal):
    """A terminal that keeps the bytes and draws nothing, so that it takes no time from what is measured."""

    def pump(self, wait_s: float) -> bool:
        """Takes what the child wrote within `wait_s`; False where it is gone."""
        ready, _, _ = select.select([self.fd], [], [], wait_s)
        if not ready:
            return True
        data = os.read(self.fd, 65536)
        self.raw += data
        return bool(data)

    def wait_bytes(self, wanted: bytes, start: int, timeout_s: float) -> bool:
        """Whether `wanted` is written after the byte of the number `start`."""
        end = time.monotonic() + timeout_s
        while wanted not in self.raw[start:]:
            left = end - time.monotonic()
            if left <= 0:
                return False
            self.pump(left)
        return True

    @property
    def replying(self) -> bool:
        """Whether the bar at the bottom offered to stop more lately than to send."""
        return self.raw.rfind(b" queue") > self.raw.rfind(b" send")


def ensure_reply(terminal: Wire) -> bool:
    """Asks again where a reply ended; True where it did, which emptied the composer."""
    asked = False
    while not terminal.replying:
        terminal.send("\x15" + STORY + "\r")
        terminal.wait_bytes(b" queue", len(terminal.raw), 60)
        # The wait for the first token is not what is measured.
        time.sleep(1.5)
        terminal.pump(0)
        asked = True
    return asked


def echoes(terminal: Wire, keys: int, busy: bool) -> list[float]:
    """Milliseconds from each key to the frame that shows it; a key that never shows fails."""
    found: list[float] = []
    typed = ""
    while len(found) < keys:
        if busy and ensure_reply(terminal):
            typed = ""
        if len(typed) > len(WORD):
            terminal.send("\x15")
            typed = ""
            terminal.pump(EVERY_S)
        typed += WORD[len(typed) % len(WORD)]
        start, began = len(terminal.raw), time.monotonic()
        terminal.send(typed[-1])
        if not terminal.wait_bytes(typed[-6:].encode(), start, 5):
            raise AssertionError(f"{typed!r} never showed")
        if not busy or terminal.replying:
            found.append((time.monotonic() - began) * 1000)
        pause_until = began + EVERY_S
        while (left := pause_until - time.monotonic()) > 0:
            terminal.pump(left)
    return sorted(found)


def report(name: str, found: list[float]) -> None:
    """p50, p95, p99 and the worst."""
    marks = [found[min(len(found) - 1, int(len(found) * share))] for share in (0.5, 0.95, 0.99)]
    print(
        f"{name:12} n {len(found)}   p50 {marks[0]:5.1f}   p95 {marks[1]:5.1f}"
        f"   p99 {marks[2]:5.1f}   worst {found[-1]:5.1f} ms"
    )


def main(model: Path, keys: int) -> None:
    """Idle first, then under load."""
    with tempfile.TemporaryDirectory() as home:
        program = with_model(Path(home), model)
        settings = Path(home) / ".config" / "assistant" / "settings.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f"[engine]\nthreads = {os.cpu_count()}\n")
        environment = {**program.environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        terminal = Wire(program.command(), environment, 120, 40)
        try:
            terminal.wait_bytes(b" send", 0, 30)
            end = time.monotonic() + 6
            while time.monotonic() < end:
                terminal.pump(0.2)
            report("idle", echoes(terminal, keys, busy=False))
            ensure_reply(terminal)
            workers = children(terminal.pid)
            spent, began = sum(map(cpu_s, workers)), time.monotonic()
            report("generating", echoes(terminal, keys, busy=True))
            cores = (sum(map(cpu_s, workers)) - spent) / (time.monotonic() - began)
            print(f"engine used {cores:.2f} cores; target p99 {TARGET_P99_MS:.0f} ms")
        finally:
            terminal.close()


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ASSISTANT_TEST_MODEL", "")
    main(Path(chosen) if chosen else STARTER, int(sys.argv[2]) if len(sys.argv) > 2 else 200)
