"""What drawing a growing reply costs: `python -m tests.benchmarks.bench_streaming [TEST ...]`.

A real app with a Transcript runs in a process of its own on a pseudo-terminal of 120x40 that is drained, so that the
driver's writes are part of the figures. Messages fill the screen from the start, so that every fifth scrolls. CPU is user + system time of that process while the text arrives; `per token`
is by fifths of the text. `open` fills the transcript and ends at the first frame that shows it.
"""

import argparse
import asyncio
import fcntl
import json
import os
import pty
import resource
import struct
import sys
import termios
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static, TextArea

from assistant.domain.places import Place
from assistant.domain.prompt import Role
from assistant.tui.widgets.transcript import Entry, Transcript

SIZE = (120, 40)
TOKENS, RATE = 5_000, 150
DELTAS, DELTA_RATE = 1_200, 40
TARGETS = {"prose": 6.0, "code": 6.0, "list": 6.0, "mixed": 4.0}
_SENTENCE = (
    "the small model on this machine reads its prompt and answers quickly when the prefix "
    "is kept between two turns of a conversation that goes on for long"
)
WORDS = _SENTENCE.split()


def prose() -> Iterator[str]:
    """Paragraphs of about a hundred words with some emphasis."""
    number = 0
    while True:
        for word in WORDS:
            number += 1
            yield (
                f"**{word}** "
                if number % 23 == 0
                else f"`{word}` "
                if number % 31 == 0
                else f"{word} "
            )
            if number % 101 == 0:
                yield "\n\n"


def code() -> Iterator[str]:
    """One fence that never closes."""
    yield "```python\n"
    number = 0
    while True:
        number += 1
        yield from (f"def step_{number}", "(", "self", ", ", "count", ": ", "int", ")", ":", "\n")
        yield from ("    ", "return ", "count", " * ", str(number), '  # "a" ', "comment", "\n\n")


def items() -> Iterator[str]:
    """One list that never ends."""
    number = 0
    while True:
        number += 1
        yield "- "
        yield from (f"{word} " for word in WORDS[: 6 + number % 20])
        yield f"**{number}**\n"


def mixed() -> str:
    """Headings, lists, fences and tables."""
    part = (
        "## Part {n}\n\nSome *words* with `code` and **weight** in a paragraph of two lines or so.\n\n"
        "- one item with words\n- another item with `code`\n  - and a nested one\n\n"
        "```python\ndef f_{n}(x):\n    return x + {n}  # a comment\n```\n\n"
        "| name | value |\n|------|------:|\n| alpha | {n} |\n| beta | 2{n} |\n\n"
    )
    return "".join(part.format(n=number) for number in range(40))


def pieces(test: str) -> list[str]:
    """The tokens of a test."""
    if test == "mixed":
        text = mixed()
        return [text[4 * n : 4 * n + 4] for n in range(DELTAS)]
    source = {"prose": prose, "code": code, "list": items}[test]()
    return [next(source) for _ in range(TOKENS)]


