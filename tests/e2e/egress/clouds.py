"""The providers at the far end as a test sees them: which there are, and what each of them was sent."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, sleep

from assistant.proof.closed import ClosedNetwork, environment
from tests.e2e.egress.authority import Authority
from tests.e2e.egress.far_cloud import Host
from tests.e2e.egress.wire import Request
from tests.standins.cloud_line import Got, read_record

KEY = "k-0123456789-abcdef-of-a-test"
"""What every provider takes."""
_PATIENCE_S = 20.0


def host(number: int, name: str, fault: str = "", *, dialect: str = "openai") -> Host:
    """Host `number` of the far end, at a public address of its own."""
    ip = f"192.88.99.{10 + number}"
    return Host(name, ip, ((ip,),), dialect, KEY, fault)


@dataclass(frozen=True)
class Clouds:
    """Running providers."""

    folder: Path
    hosts: Sequence[Host]

    @property
    def authority(self) -> Path:
        """Whom the program must trust to get here: the setting network.ca_bundle."""
        return Authority(self.folder).file

    @property
    def stranger(self) -> Path:
        """The authority of the strange ones, whom nobody trusts."""
        return Authority(self.folder / "stranger").file

    @property
    def ips(self) -> set[str]:
        """Where they are."""
        return {host.ip for host in self.hosts}

    def find(self, name: str) -> Host:
        """The host of that name."""
        return next(host for host in self.hosts if host.name == name)

    def got(self, name: str) -> list[Got]:
        """Every connection that one host ever had."""
        return read_record(self.folder / f"{name}.json")

    def requests(self) -> list[Request]:
        """Every request that any of them got whole, in order."""
        found = [
            Request(got.at_ms, host.name, got.first_line, got.headers, got.body)
            for host in self.hosts
            for got in self.got(host.name)
            if got.at_ms is not None
        ]
        return sorted(found, key=lambda each: each.at_ms)

    def wait_for(self, name: str, happened: Callable[[Got], bool]) -> Got:
        """The last connection of a host, once something happened to it."""
        end = monotonic() + _PATIENCE_S
        while monotonic() < end:
            got = self.got(name)
            if got and happened(got[-1]):
                return got[-1]
            sleep(0.02)
        raise AssertionError(f"{name} waited in vain: {self.got(name)}")


@contextmanager
def clouds(network: ClosedNetwork, folder: Path, hosts: Sequence[Host]) -> Iterator[Clouds]:
    """Runs them at the far end of `network`."""
    _certify(folder, hosts)
    (folder / "plan.json").write_text(json.dumps([asdict(each) for each in hosts]))
    command = network.beyond(sys.executable, "-m", "tests.e2e.egress.far_cloud", str(folder))
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"listening\n"
            yield Clouds(folder, hosts)
        finally:
            process.kill()


def _certify(folder: Path, hosts: Sequence[Host]) -> None:
    """A certificate for every name that one shows."""
    trusted = Authority(folder).begin()
    (folder / "stranger").mkdir()
    stranger = Authority(folder / "stranger").begin()
    for each in hosts:
        name = each.certified or each.name
        if each.strange:
            (folder / f"{name}.pem").write_bytes(stranger.certificate(name).read_bytes())
        else:
            trusted.certificate(name)
