"""The KV cache across turns, branches, windows and restarts, by the engine's own count of cached tokens."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from assistant.backends.llama.client import LlamaBackend
from assistant.domain.errors import EngineError
from assistant.domain.prompt import ChatMessage, Sampling
from assistant.domain.settings import EngineSettings
from tests.backends.llama.conftest import ONE_LOOP, OWN_LOOP, SMALL, MakeBackend
from tests.backends.llama.talk import (
    SYSTEM,
    Heard,
    assistant,
    generation,
    hear,
    user,
    worker_pid,
)
from tests.fakes import generate

pytestmark = [pytest.mark.usefixtures("proved"), ONE_LOOP]

GREEDY = Sampling(temperature=0, max_tokens=6)
FREE = Sampling(temperature=0.7, max_tokens=6)
HASTY = (sys.executable, "-P", str(Path(__file__).with_name("hasty_worker.py")))
PARAGRAPH = (
    "The fox looked at the hen and said that the night was cold and the moon was bright. " * 2
)


async def talk(
    backend: LlamaBackend, *questions: str, sampling: Sampling = GREEDY, conversation: str = "c1"
) -> tuple[list[ChatMessage], Heard]:
    """A conversation of some turns; the last reply is part of what comes back."""
    messages, heard = [SYSTEM], Heard()
    for question in questions:
        messages.append(user(question))
        heard = await hear(backend, generation(messages, sampling, conversation))
        messages.append(assistant(heard.text))
    return messages, heard


def in_cache(heard: Heard) -> int:
    """Tokens in the cache after a reply: its last token was said, not evaluated."""
    assert heard.usage.context_tokens is not None
    return heard.usage.context_tokens - 1


@pytest.mark.parametrize("sampling", [GREEDY, FREE])
async def test_each_turn_evaluates_only_what_is_new(
    backend: LlamaBackend, sampling: Sampling
) -> None:
    messages, before = await talk(backend, PARAGRAPH, "Go on.", sampling=sampling)
    heard = await hear(backend, generation([*messages, user("And then?")], sampling))
    assert heard.cached >= in_cache(before)
    assert heard.progress[0].done == heard.progress[0].cached == heard.cached


async def test_a_regenerated_turn_evaluates_one_token(backend: LlamaBackend) -> None:
    messages, first = await talk(backend, PARAGRAPH)
    again = await hear(backend, generation(messages[:-1], GREEDY))
    assert again.cached == again.progress[0].total - 1
    assert again.text == first.text


async def test_a_branch_keeps_what_it_shares(backend: LlamaBackend) -> None:
    messages, _ = await talk(backend, PARAGRAPH, "Go on.", sampling=FREE)
    shared = await backend.count(messages[:3])
    branch = [*messages[:3], user("What did the hen say?")]
    heard = await hear(backend, generation(branch, FREE))
    assert heard.cached >= shared - 8
    other = await hear(backend, generation([SYSTEM, user("Hello")], FREE, "c2"))
    assert other.cached >= await backend.count([SYSTEM]) - 8


async def test_dropped_turns_are_shifted_out(backend: LlamaBackend) -> None:
    questions = [f"{n}. {PARAGRAPH}" for n in ("One", "Two", "Three")]
    messages, _ = await talk(backend, *questions, sampling=FREE)
    window = [SYSTEM, *messages[3:], user("And then?")]
    heard = await hear(backend, generation(window, FREE))
    kept = await backend.count([SYSTEM, *messages[3:]])
    assert heard.cached >= kept - 8
    assert heard.tokens > 0
    follow = await hear(backend, generation([*window, assistant(heard.text), user("Good.")], FREE))
    assert follow.cached >= kept - 8


@OWN_LOOP
async def test_what_was_shifted_is_saved_in_its_new_place(make_backend: MakeBackend) -> None:
    backend = make_backend()
    messages, _ = await talk(backend, *(f"{n}. {PARAGRAPH}" for n in ("One", "Two")))
    window = [SYSTEM, *messages[3:], user("And then?")]
    first = await hear(backend, generation(window, GREEDY))
    assert first.cached > len(PARAGRAPH) // 8
    await backend.close()
    again = await hear(make_backend(), generation(window, GREEDY))
    assert again.cached == again.progress[0].total - 1
    assert again.text == first.text


@OWN_LOOP
async def test_a_conversation_comes_back_after_a_restart(
    make_backend: MakeBackend, tmp_path: Path
) -> None:
    backend = make_backend()
    messages, before = await talk(backend, PARAGRAPH, "Go on.")
    question = [*messages, user("And then?")]
    assert not (tmp_path / "cache" / "kv").exists(), "not on every turn"
    await backend.close()
    (file,) = (tmp_path / "cache" / "kv").iterdir()
    reopened = make_backend()
    heard = await hear(reopened, generation(question, GREEDY))
    assert heard.cached >= in_cache(before)
    assert list((tmp_path / "cache" / "kv").iterdir()) == [file], "moved aside and back"
    await reopened.close()
    file.unlink()
    cold = await hear(make_backend(), generation(question, GREEDY))
    assert cold.cached == 0


async def test_conversations_take_turns_without_losing_their_cache(
    backend: LlamaBackend,
) -> None:
    one, last = await talk(backend, PARAGRAPH, conversation="one")
    await talk(backend, "Something else. " + PARAGRAPH, conversation="two")
    heard = await hear(backend, generation([*one, user("Go on.")], GREEDY, "one"))
    assert heard.cached >= in_cache(last)


@OWN_LOOP
async def test_a_damaged_state_costs_a_prefill_and_is_gone(
    make_backend: MakeBackend, tmp_path: Path
) -> None:
    backend = make_backend()
    messages, _ = await talk(backend, PARAGRAPH)
    await backend.close()
    (file,) = (tmp_path / "cache" / "kv").iterdir()
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-100] + bytes(100), b""):
        file.write_bytes(damaged)
        reopened = make_backend()
        heard = await hear(reopened, generation([*messages, user("Go on.")], GREEDY))
        assert heard.cached == 0
        assert heard.tokens > 0
        os.kill(worker_pid(reopened), signal.SIGKILL)


@OWN_LOOP
async def test_state_is_saved_when_nothing_was_asked_for_a_while(
    make_backend: MakeBackend, tmp_path: Path
) -> None:
    backend = make_backend(command=HASTY)
    await talk(backend, PARAGRAPH)
    folder = tmp_path / "cache" / "kv"
    for _ in range(300):
        if folder.exists() and any(path.suffix == ".kv" for path in folder.iterdir()):
            break
        await asyncio.sleep(0.1)
    else:
        pytest.fail("nothing was saved")


@OWN_LOOP
async def test_a_bound_of_nothing_writes_nothing(make_backend: MakeBackend, tmp_path: Path) -> None:
    backend = make_backend(EngineSettings(context_tokens=1024, kv_cache_mb=0, threads=1))
    await talk(backend, PARAGRAPH)
    await backend.close()
    assert not (tmp_path / "cache").exists()


@OWN_LOOP
async def test_a_forgotten_conversation_is_nowhere(
    make_backend: MakeBackend, tmp_path: Path
) -> None:
    backend = make_backend()
    messages, _ = await talk(backend, PARAGRAPH)
    await talk(backend, PARAGRAPH[::-1], conversation="c2")
    folder = tmp_path / "cache" / "kv"
    assert len(list(folder.iterdir())) == 1
    await backend.forget("c1")
    await backend.forget("c2")
    assert not list(folder.iterdir())
    await backend.close()
    assert not list(folder.iterdir()), "nor saved at the end"
    await make_backend().forget("c1")
    heard = await hear(make_backend(), generation([*messages, user("Go on.")], GREEDY))
    assert heard.cached == 0


async def test_what_is_typed_is_prefilled(backend: LlamaBackend) -> None:
    messages, last = await talk(backend, PARAGRAPH, sampling=FREE)
    for typed in ("", "What did the", "What did the farmer say when he ca"):
        await backend.prefill(generation([*messages, user(typed)], FREE))
    question = [*messages, user("What did the farmer say when he came home?")]
    heard = await hear(backend, generation(question, FREE))
    new = heard.progress[0].total - heard.cached
    assert new <= 16
    assert heard.cached > in_cache(last) + 8


async def test_a_prefill_gives_way_to_a_send(backend: LlamaBackend) -> None:
    await backend.load()
    typed = generation([user("word " * 900)], FREE, "c2")
    task = asyncio.create_task(backend.prefill(typed))
    await asyncio.sleep(0)
    heard = await hear(backend, generation([user("Hi")], FREE))
    assert heard.tokens > 0
    assert task.done()
    await task


async def test_a_prefill_longer_than_the_window_is_let_be(backend: LlamaBackend) -> None:
    await backend.prefill(generation([user("word " * 3000)]))
    assert (await hear(backend, generation([user("Hi")], FREE))).tokens > 0


@OWN_LOOP
async def test_what_a_killed_worker_had_saved_serves_the_next(
    make_backend: MakeBackend,
) -> None:
    backend = make_backend(SMALL)
    messages, last = await talk(backend, PARAGRAPH)
    await talk(backend, "Hello", conversation="c2")
    with pytest.raises(EngineError):
        async for _ in generate(backend, generation([user("Hi")], conversation="c2")):
            os.kill(worker_pid(backend), signal.SIGKILL)
    heard = await hear(backend, generation([*messages, user("Go on.")], GREEDY))
    assert heard.cached >= in_cache(last)
