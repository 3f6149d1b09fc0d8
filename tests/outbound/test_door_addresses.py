"""Where the door connects to: addresses that were looked at, servers that prove their name, and no word from the environment."""

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.errors import RefusedError, ServerError, ServerFault
from assistant.domain.permit import Receipt
from assistant.domain.places import Address
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from tests.outbound.cloud_rig import (
    CLOUD_PEM,
    HASTY,
    LOCALHOST_PEM,
    NAME,
    Keys,
    cloud,
    cloud_door,
    leads_to,
    outgoing,
    sent,
    trusting,
)

NOTHING = Receipt(0, 0, "", "")


@pytest.mark.parametrize("ips", [("127.0.0.1", "10.0.0.1"), ("169.254.169.254",), ("::1",)])
async def test_a_name_that_was_bound_anew_is_not_called(ips: tuple[str, ...]) -> None:
    door = cloud_door(look=leads_to(*ips))
    async with cloud() as far:
        with pytest.raises(RefusedError, match="not a public address"):
            await sent(door, outgoing(far.address))
    assert far.calls == []
    assert door.receipt("p1") == NOTHING


async def test_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    """The name is asked for once: a second answer, which may be another one, is never heard."""
    asked: list[str] = []

    async def look(host: str, _port: int) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("127.0.0.9",)

    async with cloud() as far:
        assert await sent(cloud_door(look=look), outgoing(far.address)) == b"hello back"
    assert asked == [NAME]


async def test_the_next_address_is_tried_where_nobody_answers_at_the_first() -> None:
    door = cloud_door(look=leads_to("127.0.0.2", "127.0.0.3", "127.0.0.1"))
    async with cloud() as far:
        assert await sent(door, outgoing(far.address)) == b"hello back"
    receipt = door.receipt("p1")
    assert receipt is not None
    assert receipt.ip == "127.0.0.1"


async def test_nobody_anywhere_is_unreachable_and_nothing_was_sent() -> None:
    door = cloud_door(look=leads_to("127.0.0.2", "127.0.0.3"))
    with pytest.raises(ServerError) as raised:
        await sent(door, outgoing(Address(NAME, 1, secure=True)))
    assert raised.value.fault is ServerFault.UNREACHABLE
    assert door.receipt("p1") == NOTHING


@pytest.mark.parametrize(
    ("pem", "trust"),
    [
        (LOCALHOST_PEM, (CLOUD_PEM, LOCALHOST_PEM)),
        (CLOUD_PEM, (LOCALHOST_PEM,)),
    ],
    ids=["good for another name", "good for nobody"],
)
async def test_a_server_that_does_not_prove_its_name_hears_nothing(
    pem: Path, trust: tuple[Path, ...]
) -> None:
    door = cloud_door(trust=trusting(*trust))
    async with cloud(pem=pem) as far:
        with pytest.raises(ServerError, match="did not prove who it is") as raised:
            await sent(door, outgoing(far.address))
    assert raised.value.fault is ServerFault.UNREACHABLE
    assert far.heard == []
    receipt = door.receipt("p1")
    assert receipt is not None
    assert (receipt.sent_bytes, receipt.tls_peer) == (0, "")


async def test_a_server_without_tls_hears_nothing() -> None:
    async with cloud(pem=None) as far:
        with pytest.raises(ServerError):
            await sent(cloud_door(), outgoing(far.address), patience=HASTY)
    assert far.heard == []


async def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("SSL_CERT_FILE", str(LOCALHOST_PEM))
    monkeypatch.setenv("SSL_CERT_DIR", str(LOCALHOST_PEM.parent))
    async with cloud() as far:
        assert await sent(cloud_door(), outgoing(far.address)) == b"hello back"
    # And what only the environment trusts is not trusted.
    door = Door(
        SystemClock(), keys=Keys(host="localhost"), recorded=lambda _: True,
        look=leads_to("127.0.0.1"), public=lambda _: True,
    )  # fmt: skip
    async with cloud(pem=LOCALHOST_PEM) as far:
        here = replace(far.address, host="localhost")
        with pytest.raises(ServerError, match="did not prove"):
            await sent(door, outgoing(here))
    assert far.heard == []
