"""What the system says of a process: CPU time to the nanosecond, resident memory."""

import os
import signal
from pathlib import Path


def cpu_s(pid: int) -> float:
    """CPU seconds of all threads that live, user and system, from the scheduler's own count."""
    total_ns = 0
    for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        total_ns += int(stat.read_text().split()[0])
    return total_ns / 1e9


def cpu_s_frozen(pid: int) -> float:
    """The same with the process held for a moment, so that it cannot run on while it is read."""
    os.kill(pid, signal.SIGSTOP)
    try:
        return cpu_s(pid)
    finally:
        os.kill(pid, signal.SIGCONT)


def rss_mb(pid: int) -> float:
    """Resident memory in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(f"no VmRSS for {pid}")


def children(pid: int) -> list[int]:
    """The processes that `pid` started and that live."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in found.split()]
