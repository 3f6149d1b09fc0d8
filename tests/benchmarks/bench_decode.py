"""Decode against the limit: `python -m tests.benchmarks.bench_decode [--rounds N] [--tokens N ...]`.

Three ways to the same greedy tokens, one after the other in each round: a loop in C, the same loop through ctypes, and
the backend as the screen uses it, timed where the text arrives. All run as nice as the worker, on as many threads.
Prints tokens per second and the ratios to the C loop of the same round: their median, lowest and highest.
"""

import argparse
import asyncio
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from assistant.backends.llama.client import LlamaBackend
from assistant.backends.llama.ladder import Rung, remembered
from assistant.domain.prompt import Sampling
from assistant.domain.settings import EngineSettings
from assistant.ports import Text
from tests.backends.llama.talk import ROUTE, generation, permit, user
from tests.benchmarks.bare import (
    CONTEXT_TOKENS,
    MODEL,
    bench,
    build_c_loop,
    c_loop_ms,
    python_loop_ms,
)

PROMPT = [user("Write a play in five acts.")]
TARGET = 0.98


async def backend_ms(backend: LlamaBackend, steps: int) -> float:
    """Ms from the first token's arrival to the end, the tokens in between counted."""
    request = generation(PROMPT, Sampling(temperature=0, max_tokens=steps))
    tokens, began = 0, 0.0
    async for event in backend.generate(request, permit()):
        if isinstance(event, Text):
            began = began or time.perf_counter()
            tokens += event.tokens
    assert tokens == steps, f"the reply ended after {tokens} tokens"
    return (time.perf_counter() - began) * 1000


async def compare(folder: Path, program: Path, rounds: int, steps: int) -> None:
    """Measures and prints one length of reply."""
    backend = LlamaBackend(
        ROUTE, MODEL, EngineSettings(context_tokens=CONTEXT_TOKENS), folder, folder
    )
    await backend.load()
    rung = remembered(folder, MODEL) or Rung.DEFAULT
    measured = bench(rung)
    prompt = measured.tokenizer.prompt(PROMPT)
    measured.model.close()
    ratios: dict[str, list[float]] = {"ctypes": [], "backend": []}
    rates: dict[str, list[float]] = {"C": [], "ctypes": [], "backend": []}
    for _ in range(rounds):
        limit, last = c_loop_ms(program, rung, steps, prompt)
        loop, same = python_loop_ms(rung, steps, prompt)
        assert last == same, "the loops did not give the same tokens"
        ours = await backend_ms(backend, steps)
        for name, ms in (("C", limit), ("ctypes", loop), ("backend", ours)):
            rates[name].append((steps - 1) / ms * 1000)
            if name in ratios:
                ratios[name].append(limit / ms)
    await backend.close()
    print(f"{steps} tokens, {rounds} rounds, rung {rung}")
    for name, values in rates.items():
        share = ratios.get(name)
        spread = f"{median(share):.3f} ({min(share):.3f}-{max(share):.3f})" if share else "1"
        print(f"  {name:8} {median(values):7.1f} tokens/s   share of C {spread}")
    verdict = "holds" if median(ratios["backend"]) >= TARGET else "MISSED"
    print(f"  at least {TARGET} of C: {verdict}")


async def main() -> None:
    """Reads the arguments and compares."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, nargs="+", default=[256, 1500])
    chosen = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        program = build_c_loop(folder)
        for steps in chosen.tokens:
            await compare(folder, program, chosen.rounds, steps)


if __name__ == "__main__":
    asyncio.run(main())
