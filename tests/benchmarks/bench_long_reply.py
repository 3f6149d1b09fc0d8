"""A reply of 50,000 tokens through the engine, the journal and the screen: what a token costs at its beginning and at its end.

python -m tests.benchmarks.bench_long_reply [TOKENS] [TEXT ...]

The screen is a headless one. CPU is all that the process takes, in seconds for 1,000 tokens, by fifths of the reply; frames are
the milliseconds that laying out what arrived takes. Since the screen draws less often where that takes long, CPU alone would
not tell of a screen that stands still.
"""

import asyncio
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.conversation.engine import Engine
from assistant.domain.permit import Permit
from assistant.domain.prompt import Finish
from assistant.machine.clock import SystemClock
from assistant.ports import BackendEvent, Done, Generation, PromptProgress, Text
from assistant.storage.instances import Instance
from assistant.tui.widgets.transcript_pages import Pages
from tests.benchmarks.bench_streaming import code, items, prose
from tests.benchmarks.processes import rss_mb
from tests.tui.driving import opened, send
from tests.tui.fake_services import ROUTE, ManualClock, StageBackend, stage

TOKENS = 50_000
RATE = 1_000
"""Tokens a second: quicker than any model here, so that the run ends."""
FIFTHS = 5


def table() -> Iterator[str]:
    """One table that never ends."""
    yield "| a | b |\n|---|---|\n"
    for number in itertools.count():
        yield from ("| ", f"row {number} ", "| ", "value ", "|\n")


def quote() -> Iterator[str]:
    """One quote that never ends."""
    for number in itertools.count():
        yield from ("> ", *(f"{word} " for word in ("words", "that", "are", "quoted")))
        yield "\n" if number % 9 else "\n>\n"


TEXTS: dict[str, Callable[[], Iterator[str]]] = {
    "prose": prose,
    "code": code,
    "list": items,
    "table": table,
    "quote": quote,
}


@dataclass
class Paced(StageBackend):
    """Says a text at an even pace, and looks at the process after each fifth of it."""

    text: str = "prose"
    tokens: int = TOKENS
    cpu_s: list[float] = field(default_factory=list)
    rss: list[float] = field(default_factory=list)

    async def generate(
        self, request: Generation, permit: Permit
    ) -> AsyncGenerator[BackendEvent, None]:
        """The reply."""
        del request, permit
        yield PromptProgress(1, 1, 0)
        source, begun = TEXTS[self.text](), time.monotonic()
        self._look()
        for number in range(1, self.tokens + 1):
            yield Text(next(source), 1)
            early = begun + number / RATE - time.monotonic()
            if early > 0:
                await asyncio.sleep(early)
            if number % (self.tokens // FIFTHS) == 0:
                self._look()
        yield Done(Finish.STOP, self._usage(1, self.tokens))

    def _look(self) -> None:
        self.cpu_s.append(time.process_time())
        self.rss.append(rss_mb(os.getpid()))


def timed(frames: list[float]) -> Callable[[Pages], list[tuple[int, int]]]:
    """`Pages.update`, which notes how long it took, in ms."""
    update = Pages.update

    def noting(pages: Pages) -> list[tuple[int, int]]:
        began = time.perf_counter()
        changed = update(pages)
        frames.append((time.perf_counter() - began) * 1000)
        return changed

    return noting


async def measure(text: str, tokens: int) -> None:
    """Prints one line for one text."""
    frames: list[float] = []
    Pages.update = timed(frames)  # type: ignore[method-assign, assignment]
    with tempfile.TemporaryDirectory() as folder:
        on, clock = stage(Path(folder)), SystemClock()
        backend = Paced(ManualClock(), text=text, tokens=tokens)
        on.machine.backends = {ROUTE.id: backend}
        instance = Instance(Path(folder) / "instances", "mine")
        engine = Engine(on.journal, {ROUTE.id: backend}, clock, instance.name)
        on.services = replace(
            on.services, engine=engine, clock=clock, look=lambda: on.machine.look(engine)
        )
        async with opened(on) as (app, pilot):
            await send(app, pilot, "go on")
            while len(backend.cpu_s) <= FIFTHS or app.chat.desk.turns.running is not None:
                await asyncio.sleep(0.05)
            print(report(text, backend, frames, rss_mb(os.getpid())), flush=True)


def report(text: str, backend: Paced, frames: list[float], end_mb: float) -> str:
    """One line."""
    marks = itertools.pairwise(backend.cpu_s)
    costs = [(after - before) * 1000 * FIFTHS / backend.tokens for before, after in marks]
    part = max(len(frames) // FIFTHS, 1)
    first, last = statistics.median(frames[:part]), statistics.median(frames[-part:])
    return (
        f"{text:6} CPU s for 1,000 tokens {' '.join(f'{cost:.3f}' for cost in costs)}, last to first "
        f"{costs[-1] / costs[0]:.2f}; frame {first:.1f} then {last:.1f} ms, longest {max(frames):.0f}; "
        f"{backend.rss[0]:.0f} then {backend.rss[-1]:.0f} MB, {end_mb:.0f} once it is laid out as a whole"
    )


def main(tokens: int, texts: list[str]) -> None:
    """Each text in a process of its own, so that the memory is its own."""
    if len(texts) == 1:
        asyncio.run(measure(texts[0], tokens))
        return
    for text in texts:
        subprocess.run(_again(tokens, text), check=True)


def _again(tokens: int, text: str) -> list[str]:
    return [sys.executable, "-m", "tests.benchmarks.bench_long_reply", str(tokens), text]


if __name__ == "__main__":
    chosen = sys.argv[2:] or list(TEXTS)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TOKENS, chosen)
