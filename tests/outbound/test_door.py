"""The door: no permit, no request; and what comes through it is bounded."""

import asyncio
from dataclasses import replace

import pytest

from assistant.domain.downloads import PURPOSE, DownloadPermit, Hop
from assistant.domain.errors import FetchError, RefusedError
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from tests.outbound.model_host import FILE, Script, Server, serving, trust

BODY = b"0123456789" * 1000


class StoppedClock(SystemClock):
    """A clock whose time of day stands still."""

    def now_ms(self) -> int:
        """Always the same."""
        return 1_000


def door() -> Door:
    return Door(StoppedClock(), trust(), stall_seconds=0.5)


def permit(server: Server, target: str = f"/cdn/{FILE}") -> DownloadPermit:
    hop = Hop("localhost", server.server_port, target)
    return DownloadPermit("one", PURPOSE, hop, len(BODY), 2_000)


async def whole(gate: Door, leave: DownloadPermit) -> bytes:
    async with gate.get(leave) as answer:
        return b"".join([chunk async for chunk in answer.chunks()])


async def test_a_permit_opens_one_request() -> None:
    with serving(Script(BODY)) as server:
        gate = door()
        assert await whole(gate, permit(server)) == BODY
        with pytest.raises(RefusedError, match="has been used"):
            await whole(gate, permit(server))
        assert len(server.seen) == 1


async def test_an_expired_permit_opens_none() -> None:
    with serving(Script(BODY)) as server:
        with pytest.raises(RefusedError, match="expired"):
            await whole(door(), replace(permit(server), expires_at_ms=1_000))
        assert server.seen == []


async def test_a_permit_that_failed_is_spent_too() -> None:
    gate = door()
    leave = DownloadPermit("one", PURPOSE, Hop("localhost", 1, "/"), 1, 2_000)
    with pytest.raises(FetchError, match="cannot be reached"):
        await whole(gate, leave)
    with pytest.raises(RefusedError):
        await whole(gate, leave)


async def test_no_byte_past_the_permits_number() -> None:
    script = Script(BODY, chunked_extra=1)
    with serving(script) as server, pytest.raises(FetchError, match="more than the 10,000 bytes"):
        await whole(door(), permit(server))


async def test_redirects_are_handed_back_and_never_followed() -> None:
    with serving(Script(BODY)) as server:
        target = "/org/tiny-GGUF/resolve/main/tiny.gguf"
        async with door().get(permit(server, target)) as answer:
            assert answer.status == 302
            assert answer.headers["location"].startswith(server.origin)
        assert len(server.seen) == 1


async def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("NETRC", "/nowhere")
    with serving(Script(BODY)) as server:
        assert await whole(door(), permit(server)) == BODY
        sent = server.seen[0].headers
    assert set(sent) == {"host", "accept-encoding", "user-agent"}
    assert sent["user-agent"] == "assistant"


async def test_a_host_that_cannot_prove_itself_is_not_asked() -> None:
    with serving(Script(BODY)) as server:
        with pytest.raises(FetchError, match="did not prove who it is") as caught:
            await whole(Door(StoppedClock()), permit(server))
        assert "date" in caught.value.hint
        assert server.seen == []


async def test_a_silent_host_is_given_up() -> None:
    with (
        serving(Script(BODY, stall_after=100)) as server,
        pytest.raises(FetchError, match="silent"),
    ):
        await asyncio.wait_for(whole(door(), permit(server)), 5)


async def test_a_cut_body_is_an_error() -> None:
    with serving(Script(BODY, cut_after=100)) as server, pytest.raises(FetchError, match="was cut"):
        await whole(door(), permit(server))


async def test_an_encoded_body_is_refused() -> None:
    script = Script(BODY, cdn_headers={"Content-Encoding": "gzip"})
    with serving(script) as server, pytest.raises(FetchError, match="encoding"):
        await whole(door(), permit(server))
