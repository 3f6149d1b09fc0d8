"""The stand-in for cloud providers is as strict as they are, and misses no byte: over TLS, half sent, and as a program of its own."""

import asyncio
import contextlib
import json
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.standins.cloud import Cloud
from tests.standins.cloud_dialects import DIALECTS
from tests.standins.cloud_faults import CHANGES, WHOLE, Fault
from tests.standins.cloud_line import Got, read_record

ROOT = Path(__file__).parents[2]
PEM = ROOT / "tests" / "outbound" / "localhost.pem"
PATHS = {"anthropic": "/v1/messages"}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hello you"}], "max_tokens": 3, "stream": True}  # fmt: skip


def posted(body: object, target: str = "/v1/chat/completions", *headers: str) -> bytes:
    """A request as it goes over the line."""
    data = json.dumps(body).encode()
    lines = "".join(f"{line}\r\n" for line in headers)
    return f"POST {target} HTTP/1.1\r\n{lines}Content-Length: {len(data)}\r\n\r\n".encode() + data


async def talk(port: int, data: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """All that comes back."""
    name = "localhost" if tls else None
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name)
    writer.write(data)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()
    return answer


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(PEM)
    return context


async def asked(cloud: Cloud, body: object = ASKED, *headers: str) -> tuple[int, bytes]:
    """The status and all that came."""
    if cloud.dialect == "anthropic":
        headers = (*headers, "anthropic-version: 2023-06-01")
    answer = await talk(cloud.port, posted(body, PATHS.get(cloud.dialect, "/v1/chat/completions"), *headers))  # fmt: skip
    return int(answer.split(b" ", 2)[1]), answer


@pytest.mark.parametrize("secure", [False, True])
async def test_every_byte_is_kept_head_and_body_apart(secure: bool) -> None:
    sent = posted(ASKED, "/v1/chat/completions", "X-Some: thing")
    certificate = (PEM, PEM) if secure else None
    async with Cloud(certificate=certificate) as cloud:
        answer = await talk(cloud.port, sent + b"more", trusting() if secure else None)
        got = await cloud.ended()
        assert cloud.address.secure is secure
    assert b"Once " in answer
    assert got.plain == sent + b"more"
    assert (got.body, got.more) == (json.dumps(ASKED).encode(), b"more")
    assert (got.target, got.headers["x-some"], got.status) == ("/v1/chat/completions", "thing", 200)
    assert got.name == ("localhost" if secure else "")
    assert got.wire_bytes > len(sent) if secure else got.wire_bytes == len(sent) + 4


@pytest.mark.parametrize("data", [b"", b"x", b"POST /v1/chat", posted(ASKED)[:-5]])
async def test_what_is_half_sent_is_kept_too(data: bytes) -> None:
    async with Cloud() as cloud:
        _, writer = await asyncio.open_connection("127.0.0.1", cloud.port)
        writer.write(data)
        writer.close()
        await writer.wait_closed()
        while not cloud.got:
            await asyncio.sleep(0.005)
        got = await cloud.ended()
    assert (got.plain, got.wire_bytes, got.status, got.whole) == (data, len(data), None, False)
    assert cloud.requests == []


async def test_a_client_that_trusts_somebody_else_sends_no_request() -> None:
    async with Cloud(certificate=(PEM, PEM)) as cloud:
        stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with pytest.raises(ssl.SSLError):
            await talk(cloud.port, posted(ASKED), stranger)
        got = await cloud.ended()
    assert (got.plain, got.whole) == (b"", False)
    assert got.wire_bytes > 0


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_each_dialect_has_its_own_key_model_and_error(dialect: str) -> None:
    header = {"anthropic": "x-api-key: k", "azure": "api-key: k"}.get(dialect, "authorization: Bearer k")  # fmt: skip
    async with Cloud(dialect=dialect, key="k") as cloud:
        assert (await asked(cloud))[0] == 401
        assert (await asked(cloud, ASKED, header))[0] == 200
        assert (await asked(cloud, {**ASKED, "model": "no-such-model"}, header))[0] == 404
        assert (await asked(cloud, "nonsense", header))[0] == 400
        assert (await asked(cloud, {**ASKED, "messages": []}, header))[0] == 400


