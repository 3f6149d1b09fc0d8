"""Gives orders to the kernel's network and mounts through the system's own programs, inside namespaces of our own."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from assistant.domain.secret import without_keys

_PATIENCE_S: Final = 20.0


class LinkError(Exception):
    """The kernel refused an order; the message is the program's own."""


def batch(ip: str, lines: str) -> None:
    """Gives `lines` to the program `ip`, all or nothing. Raises: LinkError."""
    _run([ip, "-batch", "-"], lines)


def mount(*arguments: str) -> None:
    """Mounts in this process's own mount namespace. Raises: LinkError."""
    _run(["mount", *arguments])


def has_ipv6() -> bool:
    """Whether this kernel speaks IPv6; where it does not, nothing can leave by it."""
    return Path("/proc/sys/net/ipv6").is_dir()


def _run(command: Sequence[str], text: str = "") -> None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed programs with fixed arguments, no shell
            command,
            input=text,
            text=True,
            errors="replace",
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
            env=without_keys(os.environ),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LinkError(str(error)) from error
    if done.returncode:
        raise LinkError(" ".join(done.stderr.split()) or f"{command[0]} ended with an error")
