"""Runs the real program in a home of its own."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import running
from tests.e2e.running import Running

ROOT = Path(__file__).parents[2]
ONE_THREAD = "[engine]\nthreads = 1\n"
"""Threads of an engine spin while they wait for each other, and beside other tests they wait long."""


@dataclass(frozen=True)
class Program:
    """`python -m assistant` in a home of its own."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a login shell would give, and nothing of the person who runs the tests."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "XDG_RUNTIME_DIR": str(self.home / "run"),
        }

    def settle(self, settings: str = ONE_THREAD) -> None:
        """Writes the person's settings."""
        file = self.home / ".config" / "assistant" / "settings.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(settings)

    def command(self, *args: str) -> list[str]:
        """The argv of the program."""
        return [sys.executable, "-m", "assistant", *args]

    def run(
        self, *args: str, stdin: bytes = b"", timeout_s: float = 60
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs to the end."""
        return running.run(self.command(*args), self.environment, stdin, timeout_s)

    def start(self, *args: str) -> Running:
        """Starts it."""
        return Running(self.command(*args), self.environment)


def with_model(home: Path, model: Path) -> Program:
    """A program whose model is installed already, through its own command, and works on one thread; the file is linked where that can be."""
    program = Program(home)
    copy = home / "downloads" / model.name
    copy.parent.mkdir(parents=True)
    try:
        copy.hardlink_to(model)
    except OSError:
        shutil.copyfile(model, copy)
    added = program.run("models", "add", str(copy))
    assert added.returncode == 0, added.stderr.decode()
    program.settle()
    return program
