"""One send that was allowed, and nothing beside it: what a scenario with a grant is held against."""

import subprocess
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from assistant.proof.closed import ClosedNetwork, Tried
from assistant.proof.frames import told
from assistant.proof.place import FAR
from tests.e2e import running
from tests.e2e.egress.canaries import traces
from tests.e2e.egress.streams import streams
from tests.e2e.egress.wire import Match, Request, host_of, matched, permits

_T = TypeVar("_T")


class Cloud(Protocol):
    """What is at the far end: where it listens, and every request that it ever got, in order."""

    @property
    def ips(self) -> Set[str]: ...

    def requests(self) -> list[Request]: ...


TLS_BYTES = 6_000
"""What TLS and HTTP add to a body at most, in one connection."""


@dataclass(frozen=True)
class Left:
    """What was seen of it, in clear, on the wire and in the journal."""

    requests: tuple[Request, ...]
    tried: Tried
    match: Match

    def traces(self, canary: str) -> set[str]:
        """In which forms a piece of `canary` left: in clear, in a packet, or in a connection put together."""
        seen = [request.text for request in self.requests]
        seen += [frame.payload for frame in self.tried.frames]
        seen += streams(self.tried.frames).values()
        return {trace for each in seen for trace in traces(canary, each)}


@dataclass(frozen=True)
class Sent(Left):
    """The same, and how the command ended that sent it."""

    done: "subprocess.CompletedProcess[bytes]"


def allowed_send(
    network: ClosedNetwork,
    cloud: Cloud,
    journal: Path,
    command: Sequence[str],
    environment: Mapping[str, str],
) -> Sent:
    """Runs `command` (see Inside.command) and proves the same of it as `allowed`."""
    done, left = allowed(network, cloud, journal, lambda: running.run(command, environment))
    return Sent(left.requests, left.tried, left.match, done)


def allowed(
    network: ClosedNetwork, cloud: Cloud, journal: Path, act: Callable[[], _T]
) -> tuple[_T, Left]:
    """Does `act` and proves that what left meanwhile is what the audit in `journal` permitted, one to one.

    Each request has its permit, each permit its request, by host, bytes and time. Only the permitted hosts were looked
    up, only they were connected to, once for a request, and nothing but TLS of about that size went there.
    """
    before, known, asked = network.count(), len(permits(journal)), len(cloud.requests())
    done = act()
    tried = network.since(before)
    requests = tuple(cloud.requests()[asked:])
    match = matched(requests, permits(journal)[known:])
    assert match.whole, match
    hosts = {host_of(line) for _, line in match.pairs}
    assert set(tried.look_ups) == hosts, told(tried.frames)
    _only_connections(tried, cloud.ips, [len(request.body) for request in requests])
    return done, Left(requests, tried, match)


def _only_connections(tried: Tried, ips: Set[str], bodies: list[int]) -> None:
    """Fails for a packet that belongs neither to a look-up nor to a connection of a request."""
    fine = {("udp", FAR, 53), *(("tcp", ip, 443) for ip in ips)}
    strays = [frame for frame in tried.frames if (frame.kind, frame.to, frame.port) not in fine]
    assert not strays, told(tuple(strays))
    said = {ends: len(text) for ends, text in streams(tried.frames).items()}
    assert len(said) == len(bodies), said
    for size, body in zip(sorted(said.values()), sorted(bodies), strict=True):
        assert body < size < body + TLS_BYTES + body // 50, (size, body)
