"""Hands figures to a collector that speaks OTLP over HTTP: one request under one permit for each day."""

import json
from contextlib import aclosing
from typing import Final

from assistant.domain.control import CONTROL_LIFE_MS, Control, ControlPermit
from assistant.domain.errors import ServerError
from assistant.domain.places import Address
from assistant.ports import Clock, Door, Patience

MOST_ANSWER_BYTES: Final = 64_000
"""A collector answers with an empty object, or with how many points it did not take."""

_PATIENCE: Final = Patience(connect_s=5, head_s=30, first_s=10, silence_s=10)


class FigureSender:
    """Sends what this program made to one collector."""

    def __init__(self, door: Door, clock: Clock, address: Address, target: str) -> None:
        """Sends nothing yet; `target` is the path of the collector's metrics."""
        self._door = door
        self._clock = clock
        self._address = address
        self._target = target

    async def send(self, body: bytes) -> int:
        """Posts one ExportMetricsServiceRequest; gives how many points the collector did not take.

        Raises: ServerError where it cannot be reached or takes nothing; RefusedError for one that is not near.
        """
        permit = ControlPermit(
            self._clock.new_id(),
            Control.REPORT,
            self._address,
            "POST",
            self._target,
            body,
            self._clock.now_ms() + CONTROL_LIFE_MS,
            MOST_ANSWER_BYTES,
        )
        received = bytearray()
        async with self._door.control(permit, _PATIENCE) as reply:
            async with aclosing(reply.chunks()) as chunks:
                async for chunk in chunks:
                    received += chunk
            if reply.status != 200:
                raise ServerError(
                    f"{self._address} did not take the figures: it answered {reply.status}",
                    "does it speak OTLP over HTTP, with JSON?",
                )
        return _rejected(bytes(received))


def _rejected(answer: bytes) -> int:
    """`partialSuccess.rejectedDataPoints`, a number as text; 0 where the answer says nothing of it."""
    try:
        whole = json.loads(answer)
        count = int(whole["partialSuccess"]["rejectedDataPoints"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
    return max(count, 0)
