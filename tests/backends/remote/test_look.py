"""The look before anything is sent: strangers are told apart, and nobody passes a prompt on to a cloud."""

import asyncio

import pytest

from assistant.backends.remote.control import CALM, Haste
from assistant.backends.remote.look import look, models_of
from assistant.backends.remote.wire.openai import Kind
from assistant.domain.errors import AssistantError, ModelError, RefusedError, ServerError
from assistant.domain.own_routes import Endpoint
from assistant.domain.places import Address
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.ports import Patience
from tests.backends.remote.scripted import MODELS, Scripted, Write, answer, backend, said
from tests.standins.strangers import (
    CLOUD_MODEL,
    LOCAL_MODEL,
    REMOTE_HOST,
    STACKFLOW_MODEL,
    Stranger,
)


async def looked(port: int, haste: Haste) -> None:
    clock = SystemClock()
    endpoint = Endpoint(Address("127.0.0.1", port), "/v1")
    await look(Door(clock), clock, endpoint, "m", haste)


TAGS, SHOW, ROOT = "GET /api/tags", "POST /api/show", "GET /"


async def test_ollama_with_a_model_of_its_own_answers() -> None:
    async with Stranger(kind="ollama") as server:
        made = backend(server.port, model=LOCAL_MODEL)
        assert await made.load() == 4096
        kept: list[str] = []
        done = await said(made, kept)
        assert len(kept) == done.usage.output_tokens == 8
        assert not done.usage.estimated


async def test_ollamas_cloud_model_is_refused_by_its_name_before_anything_is_asked() -> None:
    async with Stranger(kind="ollama") as server:
        with pytest.raises(RefusedError, match="cloud model by its name"):
            await backend(server.port, model=CLOUD_MODEL).load()
        assert server.requests == []


def ollama(model: str, tag: object, shown: object) -> dict[str, Write]:
    """An Ollama that has one model under an innocent name."""
    return {
        ROOT: answer("Ollama is running"),
        TAGS: answer({"models": [{"name": model, "model": model, **tag}] if isinstance(tag, dict) else tag}),
        SHOW: answer(shown),
        "GET /v1/models": answer({"data": [{"id": model, "owned_by": "library"}]}),
    }  # fmt: skip


REMOTE = {"remote_host": REMOTE_HOST, "remote_model": "gpt-oss:120b"}
DETAILS: dict[str, object] = {"details": {}}


@pytest.mark.parametrize(
    ("tag", "shown", "says"),
    [
        (REMOTE, DETAILS, "runs elsewhere: https://ollama.example:443"),
        ({}, {**DETAILS, **REMOTE}, "runs elsewhere"),
        ({}, {**DETAILS, "remote_model": "x"}, "runs elsewhere: x"),
        ({}, {}, "does not say where"),
        ({}, "nonsense", "does not say where"),
        ({}, ["x"], "does not say where"),
        (None, DETAILS, "does not say where"),
        ([], DETAILS, "does not say where"),
        ("x", DETAILS, "does not say where"),
    ],
)
async def test_an_ollama_that_forwards_or_answers_oddly_is_refused(
    tag: object, shown: object, says: str
) -> None:
    async with Scripted(ollama("innocent:1b", tag, shown)) as server:
        with pytest.raises(RefusedError, match=says):
            await backend(server.port, model="innocent:1b").load()


async def test_ollama_is_known_by_its_models_owner_too() -> None:
    scripts = ollama("innocent:1b", {}, {})
    del scripts[ROOT]
    async with Scripted(scripts) as server:
        with pytest.raises(RefusedError, match="does not say where"):
            await backend(server.port, model="innocent:1b").load()


async def test_the_latest_tag_need_not_be_named() -> None:
    async with Scripted(ollama("llama3.2:latest", {}, DETAILS)) as server:
        assert await backend(server.port, model="llama3.2").load()
    async with Scripted(ollama("llama3.2:latest", REMOTE, DETAILS)) as server:
        with pytest.raises(RefusedError):
            await backend(server.port, model="llama3.2").load()


