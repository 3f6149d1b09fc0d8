"""Gathers a backend's small pieces of text into batches worth a commit each."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from assistant.ports import BackendEvent, Clock, Done, PromptProgress, Said, Text, Waiting


@dataclass(frozen=True, slots=True)
class Batch:
    """Text of `tokens` tokens; the last of it arrived at `arrived_ms` (monotonic; None: it was here before)."""

    text: str
    tokens: int
    arrived_ms: float | None


class _Gathering:
    """Text that waits for its commit."""

    def __init__(self, every_ms: float, clock: Clock) -> None:
        self._every_ms = every_ms
        self._clock = clock
        self._pieces: list[Text] = []
        self._arrived_ms = clock.monotonic_ms()
        self._flushed_ms = self._arrived_ms - every_ms

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def add(self, piece: Text) -> None:
        self._pieces.append(piece)
        self._arrived_ms = self._clock.monotonic_ms()

    def wait_ms(self) -> float:
        return max(0.0, self._flushed_ms + self._every_ms - self._clock.monotonic_ms())

    def flush(self) -> Batch:
        pieces, self._pieces = self._pieces, []
        self._flushed_ms = self._clock.monotonic_ms()
        text = "".join(piece.text for piece in pieces)
        return Batch(text, sum(piece.tokens for piece in pieces), self._arrived_ms)


async def batched(
    stream: AsyncGenerator[BackendEvent, None], every_ms: float, clock: Clock
) -> AsyncGenerator[Batch | Waiting | PromptProgress | Said | Done, None]:
    """Yields the first text at once, later text at most every `every_ms`, and all of it before Done or an error.

    Raises: what `stream` raises, after the text that had arrived.
    """
    waiting = _Gathering(every_ms, clock)
    upcoming = asyncio.ensure_future(anext(stream, None))
    try:
        while True:
            timeout = waiting.wait_ms() / 1000 if waiting else None
            await asyncio.wait({upcoming}, timeout=timeout)
            if not upcoming.done() or upcoming.exception() is not None:
                if waiting:
                    yield waiting.flush()
                if not upcoming.done():
                    continue
            event = upcoming.result()
            if isinstance(event, Text):
                waiting.add(event)
            if waiting and (not isinstance(event, Text) or waiting.wait_ms() <= 0):
                yield waiting.flush()
            if event is None:
                return
            if not isinstance(event, Text):
                yield event
            upcoming = asyncio.ensure_future(anext(stream, None))
    finally:
        if not upcoming.done():
            upcoming.cancel()
            await asyncio.wait({upcoming})
        await stream.aclose()
