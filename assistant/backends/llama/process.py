"""The llama worker's process as the client sees it: what is special about it, and nothing of how frames travel."""

import os
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Self

from assistant.backends.child import Child, Speech
from assistant.backends.llama.protocol import (
    Load,
    Loaded,
    ToClient,
    ToWorker,
    decode_to_client,
    encode,
)
from assistant.domain.secret import without_keys

_KEPT = (
    "ASSISTANT_SYSROOT",
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "PATH",
    "PYTHONHOME",
    "TMPDIR",
    "TZ",
)
_KEPT_BEGINNINGS = ("GGML_", "GOMP_", "LC_", "LLAMA_", "MALLOC_", "OMP_", "OPENBLAS_")
"""Where libraries lie, how they use the cores and the memory, and in which language they speak."""

_LOAD = 0
"""The number under which the answer to the first frame is expected."""


class WorkerProcess(Child[ToWorker, ToClient]):
    """A running worker."""

    @classmethod
    async def start(cls, command: Sequence[str], log_path: Path) -> Self:
        """Starts a worker. Raises: OSError."""
        return await cls.spawn(Speech(encode, _numbered), command, environment(), log_path)

    async def load(self, frame: Load) -> ToClient:
        """Sends the first frame and returns what comes of it. Raises: ChildDiedError."""
        async with aclosing(self.ask(_LOAD, frame)) as answers:
            return await anext(answers)


def _numbered(line: bytes) -> tuple[int, ToClient]:
    frame = decode_to_client(line)
    return (_LOAD if isinstance(frame, Loaded) else frame.id), frame


def environment() -> dict[str, str]:
    """What the engine needs of this program's environment: no key, no proxy, nothing of the session."""
    around = without_keys(os.environ)
    kept = {n: v for n, v in around.items() if n in _KEPT or n.startswith(_KEPT_BEGINNINGS)}
    root = str(Path(__file__).parents[3])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    kept["PYTHONPATH"] = os.pathsep.join(paths)
    # GGML_NO_BACKTRACE: a failed assertion would start a debugger, which takes seconds and says less than the log.
    return {**kept, "GGML_NO_BACKTRACE": "1", "OLLAMA_NO_CLOUD": "1"}
