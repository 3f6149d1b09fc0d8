"""CPU to the first frame, the program against a bare Textual app, in turn on a real pty; and the screen's memory.

python -m tests.benchmarks.bench_start [MODEL.gguf] [ROUNDS]
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.bare_app import READY
from tests.benchmarks.processes import cpu_s_frozen, rss_mb
from tests.conftest import STARTER
from tests.e2e.program import Program, with_model
from tests.e2e.terminal import Terminal

TARGET_RATIO = 1.4
TARGET_RSS_MB = 70.0
OURS = "LOCAL ONLY"


def first_frame(
    command: Sequence[str], environment: dict[str, str], mark: str
) -> tuple[float, float]:
    """CPU seconds and wall seconds until `mark` is on the screen."""
    began = time.monotonic()
    terminal = Terminal(command, environment, 120, 40)
    try:
        while mark.encode() not in terminal.raw:
            if not terminal.pump(0.5):
                raise AssertionError(terminal.text())
        return cpu_s_frozen(terminal.pid), time.monotonic() - began
    finally:
        terminal.close()


def memory_mb(program: Program, environment: dict[str, str]) -> float:
    """The screen's resident memory in an empty chat whose model is loaded."""
    terminal = Terminal(program.command(), environment, 120, 40)
    try:
        terminal.wait_for_text(OURS)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            terminal.pump(0.1)
        return rss_mb(terminal.pid)
    finally:
        terminal.close()


def main(model: Path, rounds: int) -> None:
    """Prints the medians, the ratio of each pair, and the targets."""
    with tempfile.TemporaryDirectory() as home:
        program = with_model(Path(home), model)
        environment = {
            **program.environment,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LC_ALL": "C.UTF-8",
        }
        bare = [sys.executable, "-m", "tests.benchmarks.bare_app"]
        pairs = []
        for number in range(rounds + 1):
            floor = first_frame(bare, environment, READY)
            ours = first_frame(program.command(), environment, OURS)
            if number:
                pairs.append((floor, ours))
        memory = memory_mb(program, environment)
    report(pairs, memory)


def report(pairs: list[tuple[tuple[float, float], tuple[float, float]]], memory: float) -> None:
    """The figures, one line each."""
    ratios = sorted(ours[0] / floor[0] for floor, ours in pairs)
    for name, at in (("bare Textual + TextArea", 0), ("assistant", 1)):
        cpu = statistics.median(pair[at][0] for pair in pairs)
        wall = statistics.median(pair[at][1] for pair in pairs)
        print(f"{name:24} {cpu * 1000:6.0f} ms CPU   {wall * 1000:6.0f} ms wall")
    middle = statistics.median(ratios)
    print(
        f"ratio {middle:.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f}, {len(ratios)} pairs)"
        f"  target {TARGET_RATIO}"
    )
    print(f"resident memory, empty chat {memory:.1f} MB  target {TARGET_RSS_MB:.0f}")


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ASSISTANT_TEST_MODEL", "")
    main(Path(chosen) if chosen else STARTER, int(sys.argv[2]) if len(sys.argv) > 2 else 10)
