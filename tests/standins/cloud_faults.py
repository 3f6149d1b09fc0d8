"""Everything that can go wrong at a cloud provider's end, by name: told to the stand-in as `NAME`, `NAME:VALUE` or either with `*TIMES`."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Self

from tests.standins.cloud_dialects import No, Said, error_body, events, stream_error, too_long
from tests.standins.cloud_line import Line

GIGABYTE = 1_000_000_000
ESCAPES = "\x1b]0;owned\x07\x1b[2J\u202ered"
_JUNK = b"x" * 1_000_000
_PHRASES = {200: "OK", 307: "Temporary Redirect", 400: "Bad Request", 429: "Too Many Requests"}
FOREVER = -1


@dataclass
class Fault:
    """One fault, and how many answers it is for (FOREVER: all)."""

    name: str
    value: str = ""
    times: int = 1

    @classmethod
    def read(cls, written: str) -> Self:
        """What `NAME:VALUE*TIMES` means; without TIMES it stays."""
        rest, _, times = written.partition("*")
        name, _, value = rest.partition(":")
        if name not in WHOLE and name not in CHANGES and not name.isdecimal():
            raise ValueError(f"no such fault: {name}")
        return cls(name, value, int(times) if times else FOREVER)


def head(status: int, kind: str = "application/json", *more: str) -> str:
    """The head of an answer; the connection ends with it."""
    lines = "".join(f"{line}\r\n" for line in more)
    phrase = _PHRASES.get(status, "Status")
    return f"HTTP/1.1 {status} {phrase}\r\nContent-Type: {kind}\r\nConnection: close\r\n{lines}\r\n"


STREAM_HEAD = head(200, "text/event-stream; charset=utf-8", "Transfer-Encoding: chunked")


def chunk(text: str) -> bytes:
    """One chunk of a body."""
    data = text.encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


async def refuse(line: Line, dialect: str, no: No) -> int:
    """A refusal as this dialect gives it."""
    body = json.dumps(error_body(dialect, no)).encode()
    more = [f"{name}: {value}" for name, value in (*no.headers, ("Content-Length", str(len(body))))]
    await line.write(head(no.status, "application/json", *more), body)
    return no.status


# Faults in place of an answer: each gives the status that it wrote (0: none).

Whole = Callable[[Line, Said, str], Awaitable[int]]


async def _redirect(line: Line, _said: Said, value: str) -> int:
    await line.write(head(307, "text/plain", f"Location: {value}", "Content-Length: 0"))
    return 307


async def _gigabyte(line: Line, _said: Said, value: str) -> int:
    status = int(value or 200)
    await line.write(head(status, "application/json", f"Content-Length: {GIGABYTE}"))
    for _ in range(GIGABYTE // len(_JUNK)):
        await line.write(_JUNK)
    return status


async def _gigabyte_stream(line: Line, _said: Said, _value: str) -> int:
    await line.write(STREAM_HEAD)
    for _ in range(GIGABYTE // len(_JUNK)):
        await line.write(chunk(": nothing to say\n" * 60_000))
    return 200


async def _endless_line(line: Line, said: Said, _value: str) -> int:
    await line.write(STREAM_HEAD, chunk(next(events(said))), chunk("data: "))
    for _ in range(GIGABYTE // len(_JUNK)):
        await line.write(b"f4240\r\n" + _JUNK + b"\r\n")
    return 200


async def _slow_head(line: Line, _said: Said, value: str) -> int:
    await line.write("HTTP/1.1 200 OK\r\n")
    while True:
        await line.write("X-Wait: 1\r\n")
        await asyncio.sleep(float(value or 0.05))


async def _slow_body(line: Line, _said: Said, value: str) -> int:
    await line.write(STREAM_HEAD)
    while True:
        await line.write(chunk(": ping\n\n"))
        await asyncio.sleep(float(value or 0.05))


async def _slow_error(line: Line, _said: Said, value: str) -> int:
    await line.write(head(500, "application/json", "Content-Length: 1000"), '{"error":')
    while True:
        await line.write(" ")
        await asyncio.sleep(float(value or 0.05))


async def _silent(line: Line, _said: Said, _value: str) -> int:
    await line.left()
    return 0


async def _drop(line: Line, _said: Said, _value: str) -> int:
    line.abort()
    return 0


async def _nonsense(line: Line, _said: Said, _value: str) -> int:
    await line.write(b"\x00\x01SSH-2.0-nonsense\r\n" * 4)
    return 0


async def _page(line: Line, _said: Said, _value: str) -> int:
    page = "<!doctype html><title>Sign in</title>"
    await line.write(head(200, "text/html", f"Content-Length: {len(page)}"), page)
    return 200


async def _wrong_json(line: Line, said: Said, _value: str) -> int:
    await line.write(STREAM_HEAD, *map(chunk, _until_text(said, 1)), chunk("data: {not json\n\n"))
    return 200


async def _whole(line: Line, said: Said, _value: str) -> int:
    """Answers at once what it was to stream."""
    body = json.dumps(whole_reply(said)).encode()
    await line.write(head(200, "application/json", f"Content-Length: {len(body)}"), body)
    return 200


async def _cut(line: Line, said: Said, _value: str) -> int:
    await line.write(STREAM_HEAD, *map(chunk, _until_text(said, 2)), b"ff\r\ndata: {")
    line.abort()
    return 200


async def _unfinished(line: Line, said: Said, _value: str) -> int:
    """All that the wire wants is there, but no end."""
    await line.write(STREAM_HEAD, *map(chunk, _until_text(said, 2)), b"0\r\n\r\n")
    return 200


async def _hang(line: Line, said: Said, _value: str) -> int:
    await line.write(STREAM_HEAD, *map(chunk, _until_text(said, 1)))
    await line.left()
    return 200


async def _stream_error(line: Line, said: Said, value: str) -> int:
    """An error in the middle: `CODE` or nothing, which means that it is overloaded."""
    usual = "overloaded_error" if said.dialect == "anthropic" else "server_error"
    no = No(529 if said.dialect == "anthropic" else 502, "Overloaded", value or usual)
    told = stream_error(said.dialect, no)
    await line.write(STREAM_HEAD, *map(chunk, _until_text(said, 1)), chunk(told), b"0\r\n\r\n")
    return 200


async def _ansi(line: Line, said: Said, value: str) -> int:
    return await refuse(line, said.dialect, No(int(value or 500), ESCAPES * 200, ESCAPES))


async def _quota(line: Line, said: Said, _value: str) -> int:
    words = "You exceeded your current quota, please check your plan and billing details."
    return await refuse(line, said.dialect, No(429, words, "insufficient_quota"))


async def _filter_prompt(line: Line, said: Said, _value: str) -> int:
    words = "The response was filtered due to the prompt triggering content management policy."
    return await refuse(line, said.dialect, No(400, words, "content_filter"))


async def _too_long(line: Line, said: Said, _value: str) -> int:
    return await refuse(line, said.dialect, too_long(said.dialect, 210_000, 200_000))


WHOLE: dict[str, Whole] = {
    "redirect": _redirect,
    "gigabyte": _gigabyte,
    "gigabyte-stream": _gigabyte_stream,
    "endless-line": _endless_line,
    "slow-head": _slow_head,
    "slow-body": _slow_body,
    "slow-error": _slow_error,
    "silent": _silent,
    "drop": _drop,
    "nonsense": _nonsense,
    "page": _page,
    "wrong-json": _wrong_json,
    "whole": _whole,
    "cut": _cut,
    "unfinished": _unfinished,
    "hang": _hang,
    "stream-error": _stream_error,
    "ansi": _ansi,
    "quota": _quota,
    "filter-prompt": _filter_prompt,
    "too-long": _too_long,
}

# Faults in an answer that is otherwise as it should be.

CHANGES: dict[str, Callable[[Said, str], Said]] = {
    "refusal": lambda said, _: replace(said, finish="refusal", pieces=["I ", "will ", "not."]),
    "filter": lambda said, _: replace(said, finish="filter", pieces=said.pieces[:2]),
    "no-usage": lambda said, _: replace(said, usage=False),
    "thought": lambda said, value: replace(said, thought=value or "Hm."),
    "cached": lambda said, value: replace(said, cached_tokens=int(value or 4)),
    "ansi-reply": lambda said, _: replace(said, pieces=[ESCAPES]),
    "elsewhere": lambda said, value: replace(said, more={**said.more, "inference_geo": value or "global"}),
    "model": lambda said, value: replace(said, model=value or "another-model"),
}  # fmt: skip


async def status_fault(line: Line, dialect: str, fault: Fault) -> int:
    """A status by its number; the value is its Retry-After, where `date` means one in HTTP's own form, a minute ahead."""
    status, after = int(fault.name), fault.value
    code = {401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}.get(status, "api_error")  # fmt: skip
    if after == "date":
        import time

        after = formatdate(time.time() + 60, usegmt=True)
    headers = (("Retry-After", after),) if after else ()
    return await refuse(line, dialect, No(status, f"status {status} was asked for", code, headers))


def whole_reply(said: Said) -> dict[str, object]:
    """A reply that does not stream."""
    text, finish = "".join(said.pieces), said.finish
    if said.dialect == "anthropic":
        return {
            "type": "message", "role": "assistant", "model": said.model,
            "content": [{"type": "text", "text": text}],
            "stop_reason": "max_tokens" if finish == "length" else "end_turn",
            "usage": {"input_tokens": said.input_tokens, "output_tokens": said.output_tokens, **said.more},
        }  # fmt: skip
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": said.input_tokens, "completion_tokens": said.output_tokens}
    return {"object": "chat.completion", "model": said.model, "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage, **said.more}  # fmt: skip


def _until_text(said: Said, pieces: int) -> list[str]:
    """The first events of a reply, up to so many pieces of its text."""
    found: list[str] = []
    for event in events(said):
        found.append(event)
        pieces -= any(json.dumps(piece)[1:-1] in event for piece in said.pieces)
        if pieces <= 0:
            break
    return found
