"""Small questions to a server that hold nothing of a person's, through the door."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from assistant.backends.remote.wire.pieces import read_object
from assistant.backends.remote.wire.sse import WireError
from assistant.domain.control import CONTROL_LIFE_MS, Control, ControlPermit
from assistant.domain.errors import ServerError, ServerFault
from assistant.domain.places import Address
from assistant.ports import Clock, Door, Patience

MOST_ANSWER_BYTES = 4_000_000
"""A gateway's list of models can have some 100 kB."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer to a small question."""

    status: int
    body: bytes

    @property
    def data(self) -> dict[str, object] | None:
        """The object that it holds; None where it was not 200 with one."""
        if self.status != 200:
            return None
        try:
            return read_object(self.body)
        except WireError:
            return None


@dataclass(frozen=True, slots=True)
class Haste:
    """How long a look may take: `patience` for each question, `total_s` seconds for all of them."""

    patience: Patience
    total_s: float


CALM = Haste(Patience(connect_s=2, head_s=8, first_s=8, silence_s=8), total_s=15)
"""Before a send: a server may be at work for somebody else."""

SHORT = Haste(Patience(connect_s=2, head_s=3, first_s=3, silence_s=3), total_s=5)
"""For a list, at which a person waits."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks `address`, no longer than `haste` allows."""

    door: Door
    clock: Clock
    address: Address
    haste: Haste

    async def get(self, target: str, enough_bytes: int = MOST_ANSWER_BYTES) -> Answer:
        """Reads `target`, or as much of it as is enough. Raises: ServerError."""
        return await self._ask("GET", target, b"", enough_bytes)

    async def post(self, target: str, body: bytes) -> Answer:
        """Posts what this program made. Raises: ServerError."""
        return await self._ask("POST", target, body, MOST_ANSWER_BYTES)

    async def together(self, questions: Sequence[Awaitable[_T]]) -> list[_T]:
        """All answers, asked at the same time. Raises: ServerError at the first that fails."""
        asked = [asyncio.ensure_future(question) for question in questions]
        try:
            async with asyncio.timeout(self.haste.total_s):
                return await asyncio.gather(*asked)
        except TimeoutError as error:
            raise ServerError(
                f"{self.address} did not answer within {self.haste.total_s:g} s",
                "is it busy? try again",
                ServerFault.SILENT,
            ) from error
        finally:
            for each in asked:
                each.cancel()
            await asyncio.wait(asked)

    async def _ask(self, method: str, target: str, body: bytes, enough_bytes: int) -> Answer:
        permit = ControlPermit(
            self.clock.new_id(),
            Control.LOOK,
            self.address,
            method,
            target,
            body,
            self.clock.now_ms() + CONTROL_LIFE_MS,
            MOST_ANSWER_BYTES,
        )
        received = bytearray()
        async with self.door.control(permit, self.haste.patience) as reply:
            async with aclosing(reply.chunks()) as chunks:
                async for chunk in chunks:
                    received += chunk
                    if len(received) >= enough_bytes:
                        break
            return Answer(reply.status, bytes(received))
