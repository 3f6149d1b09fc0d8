"""Time to the first token at turn 10: `python -m tests.benchmarks.bench_ttft [--rounds N] [--threads N]`.

A conversation of nine turns (about 1,250 tokens) and a tenth question of some 32. The yardstick is llama.cpp's own work
in this process: evaluating just the tokens that are new, in the same batches, and sampling one. Against it, in each round:
the kept KV cache, the conversation restored after a restart (the load of the model is not part of it), and the question
prefilled while it was typed. Prints ms and the ratios: median, lowest and highest.
"""

import argparse
import asyncio
import os
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from assistant.backends.llama.bindings import llama
from assistant.backends.llama.client import LlamaBackend
from assistant.backends.llama.identity import physical_cores
from assistant.backends.llama.ladder import Rung, remembered
from assistant.backends.llama.sampling import chain
from assistant.backends.llama.worker import NICENESS
from assistant.domain.prompt import ChatMessage, Sampling
from assistant.domain.settings import EngineSettings
from assistant.ports import PromptProgress, Text
from tests.backends.llama.talk import ROUTE, SYSTEM, assistant, generation, user
from tests.benchmarks.bare import CONTEXT_TOKENS, MODEL, Bench, bench
from tests.benchmarks.bench_decode import spread
from tests.fakes import generate

SAMPLING = Sampling(max_tokens=1)
TARGETS = {"kept": 1.1, "restored": 1.3, "typed": 0.5}
_SAID = (
    "The fox came back to the farm at night and spoke with the hen about the cold and the moon. "
)
HISTORY = (
    SYSTEM,
    *(turn for n in range(9) for turn in (user(f"{n}. {_SAID * 3}"), assistant(_SAID * 4))),
)
QUESTION = (
    "What did the fox say to the hen when the farmer came out of his house with a lamp in "
    "his hand, and why did the hen believe him at last?"
)


async def first_token(
    backend: LlamaBackend, messages: tuple[ChatMessage, ...]
) -> tuple[float, int]:
    """Ms to the first text, and how many prompt tokens had to be evaluated."""
    began, first_ms, new = time.perf_counter(), 0.0, 0
    async for event in generate(backend, generation(messages, SAMPLING)):
        if isinstance(event, PromptProgress):
            new = event.total - event.cached
        elif isinstance(event, Text):
            first_ms = (time.perf_counter() - began) * 1000
    return first_ms, new


def yardstick_ms(measured: Bench, history: list[int], new: list[int]) -> float:
    """Evaluates `new` behind `history`, which is there, and samples one token."""
    model = measured.model
    model.trim(len(history))
    began = time.perf_counter()
    with chain(SAMPLING, measured.vocabulary.size) as sampler:
        model.evaluate(new, lambda: None)
        llama.llama_sampler_sample(sampler, model.context, -1)
    return (time.perf_counter() - began) * 1000


async def main() -> None:
    """Reads the arguments, measures, prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=physical_cores())
    chosen = parser.parse_args()
    with TemporaryDirectory() as name:
        await compare(Path(name), chosen.rounds, chosen.threads)


async def compare(folder: Path, rounds: int, threads: int) -> None:
    """Measures `rounds` times."""
    settings = EngineSettings(context_tokens=CONTEXT_TOKENS, threads=threads)
    backend = LlamaBackend(ROUTE, MODEL, settings, folder, folder)
    cold_ms, total = await first_token(backend, (*HISTORY, user(QUESTION)))
    os.nice(NICENESS)
    measured = bench(remembered(folder, MODEL) or Rung.DEFAULT, threads)
    prompt = measured.tokenizer.prompt((*HISTORY, user(QUESTION)))
    taken: dict[str, list[float]] = {name: [] for name in TARGETS}
    limits: list[float] = []
    for at in range(rounds):
        question = user(f"{at}. {QUESTION}")
        asked = (*HISTORY, question)
        kept_ms, new = await first_token(backend, asked)
        if at == 0:
            measured.model.evaluate(prompt[:-new], lambda: None, logits=False)
        limits.append(yardstick_ms(measured, prompt[:-new], prompt[-new:]))
        taken["kept"].append(kept_ms)
        # Back to the state before the question, on disk and in memory.
        await backend.prefill(generation((*HISTORY, user("")), SAMPLING))
        await backend.close()
        await backend.load()
        taken["restored"].append((await first_token(backend, asked))[0])
        for end in (20, 60, 100, len(question.text) - 4):
            await backend.prefill(generation((*HISTORY, user("!" + question.text[:end]))))
        typed = (*HISTORY, user("!" + question.text))
        taken["typed"].append((await first_token(backend, typed))[0])
        print(
            f"  round {at}: {new} new tokens, {limits[-1]:.0f} ms;",
            {n: round(v[-1]) for n, v in taken.items()},
        )
    await backend.close()
    print(
        f"prompt of {total} tokens, {threads} threads; cold {cold_ms:.0f} ms, yardstick {median(limits):.0f} ms"
    )
    for name, values in taken.items():
        ratios = [ms / limit for ms, limit in zip(values, limits, strict=True)]
        print(f"  {name:9} {median(values):6.0f} ms   {spread(ratios)}   target {TARGETS[name]}")


if __name__ == "__main__":
    asyncio.run(main())
