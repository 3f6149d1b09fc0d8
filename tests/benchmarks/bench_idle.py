"""What the chat costs while nobody does anything: CPU of the screen and of the engine, and memory.

python -m tests.benchmarks.bench_idle [MODEL.gguf] [SECONDS]
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.processes import children, cpu_s, rss_mb
from tests.conftest import STARTER
from tests.e2e.program import with_model
from tests.e2e.terminal import Terminal

TARGET_SHARE = 0.01
SETTLE_S = 8


def watch(terminal: Terminal, seconds: float) -> None:
    """Lets time pass and takes what is written meanwhile."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        terminal.pump(left)


def main(model: Path, seconds: float) -> None:
    """After a question was answered, as a chat is left on a desk."""
    with tempfile.TemporaryDirectory() as home:
        program = with_model(Path(home), model)
        environment = {**program.environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        terminal = Terminal(program.command(), environment, 120, 40)
        try:
            terminal.wait_for_text("LOCAL ONLY")
            watch(terminal, SETTLE_S)
            print(f"memory, empty chat   {rss_mb(terminal.pid):6.1f} MB")
            terminal.send("Say hello in one word.\r")
            terminal.wait_for_text("esc stop", 60)
            terminal.wait_for(lambda text: "esc stop" not in text, 120)
            watch(terminal, SETTLE_S)
            print(f"memory, one answer   {rss_mb(terminal.pid):6.1f} MB")
            workers = children(terminal.pid)
            wrote = len(terminal.raw)
            screen, engine = cpu_s(terminal.pid), sum(map(cpu_s, workers))
            watch(terminal, seconds)
            screen, engine = cpu_s(terminal.pid) - screen, sum(map(cpu_s, workers)) - engine
            print(f"screen idle          {screen / seconds:6.2%} of a core, {seconds:.0f} s")
            print(f"engine idle          {engine / seconds:6.2%} of a core")
            print(f"written meanwhile    {len(terminal.raw) - wrote} bytes")
            print(f"target               {TARGET_SHARE:6.2%} of a core")
        finally:
            terminal.close()


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ASSISTANT_TEST_MODEL", "")
    main(Path(chosen) if chosen else STARTER, float(sys.argv[2]) if len(sys.argv) > 2 else 10.0)
