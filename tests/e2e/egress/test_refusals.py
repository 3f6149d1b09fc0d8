"""What is refused leaves nothing: not a byte at the far end for any of them, and each is on record where anything can be."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.proof.closed import ClosedNetwork, Tried
from assistant.proof.frames import told
from tests.e2e.egress.clouds import Clouds, clouds, host
from tests.e2e.egress.conftest import BAIT, Silent
from tests.e2e.egress.refusals import ABROAD, OWN, REFUSALS, Refusal
from tests.e2e.egress.sending import (
    ROW,
    ROW_HOST,
    ROW_MODEL,
    Ended,
    Granted,
    Sender,
    ask,
    bodies,
    endpoint,
    grant,
    granted,
    keys,
    latest_turn,
    sender,
    verified,
)
from tests.e2e.egress.wire import permits
from tests.e2e.terminal import Terminal

OWN_HOST = "own.gate.example"
HOSTS = (host(0, ROW_HOST), host(1, OWN_HOST), host(2, "api.us.mistral.ai", dialect="mistral"))


@dataclass(frozen=True)
class Refused:
    """How each refusal ended, in a home of its own, and what was seen at the far end of all of them together."""

    homes: dict[str, Sender]
    ended: dict[str, Ended]
    tried: Tried
    clouds: Clouds


@pytest.fixture(scope="module")
def far(network: ClosedNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    """Providers who would take what is sent: a count of 0 is no matter of nobody being there."""
    with clouds(network, tmp_path_factory.mktemp("clouds"), HOSTS) as running:
        yield running


@pytest.fixture(scope="module")
def first(
    network: ClosedNetwork, far: Clouds, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Sender, dict[str, Granted]]:
    """The home that all others are copies of: three routes, and a grant for each that may have one."""
    extra = {**BAIT, **keys(ROW, OWN, ABROAD)}
    made = sender(network, tmp_path_factory.mktemp("home"), far.authority, extra)
    said = made.set_up(
        ("routes", "add", "--row", ROW, "--model", ROW_MODEL),
        ("routes", "add", "--row", ABROAD, "--model", "mistral-small-latest"),
        *endpoint(OWN, OWN_HOST),
        grant(ROW),
        grant(OWN),
    )
    row, own = map(granted, said[-2:])
    return made, {ROW: row, OWN: own, ABROAD: row}


@pytest.fixture(scope="module")
def refused(
    first: tuple[Sender, dict[str, Granted]], far: Clouds, tmp_path_factory: pytest.TempPathFactory
) -> Refused:
    """All of them at once, as many at a time as there are processors: where the sum is nothing, so is each."""
    template, grants = first
    folder = tmp_path_factory.mktemp("homes")

    def run(name: str) -> tuple[Sender, Ended]:
        home = folder / name.replace(" ", "-")
        shutil.copytree(template.program.home, home)
        copy = template.at(home)
        refusal = REFUSALS[name]
        return copy, _ended(copy, refusal, grants[refusal.route])

    before = template.network.count()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(REFUSALS, pool.map(run, REFUSALS), strict=True))
    tried = template.network.since(before)
    homes, ended = {n: each[0] for n, each in found.items()}, {n: each[1] for n, each in found.items()}  # fmt: skip
    return Refused(homes, ended, tried, far)


def _ended(copy: Sender, refusal: Refusal, given: Granted) -> Ended:
    command = refusal.ask(given)
    refusal.change(copy)
    if refusal.run is not None:
        return refusal.run(copy, command)
    *before, last = copy.several(*refusal.before, command)
    assert not any(each.code for each in before), before
    return last


def test_not_one_byte_reaches_the_far_end(refused: Refused) -> None:
    tried = refused.tried
    assert (tried.size_bytes, tried.packets, tried.look_ups) == (0, 0, ()), told(tried.frames)
    assert refused.clouds.requests() == []


@pytest.mark.parametrize("name", REFUSALS)
def test_each_is_refused_in_words_and_on_record(refused: Refused, name: str) -> None:
    refusal, ended, home = REFUSALS[name], refused.ended[name], refused.homes[name]
    assert ended.code == refusal.code, ended.err
    assert refusal.says in ended.err
    assert ended.out == ""
    lines = permits(home.journal)
    if refusal.unsent:
        assert [line.words for line in lines] == ["nothing left"]
    else:
        assert lines == []
    if refusal.reasons:
        [denied] = bodies(home, "denied")
        assert refusal.reasons <= set(denied["reasons"])  # type: ignore[call-overload]
        assert denied["route"] == refusal.route
        assert verified(home).whole
    if refusal.kept:
        turn = latest_turn(home)
        assert turn["error"]["title"] in ("storage", "keys")
        assert not verified(home).whole


def test_rules_swapped_while_the_question_stands_are_the_ones_that_count(
    first: tuple[Sender, dict[str, Granted]], tmp_path: Path, silent: Silent
) -> None:
    template, _ = first
    person = template.at(tmp_path / "home")
    shutil.copytree(template.program.home, person.program.home)
    command = person.command("ask", "--route", ROW, "Where is the fox?")
    terminal = Terminal(command, person.environment, 140, 60)
    try:
        with silent("a yes that came after the rules had changed"):
            terminal.wait_for_text("anything else denies:")
            REFUSALS["rules that were swapped"].change(person)
            terminal.send("once\r")
            assert terminal.wait_for_exit() == 3
            assert "is bound by the law of FR" in terminal.text()
    finally:
        terminal.close()
    [denied] = bodies(person, "denied")
    assert denied["reasons"] == ["law"]


def test_the_same_ask_with_nothing_in_its_way_leaves(
    first: tuple[Sender, dict[str, Granted]], far: Clouds
) -> None:
    """Each refusal above differs from this in one thing alone."""
    template, grants = first
    for route in (ROW, OWN):
        [ended] = template.several(ask(route, grants[route].conversation, "Where is the fox?"))
        assert (ended.code, ended.out) == (0, "Where is the fox?\n")
    assert len(far.requests()) == 2
