"""What is remembered of hailo-ollama between runs: what it may hold of a conversation, and each model's pace."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from assistant.backends.hailo.budget import Pace, first_pace
from assistant.backends.hailo.wordings import WORDINGS
from assistant.domain.fields import Fields

FILE: Final = "hailo.json"


@dataclass(frozen=True, slots=True)
class Memory:
    """The state of one server, as far as it is known here.

    `model` was asked for last, with the system message in `wording`. `sure`: its last reply came to its end, so the server's
    memory of the conversation is right. `sound`: its last load succeeded; after a failed one it must unload first.
    """

    model: str = ""
    wording: int = WORDINGS - 1
    sure: bool = False
    sound: bool = False

    def next_wording(self, model: str) -> int:
        """The wording to ask `model` in: another one where the server's memory may be stale (facts §1.9)."""
        if self.sure and self.model == model:
            return self.wording
        return (self.wording + 1) % WORDINGS

    def asked(self, model: str, wording: int) -> "Memory":
        """After a request went out: how it ends is not known."""
        return replace(self, model=model, wording=wording, sure=False)

    def loading(self, model: str) -> "Memory":
        """While `model` is loaded: whether that succeeds is not known."""
        return replace(self, model=model, sure=self.sure and model == self.model, sound=False)


class Notebook:
    """One small file; one that cannot be read or written costs an unload and a new measurement at each start, no more."""

    def __init__(self, state_dir: Path) -> None:
        """The file is in `state_dir`."""
        self._path = state_dir / FILE
        self._unwritten: dict[str, object] | None = None

    def memory(self, server: str) -> Memory | None:
        """What is known of `server` (HOST:PORT); None where nothing is."""
        try:
            fields = Fields(self._section("servers").get(server))
            return Memory(
                fields.text("model"),
                fields.whole("wording") % WORDINGS,
                fields.flag("sure"),
                fields.flag("sound"),
            )
        except ValueError:
            return None

    def keep_memory(self, server: str, memory: Memory) -> None:
        """Writes down what is known of `server`, atomically."""
        self._write("servers", server, asdict(memory))

    def pace(self, model: str) -> Pace:
        """How quickly `model` reads, as measured, else as assumed."""
        try:
            entry = Fields(self._section("models").get(model))
            rate = entry.maybe_number("prefill_tokens_per_s")
        except ValueError:
            rate = None
        return Pace(rate) if rate and rate > 0 else first_pace(model)

    def keep_pace(self, model: str, pace: Pace) -> None:
        """Writes down how quickly `model` reads, atomically."""
        self._write("models", model, {"prefill_tokens_per_s": round(pace.tokens_per_s, 1)})

    def _section(self, name: str) -> Mapping[str, object]:
        section = self._read().get(name)
        return section if isinstance(section, dict) else {}

    def _read(self) -> dict[str, object]:
        if self._unwritten is not None:
            return dict(self._unwritten)
        try:
            entries = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return entries if isinstance(entries, dict) else {}

    def _write(self, section: str, name: str, entry: Mapping[str, object]) -> None:
        entries = self._read()
        known = entries.get(section)
        entries[section] = {**(known if isinstance(known, dict) else {}), name: entry}
        fresh = self._path.with_name(f"{FILE}.{os.getpid()}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh.write_text(json.dumps(entries, indent=1), "utf-8")
            fresh.replace(self._path)
        except OSError:
            # What stands in the file is no longer true.
            self._unwritten = entries
        else:
            self._unwritten = None
