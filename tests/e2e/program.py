"""Runs the real program in a home of its own."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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
        return subprocess.run(
            self.command(*args),
            input=stdin,
            capture_output=True,
            env=self.environment,
            timeout=timeout_s,
            check=False,
        )

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        """Starts it, with pipes at both ends."""
        return subprocess.Popen(
            self.command(*args),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
        )


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
