"""What this machine is: board, processor, system; for `doctor` and for the record of a measurement."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from assistant.domain.hygiene import one_line
from assistant.machine.memory import read_memory

_ARM_PARTS: Final = {
    "0xd03": "Cortex-A53",
    "0xd04": "Cortex-A35",
    "0xd05": "Cortex-A55",
    "0xd07": "Cortex-A57",
    "0xd08": "Cortex-A72",
    "0xd0b": "Cortex-A76",
    "0xd0c": "Neoverse-N1",
    "0xd40": "Neoverse-V1",
    "0xd49": "Neoverse-N2",
    "0xd4f": "Neoverse-V2",
}
"""`CPU part` of Arm's own cores (implementer 0x41), from Arm's reference manuals; a Pi 5 is 0xd0b."""


class MachineJson(TypedDict):
    """The object of `doctor --json`'s `machine` field; an unknown is null."""

    board: str | None
    cpu: str | None
    cores: int | None
    architecture: str
    system: str | None
    kernel: str | None
    python: str
    memory_bytes: int | None
    memory_available_bytes: int | None


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """What this machine is; None where it does not say. `cores` counts what this process may use."""

    board: str | None
    cpu: str | None
    cores: int | None
    architecture: str
    system: str | None
    kernel: str | None
    python: str
    memory_bytes: int | None
    memory_available_bytes: int | None

    def to_json(self) -> MachineJson:
        """The object of `doctor --json`'s `machine` field."""
        return {
            "board": self.board,
            "cpu": self.cpu,
            "cores": self.cores,
            "architecture": self.architecture,
            "system": self.system,
            "kernel": self.kernel,
            "python": self.python,
            "memory_bytes": self.memory_bytes,
            "memory_available_bytes": self.memory_available_bytes,
        }


def read_facts(sysroot: Path = Path("/")) -> MachineFacts:
    """Looks at `/proc` and `/etc` under `sysroot`. Never raises: what cannot be read is None."""
    memory = read_memory(sysroot)
    return MachineFacts(
        board=_board(sysroot),
        cpu=_cpu(_text(sysroot / "proc/cpuinfo") or ""),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        architecture=platform.machine(),
        system=_system(_text(sysroot / "etc/os-release") or ""),
        kernel=_text(sysroot / "proc/sys/kernel/osrelease"),
        python=platform.python_version(),
        memory_bytes=memory.total_bytes,
        memory_available_bytes=memory.available_bytes,
    )


def _board(sysroot: Path) -> str | None:
    """The board's name: the device tree's on a Pi, the firmware's on a PC."""
    tree = _text(sysroot / "proc/device-tree/model")
    return tree or _text(sysroot / "sys/devices/virtual/dmi/id/product_name")


def _text(path: Path) -> str | None:
    """A small file without its closing NUL or line end; None where it is missing, unreadable or empty."""
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return None
    return text.rstrip("\0\n ") or None


def _cpu(cpuinfo: str) -> str | None:
    """The processor's name: the kernel's own words on x86, the core's part number on Arm."""
    fields: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip(), value.strip())
    if "model name" in fields:
        return one_line(fields["model name"]) or None
    part = fields.get("CPU part")
    if part is None:
        return None
    if fields.get("CPU implementer") != "0x41":
        return f"Arm part {one_line(part, 20)}"
    return f"Arm {_ARM_PARTS.get(part.lower(), one_line(part, 20))}"


def _system(release: str) -> str | None:
    """PRETTY_NAME of os-release (man 5 os-release)."""
    for line in release.splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return one_line(value.strip().strip("\"'")) or None
    return None
