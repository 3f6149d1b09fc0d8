"""Fetches the published data of prices over HTTPS: one request, one answer, bounded in bytes and time, no redirect."""

import asyncio
from contextlib import aclosing
from typing import Final

from assistant.domain.downloads import PRICES, DownloadPermit, Hop
from assistant.domain.errors import FetchError
from assistant.outbound.door import Door
from assistant.ports import Clock

LONGEST_S: Final = 120.0
"""So long the whole answer may take."""

_PERMIT_MS: Final = 60_000
_BY_HAND: Final = "fetch the file yourself and: assistant prices update --from FILE"


class PriceFetch:
    """Asks one place, when it is told to."""

    def __init__(self, door: Door, clock: Clock, longest_s: float = LONGEST_S) -> None:
        """Sends nothing yet."""
        self._door = door
        self._clock = clock
        self._longest_s = longest_s

    async def fetch(self, hop: Hop, most_bytes: int) -> bytes:
        """What is published at `hop`. The request holds nothing of the person's.

        Raises: FetchError where it cannot be had, is larger than `most_bytes`, or lies elsewhere; SettingsError, RefusedError.
        """
        permit = DownloadPermit(
            self._clock.new_id(), PRICES, hop, most_bytes, self._clock.now_ms() + _PERMIT_MS
        )
        try:
            async with asyncio.timeout(self._longest_s):
                return await self._receive(permit)
        except TimeoutError as error:
            raise FetchError(
                f"{hop.host} did not come to an end in {self._longest_s:g} s", _BY_HAND
            ) from error

    async def _receive(self, permit: DownloadPermit) -> bytes:
        received = bytearray()
        async with self._door.get(permit) as answer:
            if answer.status != 200:
                raise FetchError(
                    f"{answer.host} answered {answer.status}; nothing was asked elsewhere",
                    f"try again later, or {_BY_HAND}",
                )
            declared = answer.headers.get("content-length", "")
            if declared.isdecimal() and int(declared[:20]) > permit.most_bytes:
                raise FetchError(
                    f"{answer.host} offers {declared[:20]} bytes: more than prices can be", _BY_HAND
                )
            async with aclosing(answer.chunks()) as chunks:
                async for chunk in chunks:
                    received += chunk
        return bytes(received)
