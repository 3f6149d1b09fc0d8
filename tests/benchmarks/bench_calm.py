"""What the calm screen saves a slow line: bytes written and frames per second while a reply streams, calm against usual.

python -m tests.benchmarks.bench_calm [MODEL.gguf] [ROUNDS]

The real program with the real model on a pseudo-terminal of 120x40 that is drained. A frame is what is written between the two marks
of a synchronised update; the most frames of any second, from one frame to the last that began less than a second later, are given
beside the mean.
"""

import os
import re
import select
import statistics
import sys
import tempfile
import time
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.bench_start import OURS
from tests.conftest import STARTER
from tests.e2e.program import Program, with_model
from tests.e2e.terminal import Terminal

PROMPT = "Write a very long story about a lighthouse."
TOKENS = 120
MOST_FRAMES = 4
SETTINGS = f"[generation]\ntemperature = 0.0\nmax_tokens = {TOKENS}\n"
_FRAME = re.compile(rb"\x1b\[\?2026h")
_ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")
_OVER = b"enter send"
_ASKED = b"\x1b[?2026$p"
_YES = "\x1b[?2026;2$y"


@dataclass(frozen=True)
class Seen:
    """What one reply cost the line."""

    written: int
    frames: int
    most: int
    seconds: float


def watched(program: Program, *more: str) -> Seen:
    """Sends the prompt and takes what is drawn until the reply is over."""
    environment = {**program.environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    terminal = Terminal(program.command("chat", *more), environment, 120, 40)
    try:
        # Textual marks its frames where the terminal says that it knows the marks.
        terminal.wait_for(lambda _: _ASKED in terminal.raw)
        terminal.send(_YES)
        terminal.wait_for_text(OURS)
        terminal.send(PROMPT)
        terminal.wait_for_text("a lighthouse.")
        terminal.send("\r")
        terminal.wait_for_text("esc stop", 60)
        return _drained(terminal)
    finally:
        terminal.close()


def _drained(terminal: Terminal) -> Seen:
    begun, written, tail, at = time.monotonic(), 0, b"", list[float]()
    while _OVER not in _ESCAPE.sub(b"", tail):
        if not select.select([terminal.fd], [], [], 60)[0]:
            raise TimeoutError("the reply never ended")
        data = os.read(terminal.fd, 1 << 20)
        written += len(data)
        tail = (tail + data)[-4_000:]
        at += [time.monotonic()] * len(_FRAME.findall(data))
    most = max(bisect_left(at, start + 1) - n for n, start in enumerate(at))
    return Seen(written, len(at), most, at[-1] - begun)


def main(model: Path, rounds: int) -> None:
    """Prints the medians of both, and whether the calm one keeps its word."""
    with tempfile.TemporaryDirectory() as home:
        program = with_model(Path(home), model)
        settings = Path(home) / ".config/assistant/settings.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(SETTINGS)
        found = {"usual": list[Seen](), "calm": list[Seen]()}
        for _ in range(rounds):
            found["usual"].append(watched(program))
            found["calm"].append(watched(program, "--calm"))
    for name, those in found.items():
        written = statistics.median(one.written for one in those)
        rate = statistics.median(one.frames / one.seconds for one in those)
        print(
            f"{name:>6}  {written / 1000:8.1f} kB  {written / TOKENS:7.0f} bytes/token"
            f"  {rate:5.1f} frames/s  most in a second {max(one.most for one in those)}"
        )
    held = all(one.most <= MOST_FRAMES for one in found["calm"])
    print(f"at most {MOST_FRAMES} frames in a second: {'held' if held else 'MISSED'}")


if __name__ == "__main__":
    main(
        Path(sys.argv[1]) if len(sys.argv) > 1 else STARTER,
        int(sys.argv[2]) if len(sys.argv) > 2 else 3,
    )
