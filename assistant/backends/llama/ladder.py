"""The ladder of ever safer engine settings, and the memory of which rung held for a model, a build and a machine."""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from assistant.backends.llama.identity import build, digest, machine, model_identity

__all__ = ["FILE", "Rung", "Standing", "build", "keep", "key", "remembered", "standing"]

FILE = "llama-rungs.json"
_PATIENCE = 2
"""So many crashes in use on a rung that had passed its self-test move the next test a rung down."""


class Rung(StrEnum):
    """How carefully the engine runs; each rung keeps the cautions of those before it."""

    DEFAULT = "default"
    NO_EXTRA_BUFFERS = "no-extra-buffers"
    NO_MMAP = "no-mmap"
    ONE_THREAD = "one-thread"

    @property
    def extra_buffers(self) -> bool:
        """Whether weights may be repacked for special instructions (`use_extra_bufts`)."""
        return self is Rung.DEFAULT

    @property
    def mmap(self) -> bool:
        """Whether the model file is mapped into memory."""
        return self in (Rung.DEFAULT, Rung.NO_EXTRA_BUFFERS)

    @property
    def single_thread(self) -> bool:
        """Whether one thread has to do."""
        return self is Rung.ONE_THREAD

    def below(self) -> "Rung | None":
        """The next safer rung; None at the foot of the ladder."""
        rungs = list(Rung)
        at = rungs.index(self) + 1
        return rungs[at] if at < len(rungs) else None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one model: the rung to start from, whether it `held` a self-test, crashes in use since."""

    rung: Rung = Rung.DEFAULT
    held: bool = False
    crashes: int = 0

    def passed(self, rung: Rung) -> "Standing":
        """After `rung` held its self-test."""
        return Standing(rung, held=True, crashes=self.crashes if rung is self.rung else 0)

    def crashed(self) -> "Standing":
        """After a crash in use: the next load tests again, a rung lower where the same rung crashes again and again."""
        below = self.rung.below()
        if self.crashes + 1 >= _PATIENCE and below is not None:
            return Standing(below)
        return Standing(self.rung, held=False, crashes=self.crashes + 1)


def key(model_path: Path) -> str:
    """What a standing is tied to: model file, build, machine. Raises: OSError where the file cannot be read."""
    return digest(model_identity(model_path), build() or "", machine())


def standing(state_dir: Path, name: str) -> Standing:
    """What is known under `name` (see `key`); the top of the ladder where nothing is."""
    entry = _read(state_dir).get(name)
    try:
        return Standing() if entry is None else _standing(entry)
    except (KeyError, TypeError, ValueError):
        return Standing()


def keep(state_dir: Path, name: str, known: Standing) -> None:
    """Writes `known` down, atomically. A folder that cannot be written costs a self-test at each start, no more."""
    entries = {**_read(state_dir), name: asdict(known)}
    fresh = state_dir / f"{FILE}.{os.getpid()}"
    with contextlib.suppress(OSError):
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.write_text(json.dumps(entries, indent=1), "utf-8")
        fresh.replace(state_dir / FILE)


def remembered(state_dir: Path, model_path: Path) -> Rung | None:
    """The rung that held for this model, build and machine; None where no self-test was passed yet."""
    try:
        known = standing(state_dir, key(model_path))
    except OSError:
        return None
    return known.rung if known.held else None


def _read(state_dir: Path) -> dict[str, object]:
    try:
        entries = json.loads((state_dir / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}


def _standing(entry: object) -> Standing:
    if not isinstance(entry, Mapping):
        raise TypeError("not an object")
    return Standing(Rung(entry["rung"]), entry["held"] is True, int(entry["crashes"]))
