"""What is refused leaves nothing: not a byte at the far end for any of them, and each is on record where anything can be."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.proof.closed import ClosedNetwork, Tried
from assistant.proof.frames import told
from tests.e2e.egress.clouds import Clouds, clouds, host
from tests.e2e.egress.conftest import BAIT, Silent
from tests.e2e.egress.refusals import ABROAD, OWN, REFUSALS
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
    run_each,
    sender,
    verified,
)
from tests.e2e.egress.wire import permits
from tests.e2e.terminal import ForkedTerminal

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
    """All of them at once, in a home each: where the sum is nothing, so is each. Two processes take the plain ones in turn."""
    template, grants = first
    folder = tmp_path_factory.mktemp("homes")
    homes = {name: template.at(folder / name.replace(" ", "-")) for name in REFUSALS}
    for home in homes.values():
        shutil.copytree(template.program.home, home.program.home)

    def run(names: Sequence[str]) -> dict[str, Ended]:
        return _ended({name: homes[name] for name in names}, grants)

    plain = [name for name, refusal in REFUSALS.items() if refusal.run is None]
    batches = [plain[::2], plain[1::2], *([name] for name in REFUSALS if name not in plain)]
    before = template.network.count()
    with ThreadPoolExecutor(2) as pool:
        found = [each for batch in pool.map(run, batches) for each in batch.items()]
    return Refused(homes, dict(found), template.network.since(before), far)


def _ended(homes: Mapping[str, Sender], grants: Mapping[str, Granted]) -> dict[str, Ended]:
    """How some refusals ended."""
    asks: dict[str, tuple[str, ...]] = {}
    for name, home in homes.items():
        refusal = REFUSALS[name]
        refusal.change(home)
        asks[name] = refusal.ask(grants[refusal.route])
        if refusal.run is not None:
            return {name: refusal.run(home, asks[name])}
    steps = [(name, step) for name in homes for step in (*REFUSALS[name].before, asks[name])]
    ended = run_each([(homes[name], step) for name, step in steps])
    # The last one of each home is what it was asked.
    return {name: each for (name, _), each in zip(steps, ended, strict=True)}


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
    terminal = ForkedTerminal(command, person.environment, 140, 60)
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
