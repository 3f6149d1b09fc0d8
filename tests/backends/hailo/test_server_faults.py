"""The HAT over hailo-ollama where things go wrong: every fault is an error that helps, and the next turn is right."""

import asyncio
from pathlib import Path

import pytest

from assistant.backends.hailo.server import HailoServer
from assistant.domain.errors import (
    AssistantError,
    EngineError,
    ModelError,
    PromptTooSlowError,
    RefusedError,
    ServerError,
    ServerFault,
)
from assistant.domain.hat_facts import Dialect
from assistant.ports import Generation, Patience, Text
from tests.backends.hailo.server_rig import (
    DIALECTS,
    MODEL,
    OTHER,
    QUICK,
    SYSTEM,
    backend_of,
    purposes,
    reply_of,
    said,
    server_of,
    stream,
    turn,
    user,
)
from tests.fakes import FakeClock
from tests.standins.hailo_ollama import HailoOllama

ALIKE = pytest.mark.parametrize("profile", DIALECTS)
QUESTION = turn(SYSTEM, user("hello"))
LONG = turn(SYSTEM, user("a rather long question " * 60))
HASTY = Patience(connect_s=0.2, head_s=0.3, first_s=0.3, silence_s=0.2)


async def broken(backend: HailoServer, request: Generation) -> tuple[str, AssistantError]:
    """The text that had come, and the error."""
    text = ""
    with pytest.raises(AssistantError) as caught:
        async for event in stream(backend, request):
            if isinstance(event, Text):
                text += event.text
    return text, caught.value


async def goes_on(server: HailoOllama, backend: HailoServer, *before: str) -> None:
    """The next turn of the same conversation is answered, and the device saw what was meant."""
    talk = [said(text) for text in before if text]
    request = turn(SYSTEM, user("hello"), *talk, user("go on"), name="t2")
    assert await reply_of(backend, request)
    assert server.generations()[-1].in_step


@ALIKE
@pytest.mark.parametrize("fault", ["load", "busy:0:1"])
async def test_after_a_failed_load_it_unloads_before_anything_else(
    fault: str, profile: str, tmp_path: Path
) -> None:
    async with server_of(profile, fault) as server:
        backend = backend_of(server, tmp_path)
        with pytest.raises(EngineError) as caught:
            await backend.load()
        busy = fault.startswith("busy")
        assert ("another program has the HAT" in caught.value.message) == busy
        assert backend.busy == ("Failed to create VDevice" if busy else "")
        assert purposes(server) == ["unload", "load", "unload"]
        await goes_on(server, backend)
        assert purposes(server)[3:] == ["load", "chat"]


@ALIKE
async def test_a_load_that_fails_with_the_reply_is_put_right_too(
    profile: str, tmp_path: Path
) -> None:
    async with server_of(profile) as server:
        backend = backend_of(server, tmp_path)
        await backend.load()
        server.chat.context.reset()
        server.faults.add("load")
        _, error = await broken(backend, QUESTION)
        assert "could not load" in error.message
        assert purposes(server)[-2:] == ["chat", "unload"]
        await goes_on(server, backend)


async def test_a_busy_hat_is_told_of_for_half_a_minute(tmp_path: Path) -> None:
    clock = FakeClock()
    async with server_of("5.1.1", "busy") as server:
        backend = backend_of(server, tmp_path, clock=clock)
        _, error = await broken(backend, QUESTION)
        assert "assistant doctor" in error.hint
        assert backend.busy == "Failed to create VDevice"
        clock.forward(29_000)
        assert backend.busy
        clock.forward(2_000)
        assert not backend.busy


async def test_where_the_unload_fails_too_the_next_load_begins_with_it(tmp_path: Path) -> None:
    async with server_of("5.3.0", "load") as server:
        backend = backend_of(server, tmp_path)
        loading = asyncio.create_task(backend.load())
        while purposes(server)[-1:] != ["load"]:
            await asyncio.sleep(0.001)
        server.faults.add("no-headers")
        with pytest.raises(EngineError):
            await loading
        assert purposes(server) == ["unload", "load", "unload"]
        await goes_on(server, backend)
        assert purposes(server)[3:] == ["unload", "load", "chat"]


@ALIKE
async def test_a_model_that_is_not_there(profile: str, tmp_path: Path) -> None:
    async with server_of(profile) as server:
        backend = backend_of(server, tmp_path, "nobody:1b")
        for _ in range(2):
            with pytest.raises(ModelError, match="no model nobody:1b") as caught:
                await backend.load()
            assert caught.value.hint == "assistant models pull hailo:nobody:1b"
        await reply_of(backend_of(server, tmp_path), QUESTION)
        server.catalog.installed.remove(MODEL)
        _, error = await broken(backend_of(server, tmp_path), QUESTION)
        assert isinstance(error, ModelError)


@ALIKE
async def test_a_refusal_before_the_headers(profile: str, tmp_path: Path) -> None:
    async with server_of(profile) as server:
        backend = backend_of(server, tmp_path)
        before = await reply_of(backend, QUESTION)
        server.faults.add("500")
        _, error = await broken(backend, turn(SYSTEM, user("something else")))
        assert error.message == "hailo-ollama gave up: Failed to generate"
        await goes_on(server, backend, before)


