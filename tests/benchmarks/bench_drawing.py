"""What the screen takes from the engine: tokens per second in the chat against the same reply with nothing drawn.

python -m tests.benchmarks.bench_drawing [MODEL.gguf] [ROUNDS]
"""

import json
import os
import select
import sqlite3
import statistics
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from tests.benchmarks.bench_start import OURS
from tests.conftest import STARTER
from tests.e2e.program import Program, with_model
from tests.e2e.terminal import Terminal

TARGET_SHARE = 0.92
PROMPT = "Write a very long story about a lighthouse."
TOKENS = 300
SETTINGS = f"[generation]\ntemperature = 0.0\nmax_tokens = {TOKENS}\n"


def undrawn(program: Program) -> float:
    """Tokens per second of `ask --json`, which prints nothing until the end."""
    done = program.run("ask", "--json", PROMPT, timeout_s=300)
    rate = json.loads(done.stdout)["tokens_per_second"]
    assert isinstance(rate, float)
    return rate


def drain(terminal: Terminal) -> None:
    """Takes what is drawn until nothing comes for two seconds; no screen is kept, which would cost a core of its own."""
    while select.select([terminal.fd], [], [], 2.0)[0]:
        os.read(terminal.fd, 65536)


def drawn(program: Program) -> float:
    """Tokens per second of the same prompt in the chat, as its own journal has them."""
    environment = {**program.environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    terminal = Terminal(program.command(), environment, 120, 40)
    try:
        terminal.wait_for_text(OURS)
        terminal.send(PROMPT)
        terminal.wait_for_text("a lighthouse.")
        terminal.send("\r")
        terminal.wait_for_text("esc stop", 60)
        drain(terminal)
    finally:
        terminal.close()
    [journal] = program.home.rglob("journal.db")
    with closing(sqlite3.connect(journal)) as file:
        [record] = file.execute("SELECT record FROM turn ORDER BY id DESC LIMIT 1").fetchone()
    return float(json.loads(record)["tokens_per_second"])


def main(model: Path, rounds: int) -> None:
    """Prints both medians, the share that is left, and its spread."""
    with tempfile.TemporaryDirectory() as home:
        program = with_model(Path(home), model)
        settings = Path(home) / ".config/assistant/settings.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(SETTINGS)
        undrawn(program)
        pairs = [(undrawn(program), drawn(program)) for _ in range(rounds)]
    shares = sorted(on / off for off, on in pairs)
    print(f"nothing drawn  {statistics.median(off for off, _ in pairs):6.1f} tok/s")
    print(f"in the chat    {statistics.median(on for _, on in pairs):6.1f} tok/s")
    print(
        f"share {statistics.median(shares):.3f}  ({shares[0]:.3f} to {shares[-1]:.3f}, {rounds} pairs)"
        f"  target {TARGET_SHARE}"
    )


if __name__ == "__main__":
    main(
        Path(sys.argv[1]) if len(sys.argv) > 1 else STARTER,
        int(sys.argv[2]) if len(sys.argv) > 2 else 5,
    )
