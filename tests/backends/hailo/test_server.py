"""The HAT over hailo-ollama where all goes well: stages, figures, loads, what is sent, what is learned."""

import asyncio
import time
from pathlib import Path

import pytest

from assistant.backends.hailo.budget import first_pace
from assistant.backends.hailo.server import HailoServer
from assistant.backends.hailo.wordings import DEFAULT_SYSTEM
from assistant.domain.errors import RefusedError
from assistant.domain.events import Stage
from assistant.domain.prompt import Finish
from assistant.ports import Done, Generation, PromptProgress, Text, Waiting
from tests.backends.hailo.server_rig import (
    DIALECTS,
    MODEL,
    OTHER,
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
from tests.fakes import FakeClock, leave

ALIKE = pytest.mark.parametrize("profile", DIALECTS)
AWKWARD = 'two\nlines, a\ttab, C:\\dir, "quotes", a bell \x07, café 😀, and/or'


@ALIKE
async def test_a_reply_is_stages_then_text_then_one_done(profile: str, tmp_path: Path) -> None:
    async with server_of(profile, reply="one two three") as server:
        backend = backend_of(server, tmp_path)
        request = turn(SYSTEM, user("hello"))
        counted = await backend.count(request.messages)
        events = [event async for event in stream(backend, request)]
        assert events[:3] == [
            Waiting(Stage.LOAD),
            Waiting(Stage.PREFILL),
            PromptProgress(counted, counted, 0),
        ]
        assert events[3:-1] == [Text("one", 1), Text(" two", 1), Text(" three", 1)]
        done = events[-1]
        assert isinstance(done, Done)
        assert done.finish is Finish.STOP
        usage = done.usage
        assert (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens) == (
            counted,
            3,
            0,
        )
        assert (usage.estimated, usage.context_tokens) == (True, counted + 3)
        assert usage.context_window == await backend.load() == 2048
        assert backend.estimates


@ALIKE
async def test_any_text_reaches_the_model_as_it_is(profile: str, tmp_path: Path) -> None:
    async with server_of(profile, reply="words") as server:
        backend = backend_of(server, tmp_path)
        await reply_of(backend, turn(SYSTEM, user(AWKWARD)))
        entry = server.generations()[-1]
        assert entry.seen is not None
        assert entry.seen[-1]["content"] == AWKWARD
        assert entry.in_step


@ALIKE
async def test_what_the_server_escapes_comes_back_as_it_was(profile: str, tmp_path: Path) -> None:
    async with server_of(profile, reply=AWKWARD) as server:
        backend = backend_of(server, tmp_path)
        assert await reply_of(backend, turn(SYSTEM, user("hello"))) == AWKWARD


@ALIKE
async def test_the_model_never_takes_itself_for_another(profile: str, tmp_path: Path) -> None:
    async with server_of(profile) as server:
        await reply_of(backend_of(server, tmp_path), turn(user("hello")))
        seen = server.generations()[-1].seen
        assert seen is not None
        assert seen[0] == {"role": "system", "content": DEFAULT_SYSTEM}


@ALIKE
async def test_it_loads_once_and_again_after_a_while(profile: str, tmp_path: Path) -> None:
    clock = FakeClock()
    async with server_of(profile) as server:
        backend = backend_of(server, tmp_path, clock=clock)
        await backend.load()
        await backend.load()
        await reply_of(backend, turn(SYSTEM, user("hello")))
        assert purposes(server) == ["unload", "load", "chat"]
        clock.forward(299_000)
        await backend.load()
        assert purposes(server) == ["unload", "load", "chat"]
        clock.forward(2_000)
        await backend.load()
        later = purposes(server)[3:]
        assert (set(later[:-1]), later[-1]) == ({"probe"}, "load")


async def test_who_gives_up_waiting_leaves_the_load_to_the_next(tmp_path: Path) -> None:
    async with server_of(load_s=20.0) as server:
        backend = backend_of(server, tmp_path)
        first = asyncio.create_task(backend.load())
        while "load" not in purposes(server):
            await asyncio.sleep(0.001)
        first.cancel()
        await asyncio.wait({first})
        assert await backend.load() == 2048
        assert purposes(server) == ["unload", "load"]


async def test_a_model_switch_unloads_first(tmp_path: Path) -> None:
    async with server_of() as server:
        one, other = backend_of(server, tmp_path), backend_of(server, tmp_path, OTHER)
        await reply_of(one, turn(SYSTEM, user("hello")))
        await reply_of(other, turn(SYSTEM, user("hello")))
        assert purposes(server) == ["unload", "load", "chat"] * 2
        await reply_of(one, turn(SYSTEM, user("hello")))
        assert purposes(server) == ["unload", "load", "chat"] * 3
        assert all(entry.in_step for entry in server.generations())


async def test_another_run_of_the_program_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    async with server_of("5.1.1") as server:
        talk = (SYSTEM, user("hello"))
        reply = await reply_of(backend_of(server, tmp_path), turn(*talk))
        again = backend_of(server, tmp_path)
        await reply_of(again, turn(*talk, said(reply), user("more")))
        assert purposes(server) == ["unload", "load", "chat", "load", "chat"]
        last = server.generations()[-1]
        assert last.in_step
        assert last.new_tokens < last.prompt_tokens


@pytest.mark.parametrize(
    ("profile", "reply", "reuses"),
    [
        ("5.1.1", "one two", True),
        ("5.3.0", "one two", True),
        ("5.1.1", "one\ntwo", True),
        ("5.3.0", "one\ntwo", False),
        ("5.4.0", "one two", False),
    ],
)
async def test_what_need_not_be_read_again_is_known(
    profile: str, reply: str, reuses: bool, tmp_path: Path
) -> None:
    async with server_of(profile, reply=reply) as server:
        backend = backend_of(server, tmp_path)
        talk = (SYSTEM, user("hello"))
        assert await reply_of(backend, turn(*talk)) == reply
        events = [e async for e in stream(backend, turn(*talk, said(reply), user("more")))]
        progress = next(event for event in events if isinstance(event, PromptProgress))
        last = server.generations()[-1]
        assert last.in_step
        assert (progress.cached > 0) == (last.new_tokens < last.prompt_tokens) == reuses
        assert progress.cached < progress.total


async def test_compose_gives_the_bytes_that_go_out(tmp_path: Path) -> None:
    async with server_of() as server:
        backend = backend_of(server, tmp_path)
        await backend.load()
        request = turn(SYSTEM, user("hello"), temperature=0, max_tokens=5, seed=3)
        outgoing = backend.compose(request)
        assert outgoing == backend.compose(request)
        await reply_of(backend, request)
        sent = server.log[-1].request
        assert isinstance(sent, dict)
        assert sent["options"] == {
            "temperature": 0.0,
            "top_p": 0.95,
            "top_k": 40,
            "seed": 3,
            "num_predict": 5,
        }
        assert (sent["stream"], sent["keep_alive"]) == (True, 300)
        assert "tools" not in sent


async def test_no_wish_for_a_length_means_what_the_window_leaves(tmp_path: Path) -> None:
    async with server_of() as server:
        backend = backend_of(server, tmp_path)
        request = turn(SYSTEM, user("hello"))
        await reply_of(backend, request)
        sent = server.log[-1].request
        assert isinstance(sent, dict)
        assert sent["options"]["num_predict"] == 2048 - await backend.count(request.messages)


async def test_a_permit_for_other_words_sends_nothing(tmp_path: Path) -> None:
    async with server_of() as server:
        backend = backend_of(server, tmp_path)
        permit = leave(backend, turn(SYSTEM, user("hello")))
        with pytest.raises(RefusedError, match="another text"):
            async for _ in backend.generate(turn(SYSTEM, user("goodbye")), permit):
                pass
        assert "chat" not in purposes(server)


async def test_a_reply_has_its_length(tmp_path: Path) -> None:
    async with server_of() as server:
        events = [
            e async for e in stream(backend_of(server, tmp_path), turn(user("x"), max_tokens=4))
        ]
        done = events[-1]
        assert isinstance(done, Done)
        assert (done.finish, done.usage.output_tokens) == (Finish.LENGTH, 4)


async def test_a_stop_text_ends_the_reply_and_the_connection(tmp_path: Path) -> None:
    async with server_of("5.3.0", "until-left:4", reply="one two three four five") as server:
        backend = backend_of(server, tmp_path)
        request = turn(SYSTEM, user("hello"), stop=(" three",))
        assert await reply_of(backend, request) == "one two"
        async with server.chat.lock:
            assert server.log[-1].outcome == "left"
        await reply_of(backend, turn(SYSTEM, user("hello"), said("one two"), user("more")))
        assert server.generations()[-1].in_step


@pytest.mark.parametrize(
    ("profile", "model"),
    [
        ("5.1.1", "deepseek_r1_distill_qwen:1.5b"),
        ("5.3.0", "deepseek_r1:1.5b"),
        ("5.4.0", "qwen3:1.7b"),
    ],
)
async def test_thoughts_have_both_tags(profile: str, model: str, tmp_path: Path) -> None:
    async with server_of(profile, installed=(model,)) as server:
        backend = backend_of(server, tmp_path, model)
        reply = await reply_of(backend, turn(SYSTEM, user("hello")))
        assert reply.startswith("<think>")
        assert reply.count("<think>") == reply.count("</think>") == 1
        answer = reply.partition("</think>")[2].strip()
        await reply_of(backend, turn(SYSTEM, user("hello"), said(answer), user("more")))
        assert server.generations()[-1].in_step


@ALIKE
async def test_stop_ends_the_stream_with_what_had_come(profile: str, tmp_path: Path) -> None:
    async with server_of(profile, "until-left:2") as server:
        backend = backend_of(server, tmp_path)
        text, done = "", None
        async for event in stream(backend, turn(SYSTEM, user("hello"))):
            if isinstance(event, Text):
                text += event.text
                await backend.stop("t1")
            elif isinstance(event, Done):
                done = event
        assert done is not None
        assert (done.finish, bool(text)) == (Finish.CANCELLED, True)
        assert (done.usage.estimated, done.usage.output_tokens) == (True, 1)


@pytest.mark.parametrize("stage", [Stage.LOAD, Stage.PREFILL])
async def test_stop_ends_a_stream_that_waits(stage: Stage, tmp_path: Path) -> None:
    async with server_of("5.3.0", "slow-prefill:9", load_s=30.0) as server:
        backend = backend_of(server, tmp_path)
        events, stopping = [], None
        async for event in stream(backend, turn(SYSTEM, user("hello"))):
            events.append(event)
            if event == Waiting(stage):
                stopping = asyncio.create_task(_stop_soon(backend))
        assert stopping is not None
        assert events[-2] == Waiting(stage)
        assert isinstance(events[-1], Done)
        assert events[-1].finish is Finish.CANCELLED
        await backend.close()


async def _stop_soon(backend: HailoServer) -> None:
    await asyncio.sleep(0.02)
    await backend.stop("t1")


async def test_closing_the_stream_closes_the_connection(tmp_path: Path) -> None:
    async with server_of("5.3.0", "until-left:1") as server:
        backend = backend_of(server, tmp_path)
        events = stream(backend, turn(SYSTEM, user("hello")))
        async for event in events:
            if isinstance(event, Text):
                break
        await events.aclose()
        async with server.chat.lock:
            assert server.log[-1].outcome == "left"
        assert await reply_of(backend, turn(SYSTEM, user("hello")))


async def test_what_a_hat_reads_is_learned_and_kept(tmp_path: Path) -> None:
    """This one reads 5,000 tokens a second: the limit rises, but short prompts tell nothing."""
    async with server_of(prefill_tps=5000) as server:
        backend = backend_of(server, tmp_path)
        before = backend.prompt_limit
        assert before == first_pace(MODEL).prompt_limit == 1400
        await reply_of(backend, turn(SYSTEM, user("short")))
        assert backend.prompt_limit == before
        await reply_of(backend, turn(SYSTEM, user("a longer question " * 200)))
        assert backend.prompt_limit > before
        kept = backend_of(server, tmp_path).prompt_limit
        assert kept == pytest.approx(backend.prompt_limit, abs=1)


async def test_a_text_is_given_out_before_the_next_one_is_there(tmp_path: Path) -> None:
    """The stand-in waits after its first line until the client is gone: nothing may gather."""
    async with server_of("5.3.0", "until-left:1") as server:
        events = stream(backend_of(server, tmp_path), turn(SYSTEM, user("hello")))
        async with asyncio.timeout(5):
            while not isinstance(await anext(events), Text):
                pass
        assert server.log[-1].lines == 1
        await events.aclose()


async def test_the_first_text_comes_at_once_and_the_rate_is_the_servers(tmp_path: Path) -> None:
    async with server_of(tps=0.5, reply_tokens=40) as server:
        backend = backend_of(server, tmp_path)
        await backend.load()
        events = stream(backend, turn(SYSTEM, user("hello")))
        moments = [time.monotonic() async for event in events if isinstance(event, Text)]
        entry = server.generations()[-1]
        assert entry.first_byte_at is not None
        assert moments[0] - entry.first_byte_at < 1.0
        assert entry.tokens_per_s is not None
        rate = (len(moments) - 1) / (moments[-1] - moments[0])
        assert rate == pytest.approx(entry.tokens_per_s, rel=0.25)


async def test_prefill_and_forget_ask_nothing(tmp_path: Path) -> None:
    async with server_of() as server:
        backend = backend_of(server, tmp_path)
        await backend.prefill(turn(SYSTEM, user("hello")))
        await backend.forget("c1")
        await backend.stop("never")
        await backend.close()
        await backend.close()
        assert server.log == []


async def test_closing_ends_a_load_and_a_reply(tmp_path: Path) -> None:
    async with server_of("5.3.0", "hang:1") as server:
        backend = backend_of(server, tmp_path)
        reply = asyncio.create_task(_collected(backend, turn(SYSTEM, user("hello"))))
        while not (server.generations() and server.generations()[-1].lines):
            await asyncio.sleep(0.001)
        await backend.close()
        assert await reply is Finish.CANCELLED
        loading = asyncio.create_task(backend_of(server, tmp_path, OTHER).load())
        while server.chat.lock.locked() and purposes(server)[-1] != "unload":
            await asyncio.sleep(0.001)
        loading.cancel()


async def _collected(backend: HailoServer, request: Generation) -> Finish | None:
    events = [event async for event in stream(backend, request)]
    return events[-1].finish if isinstance(events[-1], Done) else None
