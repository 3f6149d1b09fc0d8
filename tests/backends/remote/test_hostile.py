"""Servers that are broken or mean it ill: each ends in a clear error, with what had come kept and memory bounded."""

import asyncio
import tracemalloc
from collections.abc import Awaitable

import pytest

from assistant.backends.remote import streaming
from assistant.domain.errors import AssistantError, RefusedError, ServerError, ServerFault
from assistant.ports import Patience
from tests.backends.remote.scripted import (
    CHAT,
    SSE,
    Scripted,
    Write,
    answer,
    backend,
    data,
    delta,
    raw,
    said,
    stream,
)

MEGABYTE = 1_000_000


def endless(head: str, chunk: bytes) -> Write:
    """Writes `chunk` again and again until the other side has enough."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode())
        while True:
            writer.write(chunk)
            await writer.drain()

    return write


def drip(chunk: bytes, every_s: float) -> Write:
    """Signs of life without an end."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(SSE.encode())
        while True:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(every_s)

    return write


async def failed(script: Write, **how: float) -> tuple[AssistantError, str]:
    """The error that a chat ends with, and the text that came before it."""
    kept: list[str] = []
    async with Scripted({CHAT: script}) as server:
        made = backend(server.port, silence_s=how.get("silence_s", 20))
        with pytest.raises(AssistantError) as caught:
            await asyncio.wait_for(said(made, kept), 30)
        await asyncio.wait_for(server.closed.wait(), 10)
    return caught.value, "".join(kept)


FIRST = data(delta("Once"))


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (stream(delta("Once"), "{not json"), "not JSON"),
        (stream(delta("Once"), "[" * 100_000), "not JSON"),
        (stream(delta("Once"), "9" * 9_999), "not JSON"),
        (stream(delta("Once"), "[1, 2]"), "no object"),
        (stream(delta("Once"), {"choices": 3}), "choices is not a list"),
        (stream(delta("Once"), {"choices": ["x"]}), "a choice is not an object"),
        (stream(delta("Once"), {"choices": [{"delta": "x"}]}), "delta is not an object"),
        (stream(delta("Once"), {"choices": [{"delta": {"content": 3}}]}), "content is not a text"),
        (stream(delta("Once"), {"error": {"message": "out of memory"}}), "out of memory"),
        (stream(delta("Once"), {"error": "out of memory"}), "out of memory"),
        (stream(delta("Once"), {"error": {"code": 500}}), "500"),
        (raw(SSE, FIRST, 'error: {"message": "out of memory"}\n\n'), "out of memory"),
        (stream(delta("Once"), delta("", "content_filter")), "withheld the rest"),
        (stream(delta("Once"), delta("", "abort")), "broke the reply off"),
        (stream(delta("Once"), "[DONE]"), "ended the reply before its end"),
        (raw(SSE, FIRST), "ended the reply before its end"),
        (raw(SSE, FIRST, "data: {"), "not JSON"),
        (raw(SSE, FIRST, b"\xff\xfe\x00data\n\n"), "ended the reply before its end"),
    ],
)
async def test_a_broken_stream_keeps_what_came(script: Write, says: str) -> None:
    error, text = await failed(script)
    assert isinstance(error, ServerError)
    assert says in error.message
    assert "127.0.0.1:" in error.message
    assert text == "Once"


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (answer("<!doctype html>It works"), "a web page"),
        (answer({"object": "chat.completion", "choices": []}), "ended without a reply"),
        (answer({"error": "no such thing"}), "no such thing"),
        (raw(SSE), "ended without a reply"),
        (raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx"), "was cut"),
        (raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), "was cut"),
        (raw("nonsense\r\n\r\n"), "was cut"),
        (raw(""), "was cut"),
    ],
)
async def test_what_is_no_reply_is_said(script: Write, says: str) -> None:
    error, text = await failed(script)
    assert isinstance(error, ServerError)
    assert says in error.message
    assert text == ""


@pytest.mark.parametrize(
    ("status", "body", "more", "says", "hint"),
    [
        ("500 Oops", {"error": {"message": "boom"}}, "", "boom (status 500)", "send again"),
        ("500 Oops", "", "", "an error without a message", "send again"),
        ("500 Oops", "<h1>Oops", "", "an error without a message", "send again"),
        ("429 Slow", {"detail": "busy"}, "Retry-After: 7\r\n", "busy", "try again in 7 s"),
        ("503 Wait", {"message": "x"}, "Retry-After: Fri, 01 Jan\r\n", "x", "after Fri, 01 Jan"),
        ("529 Full", {"error": "overloaded"}, "", "overloaded (status 529)", "send again"),
        ("422 No", {"detail": [{"loc": ["body"]}]}, "", '{"loc": ["body"]}', "send again"),
        ("401 Who", {"error": "key"}, "", "asks for a key", "not supported"),
    ],
)
async def test_a_refused_request_is_said_in_the_servers_words(
    status: str, body: object, more: str, says: str, hint: str
) -> None:
    error, _ = await failed(answer(body, status, more))
    assert isinstance(error, ServerError)
    assert says in error.message
    assert hint in error.hint


