"""What the border adds to a send to the cloud of 10 kB: rules, grants, scan, redaction, packing; the permit's fsync apart.

python -m tests.benchmarks.bench_leaving [ROUNDS]

Each round has a text of its own, so that no scan of an earlier one serves. Beside it, in the same round, what the backend alone
takes to compose the same bytes. Real rules, registry, SQLite, scanner; nothing is sent.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from assistant.backends.remote.cloud import CloudBackend
from assistant.conversation.engine import Engine
from assistant.domain.decisions import Verdict
from assistant.domain.prompt import ChatMessage, Prompt, Role, Sampling
from assistant.domain.settings import Settings
from assistant.domain.terms import Span, Terms
from assistant.machine.clock import SystemClock
from assistant.ports import Generation
from assistant.storage import paths
from assistant.storage.cloud_entries import from_row
from assistant.storage.instances import Instance
from assistant.storage.journal import open_journal
from assistant.wiring.cloud import CloudRoom
from assistant.wiring.keys import KeyRoom

TARGET_MS = 10.0
ROW, MODEL = "ovhcloud", "Mistral-Nemo-Instruct-2407"
LINES = (
    "The grandmaster clock answers on port 319 and the others follow it; the offset stays under 200 ns.",
    "def offset(master: float, local: float) -> float: return master - local  # seconds",
    "Please look at https://docs.example.org/ptp/overview and tell me what the servo does with it.",
    "In the log: 2026-11-23 10:41:07 pi-3 ptp4l[812]: rms 143 max 209 freq -4312 +/- 91 delay 8861",
)


def text(number: int) -> str:
    """10 kB that were not seen before."""
    lines = [f"{number}.{i} {LINES[i % len(LINES)]}" for i in range(130)]
    return "\n".join(lines)[:10_000]


def spread(samples: list[float]) -> str:
    """Median, smallest and largest."""
    return f"{statistics.median(samples):6.2f} ms ({min(samples):.2f}-{max(samples):.2f})"


@dataclass
class Samples:
    """Milliseconds of each round: wall and CPU of the proposal, wall of the bytes alone, what one scan took."""

    whole: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    scan: list[float] = field(default_factory=list)


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Engine, CloudBackend]]:
    """An engine with one cloud route, over real files in `folder`."""
    places = paths.Places(*(folder / name for name in ("config", "data", "state", "cache")))
    paths.make(places)
    clock, keys = SystemClock(), KeyRoom(places)
    instance = Instance(places.instances, clock.new_id())
    journal = open_journal(places.journal_file, instance, clock.now_ms(), keys.audit).journal
    room = CloudRoom(places, clock, journal, Settings(), keys)
    file = room.routes.file
    file.keep_cloud(from_row(file.registry(), ROW, ROW, MODEL))
    [backend] = room.backends().values()
    assert isinstance(backend, CloudBackend)
    yield Engine(journal, {ROW: backend}, clock, "bench", border=room.border), backend
    journal.close()


def round_of(engine: Engine, backend: CloudBackend, number: int, took: Samples) -> None:
    """One proposal of a new text, and the same bytes without a border."""
    words = text(number)
    began, began_cpu = time.perf_counter(), time.process_time()
    proposal = engine.propose(Prompt(words, "talk"), ROW)
    took.whole.append((time.perf_counter() - began) * 1000)
    took.cpu.append((time.process_time() - began_cpu) * 1000)
    assert proposal.decision.verdict is Verdict.ALLOW, proposal.decision.reasons
    assert proposal.considered is not None
    scan = proposal.considered.departure.scan
    assert scan is not None
    took.scan.append(scan.took_ms)
    began = time.perf_counter()
    backend.compose(Generation("", "talk", (ChatMessage(Role.USER, words),), Sampling()))
    took.alone.append((time.perf_counter() - began) * 1000)


async def main(rounds: int) -> None:
    """Side by side: the whole proposal, and the bytes alone."""
    took = Samples()
    with tempfile.TemporaryDirectory() as home, opened(Path(home)) as (engine, backend):
        first = engine.propose(Prompt("Hello", "talk"), ROW)
        await engine.grant(first, Terms(Span.CONVERSATION), "bench")
        for number in range(rounds):
            round_of(engine, backend, number, took)
    added = [a - b for a, b in zip(took.whole, took.alone, strict=True)]
    print(f"proposal, 10 kB      {spread(took.whole)}, {rounds} rounds")
    print(f"of it, CPU           {spread(took.cpu)}")
    print(f"of it, one scan      {spread(took.scan)}")
    print(f"the bytes alone      {spread(took.alone)}")
    print(f"the border adds      {spread(added)}, target {TARGET_MS:g} ms")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
