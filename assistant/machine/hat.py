"""Looks for a HAT in `/sys`, `/dev`, `/proc` and a few known folders; opens no device and needs no root."""

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from assistant.domain.hat import (
    HatEvidence,
    Holder,
    Module,
    Node,
    PciDevice,
    PythonRuntime,
    ServerLook,
)
from assistant.machine.hat_store import empty_store, stored_models
from assistant.machine.listening import exposed
from assistant.machine.memory import read_memory
from assistant.machine.tree import link_name, link_targets, names, read_text

HAILO_VENDOR: Final = "0x1e60"
MODULES: Final = ("hailo1x_pci", "hailo_pci")
NODE: Final = re.compile(r"(?:hailo|h1x-)\d+")
"""Up to driver 5.2 `/dev/hailo0`, from 5.3 on `/dev/h1x-0`; a Hailo-8 too has `/dev/hailo0`."""
NODE_CLASSES: Final = ("hailo1x", "hailo_chardev")
LIBRARY_FOLDERS: Final = (
    "usr/lib",
    "usr/lib/aarch64-linux-gnu",
    "usr/lib/x86_64-linux-gnu",
    "usr/local/lib",
)
LIBRARY: Final = re.compile(r"libhailort\.so\.(\d+\.\d+\.\d+)")
PACKAGE: Final = re.compile(r"hailort-(\d+\.\d+\.\d+)[^/]*-info")
DKMS_SOURCE: Final = re.compile(r"(?:hailo1x_pci|hailort-pcie-driver|hailo_pci)-(5\.\d+\.\d+)")
DRIVER_FOLDERS: Final = ("updates/dkms", "updates", "extra", "kernel/drivers/misc")
PROGRAM_FOLDERS: Final = ("usr/bin", "usr/local/bin", "opt/hailo/bin")
MOST_LINKS: Final = 2000
"""So many open files are looked at to find who holds the device; a look must stay short."""

NOT_ASKED: Final = ServerLook()


def read_hat(
    root: Path = Path("/"),
    *,
    environment: Mapping[str, str],
    server: ServerLook = NOT_ASKED,
    ours: Collection[int] = (),
    model_folders: Sequence[Path] = (),
) -> HatEvidence:
    """What is seen of a HAT under `root`. Never raises: what cannot be read is missing.

    `environment` gives PATH, HOME and XDG_DATA_*; `server` is what asking the port gave; `ours` are processes of this program,
    which do not count as holders; `model_folders` are further folders with HEF files. Without a Hailo device little is read.
    """
    devices = tuple(_devices(root))
    if not devices:
        return HatEvidence(eeprom=_eeprom(root), server=server)
    kernel = read_text(root / "proc/sys/kernel/osrelease")
    nodes = tuple(_nodes(root))
    evidence = HatEvidence(
        devices=devices,
        modules=tuple(_modules(root)),
        kernel=kernel,
        built=kernel is not None and _is_built(root, kernel),
        sources=_versions(root / "usr/src", DKMS_SOURCE),
        nodes=nodes,
        holders=tuple(_holders(root, [node.path for node in nodes], ours)),
        libraries=_libraries(root),
        python=_python(root),
        eeprom=_eeprom(root),
        server=server,
    )
    return replace(
        evidence,
        server_program=_program(root, "hailo-ollama", environment),
        stored=stored_models(root, environment, model_folders),
        empty_store=empty_store(root, environment),
        cma_total_bytes=read_memory(root).cma_total_bytes,
        exposed=exposed(root, server.address),
    )


def _devices(root: Path) -> Iterator[PciDevice]:
    bus = root / "sys/bus/pci/devices"
    for address in names(bus):
        device = bus / address
        if read_text(device / "vendor") != HAILO_VENDOR:
            continue
        yield PciDevice(
            address,
            (read_text(device / "device") or "").removeprefix("0x"),
            link_name(device / "driver"),
            read_text(device / "current_link_speed"),
            read_text(device / "current_link_width"),
        )