async def test_a_redirect_is_refused_and_not_followed() -> None:
    async with Scripted() as elsewhere:
        place = f"Location: http://127.0.0.1:{elsewhere.port}/v1/chat/completions\r\n"
        for status in ("301 Moved", "307 Temporary", "308 Permanent"):
            error, _ = await failed(answer("", status, place))
            assert isinstance(error, RefusedError)
            assert str(elsewhere.port) in error.message
        assert elsewhere.requests == []


async def test_control_characters_of_an_error_are_marks() -> None:
    error, _ = await failed(answer({"error": "\x1b]0;owned\x07\x1b[2J\u202ered"}, "500 Oops"))
    assert "\x1b" not in str(error)
    assert "\u202e" not in str(error)


async def test_control_characters_in_a_reply_are_text_and_half_characters_are_replaced() -> None:
    kept: list[str] = []
    halves = 'data: {"choices":[{"delta":{"content":"\\ud83d|\\u0000"}}]}\n\n'
    script = raw(SSE, data(delta("\x1b[2J")), halves, data(delta("", "stop")))
    async with Scripted({CHAT: script}) as server:
        await said(backend(server.port), kept)
    assert kept == ["\x1b[2J", "\N{REPLACEMENT CHARACTER}|\x00"]
    "".join(kept).encode()


@pytest.mark.parametrize("place", ["remote_host", "remote_model"])
async def test_a_line_that_names_a_place_elsewhere_breaks_the_reply_off(place: str) -> None:
    named = {**delta(" upon"), place: "https://cloud.example:443"}
    error, text = await failed(stream(delta("Once"), named, delta(" a", "stop")))
    assert isinstance(error, RefusedError)
    assert "https://cloud.example:443" in error.message
    assert text == "Once"


async def test_a_reply_that_only_speaks_of_a_remote_host_is_not_broken_off() -> None:
    kept: list[str] = []
    text = '{"remote_host": "x"}'
    async with Scripted(
        {CHAT: stream(delta(text, "stop", remote_host="", remote_model=None))}
    ) as server:
        await said(backend(server.port), kept)
    assert kept == [text]


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (SSE, "a line of more than"),
        (SSE + "data: ", "a line of more than"),
        ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", "not JSON"),
        ("HTTP/1.1 500 Oops\r\n\r\n", "an error without a message"),
    ],
)
async def test_a_line_without_end_costs_no_memory(head: str, says: str) -> None:
    tracemalloc.start()
    try:
        error, _ = await failed(endless(head, b"x" * MEGABYTE))
        most_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert says in error.message
    assert most_bytes < 40 * MEGABYTE


async def test_an_endless_reply_ends_at_the_permits_bytes() -> None:
    script = endless(SSE, b": nothing to say\n" * 60_000)
    error, _ = await failed(script)
    assert "more than the 64,000,000 bytes" in error.message


async def test_a_server_that_drips_without_a_word_is_given_up() -> None:
    error, _ = await failed(drip(b": ping\n\n", 0.02), silence_s=0.3)
    assert isinstance(error, ServerError)
    assert error.fault is ServerFault.SILENT


async def test_a_drip_after_the_end_does_not_hold_the_reply_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streaming, "TAIL_SECONDS", 0.3)
    kept: list[str] = []

    async def write(writer: asyncio.StreamWriter) -> None:
        await raw(SSE, data(delta("Once", "stop")))(writer)
        await drip(b": ping\n\n", 0.05)(writer)

    async with Scripted({CHAT: write}) as server:
        await asyncio.wait_for(said(backend(server.port), kept), 10)
    assert kept == ["Once"]


async def test_a_silent_server_is_given_up() -> None:
    async with Scripted({CHAT: drip(b"", 60)}) as server:
        made = backend(server.port, patience=Patience(1, 1, 0.2, 0.2))
        with pytest.raises(ServerError, match="fell silent") as caught:
            await said(made, [])
    assert caught.value.fault is ServerFault.SILENT


async def _nobody(work: Awaitable[object]) -> ServerError:
    with pytest.raises(ServerError) as caught:
        await work
    return caught.value


async def test_where_nobody_listens_that_is_said() -> None:
    async with Scripted() as server:
        port = server.port
    for work in (backend(port).load(), said(backend(port), [])):
        error = await _nobody(work)
        assert error.fault is ServerFault.UNREACHABLE
        assert f"127.0.0.1:{port} cannot be reached" in error.message
