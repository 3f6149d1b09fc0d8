"""Whatever goes wrong on the way to a provider or at its end: a clear error, no more bytes than were granted, and the right record."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.proof.closed import ClosedNetwork, Tried, environment
from tests.e2e.egress.clouds import Clouds, clouds
from tests.e2e.egress.conftest import BAIT
from tests.e2e.egress.faults import ALL, ELSEWHERE, ENDING, FLOODS, LOOPBACK, host_name, hosts
from tests.e2e.egress.many import set_up
from tests.e2e.egress.sending import (
    Ended,
    Granted,
    Sender,
    ask,
    bodies,
    ended,
    heard_nothing,
    keys,
    line_of,
    sender,
    verified,
)
from tests.e2e.egress.wire import matched, permits
from tests.e2e.running import Running
from tests.standins.cloud_line import read_record

QUESTION = "Where is the fox?"
CUT_S = 2.0
"""So long a stream may go on after its consent is gone."""
MORE_BYTES = 60_000_000
"""A flood may cost no more memory than this."""


@dataclass(frozen=True)
class Town:
    """The providers, a home with a route to each, and a grant for each route in a conversation of its own."""

    clouds: Clouds
    sender: Sender
    grants: dict[str, Granted]

    def ask(self, route: str) -> tuple[str, ...]:
        """The command that asks there."""
        return ask(route, self.grants[route].conversation, QUESTION)

    def start(self, route: str) -> Running:
        """Asks there, and goes on once all of the question is there."""
        asking = self.sender.start(*self.ask(route))
        self.clouds.wait_for(host_name(route), lambda got: got.whole)
        return asking


@pytest.fixture(scope="module")
def town(network: ClosedNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """All of them."""
    folder, home = tmp_path_factory.mktemp("clouds"), tmp_path_factory.mktemp("home")
    with clouds(network, folder, hosts(list(ALL.items()))) as running:
        made = sender(network, home, running.authority, {**BAIT, **keys(*ALL)})
        yield Town(running, made, set_up(made, ALL))


@dataclass(frozen=True)
class Failed:
    """How each send ended, and what all of them together put on the wire; `called` are connections to this machine itself."""

    ended: dict[str, Ended]
    tried: Tried
    called: int


@pytest.fixture(scope="module")
def failed(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Failed:
    """In two processes at once: each host has an address of its own, by which its packets are known."""
    halves = [list(ENDING)[half::2] for half in range(2)]
    record = tmp_path_factory.mktemp("near") / "record.json"
    before = town.sender.network.count()
    with listening(town, record), ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda names: town.sender.several(*map(town.ask, names)), halves))
    said = {n: e for half, ends in zip(halves, found, strict=True) for n, e in zip(half, ends, strict=True)}  # fmt: skip
    tried = town.sender.network.since(before)
    return Failed(said, tried, len(read_record(record)))


@contextmanager
def listening(town: Town, record: Path) -> Iterator[None]:
    """Somebody on this machine who would take what comes to its port 443."""
    certificate = str(town.clouds.folder / "another.example.pem")
    options = ("--host", LOOPBACK, "--port", "443", "--cert", certificate)
    module = ("-m", "tests.standins.cloud", *options, "--record", str(record))
    command = town.sender.network.inside(sys.executable, *module)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment()) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"443\n"
            yield
        finally:
            process.kill()


@pytest.mark.parametrize("name", ENDING)
def test_each_ends_in_a_clear_error_with_its_record(town: Town, failed: Failed, name: str) -> None:
    fault, said = ENDING[name], failed.ended[name]
    assert said.code == fault.code, said.err
    assert fault.says in _told(said)[0]
    assert len(_told(said)) == 1
    assert "\x1b" not in said.err + said.out
    line, got = line_of(town.sender, name), town.clouds.got(host_name(name))
    assert line.ended is not None
    if fault.leaves:
        [request] = got
        assert (line.words, line.ended.sent_bytes) == ("left, failed", len(request.body))
    else:
        assert heard_nothing(got)
        assert (line.words, line.ended.sent_bytes) == ("nothing left", 0)


def _told(said: Ended) -> list[str]:
    """What was told on stderr, but for the other process of these tests."""
    return [line for line in said.err.splitlines() if not line.startswith("another window")]


def test_a_name_that_leads_to_this_machine_or_this_network_is_not_called(failed: Failed) -> None:
    called = {frame.to for frame in failed.tried.frames if frame.kind == "tcp"}
    rebound = {ip for fault in ENDING.values() for ip in fault.leads}
    assert not called & rebound
    assert failed.called == 0


def test_nobody_is_looked_up_or_called_but_the_hosts_of_the_routes(
    town: Town, failed: Failed
) -> None:
    """No redirect is followed and no proxy of the environment is called."""
    tried = failed.tried
    assert set(tried.look_ups) == {host_name(name) for name in ENDING}
    assert ELSEWHERE not in tried.look_ups
    opened = [frame.to for frame in tried.frames if frame.opens]
    assert set(opened) <= town.clouds.ips
    assert len(opened) == len(set(opened)), "nothing is tried twice"


@pytest.fixture(scope="module")
def usual_bytes(town: Town) -> int:
    """The memory that the program takes without a flood."""
    return ended(town.sender.start("routes", "list")).most_bytes


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_costs_bounded_memory_and_ends(town: Town, usual_bytes: int, name: str) -> None:
    fault = FLOODS[name]
    said = ended(town.sender.start(*town.ask(name)))
    assert said.code == fault.code, said.err
    assert fault.says in said.err
    assert said.most_bytes < usual_bytes + MORE_BYTES
    line = line_of(town.sender, name)
    assert line.words == "left, failed"
    assert line.ended is not None
    assert line.ended.received_bytes is not None
    assert line.ended.received_bytes < MORE_BYTES


def test_revoking_in_another_process_cuts_the_stream(town: Town) -> None:
    asking = town.start("hang")
    revoked = town.sender.run("consent", "revoke", town.grants["hang"].code)
    _cut(town, asking, "hang")
    assert revoked.returncode == 0


def test_panic_in_another_process_cuts_the_stream(town: Town, tmp_path: Path) -> None:
    """In a copy of the home: it ends every grant."""
    home = tmp_path / "home"
    shutil.copytree(town.sender.program.home, home)
    other = Town(town.clouds, town.sender.at(home), town.grants)
    asking = other.start("hang-in-panic")
    assert other.sender.run("consent", "panic").returncode == 0
    _cut(other, asking, "hang-in-panic")
    [refused] = other.sender.several(other.ask("once"))
    assert refused.code == 3
    assert bodies(other.sender, "denied")[-1]["reasons"] == ["offline"]


def _cut(town: Town, asking: Running, name: str) -> None:
    """Since the consent is gone: the connection ends in time, and the program with what had come."""
    begun = time.monotonic()
    town.clouds.wait_for(host_name(name), lambda got: got.left)
    assert time.monotonic() - begun < CUT_S
    said = ended(asking)
    assert (said.code, said.out) == (3, "Where \n")
    assert ALL[name].says in said.err
    assert line_of(town.sender, name).words == "left, failed"


@pytest.mark.parametrize("name", ["slow-head", "slow-body"])
def test_a_drip_without_end_is_ended_by_ctrl_c_at_once(town: Town, name: str) -> None:
    """Without a person it ends after minutes: see tests/backends/remote/test_cloud_hostile.py."""
    asking = town.start(name)
    begun = time.monotonic()
    asking.send_signal(signal.SIGINT)
    said = ended(asking)
    assert time.monotonic() - begun < CUT_S
    assert said.code == 130, said.err
    line = line_of(town.sender, name)
    assert line.words == "left, cancelled"


def test_killed_between_the_permit_and_its_end_it_may_have_left(town: Town) -> None:
    asking = town.start("silent")
    os.kill(asking.pid, signal.SIGKILL)
    assert ended(asking).code == -signal.SIGKILL
    [outbox] = town.sender.set_up(("audit", "outbox", "--json"))
    [row] = [row for row in json.loads(outbox.out)["outbox"] if row["route"] == "silent"]
    [got] = town.clouds.got(host_name("silent"))
    assert (row["what"], row["composed_bytes"]) == ("may have left", len(got.body))
    assert verified(town.sender).whole


def test_of_two_at_once_under_a_grant_for_one_request_one_leaves(town: Town) -> None:
    both = [town.sender.start(*town.ask("once")) for _ in range(2)]
    one, other = sorted((ended(asking) for asking in both), key=lambda each: each.code)
    assert (one.code, one.out) == (0, f"{QUESTION}\n")
    assert other.code == 3
    assert ALL["once"].says in other.err
    assert len(town.clouds.got(host_name("once"))) == 1
    assert line_of(town.sender, "once").words == "left, closed"
    denied = [body for body in bodies(town.sender, "denied") if body["route"] == "once"]
    assert len(denied) == 1


def test_after_all_that_each_request_has_its_permit_and_the_record_is_whole(
    town: Town, failed: Failed
) -> None:
    mine = [each for each in town.clouds.requests() if each.name != host_name("hang-in-panic")]
    assert len(mine) >= sum(fault.leaves for fault in ENDING.values())
    assert not matched(mine, permits(town.sender.journal)).unpermitted
    assert verified(town.sender).whole
