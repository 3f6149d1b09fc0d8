"""How much memory this machine has and how much of it is free for a model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory in bytes; None where the machine does not say.

    `available_bytes` is the kernel's own estimate of what a program can take without swapping (MemAvailable).
    The contiguous memory (CMA) is part of the total; a driver of a HAT takes buffers from it.
    """

    total_bytes: int | None
    available_bytes: int | None
    swap_total_bytes: int | None
    swap_free_bytes: int | None
    cma_total_bytes: int | None = None
    cma_free_bytes: int | None = None


def read_memory(sysroot: Path = Path("/")) -> Memory:
    """What `/proc/meminfo` under `sysroot` says now. Never raises: what cannot be read is None."""
    try:
        text = (sysroot / "proc/meminfo").read_text("ascii", "replace")
    except OSError:
        text = ""
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return Memory(
        total_bytes=_bytes(fields.get("MemTotal")),
        available_bytes=_bytes(fields.get("MemAvailable")),
        swap_total_bytes=_bytes(fields.get("SwapTotal")),
        swap_free_bytes=_bytes(fields.get("SwapFree")),
        cma_total_bytes=_bytes(fields.get("CmaTotal")),
        cma_free_bytes=_bytes(fields.get("CmaFree")),
    )


def _bytes(field: str | None) -> int | None:
    """`  8129916 kB` in bytes; None where it is anything else."""
    match (field or "").split():
        case [number, "kB"] if number.isascii() and number.isdigit():
            return int(number) * _KIB
        case _:
            return None
