"""What a finding about the engine is tied to: the model file, the build of llama.cpp, this machine."""

import hashlib
import importlib.util
import os
import platform
from collections.abc import Iterator
from pathlib import Path

HEAD_BYTES = 65_536
"""How much of a model file is read to tell it from another of the same size and age."""


def build() -> str | None:
    """The version of llama-cpp-python and a digest of its compiled libraries, without importing it; None where it is not installed."""
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    marks = hashlib.sha256()
    for library in sorted((package / "lib").glob("*.so")):
        facts = library.stat()
        marks.update(f"{library.name}:{facts.st_size}:{facts.st_mtime_ns}\n".encode())
    found = next(package.parent.glob("llama_cpp_python-*.dist-info"), None)
    version = found.name.split("-")[1].removesuffix(".dist") if found else "unknown"
    return f"{version}+{marks.hexdigest()[:8]}"


def model_identity(model_path: Path) -> str:
    """Tells this model file from any other, by size, time of change and its first bytes. Raises: OSError."""
    facts = model_path.stat()
    with model_path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return digest(str(facts.st_size), str(facts.st_mtime_ns), hashlib.sha256(head).hexdigest())


def machine() -> str:
    """Tells this processor from another one with the same instruction set name; a home folder may move between machines."""
    return digest(platform.machine(), *sorted(set(_processor_lines())))


def digest(*parts: str) -> str:
    """A short name for `parts`, the same in every process."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def physical_cores() -> int:
    """Cores that this process may use, hardware threads of one core counted once; at least 1."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    count = len(usable) if usable is not None else os.cpu_count() or 1
    folder = _root() / "sys/devices/system/cpu"
    siblings = set()
    for cpu in usable or ():
        try:
            siblings.add((folder / f"cpu{cpu}/topology/thread_siblings_list").read_text("ascii"))
        except (OSError, ValueError):
            return max(1, count)
    return max(1, len(siblings) or count)


def _root() -> Path:
    return Path(os.environ.get("ASSISTANT_SYSROOT") or "/")


def _processor_lines() -> Iterator[str]:
    try:
        text = (_root() / "proc/cpuinfo").read_text("utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        if line.startswith(("model name", "flags", "Features", "CPU part", "CPU variant")):
            yield line
