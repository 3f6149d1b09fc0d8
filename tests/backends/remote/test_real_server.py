"""A real server on the wire, as a process of its own: what it says is what the same engine says in the same words."""

import asyncio
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from assistant.domain.errors import ModelError, ServerError, ServerFault
from assistant.domain.prompt import Finish, Sampling
from assistant.ports import Done, Generation, Text
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
