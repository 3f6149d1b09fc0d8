"""The cloud's own record of what it was sent, and which permit of the journal each request had."""

import base64
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from assistant.domain.audit_entries import OutboxLine
from assistant.proof.closed import ClosedNetwork, environment
from assistant.proof.place import CLOUD
from assistant.storage.audit import outbox
from tests.e2e.egress.authority import Authority

SLACK_MS = 50
"""By so much a moment may be off: clocks are read in whole milliseconds, by two processes."""


@dataclass(frozen=True)
class Request:
    """One request as it came out of TLS; `name` is the host that the connection was for, `at_ms` Unix time."""

    at_ms: int
    name: str
    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> bytes:
        """All of it, for the search."""
        head = [self.line, *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + self.body


@dataclass(frozen=True)
class FakeCloud:
    """A running cloud."""

    folder: Path

    @property
    def authority(self) -> Path:
        """Whom the program must trust to get here: the setting network.ca_bundle."""
        return Authority(self.folder).file

    @property
    def ips(self) -> set[str]:
        """Where it is, as names lead there."""
        return {CLOUD}

    def reply_with(self, reply: bytes) -> None:
        """What every request gets from now on, raw."""
        (self.folder / "reply").write_bytes(reply)

    def requests(self) -> list[Request]:
        """Every request so far, in order."""
        file = self.folder / "requests.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [_request(json.loads(line)) for line in lines]


@contextmanager
def fake_cloud(network: ClosedNetwork, folder: Path) -> Iterator[FakeCloud]:
    """Runs one at the far end of `network`."""
    Authority(folder).begin()
    command = network.beyond(sys.executable, "-m", "tests.e2e.egress.tls_cloud", str(folder))
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"listening\n"
            yield FakeCloud(folder)
        finally:
            process.kill()


@dataclass(frozen=True)
class Match:
    """Which request had which permit. `unpermitted` requests had none; `unsent` permits had no request, and do not say so."""

    pairs: tuple[tuple[Request, OutboxLine], ...]
    unpermitted: tuple[Request, ...]
    unsent: tuple[OutboxLine, ...]

    @property
    def whole(self) -> bool:
        """Whether each had exactly one."""
        return not self.unpermitted and not self.unsent


def permits(journal: Path) -> list[OutboxLine]:
    """Every permit in the audit of a journal, the oldest first; none where there is no audit."""
    if not journal.exists():
        return []
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as db:
        if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'audit'").fetchone() is None:
            return []
        return list(reversed(outbox(db, limit=-1)))


def matched(requests: Sequence[Request], lines: Sequence[OutboxLine]) -> Match:
    """Gives each request the first permit that was on record before it, for its host and its number of bytes; each permit once."""
    left = list(lines)
    pairs: list[tuple[Request, OutboxLine]] = []
    unpermitted: list[Request] = []
    for request in sorted(requests, key=lambda each: each.at_ms):
        line = next((line for line in left if _fits(request, line)), None)
        if line is None:
            unpermitted.append(request)
        else:
            left.remove(line)
            pairs.append((request, line))
    unsent = tuple(line for line in left if line.words != "nothing left")
    return Match(tuple(pairs), tuple(unpermitted), unsent)


def host_of(line: OutboxLine) -> str:
    """The name of the host alone: the audit may hold the whole address, `https://host:443`."""
    return line.permit.host.rpartition("://")[2].partition(":")[0]


def _fits(request: Request, line: OutboxLine) -> bool:
    return (
        host_of(line) == request.name
        and line.permit.sent_bytes == len(request.body)
        and line.at.wall_ms <= request.at_ms + SLACK_MS
    )


def _request(line: dict[str, object]) -> Request:
    headers = line["headers"]
    assert isinstance(headers, dict)
    return Request(
        int(str(line["at_ms"])),
        str(line["name"]),
        str(line["line"]),
        {str(name): str(value) for name, value in headers.items()},
        base64.b64decode(str(line["body"])),
    )
