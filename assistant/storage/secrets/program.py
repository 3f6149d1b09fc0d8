"""Starts a program of the system that is given a key, or gives one back: no shell, no terminal, little environment, an end."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from assistant.domain.secret import Secret

_HANDED_ON: Final = ("HOME", "XDG_RUNTIME_DIR")
"""All that a program learns of this one's environment, in which keys may stand."""
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_MOST_SAID: Final = 160


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended: what it printed, hidden, and in `problem` why it did not do its work ("" where it did)."""

    printed: Secret
    problem: str = ""


def run(
    program: str,
    *arguments: str,
    given: Secret | None = None,
    folder: str | None = None,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
) -> Ran:
    """Runs `program` of `folder` (None: of the system's folders) with `given` on its input. Blocks for up to `timeout_s`.

    Never raises: an exception would carry what was given.
    """
    found = shutil.which(program, path=folder or _PATH)
    if found is None:
        return Ran(Secret(""), "it is not installed")
    around = os.environ if environment is None else environment
    try:
        done = subprocess.run(  # noqa: S603 - a found program with fixed arguments, no shell
            [found, *arguments],
            input=b"" if given is None else given.reveal().encode(),
            capture_output=True,
            timeout=timeout_s,
            check=False,
            cwd="/",
            env={
                "PATH": _PATH,
                "LC_ALL": "C.UTF-8",
                **{name: around[name] for name in _HANDED_ON if name in around},
            },
            # Without a terminal it can ask nobody.
            start_new_session=True,
        )
        if done.returncode:
            return Ran(Secret(""), _said(done.stderr) or f"it ended with {done.returncode}")
        return Ran(Secret(done.stdout.decode()))
    except subprocess.TimeoutExpired:
        return Ran(Secret(""), f"it took longer than {timeout_s:g} s")
    except (OSError, UnicodeError) as error:
        return Ran(Secret(""), f"it failed with {type(error).__name__}")


def _said(raw: bytes) -> str:
    """The last line of what a program complained of, where a person can read it."""
    lines = raw.decode("utf-8", "replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return last[:_MOST_SAID] if last.isprintable() else ""
