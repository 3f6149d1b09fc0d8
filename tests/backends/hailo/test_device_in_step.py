"""What the device holds and what the transcript shows stay one, whatever happens in thirty turns."""

import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from assistant.domain.errors import EngineError
from assistant.domain.prompt import ChatMessage, Role, Sampling
from assistant.domain.thinking import split
from assistant.ports import Done, Text
from tests.backends.hailo.device_rig import Rig, asking, rig
from tests.backends.llama.talk import SYSTEM, assistant, user
from tests.fakes import generate

TURNS = 30
ENDINGS = ("whole",) * 4 + ("short", "stop", "close", "kill", "again", "edit", "forget", "other")


class Chat:
    """Two conversations on two models, of which one has the device; each turn ends in its own way."""

    def __init__(self, rigs: list[Rig], chance: random.Random) -> None:
        self.rigs, self.chance = rigs, chance
        self.talks: dict[str, list[ChatMessage]] = {"c1": [SYSTEM], "c2": []}
        self.checked = self.reused = 0

    async def turn(self, number: int) -> None:
        """One turn; then what the model saw is compared with what was sent."""
        hat, name = self.rigs[0], self.chance.choice(["c1", "c1", "c2"])
        talk, how = self.talks[name], self.chance.choice(ENDINGS)
        self._turn_back(talk, how)
        if how == "other":
            await hat.device.close()
            self.rigs.reverse()
            hat = self.rigs[0]
        if talk and talk[-1].role is Role.USER:
            talk.pop()
        talk.append(user(f"Question {number} of {name}?"))
        if await hat.device.count(talk) > 1500:
            del talk[1:-1]
        before = len(hat.events("generate"))
        said = await self._listen(hat, number, name, how)
        asked = hat.events("generate")[before:]
        if asked:
            assert asked[-1]["seen"] == hat.meant(talk), f"turn {number}, {how}"
            self.checked += 1
        answer = split(said).answer
        if answer.strip():
            talk.append(assistant(answer))
        if how == "forget":
            await hat.device.forget(name)

    def _turn_back(self, talk: list[ChatMessage], how: str) -> None:
        if how == "again" and len(talk) > 2:
            talk.pop()
        if how == "edit" and len(talk) > 3:
            place = self.chance.randrange(1, len(talk))
            talk[place] = ChatMessage(talk[place].role, "Edited.")

    async def _listen(self, hat: Rig, number: int, name: str, how: str) -> str:
        said, texts, until = "", 0, self.chance.randrange(1, 6)
        sampling = Sampling(temperature=0, max_tokens=3 if how == "short" else 40)
        request = asking(self.talks[name], f"t{number}", sampling, name)
        try:
            async with aclosing(generate(hat.device, request)) as stream:
                async for event in stream:
                    if isinstance(event, Text):
                        said, texts = said + event.text, texts + 1
                    if isinstance(event, Done) and event.usage.cached_input_tokens:
                        self.reused += 1
                    if texts == until and how == "close":
                        break
                    if texts == until and how == "stop":
                        await hat.device.stop(request.id)
                    if texts == until and how == "kill":
                        worker = hat.device._workers.running
                        if worker is not None:
                            os.kill(worker.pid, signal.SIGKILL)
                            await worker.end(10)
        except EngineError:
            assert how == "kill"
        return said


@pytest.fixture(params=[("qwen2", "llama"), ("deepseek", "qwen2"), ("qwen3", "llama")], ids=str)
async def rigs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Rig]]:
    """Two backends that share the device."""
    made = []
    for family in request.param:
        (tmp_path / family).mkdir()
        lock = tmp_path / "lock"
        made.append(rig(tmp_path / family, family, lock=lock, reply_tokens=8, time_scale=0.003))
    yield made
    for each in made:
        await each.device.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_thirty_turns_never_part_the_device_from_the_transcript(
    rigs: list[Rig], seed: int
) -> None:
    chat = Chat(rigs, random.Random(seed))
    for number in range(TURNS):
        await chat.turn(number)
    assert chat.checked > 20
    assert chat.reused > 0
