"""Sends as fast as it can, in a process that somebody kills: `python -m tests.storage.killed_leaving FOLDER`.

The keyring is a file in FOLDER. After each commit it says on stdout what is on record by then.
"""

import sys
from dataclasses import replace
from pathlib import Path

from assistant.domain.audit import Anchor, EpochKey
from assistant.storage.audit_desk import AuditStores
from tests.facts_maker import GRANT, LIMITS
from tests.storage.leaving_stage import Program, over, permitted


class KeyFile:
    """One key in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self) -> EpochKey | None:
        if not self.path.exists():
            return None
        raw = self.path.read_bytes()
        return EpochKey(raw[0], raw[1:])

    def set(self, key: EpochKey) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(bytes([key.epoch]) + key.key)
        fresh.replace(self.path)

    def first(self) -> EpochKey | None:
        return self.get()

    def keep_first(self, key: EpochKey) -> None:
        self.set(key)

    def erase_first(self) -> None:
        self.path.unlink(missing_ok=True)


class AnchorFile:
    """The anchor in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self) -> Anchor | None:
        if not self.path.exists():
            return None
        count, head = self.path.read_text().split()
        return Anchor(int(count), bytes.fromhex(head))

    def set(self, anchor: Anchor) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(f"{anchor.count} {anchor.head.hex()}")
        fresh.replace(self.path)


def stores(folder: Path) -> AuditStores:
    """A keyring in files."""
    return AuditStores(
        KeyFile(folder / "key"), AnchorFile(folder / "anchor"), KeyFile(folder / "first")
    )


def main(folder: Path) -> None:
    program = Program(folder, stores(folder))
    many = replace(LIMITS, max_requests=100_000, max_tokens=None, max_cost=None, currency="")
    program.grant(replace(GRANT, limits=many))
    for number in range(100_000):
        turn = f"t{number}"
        program.ask(turn)
        program.journal.append(permitted(turn))
        _say(f"permitted {turn}")
        if number % 2:
            program.journal.append(over(turn))
            _say(f"over {turn}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
