"""What a person allowed leaves, and nothing beside it: the real program, both wires, from the routes to the outbox."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from assistant.proof.closed import ClosedNetwork
from tests.e2e.conftest import Installed
from tests.e2e.egress.allowed import Sent, allowed
from tests.e2e.egress.canaries import traces
from tests.e2e.egress.clouds import KEY, Clouds, clouds, host
from tests.e2e.egress.conftest import BAIT, Silent
from tests.e2e.egress.sending import (
    ROW,
    ROW_HOST,
    ROW_MODEL,
    Granted,
    Sender,
    ask,
    certificate_digest,
    endpoint,
    grant,
    granted,
    keys,
    mac_of,
    sender,
    verified,
)
from tests.e2e.terminal import ForkedTerminal

CLAUDE, CLAUDE_HOST = "claude-gate", "claude.gate.example"
FLIP, FLIP_HOST = "flip", "flip.gate.example"
HOSTS = (
    host(0, ROW_HOST),
    host(1, CLAUDE_HOST, dialect="anthropic"),
    replace(host(2, FLIP_HOST), answers=(("192.88.99.12",), ("127.0.0.1",), ("10.0.0.1",))),
)
QUESTION = "Where did the blue heron 7741 nest?"
ANTHROPIC = ("--wire", "anthropic", "--auth", "x-api-key")


@dataclass(frozen=True)
class Town:
    """The providers, and a home with both routes."""

    clouds: Clouds
    sender: Sender
    grants: dict[str, Granted]

    def send(self, route: str, *words: str) -> Sent:
        """Asks in the conversation that the route was granted for."""
        command = ask(route, self.grants[route].conversation, *words)
        return self.allowed(self.sender, *command)

    def shows_key(self, sent: Sent) -> bool:
        """Whether the key is anywhere but in its header: in a body, in a packet, in a file of the program."""
        files = [file for file in self.sender.program.home.rglob("*") if file.is_file()]
        assert self.sender.journal in files
        return (
            any(traces(KEY, request.body) for request in sent.requests)
            or any(traces(KEY, frame.payload) for frame in sent.tried.frames)
            or any(KEY.encode() in file.read_bytes() for file in files)
        )

    def allowed(self, sender: Sender, *command: str) -> Sent:
        """Runs a command that may send."""
        done, left = allowed(
            sender.network, self.clouds, sender.journal, lambda: sender.run(*command)
        )
        return Sent(left.requests, left.tried, left.match, done)


@pytest.fixture(scope="module")
def far(network: ClosedNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    with clouds(network, tmp_path_factory.mktemp("clouds"), HOSTS) as running:
        yield running


@pytest.fixture(scope="module")
def town(network: ClosedNetwork, far: Clouds, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Set up by commands alone, none of which sends anything."""
    home = tmp_path_factory.mktemp("home")
    extra = {**BAIT, **keys(ROW, CLAUDE, FLIP), **deceit(home, far)}
    made = sender(network, home, far.authority, extra)
    before = network.count()
    said = made.set_up(
        ("routes", "add", "--row", ROW, "--model", ROW_MODEL),
        *endpoint(CLAUDE, CLAUDE_HOST, *ANTHROPIC, model="claude-haiku-4-5"),
        *endpoint(FLIP, FLIP_HOST),
        *(grant(route) for route in (ROW, CLAUDE, FLIP)),
    )
    assert network.since(before).packets == 0
    grants = [granted(each) for each in said[-3:]]
    return Town(far, made, dict(zip((ROW, CLAUDE, FLIP), grants, strict=True)))


def deceit(home: Path, far: Clouds) -> dict[str, str]:
    """What an environment may say of TLS: other authorities, and a file for its keys. Proxies are in BAIT."""
    return {
        "SSL_CERT_FILE": str(far.stranger),
        "SSL_CERT_DIR": "/nowhere",
        "SSLKEYLOGFILE": str(home / "tls"),
    }


@pytest.mark.parametrize("route", [ROW, CLAUDE])
def test_what_was_granted_leaves_once_and_is_on_record_to_the_byte(town: Town, route: str) -> None:
    sent = town.send(route, QUESTION)
    assert sent.done.stdout.decode() == f"{QUESTION}\n", sent.done.stderr.decode()
    assert sent.done.returncode == 0
    [(request, line)] = sent.match.pairs
    assert QUESTION in request.body.decode()
    assert line.permit.payload_mac == mac_of(town.sender, request)
    assert (line.permit.sent_bytes, line.words) == (len(request.body), "left, closed")
    assert line.ended is not None
    far = town.clouds.find(request.name)
    assert line.ended.ip == far.ip
    assert line.ended.tls_peer == certificate_digest(town.clouds.folder / f"{far.name}.pem")
    assert verified(town.sender).whole


def test_a_person_reads_in_the_outbox_what_left_and_that_its_record_is_whole(
    town: Town, silent: Silent
) -> None:
    """And of the environment nothing was obeyed: `allowed` fails where a proxy is called."""
    sent = town.send(ROW, "And where did it go?")
    [(request, line)] = sent.match.pairs
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert not town.shows_key(sent)
    with silent("the commands that tell of it"):
        outbox, verify, listed = town.sender.set_up(
            ("audit", "outbox", "--json"), ("audit", "verify"), ("consent", "list", "--json")
        )
    newest = json.loads(outbox.out)["outbox"][0]
    assert newest["permit"] == line.permit.permit
    assert newest["what"] == "left, closed"
    assert newest["composed_bytes"] == newest["sent_bytes"] == line.permit.sent_bytes
    assert verify.out.startswith("whole ")
    rows = {row["id"]: row for row in json.loads(listed.out)["grants"]}
    assert rows[line.permit.grant]["sent_bytes"] >= line.permit.sent_bytes
    assert not (town.sender.program.home / "tls").exists()


