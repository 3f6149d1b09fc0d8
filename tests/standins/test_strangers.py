"""Those who are not hailo-ollama cannot be taken for it, and one of them says that it forwards."""

import asyncio

import pytest

from tests.standins.strangers import (
    CLOUD_MODEL,
    KINDS,
    LOCAL_MODEL,
    STACKFLOW_MODEL,
    Stranger,
)
from tests.standins.talk import ask


def chat(model: str, **more: object) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": "hello"}], **more}


async def test_ollama_answers_as_ollama() -> None:
    async with Stranger(kind="ollama") as server:
        assert (await ask(server.port, "GET", "/")).body == b"Ollama is running"
        assert (await ask(server.port, "GET", "/hailo/v1/list")).status == 404
        heard = await ask(server.port, "POST", "/api/chat", chat(LOCAL_MODEL))
        last = heard.lines[-1]
        assert {"prompt_eval_count", "eval_duration", "load_duration"} <= set(last)
        assert "remote_host" not in last
        assert not heard.chunks[0].endswith(b"\r\n")
        assert (await ask(server.port, "POST", "/api/chat", chat("nobody"))).status == 404


async def test_a_cloud_model_names_its_host_everywhere() -> None:
    async with Stranger(kind="ollama") as server:
        heard = await ask(server.port, "POST", "/api/chat", chat(CLOUD_MODEL))
        assert all("remote_host" in line for line in heard.lines)
        shown = await ask(server.port, "POST", "/api/show", {"model": CLOUD_MODEL})
        assert "remote_host" in shown.json
        assert b"remote_model" in (await ask(server.port, "GET", "/api/tags")).body


async def test_stackflow_speaks_openai_on_the_same_port() -> None:
    async with Stranger(kind="stackflow") as server:
        assert (await ask(server.port, "GET", "/")).status == 404
        models = (await ask(server.port, "GET", "/v1/models")).json
        assert STACKFLOW_MODEL in str(models["data"])
        body = chat(STACKFLOW_MODEL, stream=True)
        heard = await ask(server.port, "POST", "/v1/chat/completions", body)
        assert heard.headers["content-type"] == "text/event-stream"
        assert heard.chunks[-1] == b"data: [DONE]\n\n"
        whole = await ask(server.port, "POST", "/v1/chat/completions", chat(STACKFLOW_MODEL))
        assert "usage" in whole.json


async def test_a_web_server_has_a_page_for_everything() -> None:
    async with Stranger(kind="web") as server:
        for path in ("/", "/hailo/v1/list", "/v1/models"):
            heard = await ask(server.port, "GET", path)
            assert (heard.status, b"<!doctype html>" in heard.body) == (200, True)


async def test_one_is_silent_and_one_talks_nonsense() -> None:
    async with Stranger(kind="silent") as server:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(server.port, "GET", "/"), 0.2)
    async with Stranger(kind="noise") as server:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await ask(server.port, "GET", "/")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("silent", "noise")])
async def test_nobody_else_is_hailo_ollama(kind: str) -> None:
    async with Stranger(kind=kind) as server:
        heard = await ask(server.port, "GET", "/")
        assert b"hailo-ollama" not in heard.body
