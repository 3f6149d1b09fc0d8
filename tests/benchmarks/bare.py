"""The limits that the engine is measured against: loops on llama.cpp's low-level API, in C and from Python."""

import os
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

from assistant.backends.llama.identity import physical_cores
from assistant.backends.llama.ladder import Rung
from assistant.backends.llama.runtime import BATCH_TOKENS, Interrupt, Model
from assistant.backends.llama.sampling import chain
from assistant.backends.llama.template import Template
from assistant.backends.llama.tokens import Tokenizer, Vocabulary
from assistant.backends.llama.worker import NICENESS
from assistant.domain.prompt import Sampling

HERE = Path(__file__).parent
MODEL = Path(
    os.environ.get("ASSISTANT_TEST_MODEL")
    or HERE.parents[1] / ".venv/starter/SmolLM2-135M-Instruct.Q4_1.gguf"
)
CONTEXT_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Bench:
    """A model for measuring with, in this process."""

    model: Model
    tokenizer: Tokenizer
    vocabulary: Vocabulary


def bench(rung: Rung, threads: int = 0) -> Bench:
    """Loads the starter model."""
    model = Model(MODEL, CONTEXT_TOKENS, threads or physical_cores(), rung, Interrupt())
    vocabulary = Vocabulary(model.handle)
    template = Template(
        model.template(), vocabulary.words, vocabulary.bos_text, vocabulary.eos_text
    )
    return Bench(model, Tokenizer(vocabulary, template), vocabulary)


def build_c_loop(folder: Path) -> Path:
    """Compiles bare_loop.c against the libraries that the worker uses."""
    site = Path(sysconfig.get_path("purelib"))
    libraries, program = site / "llama_cpp" / "lib", folder / "bare_loop"
    subprocess.run(
        ["cc", "-O2", "-o", str(program), str(HERE / "bare_loop.c")]
        + [f"-I{site / 'include'}", f"-L{libraries}", f"-Wl,-rpath,{libraries}"]
        + ["-lllama", "-lggml", "-lggml-base", "-lggml-cpu"],
        check=True,
    )
    return program


def c_loop_ms(program: Path, rung: Rung, steps: int, prompt: list[int]) -> tuple[float, int]:
    """Ms that the C program takes for all tokens after the first, and the last token."""
    done = subprocess.run(
        [str(program), str(MODEL), str(CONTEXT_TOKENS), str(BATCH_TOKENS), str(physical_cores())]
        + [str(int(rung.extra_buffers)), str(steps), *map(str, prompt)],
        check=True,
        capture_output=True,
        text=True,
    )
    ms, token = done.stdout.split()
    return float(ms), int(token)


def python_loop_ms(rung: Rung, steps: int, prompt: list[int]) -> tuple[float, int]:
    """The same with ctypes, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bare", rung, str(steps), *map(str, prompt)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    ms, token = done.stdout.split()
    return float(ms), int(token)


def _main() -> None:
    from assistant.backends.llama.bindings import llama

    os.nice(NICENESS)
    rung, steps, prompt = Rung(sys.argv[1]), int(sys.argv[2]), [int(t) for t in sys.argv[3:]]
    model = bench(rung).model
    for token in prompt:
        model.step(token)
    with chain(Sampling(temperature=0), 1) as sampler:
        token = llama.llama_sampler_sample(sampler, model.context, -1)
        began = time.perf_counter()
        for _ in range(1, steps):
            model.step(token)
            token = llama.llama_sampler_sample(sampler, model.context, -1)
        print((time.perf_counter() - began) * 1000, token)


if __name__ == "__main__":
    _main()