@ALIKE
@pytest.mark.parametrize(
    ("fault", "fault_kind", "words"),
    [
        ("drop:3", ServerFault.CUT, "broke off in the middle"),
        ("stall:3", ServerFault.CUT, "broke off in the middle"),
        ("no-done:3", ServerFault.CUT, "broke off in the middle"),
        ("bad-line:3", ServerFault.BROKEN, "cannot be read"),
    ],
)
async def test_a_reply_that_breaks_off_keeps_what_had_come(
    fault: str, fault_kind: ServerFault, words: str, profile: str, tmp_path: Path
) -> None:
    async with server_of(profile, fault) as server:
        backend = backend_of(server, tmp_path)
        text, error = await broken(backend, QUESTION)
        assert len(text.split()) == 3
        assert isinstance(error, ServerError)
        assert error.fault is fault_kind
        assert words in error.message
        assert "send again" in error.hint
        await goes_on(server, backend, text)


async def test_a_server_that_falls_silent(tmp_path: Path) -> None:
    async with server_of("5.3.0", "hang:2") as server:
        backend = backend_of(server, tmp_path, patience=HASTY)
        text, error = await broken(backend, QUESTION)
        assert isinstance(error, ServerError)
        assert (error.fault, bool(text)) == (ServerFault.SILENT, True)
        assert "hailo-ollama" in error.hint
        with pytest.raises(ServerError, match="no answer within 0 seconds"):
            await backend_of(server, tmp_path, OTHER, patience=HASTY).load()


@ALIKE
async def test_a_server_that_dies_and_one_that_comes_back(profile: str, tmp_path: Path) -> None:
    async with server_of(profile, "crash:2") as server:
        backend = backend_of(server, tmp_path)
        text, error = await broken(backend, QUESTION)
        assert isinstance(error, ServerError)
        assert error.fault is ServerFault.CUT
        _, error = await broken(backend, QUESTION)
        assert isinstance(error, ServerError)
        assert error.fault is ServerFault.UNREACHABLE
        assert error.hint.endswith("hailo-ollama")
    async with server_of(profile, port=server.port) as server:
        await goes_on(server, backend, text)


async def test_one_that_comes_back_as_another_release_is_probed_again(tmp_path: Path) -> None:
    async with server_of("5.4.0") as server:
        backend = backend_of(server, tmp_path)
        await reply_of(backend, QUESTION)
    with pytest.raises(ServerError, match="does not answer"):
        async for _ in stream(backend, QUESTION):
            pass
    async with server_of("5.3.0", port=server.port) as server:
        request = turn(SYSTEM, user("two\nlines"))
        await backend.load()
        assert await reply_of(backend, request)
        assert server.generations()[-1].in_step
        assert purposes(server)[:2] == ["probe", "probe"]


async def test_one_that_became_another_release_unseen_is_probed_again(tmp_path: Path) -> None:
    clock = FakeClock()
    async with server_of("5.3.0") as server:
        backend = backend_of(server, tmp_path, clock=clock)
        await reply_of(backend, QUESTION)
    clock.forward(301_000)
    async with server_of("5.4.0", port=server.port) as server:
        request = turn(SYSTEM, user("two\nlines"))
        await backend.load()
        assert await reply_of(backend, request)
        sent = server.generations()[-1].request
        assert isinstance(sent, dict)
        assert sent["messages"][-1]["content"] == "two\nlines"


@ALIKE
async def test_a_prompt_that_is_not_read_in_time_lowers_the_limit(
    profile: str, tmp_path: Path
) -> None:
    async with server_of(profile, "slow-prefill:12") as server:
        backend = backend_of(server, tmp_path)
        tokens = await backend.count(LONG.messages)
        text, error = await broken(backend, LONG)
        assert isinstance(error, PromptTooSlowError)
        assert not text
        assert backend.prompt_limit == tokens // 2
        assert backend_of(server, tmp_path).prompt_limit == pytest.approx(tokens // 2, abs=1)
        server.faults.clear()
        await goes_on(server, backend)


async def test_silence_before_any_text_lowers_the_limit_too(tmp_path: Path) -> None:
    async with server_of("5.3.0", "hang:0") as server:
        backend = backend_of(server, tmp_path, patience=HASTY)
        _, error = await broken(backend, LONG)
        assert isinstance(error, PromptTooSlowError)


async def test_a_short_prompt_is_never_too_slow(tmp_path: Path) -> None:
    async with server_of("5.3.0", "stall:0") as server:
        backend = backend_of(server, tmp_path)
        _, error = await broken(backend, QUESTION)
        assert not isinstance(error, PromptTooSlowError)
        assert isinstance(error, ServerError)
        assert "without an answer" in error.message
        assert backend.prompt_limit == 1400


async def test_a_crash_before_any_text_is_no_slowness(tmp_path: Path) -> None:
    async with server_of("5.3.0", "crash:0") as server:
        backend = backend_of(server, tmp_path, read_timeout_s=60)
        _, error = await broken(backend, LONG)
        assert isinstance(error, ServerError)
        assert error.fault is ServerFault.CUT


async def test_a_reply_from_another_machine_is_broken_off(tmp_path: Path) -> None:
    async with server_of("5.3.0", "remote-host") as server:
        text, error = await broken(backend_of(server, tmp_path), QUESTION)
        assert isinstance(error, RefusedError)
        assert not text


async def test_lines_in_pieces_are_no_fault(tmp_path: Path) -> None:
    async with server_of("5.3.0", "split", reply="one two") as server:
        assert await reply_of(backend_of(server, tmp_path, patience=QUICK), QUESTION) == "one two"


def test_every_dialect_has_a_stand_in() -> None:
    assert set(DIALECTS.values()) == set(Dialect)
