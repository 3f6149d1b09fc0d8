"""The limits that the engine is measured against: loops on llama.cpp's low-level API, in C and from Python."""

import os
import subprocess
import sys
import sysconfig
import time
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from assistant.backends.llama.bindings import llama
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


@dataclass(frozen=True, slots=True)
class Took:
    """What all tokens after the first took, and the last token."""

    wall_ms: float
    cpu_ms: float
    last: int = 0


def bench(rung: Rung, threads: int) -> Bench:
    """Loads the starter model into this process."""
    with redirect_stderr(StringIO()):
        model = Model(MODEL, CONTEXT_TOKENS, threads, rung, Interrupt())
        vocabulary = Vocabulary(model.handle)
    template = Template(
        model.template(), vocabulary.words, vocabulary.bos_text, vocabulary.eos_text
    )
    return Bench(model, Tokenizer(vocabulary, template), vocabulary)


def build_c_loop(folder: Path) -> Path:
    """Compiles bare_loop.c against the libraries that the worker uses."""
    site = Path(sysconfig.get_path("purelib"))
    libraries, program = site / "llama_cpp" / "lib", folder / "bare_loop"
    places = [f"-I{site / 'include'}", f"-L{libraries}", f"-Wl,-rpath,{libraries}"]
    parts = [f"-l{name}" for name in ("llama", "ggml", "ggml-base", "ggml-cpu")]
    source = str(HERE / "bare_loop.c")
    subprocess.run(["cc", "-O2", "-o", str(program), source, *places, *parts], check=True)
    return program


def c_command(program: Path, rung: Rung, threads: int, steps: int, prompt: list[int]) -> list[str]:
    """The argv of the loop in C."""
    figures = (CONTEXT_TOKENS, BATCH_TOKENS, threads, int(rung.extra_buffers), steps, *prompt)
    return [str(program), str(MODEL), *map(str, figures)]


def python_command(rung: Rung, threads: int, steps: int, prompt: list[int]) -> list[str]:
    """The argv of the loop through ctypes."""
    figures = map(str, (threads, steps, *prompt))
    return [sys.executable, "-m", "tests.benchmarks.bare", rung.value, *figures]


def read(said: bytes) -> Took:
    """What a loop says at its end."""
    wall_ms, cpu_ms, last = said.split()
    return Took(float(wall_ms), float(cpu_ms), int(last))


def _main() -> None:
    os.nice(NICENESS)
    rung, (threads, steps, *prompt) = Rung(sys.argv[1]), map(int, sys.argv[2:])
    model = bench(rung, threads).model
    for token in prompt:
        model.step(token)
    with chain(Sampling(temperature=0), 1) as sampler:
        token = llama.llama_sampler_sample(sampler, model.context, -1)
        began, cpu_began = time.perf_counter(), time.process_time()
        for _ in range(1, steps):
            model.step(token)
            token = llama.llama_sampler_sample(sampler, model.context, -1)
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
    print(wall_s * 1000, cpu_s * 1000, token)


if __name__ == "__main__":
    _main()
