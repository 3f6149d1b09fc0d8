"""A real server on OpenAI's wire: `python -m llama_cpp.server` with a real model, as a process on loopback."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MODEL = "starter"
"""The name under which it has the model."""

_LISTENS = re.compile(rb"running on http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class RealServer:
    """It runs, and listens on `port`."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        """Where it speaks OpenAI's wire."""
        return f"http://127.0.0.1:{self.port}/v1"


@contextmanager
def serving(model: Path, folder: Path, window_tokens: int = 512) -> Iterator[RealServer]:
    """Starts it with one thread and ends it; its words go to a file in `folder`."""
    options = {
        "model": str(model),
        "model_alias": MODEL,
        "host": "127.0.0.1",
        "port": "0",
        "n_ctx": str(window_tokens),
        "n_threads": "1",
        "n_threads_batch": "1",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    log = folder / "server.log"
    log = folder / "server.log"
    command = [sys.executable, "-m", "llama_cpp.server", *words]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder) as process,
    ):
        try:
            yield RealServer(process, _port(process, log))
        finally:
            process.kill()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port that it says it listens on, once it does."""
    while process.poll() is None:
        found = _LISTENS.search(log.read_bytes())
        if found:
            return int(found[1])
        time.sleep(0.02)
    raise AssertionError(f"the server did not start: {log.read_bytes()[-2000:]!r}")
