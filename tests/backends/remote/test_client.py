"""The backend over scripted servers: what it asks, what it makes of the answers, and how it ends."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from assistant.backends.remote.client import RemoteBackend
from assistant.domain.errors import PromptTooSlowError, RefusedError, ServerError
from assistant.domain.events import Stage
from assistant.domain.prompt import ChatMessage, Finish, Role, Sampling
from assistant.domain.thinking import split
from assistant.ports import Done, PromptProgress, Text, Waiting
from tests.backends.remote.scripted import (
    CHAT,
    SSE,
    Scripted,
    answer,
    backend,
    data,
    delta,
    events,
    raw,
    request,
    said,
    stream,
)
from tests.fakes import generate, leave

USAGE = {
    "prompt_tokens": 31,
    "completion_tokens": 2,
    "prompt_tokens_details": {"cached_tokens": 24},
}
WHOLE = (delta("Once"), delta(" upon"), delta("", "stop"), {"choices": [], "usage": USAGE}, "[DONE]")  # fmt: skip


def body(server: Scripted, number: int = -1) -> Mapping[str, object]:
    """What a request said."""
    found = json.loads(server.requests[number].body)
    assert isinstance(found, dict)
    return found


async def test_a_reply_is_connect_prefill_text_done() -> None:
    async with Scripted({CHAT: stream(*WHOLE)}) as server:
        found = await events(backend(server.port))
    assert found[:2] == [Waiting(Stage.CONNECT), Waiting(Stage.PREFILL)]
    assert found[2:4] == [Text("Once", 1), Text(" upon", 1)]
    [done] = found[4:]
    assert isinstance(done, Done)
    assert done.finish is Finish.STOP
    usage = done.usage
    assert (usage.input_tokens, usage.cached_input_tokens, usage.output_tokens) == (31, 24, 2)
    assert (usage.estimated, usage.context_tokens, usage.context_window) == (False, 33, 4096)


async def test_without_counts_of_the_server_they_are_estimates() -> None:
    async with Scripted({CHAT: stream(*WHOLE[:3], "[DONE]")}) as server:
        made = backend(server.port)
        done = (await events(made))[-1]
        counted = await made.count(request().messages)
    assert isinstance(done, Done)
    assert done.usage.estimated
    assert made.estimates
    assert (done.usage.input_tokens, done.usage.output_tokens) == (counted, 2)
    assert done.usage.cached_input_tokens is None


async def test_the_request_is_what_the_permit_is_for() -> None:
    asked = request(sampling=Sampling(0.3, 0.9, 40, 0.05, 1.1, 7, 99, ("END",)))
    async with Scripted({CHAT: stream(*WHOLE)}) as server:
        made = backend(server.port)
        await made.load()
        outgoing = made.compose(asked)
        assert [e async for e in generate(made, asked)]
        sent = server.requests[-1]
        assert (sent.path, sent.body) == (outgoing.target, outgoing.body)
        assert body(server) == {
            "model": "m",
            "messages": [{"role": "user", "content": "Tell me of a fox."}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0.3,
            "top_p": 0.9,
            "seed": 7,
            "max_tokens": 99,
            "stop": ["END"],
        }
        assert "authorization" not in sent.headers
        assert "cookie" not in sent.headers


@pytest.mark.parametrize("change", ["used", "route", "text", "expired"])
async def test_a_permit_for_anything_else_sends_nothing(change: str) -> None:
    async with Scripted({CHAT: stream(*WHOLE)}) as server:
        made = backend(server.port)
        permit = leave(made, request())
        if change == "used":
            assert [e async for e in made.generate(request(), permit)]
        elif change == "route":
            permit = replace(permit, route="other")
        elif change == "expired":
            permit = replace(permit, expires_at_ms=1)
        asked = request("Another text." if change == "text" else "Tell me of a fox.")
        before = len(server.requests)
        with pytest.raises(RefusedError):
            assert [e async for e in made.generate(asked, permit)]
        assert len(server.requests) == before


async def test_an_undeclared_route_is_not_even_looked_at() -> None:
    async with Scripted() as server:
        made = backend(server.port, declared=False)
        with pytest.raises(RefusedError, match="declare gpu"):
            await made.load()
        with pytest.raises(RefusedError, match="nobody has declared"):
            leave(made, request())
        assert server.requests == []


async def test_no_text_leaves_before_the_send() -> None:
    asked = request("canary-7f3a")
    async with Scripted({CHAT: stream(*WHOLE)}) as server:
        made = backend(server.port)
        await made.load()
        await made.count(asked.messages)
        await made.prefill(asked)
        await made.forget("c1")
        assert CHAT not in server.asked
        assert not [r for r in server.requests if b"canary" in r.body or "canary" in r.path]


async def test_a_stop_ends_the_stream_and_the_connection() -> None:
    async def write(writer: asyncio.StreamWriter) -> None:
        await raw(SSE, data(delta("Once")))(writer)
        await asyncio.Event().wait()

    async with Scripted({CHAT: write}) as server:
        made = backend(server.port)
        found = []
        async for event in generate(made, request()):
            found.append(event)
            if isinstance(event, Text):
                await made.stop("t1")
        done = found[-1]
        assert isinstance(done, Done)
        assert done.finish is Finish.CANCELLED
        assert (done.usage.output_tokens, done.usage.estimated) == (1, True)


@pytest.mark.parametrize("how", ["stop", "close", "cancel"])
async def test_an_end_before_the_first_sign_of_life_ends_the_wait_and_the_connection(
    how: str,
) -> None:
    arrived, left = asyncio.Event(), asyncio.Event()

    async def write(writer: asyncio.StreamWriter) -> None:
        await raw("HTTP/1.1 200 OK\r\n")(writer)
        arrived.set()
        try:
            while True:
                await raw("X-Wait: 1\r\n")(writer)
                await asyncio.sleep(0.01)
        except ConnectionError:
            left.set()

    async with Scripted({CHAT: write}) as server:
        made = backend(server.port)
        reply = asyncio.ensure_future(_all(made))
        await asyncio.wait_for(arrived.wait(), 10)
        if how == "cancel":
            reply.cancel()
            await asyncio.wait({reply})
            assert reply.cancelled()
        else:
            await (made.stop("t1") if how == "stop" else made.close())
            assert await asyncio.wait_for(reply, 10) == Finish.CANCELLED
        await asyncio.wait_for(left.wait(), 10)


async def _all(made: RemoteBackend) -> Finish:
    done = await said(made, [])
    return done.finish


async def test_a_closed_generator_closes_the_connection_and_the_next_one_runs() -> None:
    left = asyncio.Event()

    async def write(writer: asyncio.StreamWriter) -> None:
        await raw(SSE, data(delta("Once")))(writer)
        try:
            while True:
                await raw(": ping\n\n")(writer)
                await asyncio.sleep(0.01)
        except ConnectionError:
            left.set()

    async with Scripted({CHAT: write}) as server:
        made = backend(server.port)
        reply = generate(made, request())
        async for event in reply:
            if isinstance(event, Text):
                break
        await reply.aclose()
        await asyncio.wait_for(left.wait(), 10)
        server.scripts[CHAT] = stream(*WHOLE)
        kept: list[str] = []
        await said(made, kept)
        assert kept == ["Once", " upon"]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("stop", Finish.STOP), ("length", Finish.LENGTH), ("tool_calls", Finish.STOP)],
)
async def test_the_reasons_for_an_end(reason: str, finish: Finish) -> None:
    async with Scripted({CHAT: stream(delta("x", reason))}) as server:
        done = await said(backend(server.port), [])
    assert done.finish is finish


async def test_a_whole_reply_that_does_not_stream_is_taken() -> None:
    choice = {"message": {"role": "assistant", "content": "Once"}, "finish_reason": "length"}
    async with Scripted({CHAT: answer({"choices": [choice], "usage": USAGE})}) as server:
        kept: list[str] = []
        done = await said(backend(server.port), kept)
    assert kept == ["Once"]
    assert (done.finish, done.usage.input_tokens) == (Finish.LENGTH, 31)


async def test_a_refusal_is_text() -> None:
    refusal = {"choices": [{"delta": {"refusal": "I will not."}}]}
    async with Scripted({CHAT: stream(refusal, delta("", "stop"))}) as server:
        kept: list[str] = []
        await said(backend(server.port), kept)
    assert kept == ["I will not."]


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
async def test_thoughts_that_come_apart_are_marked_as_thoughts(key: str) -> None:
    def thought(text: str) -> dict[str, object]:
        return {"choices": [{"delta": {key: text, "content": None}}]}

    async with Scripted(
        {CHAT: stream(thought("Hm"), thought("m."), delta("Yes"), delta("!", "stop"))}
    ) as server:
        kept: list[str] = []
        await said(backend(server.port), kept)
    parts = split("".join(kept))
    assert (parts.thought, parts.answer, parts.thinking) == ("Hmm.", "Yes!", False)


async def test_a_reply_that_is_all_thought_closes_it() -> None:
    thought = {"choices": [{"delta": {"reasoning": "Hm"}, "finish_reason": "length"}]}
    async with Scripted({CHAT: stream(thought)}) as server:
        kept: list[str] = []
        await said(backend(server.port), kept)
    assert split("".join(kept)).thought == "Hm"
    assert not split("".join(kept)).thinking


PROPS = {"default_generation_settings": {"n_ctx": 1536}}


async def test_a_llama_server_tells_its_window_and_its_progress() -> None:
    steps = [{"choices": [], "prompt_progress": {"total": 30, "cache": 10, "processed": done, "time_ms": 5}} for done in (20, 30)]  # fmt: skip
    timings = {"cache_n": 10, "prompt_n": 20, "predicted_n": 1}
    script = stream(*steps, delta("Once"), delta("", "stop", timings=timings))
    async with Scripted({CHAT: script, "GET /props": answer(PROPS)}) as server:
        made = backend(server.port)
        assert await made.load() == 1536
        found = await events(made)
        assert body(server)["return_progress"] is True
        assert body(server)["repeat_penalty"] == 1.0
    assert [e for e in found if isinstance(e, PromptProgress)] == [
        PromptProgress(20, 30, 10),
        PromptProgress(30, 30, 10),
    ]
    done = found[-1]
    assert isinstance(done, Done)
    assert (done.usage.input_tokens, done.usage.cached_input_tokens) == (30, 10)
    assert (done.usage.output_tokens, done.usage.estimated) == (1, False)


async def test_a_vllm_gets_its_own_name_for_the_penalty() -> None:
    row = {"id": "m", "owned_by": "vllm", "max_model_len": 8192}
    scripts = {CHAT: stream(*WHOLE), "GET /v1/models": answer({"data": [row]})}
    async with Scripted(scripts) as server:
        made = backend(server.port)
        assert await made.load() == 8192
        await events(made)
        assert body(server)["repetition_penalty"] == 1.0
        assert "return_progress" not in body(server)


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"code": 400, "type": "exceed_context_size_error", "message": "too large"}},
        {"error": {"message": "x", "code": "context_length_exceeded"}},
        {"error": {"message": "This model's maximum context length is 512 tokens."}},
        {"error": "input exceeds the context window"},
    ],
)
@pytest.mark.parametrize("in_stream", [False, True])
async def test_a_prompt_that_is_too_long_lowers_the_limit(
    error: dict[str, object], in_stream: bool
) -> None:
    script = stream(error) if in_stream else answer(error, "400 Bad Request")
    async with Scripted({CHAT: script}) as server:
        made = backend(server.port)
        counted = await made.count(request().messages)
        assert made.prompt_limit is None
        limits: list[int | None] = []
        for _ in range(2):
            with pytest.raises(PromptTooSlowError, match="too long"):
                await said(made, [])
            limits.append(made.prompt_limit)
        first, second = limits
        assert first is not None
        assert second is not None
        assert second < first < counted


async def test_the_limit_is_forgotten_with_another_window() -> None:
    error = answer({"error": "context size"}, "400 Bad Request")
    async with Scripted({CHAT: error}) as server:
        made = backend(server.port)
        with pytest.raises(PromptTooSlowError):
            await said(made, [])
        await made.load()
        assert made.prompt_limit is not None
        server.scripts["GET /props"] = answer(PROPS)
        await made.load()
        assert made.prompt_limit is None


async def test_the_estimate_learns_from_the_servers_count() -> None:
    async with Scripted({CHAT: stream(*WHOLE)}) as server:
        made = backend(server.port)
        before = await made.count(request().messages)
        await said(made, [])
        after = await made.count(request().messages)
        longer = await made.count([*request().messages, ChatMessage(Role.USER, "More of it.")])
    assert before != 31
    assert after == 31
    assert longer > after


async def test_errors_of_the_loading_server_are_its_own_words() -> None:
    loading = answer({"error": {"message": "Loading model", "code": 503}}, "503 Wait")
    async with Scripted({"GET /v1/models": loading}) as server:
        with pytest.raises(ServerError, match="not ready: Loading model"):
            await backend(server.port).load()
