"""A real server on the wire, as a process of its own: what it says is what the same engine says in the same words."""

import asyncio
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from assistant.backends.remote.cloud import CloudBackend
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.errors import AssistantError, ModelError, ServerError, ServerFault
from assistant.domain.places import Address
from assistant.domain.prompt import Finish, Sampling
from assistant.machine.clock import SystemClock
from assistant.ports import Done, Generation, Text
from tests.backends.remote import cloud_rig
from tests.backends.remote.scripted import backend, events, request
from tests.fakes import generate
from tests.standins.llama_cpp_server import MODEL, RealServer, serving

ROOT = Path(__file__).parents[3]


def asked(text: str = "Tell me of a fox.", turn: str = "t1", tokens: int = 16) -> Generation:
    return request(text, turn, Sampling(temperature=0, seed=1, max_tokens=tokens))


async def test_it_answers_and_says_the_same_again(real_server: RealServer) -> None:
    made = backend(real_server.port, model=MODEL)
    replies = []
    for _ in range(2):
        found = await events(made, asked())
        done = found[-1]
        assert isinstance(done, Done)
        assert done.finish is Finish.LENGTH
        pieces = [event for event in found if isinstance(event, Text)]
        assert sum(piece.tokens for piece in pieces) == done.usage.output_tokens
        # It counts nothing in a stream.
        assert done.usage.estimated
        replies.append("".join(piece.text for piece in pieces))
    assert replies[0] == replies[1]
    assert len(replies[0].split()) > 5


async def test_a_stop_frees_it_for_the_next_one(real_server: RealServer) -> None:
    made = backend(real_server.port, model=MODEL)
    await made.load()
    finishes = []
    async for event in generate(made, asked(tokens=400)):
        if isinstance(event, Text):
            await made.stop("t1")
        elif isinstance(event, Done):
            finishes.append(event.finish)
    reply = generate(made, asked(turn="t2", tokens=400))
    async for event in reply:
        if isinstance(event, Text):
            break
    await reply.aclose()
    last = (await events(made, asked(turn="t3", tokens=4)))[-1]
    assert isinstance(last, Done)
    assert [*finishes, last.finish] == [Finish.CANCELLED, Finish.LENGTH]


async def test_a_prompt_past_its_window_ends_in_words(real_server: RealServer) -> None:
    made = backend(real_server.port, model=MODEL)
    with pytest.raises(ServerError, match=r"ended without a reply|too long") as caught:
        await events(made, asked("word " * 2_000))
    assert caught.value.hint


async def test_a_model_that_it_does_not_have(real_server: RealServer) -> None:
    with pytest.raises(ModelError) as caught:
        await backend(real_server.port, model="other").load()
    assert caught.value.hint == f"it has: {MODEL}"


async def test_a_killed_server_keeps_what_came(starter_model: Path, tmp_path: Path) -> None:
    kept = []
    with serving(starter_model, tmp_path) as server:
        made = backend(server.port, model=MODEL)
        with pytest.raises(ServerError) as caught:
            async for event in generate(made, asked(tokens=400)):
                if isinstance(event, Text):
                    kept.append(event.text)
                    server.process.kill()
        assert caught.value.fault is ServerFault.CUT
        await asyncio.to_thread(server.process.wait, 10)
        with pytest.raises(ServerError) as caught:
            await made.load()
        assert caught.value.fault is ServerFault.UNREACHABLE
    assert kept


def cloud(server: RealServer) -> CloudBackend:
    """The same server, as if it were a provider."""
    at = cloud_rig.row(Address("127.0.0.1", server.port), "plain")
    return CloudBackend(CloudSetup(at, MODEL, 512), cloud_rig.NearDoor(), SystemClock())


async def test_as_a_cloud_it_says_what_it_says_as_a_server(real_server: RealServer) -> None:
    question = request(sampling=Sampling(temperature=0, top_p=1, seed=1, max_tokens=12))
    as_cloud = await cloud_rig.events(cloud(real_server), question)
    near = backend(real_server.port, model=MODEL, window_tokens=512)
    as_server = await events(near, question)
    texts = []
    for found in (as_cloud, as_server):
        done = found[-1]
        assert isinstance(done, Done)
        assert (done.finish, done.usage.context_window) == (Finish.LENGTH, 512)
        texts.append("".join(event.text for event in found if isinstance(event, Text)))
    assert texts[0] == texts[1]
    assert len(texts[0].split()) > 5


async def test_as_a_cloud_a_stop_frees_it_and_a_prompt_past_its_window_is_said(
    real_server: RealServer,
) -> None:
    made = cloud(real_server)
    finishes = []
    async for event in generate(made, asked(tokens=400)):
        if isinstance(event, Text):
            await made.stop("t1")
        elif isinstance(event, Done):
            finishes.append(event.finish)
    assert finishes == [Finish.CANCELLED]
    with pytest.raises(AssistantError, match=r"ended without a reply|too long"):
        await cloud_rig.events(made, asked("word " * 2_000))


def test_the_tools_hold_what_the_server_asks_for() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    here = {Requirement(line).name.lower() for line in project["dependency-groups"]["dev"]}
    wanted = [Requirement(line) for line in requires("llama-cpp-python") or ()]
    server = {
        each.name.lower() for each in wanted if each.marker and each.marker.evaluate({"extra": "server"})
    }  # fmt: skip
    assert server - {"typing-extensions", "numpy", "diskcache", "jinja2"} <= here
    assert server
