"""The chat's own consent sheet in the closed network: a no sends nothing, one `o` sends one request under one permit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.domain.audit_entries import OutboxLine
from assistant.proof.closed import ClosedNetwork
from tests.e2e.egress.allowed import allowed
from tests.e2e.egress.clouds import KEY, Clouds, clouds, host
from tests.e2e.egress.conftest import BAIT, Open, Silent
from tests.e2e.egress.sending import (
    ROW,
    ROW_HOST,
    ROW_MODEL,
    Sender,
    keys,
    mac_of,
    sender,
    verified,
)
from tests.e2e.egress.wire import permits
from tests.e2e.terminal import Terminal

QUESTION = "Where did the blue heron 7741 nest?"
SHEET = "Deny"
CTRL_S, ESCAPE = "\x13", "\x1b"


@pytest.fixture
def far(network: ClosedNetwork, tmp_path: Path) -> Iterator[Clouds]:
    folder = tmp_path / "clouds"
    folder.mkdir()
    with clouds(network, folder, [host(0, ROW_HOST)]) as running:
        yield running


@pytest.fixture
def person(network: ClosedNetwork, far: Clouds, tmp_path: Path) -> Sender:
    """No model of this machine, one route to the cloud and its key."""
    made = sender(network, tmp_path / "home", far.authority, {**BAIT, **keys(ROW)})
    made.set_up(("routes", "add", "--row", ROW, "--model", ROW_MODEL))
    return made


def press_until(chat: Terminal, key: str, gone: str) -> None:
    """Presses `key` until `gone` is off the screen: on a sheet that is new no key does anything yet."""
    for _ in range(20):
        chat.send(key)
        try:
            chat.wait_for(lambda text: gone not in text, 0.5)
        except AssertionError:
            continue
        return
    raise AssertionError(f"{gone!r} stays:\n{chat.text()}")


def ended(person: Sender) -> list[OutboxLine]:
    return [line for line in permits(person.journal) if line.ended is not None]


def test_a_no_sends_nothing_and_one_yes_sends_once(
    person: Sender, far: Clouds, open_chat: Open, silent: Silent
) -> None:
    with silent("the chat, the question, the sheet, a no"):
        chat = open_chat(person)
        chat.wait_for_text("ask anything")
        chat.send(QUESTION)
        chat.wait_for_text(QUESTION)
        chat.send(CTRL_S)
        chat.wait_for_text("OVHcloud")
        assert "FR" in chat.wait_for_text(SHEET)
        press_until(chat, ESCAPE, SHEET)
        chat.wait_for_text(QUESTION)
    assert not permits(person.journal)
    assert not far.requests()

    def grant_once() -> None:
        chat.send(CTRL_S)
        chat.wait_for_text(SHEET)
        press_until(chat, "o", SHEET)
        chat.wait_for(lambda _: bool(ended(person)), 30)

    _, left = allowed(person.network, far, person.journal, grant_once)
    [(request, line)] = left.match.pairs
    assert (request.name, line.words) == (ROW_HOST, "left, closed")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert QUESTION in request.body.decode()
    assert line.permit.payload_mac == mac_of(person, request)
    with silent("the end"):
        chat.send("\x11")
        assert chat.wait_for_exit() == 0
    assert len(permits(person.journal)) == 1
    assert verified(person).whole
