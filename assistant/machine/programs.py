"""Asks a small program of the system one thing: no shell, nothing on its input, a time after which it is ended."""

import os
import shutil
from collections.abc import Callable, Mapping
from typing import Final

from assistant.domain.secret import without_keys

TIMEOUT_S: Final = 2.0

Ask = Callable[..., str | None]
"""`ask("vcgencmd", "get_throttled")`: what it printed, None where it cannot be had."""


def ask(
    program: str,
    *arguments: str,
    timeout_s: float = TIMEOUT_S,
    extra: Mapping[str, str] | None = None,
) -> str | None:
    """What `program` (a path, or a name on PATH) prints. Blocks for up to `timeout_s`: call it in a thread.

    None where it is not there, ends with an error or takes too long. `extra` is added to its environment, which is ours
    without the keys in it.
    """
    found = shutil.which(program)
    if found is None:
        return None
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603 - a found program with fixed arguments, no shell
            [found, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            cwd="/",
            env={**without_keys(os.environ), **(extra or {})},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
