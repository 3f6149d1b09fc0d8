"""The real worker on a machine where some rungs do not hold: there it dies as a bad kernel does.

Arguments: the rungs that do not hold, with commas between them; `load` (dies in the self-test), `use` (only once the
cache is to hold more than the self-test needs); the name of the signal to die of.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from assistant.backends.llama import worker
from assistant.backends.llama.ladder import Rung
from assistant.backends.llama.runtime import Interrupt, Model

BAD_RUNGS, WHEN, SIGNAL = sys.argv[1].split(","), sys.argv[2], signal.Signals[sys.argv[3]]
SELF_TEST_TOKENS = 80


class FragileModel(Model):
    """Dies at its first prompt on a bad rung."""

    def __init__(
        self, path: Path, context_tokens: int, threads: int, rung: Rung, interrupt: Interrupt
    ) -> None:
        super().__init__(path, context_tokens, threads, rung, interrupt)
        self._bad = rung.value in BAD_RUNGS

    def evaluate(self, tokens: list[int], told: Callable[[], None], *, logits: bool = True) -> bool:
        if self._bad and (WHEN == "load" or len(self.cells) + len(tokens) > SELF_TEST_TOKENS):
            os.kill(os.getpid(), SIGNAL)
        return super().evaluate(tokens, told, logits=logits)


vars(worker)["Model"] = FragileModel
worker.main()
