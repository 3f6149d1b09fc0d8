"""A conversation of 10,000 messages against an empty one: its first sight on a real pty, page by page, its memory; and 20,000 conversations.

python -m tests.benchmarks.bench_size [ROUNDS]
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from assistant.storage import folds
from assistant.storage.database import open_database
from tests.benchmarks.bench_start import OURS, first_frame
from tests.benchmarks.processes import rss_mb
from tests.conftest import STARTER
from tests.e2e.program import Program, with_model
from tests.e2e.terminal import Terminal
from tests.fakes import NOW_MS, started, whole_turn

TURNS = 5_000
CHATS = 20_000
PAGES = 50
PATIENCE_S = 10.0
LAST = "the very last words"
PAGE_UP = "\x1b[5~"
REPLY = "Use **PTP** over the wired ports.\n\n```bash\nsudo ptp4l -i eth{0} -m\n```\n\nThe others follow."


def long_chat(file: Path) -> None:
    """The conversation `c1`, with 10,000 messages."""
    database = open_database(file, NOW_MS)
    parent = None
    with database.write() as db:
        folds.record(db, started("c1", "A long one"))
        for number in range(TURNS):
            text = LAST if number == TURNS - 1 else f"question {number}: how do I keep Pis in time?"
            for event in whole_turn(f"t{number}", text, REPLY.format(number), parent=parent):
                folds.record(db, event)
            parent = f"r-t{number}"
    database.close()


def many_chats(file: Path) -> None:
    """20,000 conversations without a message."""
    database = open_database(file, NOW_MS)
    rows = ((f"c{n}", f"Chat {n}", NOW_MS, NOW_MS, n - CHATS) for n in range(CHATS))
    with database.write() as db:
        db.executemany(
            "INSERT INTO conversation(id, title, system, created_at_ms, updated_at_ms, activity)"
            " VALUES (?, ?, '', ?, ?, ?)",
            rows,
        )
    database.close()


def home(folder: Path, name: str) -> tuple[Program, dict[str, str], Path]:
    """A program in a home of its own, what it is started with, and its journal."""
    (folder / name).mkdir()
    program = with_model(folder / name, Path(os.environ.get("ASSISTANT_TEST_MODEL") or STARTER))
    program.run("history", "list")
    around = {**program.environment, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    journal = next((folder / name).rglob("journal.db"))
    return program, around, journal


def pages(program: Program, around: dict[str, str]) -> tuple[list[float], float]:
    """How long each of many pages upwards took until something was drawn, in ms, and the memory at the end, in MB."""
    terminal = Terminal(program.command("chat", "--open", "c1"), around, 120, 40)
    took = []
    try:
        terminal.wait_for_text(LAST)
        for _ in range(PAGES):
            began, drawn = time.monotonic(), len(terminal.raw)
            terminal.send(PAGE_UP)
            while len(terminal.raw) == drawn:
                if not terminal.pump(PATIENCE_S) or time.monotonic() - began > PATIENCE_S:
                    raise AssertionError(f"a page up drew nothing:\n{terminal.text()}")
            took.append((time.monotonic() - began) * 1000)
        return sorted(took), rss_mb(terminal.pid)
    finally:
        terminal.close()


def main(rounds: int) -> None:
    """Prints medians, spreads and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        empty, around_empty, _ = home(Path(folder), "empty")
        big, around, journal = home(Path(folder), "long")
        long_chat(journal)
        listed, around_listed, journal = home(Path(folder), "listed")
        many_chats(journal)
        found = []
        for number in range(rounds + 1):
            one = (
                first_frame(empty.command(), around_empty, OURS),
                first_frame(big.command("chat", "--open", "c1"), around, LAST),
                first_frame(listed.command(), around_listed, f"Chat {CHATS - 1}"),
            )
            if number:
                found.append(one)
        for at, name in enumerate(("empty chat", "10,000 messages", "20,000 chats")):
            wall = sorted(one[at][1] for one in found)
            cpu = statistics.median(one[at][0] for one in found)
            ratio = sorted(one[at][1] / one[0][1] for one in found)
            print(
                f"{name:16} {statistics.median(wall):5.2f} s wall ({wall[0]:.2f}-{wall[-1]:.2f})  {cpu:5.2f} s CPU  "
                f"ratio {statistics.median(ratio):.2f} ({ratio[0]:.2f}-{ratio[-1]:.2f})"
            )
        took, memory = pages(big, around)
        print(
            f"{PAGES} pages up: p50 {took[len(took) // 2]:.0f} ms, p99 {took[int(len(took) * 0.99)]:.0f} ms, "
            f"most {took[-1]:.0f} ms; {memory:.0f} MB at the end"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
