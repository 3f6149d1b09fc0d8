"""Decode against the limit: `python -m tests.benchmarks.bench_decode [--rounds N] [--threads N] [--sliced] [--tokens N ...]`.

Three ways to the same greedy tokens: a loop in C, the same loop through ctypes, and the backend as the screen uses it,
from the first text's arrival to the end. All run as nice as the worker, on as many threads. Prints the ratios to the C
loop of the same round: median, lowest and highest.

On a quiet machine they run one after the other and the clock's ratio counts. Where other programs run, `--sliced
--threads 1` lets the three take turns of a fraction of a second: all see the same weather, and the ratio of CPU counts.
"""

import argparse
import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from assistant.backends.llama.client import LlamaBackend
from assistant.backends.llama.identity import physical_cores
from assistant.backends.llama.ladder import Rung, remembered
from assistant.domain.prompt import Sampling
from assistant.domain.settings import EngineSettings
from assistant.ports import Text
from tests.backends.llama.talk import ROUTE, generation, user, worker_pid
from tests.benchmarks.bare import (
    CONTEXT_TOKENS,
    MODEL,
    Took,
    bench,
    build_c_loop,
    c_command,
    python_command,
    read,
)
from tests.fakes import generate

PROMPT = [user("Write a play in five acts.")]
TARGET = 0.98
SLICE_S = 0.3


async def backend_loop(backend: LlamaBackend, steps: int) -> Took:
    """From the first token's arrival to the end, the tokens in between counted; the CPU is the worker's."""
    request = generation(PROMPT, Sampling(temperature=0, max_tokens=steps))
    pid = worker_pid(backend)
    tokens, began, cpu_began = 0, 0.0, 0.0
    async for event in generate(backend, request):
        if isinstance(event, Text):
            if not began:
                began, cpu_began = time.perf_counter(), cpu_s(pid)
            tokens += event.tokens
    assert tokens == steps, f"the reply ended after {tokens} tokens"
    return Took((time.perf_counter() - began) * 1000, (cpu_s(pid) - cpu_began) * 1000)


def cpu_s(pid: int) -> float:
    """CPU that a process has used, to a hundredth of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Setting:
    """What all three run with."""

    folder: Path
    program: Path
    rounds: int
    threads: int
    sliced: bool


async def loop(command: list[str], turns: "Turns | None" = None) -> Took:
    """Runs one of the bare loops."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    async with turns.taken_by(process.pid) if turns else nullcontext():
        said, _ = await process.communicate()
    return read(said)


class Turns:
    """Lets one process after the other run for a short while, so that all see the same weather on a busy machine."""

    def __init__(self) -> None:
        self._pids: list[int] = []

    @asynccontextmanager
    async def taken_by(self, pid: int) -> AsyncIterator[None]:
        """Has `pid` take its turns until it is done."""
        os.kill(pid, signal.SIGSTOP)
        self._pids.append(pid)
        try:
            yield
        finally:
            self._pids.remove(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    async def go_round(self) -> None:
        """Hands out turns for as long as it is let."""
        while True:
            for pid in tuple(self._pids):
                await self._turn(pid)
            await asyncio.sleep(0.001)

    async def _turn(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(SLICE_S)
            if pid in self._pids:
                os.kill(pid, signal.SIGSTOP)


async def one_round(
    setting: Setting, backend: LlamaBackend, commands: list[list[str]], steps: int
) -> list[Took]:
    """C, ctypes and the backend, one after the other or in slices."""
    if not setting.sliced:
        one_by_one = [await loop(command) for command in commands]
        return [*one_by_one, await backend_loop(backend, steps)]
    turns = Turns()
    going = asyncio.create_task(turns.go_round())

    async def ours() -> Took:
        async with turns.taken_by(worker_pid(backend)):
            return await backend_loop(backend, steps)

    took = await asyncio.gather(*(loop(command, turns) for command in commands), ours())
    going.cancel()
    return took


async def compare(setting: Setting, steps: int) -> None:
    """Measures and prints one length of reply."""
    folder, threads = setting.folder, setting.threads
    settings = EngineSettings(context_tokens=CONTEXT_TOKENS, threads=threads)
    backend = LlamaBackend(ROUTE, MODEL, settings, folder, folder)
    await backend.load()
    rung = remembered(folder, MODEL) or Rung.DEFAULT
    measured = bench(rung, threads)
    prompt = measured.tokenizer.prompt(PROMPT)
    measured.model.close()
    commands = [
        c_command(setting.program, rung, threads, steps, prompt),
        python_command(rung, threads, steps, prompt),
    ]
    print(f"{steps} tokens, {setting.rounds} rounds, {threads} threads, rung {rung}")
    rounds = []
    for _ in range(setting.rounds):
        rounds.append(await one_round(setting, backend, commands, steps))
        print("  ms", *(round(took.wall_ms) for took in rounds[-1]), flush=True)
    await backend.close()
    for at, name in enumerate(("C", "ctypes", "backend")):
        wall = [took[0].wall_ms / took[at].wall_ms for took in rounds]
        cpu = [took[0].cpu_ms / took[at].cpu_ms for took in rounds]
        rate = median((steps - 1) / took[at].cpu_ms * 1000 * threads for took in rounds)
        best = min(took[0].wall_ms for took in rounds) / min(took[at].wall_ms for took in rounds)
        clock = f"   of C by the clock {spread(wall)}, best to best {best:.3f}"
        of_wall = "" if setting.sliced else clock
        print(f"  {name:8} {rate:6.1f} tokens per s of CPU   of C by CPU {spread(cpu)}{of_wall}")


def spread(ratios: list[float]) -> str:
    """Median, lowest, highest."""
    return f"{median(ratios):.3f} ({min(ratios):.3f}-{max(ratios):.3f})"


async def main() -> None:
    """Reads the arguments and compares."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=physical_cores())
    parser.add_argument("--sliced", action="store_true")
    parser.add_argument("--tokens", type=int, nargs="+", default=[256, 1500])
    chosen = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        setting = Setting(
            folder, build_c_loop(folder), chosen.rounds, chosen.threads, chosen.sliced
        )
        for steps in chosen.tokens:
            await compare(setting, steps)
        print(f"target: the backend's share of C is at least {TARGET}")


if __name__ == "__main__":
    asyncio.run(main())