def _modules(root: Path) -> Iterator[Module]:
    for name in MODULES:
        folder = root / "sys/module" / name
        if folder.is_dir():
            yield Module(name, read_text(folder / "version"))


def _is_built(root: Path, kernel: str) -> bool:
    """Whether a driver for `kernel` is on the disk, compressed or not."""
    if "/" in kernel or kernel.startswith("."):
        return False
    folders = (
        root / top / kernel / part
        for top in ("lib/modules", "usr/lib/modules")
        for part in DRIVER_FOLDERS
    )
    return any(name.startswith("hailo1x_pci.ko") for folder in folders for name in names(folder))


def _nodes(root: Path) -> Iterator[Node]:
    for name in names(root / "dev"):
        if NODE.fullmatch(name):
            behind = (read_text(root / "sys/class" / c / name / "device_id") for c in NODE_CLASSES)
            usable = os.access(root / "dev" / name, os.R_OK | os.W_OK)
            yield Node(f"/dev/{name}", usable, next(filter(None, behind), None))


def _holders(root: Path, nodes: Sequence[str], ours: Collection[int]) -> Iterator[Holder]:
    """The processes that have one of `nodes` open, among those whose files this user may see."""
    pids = [pid for pid in names(root / "proc") if pid.isdecimal()] if nodes else []
    left = MOST_LINKS
    for pid in pids:
        targets = list(islice(link_targets(root / "proc" / pid / "fd"), left))
        left -= len(targets)
        if int(pid) not in ours and not set(nodes).isdisjoint(targets):
            yield Holder(int(pid), read_text(root / "proc" / pid / "comm") or "unknown")


def _libraries(root: Path) -> tuple[str, ...]:
    """Versions of libhailort; a link under an old name to a newer library counts as the newer one."""
    found: set[str] = set()
    for folder in LIBRARY_FOLDERS:
        for name in names(root / folder):
            if LIBRARY.fullmatch(name):
                real = LIBRARY.fullmatch(link_name(root / folder / name) or name)
                found.update(real.groups() if real else ())
    return tuple(sorted(found, key=_numbers))


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _versions(folder: Path, pattern: re.Pattern[str]) -> tuple[str, ...]:
    """What `pattern` captures of the names in `folder`."""
    matches = (pattern.fullmatch(name) for name in names(folder))
    return tuple(sorted({match[1] for match in matches if match}, key=_numbers))


def _python(root: Path) -> PythonRuntime | None:
    """`hailo_platform` of /usr/bin/python3, by its folder: importing it would load the driver's library."""
    local = [n for n in names(root / "usr/local/lib") if n.startswith("python3")]
    folders = [
        *(f"usr/local/lib/{n}/dist-packages" for n in local),
        "usr/lib/python3/dist-packages",
    ]
    for folder in folders:
        package = root / folder / "hailo_platform"
        if package.is_dir():
            versions = _versions(root / folder, PACKAGE)
            genai = (package / "genai").is_dir() or (package / "genai.py").is_file()
            return PythonRuntime(f"/{folder}", versions[-1] if versions else None, genai)
    return None


def _program(root: Path, name: str, environment: Mapping[str, str]) -> str | None:
    """Where `name` lies, in the folders of PATH and the usual ones, all under `root`."""
    wanted = [
        part.strip("/") for part in environment.get("PATH", "").split(":") if part.startswith("/")
    ]
    for folder in dict.fromkeys((*wanted, *PROGRAM_FOLDERS)):
        path = root / folder / name
        if path.is_file() and os.access(path, os.X_OK):
            return f"/{folder}/{name}"
    return None


def _eeprom(root: Path) -> str | None:
    """What the HAT's own memory says; M.2 cards have none."""
    tree = root / "proc/device-tree/hat"
    parts = [read_text(tree / name) for name in ("vendor", "product", "product_id", "product_ver")]
    return ", ".join(part for part in parts if part) or None
