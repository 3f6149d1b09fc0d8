"""Where the stand-in of `hailo_platform` lies, and how a process is told to use it."""

import json
from pathlib import Path

from tests.standins.hailo_dto import Json

PACKAGES = Path(__file__).with_name("fake_hailo")
PREFIX = "FAKE_HAILO_"


def environment(**options: object) -> dict[str, str]:
    """For a child process: `environment(release="5.2.0", tps=8, lock=path, trace=path, fault="stall:3")`, see `_plan.py` there."""
    said = {f"{PREFIX}{name.upper()}": str(value) for name, value in options.items()}
    return {"PYTHONPATH": str(PACKAGES), "HAILORT_LOGGER_PATH": "NONE", **said}


def write_hef(path: Path, family: str = "qwen2") -> Path:
    """A file that the stand-in takes for a model of `family`: qwen2, llama, deepseek, qwen3."""
    path.write_bytes(b"\x01HEF " + family.encode())
    return path


def traced(path: Path) -> list[Json]:
    """What the device did, from the file that `trace` named: load, generate (with `seen`), end, clear."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
