"""The real program at the near end of a closed network."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from assistant.proof.closed import ClosedNetwork
from tests.e2e import running
from tests.e2e.program import Program


@dataclass(frozen=True)
class Inside:
    """`program`, run inside `network` with `extra` in its environment."""

    program: Program
    network: ClosedNetwork
    extra: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The program's own, and what these tests add."""
        return {**self.program.environment, **self.extra}

    def command(self, *args: str) -> list[str]:
        """The argv of the program inside; the process that starts it becomes the program."""
        return self.network.inside(*self.program.command(*args))

    def run(self, *args: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """Runs a command of the program to its end."""
        return running.run(self.command(*args), self.environment, stdin)

    def python(self, code: str) -> "subprocess.CompletedProcess[bytes]":
        """Runs a piece of Python inside: what a part of the program might do, had it gone astray."""
        command = self.network.inside(sys.executable, "-c", code)
        return subprocess.run(
            command, capture_output=True, env=self.environment, timeout=60, check=True
        )
