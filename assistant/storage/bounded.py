"""What a program that reads a hostile file may do: so much time and memory, and nothing but read; imported by such programs alone."""

import resource
import sys
from typing import Final

_FORBIDDEN: Final = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "ctypes.", "shutil.")  # fmt: skip


def bound(cpu_s: int, memory_bytes: int) -> None:
    """Gives this process so much time of a processor and so much memory, no file to write and no process to start, for good."""
    for what, most in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (most, most))


def only_read() -> None:
    """From now on whatever asks for more than reading fails with an OSError; called once all that is needed is imported."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    """Reading is for late imports alone; what asks for more is not a reader."""
    writes = event == "open" and arguments[1] not in ("r", "rb", None)
    if writes or event.startswith(_FORBIDDEN):
        raise OSError(event)