async def test_the_look_is_taken_each_time() -> None:
    async with Scripted(ollama("a:1b", {}, DETAILS)) as server:
        made = backend(server.port, model="a:1b")
        await made.load()
        server.scripts |= ollama("a:1b", REMOTE, DETAILS)
        with pytest.raises(RefusedError):
            await made.load()


async def test_stackflow_answers() -> None:
    async with Stranger(kind="stackflow") as server:
        made = backend(server.port, model=STACKFLOW_MODEL)
        assert await made.load() == 4096
        kept: list[str] = []
        await said(made, kept)
        assert kept


@pytest.mark.parametrize(
    ("kind", "says"),
    [("web", "status 200"), ("noise", "was cut|web server"), ("silent", "did not answer|silent")],
)
async def test_strangers_are_no_model_servers(kind: str, says: str) -> None:
    async with Stranger(kind=kind) as server:
        with pytest.raises(ServerError, match=says):
            await looked(server.port, Haste(Patience(0.2, 0.2, 0.2, 0.2), 5))


async def test_a_model_that_is_not_there_is_told_with_those_that_are() -> None:
    async with Scripted() as server:
        with pytest.raises(ModelError, match="no model 'other'") as caught:
            await backend(server.port, model="other").load()
    assert caught.value.hint == "it has: m"


@pytest.mark.parametrize(
    ("listed", "status", "says"),
    [
        ({"error": "key"}, "401 Who", "asks for a key: key"),
        ({"data": "x"}, "200 OK", "status 200"),
        ({}, "404 Not Found", "status 404"),
        ("[" * 9_999, "200 OK", "status 200"),
    ],
)
async def test_a_list_of_models_that_is_none(listed: object, status: str, says: str) -> None:
    async with Scripted({"GET /v1/models": answer(listed, status)}) as server:
        with pytest.raises(ServerError, match=says):
            await backend(server.port).load()


@pytest.mark.parametrize(
    ("row", "window"),
    [
        ({"max_model_len": 8192}, 8192),
        ({"loaded_context_length": 4000, "context_length": 9000}, 4000),
        ({"context_length": 9000}, 9000),
        ({"max_model_len": True}, 2048),
        ({"max_model_len": "8192"}, 2048),
        ({"max_model_len": 0}, 2048),
        ({"max_model_len": 2**40}, 2048),
        ({}, 2048),
    ],
)
async def test_the_window_is_the_servers_else_the_persons(
    row: dict[str, object], window: int
) -> None:
    listed = answer({"data": [{"id": "m", **row}, "odd", {"id": 3}]})
    async with Scripted({"GET /v1/models": listed}) as server:
        assert await backend(server.port, window_tokens=2048).load() == window


async def test_a_slow_list_is_given_up() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with Scripted({"GET /v1/models": drip}) as server:
        with pytest.raises(ServerError, match=r"did not answer within 0\.3 s"):
            await asyncio.wait_for(looked(server.port, Haste(CALM.patience, 0.3)), 10)


async def offered(port: int) -> tuple[Kind, list[str]]:
    clock = SystemClock()
    endpoint = Endpoint(Address("127.0.0.1", port), "/v1")
    seen = await models_of(Door(clock), clock, endpoint)
    return seen.kind, [model.name for model in seen.models]


async def test_models_that_run_elsewhere_are_not_offered() -> None:
    async with Stranger(kind="ollama") as server:
        assert await offered(server.port) == (Kind.OTHER, [LOCAL_MODEL])
    async with Scripted(ollama("innocent:1b", REMOTE, DETAILS)) as server:
        assert await offered(server.port) == (Kind.OLLAMA, [])


async def test_a_big_front_page_is_not_read_to_its_end() -> None:
    async def page(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 100_000)
            await writer.drain()

    async with Scripted({ROOT: page, "GET /v1/models": MODELS}) as server:
        assert await backend(server.port).load() == 4096


async def test_a_server_that_drops_what_it_does_not_know_is_not_trusted() -> None:
    async def drop(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with Scripted({TAGS: drop}) as server:
        with pytest.raises(AssistantError):
            await backend(server.port).load()