@pytest.mark.parametrize(
    ("dialect", "change", "says"),
    [
        ("openai", {"model": "gpt-5"}, b"Use 'max_completion_tokens' instead"),
        ("azure", {"model": "o3", "max_tokens": None, "temperature": 0.5}, b"max_tokens"),
        ("openai", {"surprise": 1}, b"Extra inputs"),
        ("mistral", {"stream_options": {"include_usage": True}}, b"extra_forbidden"),
        ("mistral", {"temperature": 0, "top_p": 0.9}, b"greedy"),
        ("anthropic", {"temperature": 1, "top_p": 0.9}, b"cannot both"),
        ("anthropic", {"model": "claude-opus-5", "temperature": 0}, b"deprecated"),
        ("anthropic", {"model": "claude-3-opus", "inference_geo": "us"}, b"does not support"),
        ("anthropic", {"max_tokens": None}, b"Field required"),
        ("anthropic", {"messages": [{"role": "assistant", "content": "x"}]}, b"alternate"),
        ("anthropic", {"messages": [{"role": "user", "content": " "}]}, b"non-empty"),
        ("anthropic", {"store": False}, b"Extra inputs"),
    ],
)
async def test_it_refuses_what_the_real_ones_refuse(
    dialect: str, change: dict[str, object], says: bytes
) -> None:
    async with Cloud(dialect=dialect) as cloud:
        status, answer = await asked(cloud, {**ASKED, **change})
    assert status in (400, 422)
    assert says in answer


async def test_anthropic_wants_its_version_and_every_other_path_is_nobodys() -> None:
    async with Cloud(dialect="anthropic") as cloud:
        assert b"anthropic-version" in await talk(cloud.port, posted(ASKED, "/v1/messages"))
        assert b" 404 " in await talk(cloud.port, posted(ASKED, "/v1/chat/completions"))
        assert b" 404 " in await talk(cloud.port, b"GET / HTTP/1.1\r\n\r\n")


async def test_it_can_say_what_it_was_asked() -> None:
    async with Cloud(echo=True) as cloud:
        _, answer = await asked(cloud)
    assert b"Hello " in answer
    assert b'"you"' in answer
    assert b'"stop"' in answer


async def test_faults_come_in_order_and_last_as_long_as_they_should() -> None:
    async with Cloud() as cloud:
        cloud.fault("429:7*2", "500*1", "529")
        statuses = [(await asked(cloud))[0] for _ in range(5)]
        assert statuses == [429, 429, 500, 529, 529]
        cloud.faults.clear()
        assert (await asked(cloud))[0] == 200


def test_a_fault_is_read_from_words() -> None:
    assert Fault.read("429:7*2") == Fault("429", "7", 2)
    assert Fault.read("redirect:http://127.0.0.1:1/x") == Fault("redirect", "http://127.0.0.1:1/x", -1)  # fmt: skip
    for name in (*WHOLE, *CHANGES):
        assert Fault.read(name).name == name
    with pytest.raises(ValueError, match="no such fault"):
        Fault.read("nonesuch")


@asynccontextmanager
async def program(*options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """It runs as a program, and listens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.standins.cloud", *options, cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process, int(await asyncio.wait_for(process.stdout.readline(), 30))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _tell(process: asyncio.subprocess.Process, line: str) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{line}\n".encode())
    assert await process.stdout.readline() == b"ok\n"


def _last(record: Path) -> Got:
    return read_record(record)[-1]


async def test_as_a_program_it_records_and_obeys(tmp_path: Path) -> None:
    record = tmp_path / "got.json"
    options = ("--cert", str(PEM), "--key", str(PEM), "--record", str(record), "--api-key", "k")
    async with program(*options) as (process, port):
        assert read_record(record) == []
        sent = posted(ASKED, "/v1/chat/completions", "Authorization: Bearer k")
        assert b"Once " in await talk(port, sent, trusting())
        await _tell(process, "fault 529:3")
        assert b"Retry-After: 3" in await talk(port, sent, trusting())
        await _tell(process, "clear")
        await _tell(process, "fault hang")
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting(), server_hostname="localhost")  # fmt: skip
        writer.write(sent)
        assert await reader.readuntil(b"Once ")
        # What it got is there while it still answers.
        assert _last(record).plain == sent
        writer.close()
        assert process.stdin is not None
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 20) == 0
    found = read_record(record)
    assert [one.plain for one in found] == [sent] * 3
    assert [one.status for one in found[:2]] == [200, 529]