class Stage(App[None]):
    """A screen like the chat's: two side columns, the transcript, a text area."""

    CSS = "#left { width: 22; } #right { width: 34; } Transcript { height: 1fr; } TextArea { height: 4; }"

    def __init__(self, run: str, result: Path) -> None:
        super().__init__()
        self._run_name, self._result = run, result

    def compose(self) -> ComposeResult:
        """Lays the screen out."""
        with Horizontal():
            yield Static("chats", id="left")
            yield Transcript()
            yield Static("panel", id="right")
        yield TextArea()

    def on_ready(self) -> None:
        """Starts the test once the first frame stands."""
        self.run_worker(self._measure())

    async def _measure(self) -> None:
        transcript = self.query_one(Transcript)
        if self._run_name.isdigit():
            found = await self._open(transcript, int(self._run_name))
        elif self._run_name == "idle":
            found = await self._idle(transcript)
        else:
            found = await self._stream(transcript, pieces(self._run_name))
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self._result.write_text(json.dumps(found | {"rss_mb": usage.ru_maxrss // 1024}))
        self.exit()

    async def _stream(self, transcript: Transcript, tokens: list[str]) -> dict[str, object]:
        rate = DELTA_RATE if self._run_name == "mixed" else RATE
        transcript.show([Entry("0", Role.USER, "\n".join(WORDS * 3))])
        entry = Entry("1", Role.ASSISTANT, "", Place.THIS_MACHINE, "assistant · local", open=True)
        transcript.add(entry)
        await asyncio.sleep(0.5)
        begun, marks = time.monotonic(), [time.process_time()]
        for number, token in enumerate(tokens):
            transcript.stream("1", token)
            await asyncio.sleep(max(begun + (number + 1) / rate - time.monotonic(), 0))
            if (number + 1) % (len(tokens) // 5) == 0:
                marks.append(time.process_time())
        start = time.process_time()
        transcript.settle(Entry("1", Role.ASSISTANT, "".join(tokens), Place.THIS_MACHINE))
        await asyncio.sleep(0.3)
        fifths = [(b - a) / (len(tokens) / 5) * 1000 for a, b in pairwise(marks)]
        return {
            "cpu_s": marks[-1] - marks[0],
            "ms_per_token": fifths,
            "wall_s": time.monotonic() - begun,
            "settle_ms": (time.process_time() - start) * 1000,
        }

    async def _open(self, transcript: Transcript, count: int) -> dict[str, object]:
        text = mixed()[:600]
        entries = [
            Entry(str(n), Role.ASSISTANT if n % 2 else Role.USER, text if n % 2 else text[:80])
            for n in range(count)
        ]
        transcript.show([Entry("0", Role.ASSISTANT, text)])
        await asyncio.sleep(0.2)
        begun, start = time.monotonic(), time.process_time()
        transcript.show(entries)
        shown = asyncio.Event()
        transcript.call_after_refresh(shown.set)
        await shown.wait()
        return {"cpu_s": time.process_time() - start, "wall_s": time.monotonic() - begun}

    async def _idle(self, transcript: Transcript) -> dict[str, object]:
        transcript.show([Entry("0", Role.ASSISTANT, mixed()[:2000])])
        transcript.focus()
        await asyncio.sleep(1)
        start = time.process_time()
        await asyncio.sleep(10)
        return {"cpu_s": time.process_time() - start, "wall_s": 10.0}


def run(test: str) -> dict[str, object]:
    """Runs one test in a process on a pseudo-terminal and gives what it measured."""
    with TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        child, terminal = pty.fork()
        if child == 0:
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            Stage(test, result).run()
            os._exit(0)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
        drained = 0
        while data := _read(terminal):
            drained += len(data)
        os.waitpid(child, 0)
        found: dict[str, object] = json.loads(result.read_text())
        return found | {"written_kb": drained // 1024}


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # Linux says so when the other side has closed the terminal.
        return b""


def line(test: str, found: dict[str, object]) -> str:
    """One row of the report."""
    cells = [f"{test:>7}"]
    for key, value in found.items():
        if isinstance(value, list):
            value = " → ".join(f"{part:.2f}" for part in value)
        cells.append(f"{key} {value:.2f}" if isinstance(value, float) else f"{key} {value}")
    if test in TARGETS:
        cpu, fifths = found["cpu_s"], found["ms_per_token"]
        assert isinstance(cpu, float)
        assert isinstance(fifths, list)
        held = cpu <= TARGETS[test] and (test == "mixed" or fifths[-1] <= 1.2 * fifths[0])
        cells.append("held" if held else "MISSED")
    return "  ".join(cells)


def main() -> int:
    """Runs the tests that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "tests", nargs="*", help="prose code list mixed idle, or a number of messages"
    )
    names = parser.parse_args().tests or [
        "prose",
        "code",
        "list",
        "mixed",
        "idle",
        "10",
        "1000",
        "10000",
    ]
    for name in names:
        sys.stdout.write(line(name, run(name)) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
