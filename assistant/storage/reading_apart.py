"""Starts the programs that read hostile files, hands each its file, and ends it where it takes too long."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from assistant.domain.errors import AttachmentError

_ROOT: Final = str(Path(__file__).parents[2])


def program(module: str) -> tuple[str, ...]:
    """The command that runs a module of this package in a process of its own."""
    return (sys.executable, "-P", "-s", "-m", module)


def printed(command: Sequence[str], raw: bytes, name: str, timeout_s: float, late: str) -> bytes:
    """What `command` prints when it is given `raw`. It learns nothing of this process's environment.

    Blocks for up to `timeout_s`. Raises: AttachmentError, for the file `name`; `late` says what was not done in time, and what
    to do instead, with a semicolon between.
    """
    try:
        done = subprocess.run(  # noqa: S603 - this program's own interpreter and module
            command,
            input=raw,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
            cwd="/",
            env={"LC_ALL": "C.UTF-8", "PYTHONPATH": _ROOT},
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        what, _, hint = late.partition("; ")
        raise AttachmentError(f"{name}: {what} within {timeout_s:g} s", hint) from None
    except OSError as error:
        raise AttachmentError(f"{name}: no program can be started to read it: {error}") from error
    return done.stdout
