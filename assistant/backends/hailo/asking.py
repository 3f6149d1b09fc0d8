"""Small requests to hailo-ollama that hold nothing of a person's, each answered as a whole."""

import json
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass

from assistant.domain.control import CONTROL_LIFE_MS, Control, ControlPermit
from assistant.domain.places import Address
from assistant.ports import Clock, Door, Patience

ANSWER_BYTES = 1_000_000
"""No list and no page of an error is longer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Controls:
    """Who is asked, and through which door."""

    door: Door
    clock: Clock
    address: Address

    def permit(
        self,
        purpose: Control,
        method: str,
        target: str,
        body: Mapping[str, object] | None = None,
        most_bytes: int = ANSWER_BYTES,
    ) -> ControlPermit:
        """Leave for one request; `body` goes as JSON."""
        return ControlPermit(
            self.clock.new_id(),
            purpose,
            self.address,
            method,
            target,
            b"" if body is None else json.dumps(body).encode(),
            self.clock.now_ms() + CONTROL_LIFE_MS,
            most_bytes,
        )

    async def ask(self, permit: ControlPermit, patience: Patience) -> Answer:
        """Makes the request of `permit`. Raises: ServerError."""
        async with self.door.control(permit, patience) as reply, aclosing(reply.chunks()) as chunks:
            return Answer(reply.status, b"".join([chunk async for chunk in chunks]))
