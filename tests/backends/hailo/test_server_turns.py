"""Whole turns over the HAT: a prompt that is not read in time is asked again with less, and the next one is cut before."""

from pathlib import Path

import pytest

from assistant.conversation.engine import Engine
from assistant.domain.errors import PromptTooLongError
from assistant.domain.events import Finished, Permitted, Progress, Stage, Trimmed, TurnEvent
from assistant.domain.prompt import Finish, Prompt, Sampling
from assistant.machine.clock import SystemClock
from tests.backends.hailo.server_rig import DIALECTS, backend_of, server_of
from tests.conversation.doubles import ListJournal
from tests.standins.hailo_ollama import HailoOllama

WORDS = "a plain word or two more of it " * 8
"""So short that it fits even the least limit, whatever a busy test machine makes of the HAT's pace."""


class Chat:
    """A conversation that goes on from reply to reply."""

    def __init__(self, server: HailoOllama, state: Path) -> None:
        self.backend = backend_of(server, state, read_timeout_s=10 * server.time_scale)
        self.engine = Engine(ListJournal(), {"hat": self.backend}, SystemClock(), "i", flush_ms=0)
        self.parent: str | None = None

    async def ask(self, text: str) -> list[TurnEvent | Progress]:
        prompt = Prompt(
            text, "c1", self.parent, system="Be brief.", sampling=Sampling(max_tokens=64)
        )
        events = [event async for event in self.engine.send(self.engine.propose(prompt))]
        self.parent = next((e.reply for e in events if hasattr(e, "reply")), self.parent)
        return events


def end_of(events: list[TurnEvent | Progress]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    return last


def permits(events: list[TurnEvent | Progress]) -> int:
    return sum(isinstance(event, Permitted) for event in events)


@pytest.mark.parametrize("profile", DIALECTS)
async def test_a_slow_hat_is_learned_before_it_gives_up(profile: str, tmp_path: Path) -> None:
    """600 of the stand-in's tokens take ten seconds; the window cuts in time, turn after turn."""
    async with server_of(profile, prefill_tps=60, reply="yes") as server:
        chat = Chat(server, tmp_path)
        await chat.ask(WORDS * 3)
        for number in range(14):
            events = await chat.ask(f"{number} {WORDS}")
            assert end_of(events).record.finish is Finish.STOP, end_of(events).record.error
            assert permits(events) == 1
        assert chat.backend.prompt_limit < 1000
        assert all(entry.in_step for entry in server.generations())


@pytest.mark.parametrize("profile", DIALECTS)
async def test_a_prompt_that_is_too_slow_is_asked_again_with_less(
    profile: str, tmp_path: Path
) -> None:
    quick = {"time_scale": 0.1, "load_s": 0.1, "prefill_tps": 5000, "tps": 100}
    async with server_of(profile, reply="yes", **quick) as server:
        chat = Chat(server, tmp_path)
        for number in range(8):
            await chat.ask(f"{number} {WORDS}")
        before = chat.backend.prompt_limit
        server.faults.add("slow-prefill", 12, 1)
        events = await chat.ask(f"once more {WORDS}")
        assert end_of(events).record.finish is Finish.STOP, end_of(events).record.error
        assert permits(events) == 2
        assert any(isinstance(event, Trimmed) for event in events)
        assert chat.backend.prompt_limit < before
        assert all(entry.in_step for entry in server.generations())


async def test_one_message_that_a_hat_cannot_read_says_so(tmp_path: Path) -> None:
    async with server_of("5.1.1", prefill_tps=10) as server:
        chat = Chat(server, tmp_path)
        error = end_of(await chat.ask(WORDS * 10)).record.error
        assert error is not None
        assert error.code == PromptTooLongError.code
        assert end_of(await chat.ask("short")).record.finish is Finish.STOP


async def test_the_stages_and_times_are_told_apart(tmp_path: Path) -> None:
    async with server_of("5.3.0", prefill_tps=20, load_s=20.0) as server:
        events = await Chat(server, tmp_path).ask("hello")
        stages = [event.stage for event in events if isinstance(event, Progress)]
        assert list(dict.fromkeys(stages)) == [
            Stage.QUEUE,
            Stage.LOAD,
            Stage.PREPARE,
            Stage.PREFILL,
        ]
        latency = end_of(events).record.latency_ms
        assert latency.load is not None
        assert latency.load > 200
        assert latency.prefill is not None
        usage = end_of(events).record.usage
        assert usage.estimated
        assert usage.context_window == 2048