def test_a_name_is_looked_up_once_and_what_it_leads_to_later_does_not_count(town: Town) -> None:
    """A name that is bound anew between the check and the connection: the address that was checked is the one called."""
    sent = town.send(FLIP, "Which way?")
    assert sent.done.returncode == 0, sent.done.stderr.decode()
    [(_, line)] = sent.match.pairs
    assert line.ended is not None
    assert line.ended.ip == "192.88.99.12"
    # One look asks for IPv4 and for IPv6.
    assert sent.tried.look_ups == (FLIP_HOST,) * 2
    again = town.sender.run(*ask(FLIP, town.grants[FLIP].conversation, "And now?"))
    assert b"leads to 127.0.0.1, which is not a public address" in again.stderr


CARD, TOKEN = "4539 1488 0343 6467", "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"
"""A card's number that is nobody's, with its check digit right, and a token that was never good."""


def test_what_is_kept_back_stays_and_stands_in_the_reply(town: Town) -> None:
    text = f"My card is {CARD} and my token is {TOKEN} so there."
    sent = town.send(CLAUDE, "--keep-back", "note", text)
    assert sent.done.stdout.decode() == f"{text}\n", sent.done.stderr.decode()
    assert len(sent.requests) == 1
    for kept in (CARD, CARD.replace(" ", ""), TOKEN):
        assert not sent.traces(kept)
    assert b"My card is " in sent.requests[0].body
    assert "so there." in town.clouds.got(CLAUDE_HOST)[-1].body.decode()


CANARY = 'the "magenta otter/90210" sleeps über dem Bach & under'
"""What must stay: with characters that JSON, URLs and UTF-8 write in other ways."""


def test_local_only_text_is_nowhere_in_what_leaves(
    town: Town, tmp_path: Path, installed: Installed, silent: Silent
) -> None:
    """The message, and the reply that the model of this machine made of it, stay; the rest of the conversation goes."""
    program = installed(tmp_path)
    person = sender(town.sender.network, program.home, town.clouds.authority, town.sender.extra)
    with silent("the local part, the grant, and a refusal"):
        local = (
            "ask",
            "--label",
            "local-only",
            "--json",
            "--max-tokens",
            "24",
            f"Repeat: {CANARY}",
        )
        first = json.loads(person.run(*local).stdout)
        assert first["reply"]
        conversation = first["conversation"]
        add = ("routes", "add", "--row", ROW, "--model", ROW_MODEL)
        give = ("consent", "grant", "--route", ROW, "--conversation", conversation)
        refused = person.several(
            add,
            (*give, "--for", "conversation", "--yes-i-grant"),
            ask(ROW, conversation, QUESTION),
        )[-1]
        assert refused.code == 3
        assert "local-only text never leaves this machine" in refused.err
    sent = town.allowed(person, *ask(ROW, conversation, "--leave-out", QUESTION))
    assert sent.done.stdout.decode() == f"{QUESTION}\n", sent.done.stderr.decode()
    assert "raw" in sent.traces(QUESTION), "what was to leave is found"
    assert not sent.traces(CANARY)
    asked = json.loads(sent.requests[0].body)["messages"]
    assert [each["role"] for each in asked] == ["system", "user"]
    assert asked[1]["content"] == QUESTION
    got = b"".join(each.plain for each in town.clouds.got(ROW_HOST))
    assert not traces(CANARY, got)


def test_a_person_at_a_terminal_reads_the_sheet_types_once_and_it_leaves_once(
    town: Town, tmp_path: Path
) -> None:
    """From nothing: a route, a key typed into the vault, the question, one word."""
    person = sender(town.sender.network, tmp_path, town.clouds.authority, BAIT)
    person.set_up(("routes", "add", "--row", ROW, "--model", ROW_MODEL))
    before, asked = person.network.count(), len(town.clouds.requests())
    _type(person, ("routes", "key", ROW), [
        ("a new passphrase for it:", "a horse of course"),
        ("once more:", "a horse of course"),
        (f"key for {ROW} at", KEY),
    ])  # fmt: skip
    screen = _type(person, ("ask", "--route", ROW, QUESTION), [
        ("passphrase of the vault", "a horse of course"),
        ("anything else denies:", "once"),
    ])  # fmt: skip
    assert "OVHcloud (law: FR)" in screen
    tried = person.network.since(before)
    [request] = town.clouds.requests()[asked:]
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert set(tried.look_ups) == {ROW_HOST}
    assert len([frame for frame in tried.frames if frame.opens]) == 1
    assert verified(person).whole


def _type(person: Sender, command: tuple[str, ...], talk: list[tuple[str, str]]) -> str:
    terminal = ForkedTerminal(person.command(*command), person.environment, 140, 60)
    try:
        for question, answer in talk:
            terminal.wait_for_text(question)
            terminal.send(f"{answer}\r")
        assert terminal.wait_for_exit() == 0, terminal.text()
        return terminal.text()
    finally:
        terminal.close()
