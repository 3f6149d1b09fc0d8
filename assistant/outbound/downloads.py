"""Fetches a model file over HTTPS: resumes where it stopped, and hands over nothing that does not match its hash."""

import asyncio
import re
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Final

from assistant.domain.disk import check_room
from assistant.domain.downloads import PURPOSE, DownloadPermit, Hop, Reach, declared_sha256
from assistant.domain.errors import FetchError
from assistant.domain.models import CatalogEntry, FetchProgress, FetchStage
from assistant.outbound.door import Door
from assistant.outbound.part import Expected, Part
from assistant.outbound.replies import Answer
from assistant.ports import Clock, Fetched

_MOST_HOPS: Final = 5
_PERMIT_MS: Final = 60_000
_MOST_BYTES: Final = 64_000_000_000
_PROGRESS_MS: Final = 100.0
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15})")

_NUMBER = re.compile(r"[0-9]{1,15}")
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')
_LATER: Final = "run it again later: it goes on from where it stopped"
_YOURSELF: Final = (
    "accept its terms in a browser, fetch the file yourself and: assistant models add FILE"
)
_STATUS: Final = {
    401: ("wants an account for this model", _YOURSELF),
    403: ("does not give this file to everybody", _YOURSELF),
    404: ("does not have this file any more", "choose another model: assistant models list"),
    429: ("asks to wait", _LATER),
}


class Downloads:
    """A ports.Fetcher for the catalogue's `https` entries."""

    def __init__(self, door: Door, reach: Reach, clock: Clock) -> None:
        self._door = door
        self._reach = reach
        self._clock = clock

    async def fetch(
        self, entry: CatalogEntry, folder: Path
    ) -> AsyncGenerator[FetchProgress | Fetched]:
        """See ports.Fetcher. Raises: FetchError, StorageError."""
        hop = self._reach.start(entry.repository, entry.file)
        part = Part(folder, entry.id, f"{hop.url} {entry.sha256}")
        await asyncio.to_thread(part.load)
        yield FetchProgress(FetchStage.CONNECT, part.received, entry.size_bytes)
        try:
            async with aclosing(self._receive(entry, hop, part)) as steps:
                async for step in steps:
                    yield step
            expected = part.expected
            assert expected is not None, "a part that was received knows what it should be"
            yield FetchProgress(FetchStage.VERIFY, part.received, expected.size_bytes)
            sha256 = await asyncio.to_thread(part.finish)
        finally:
            part.close()
        if sha256 != expected.sha256:
            part.drop()
            raise FetchError(
                f"{entry.file} did not arrive as it should: its sha256 is {sha256},"
                f" not {expected.sha256}; it was thrown away",
                "run it again; if it happens twice, choose another model",
            )
        yield Fetched(part.path, sha256, f"{self._reach.origin}/{entry.repository}")
        # Only now: had the caller no room for the file, a later call would still find it.
        part.forget()

    async def _receive(
        self, entry: CatalogEntry, hop: Hop, part: Part
    ) -> AsyncGenerator[FetchProgress]:
        if part.expected is not None and part.received == part.expected.size_bytes:
            await asyncio.to_thread(part.start, part.expected, part.received)
            return
        async with self._final_answer(entry, hop, part) as (answer, first):
            expected, offset = _judge(answer, first, entry, part)
            check_room(
                expected.size_bytes - offset, _free_bytes(part.path.parent), str(part.path.parent)
            )
            await asyncio.to_thread(part.start, expected, offset)
            async with aclosing(self._store(answer, expected, part)) as steps:
                async for step in steps:
                    yield step
        if part.received < expected.size_bytes:
            raise FetchError(
                f"the connection ended after {part.received:,} of {expected.size_bytes:,} bytes",
                "run it again: it goes on from where it stopped",
            )

    async def _store(
        self, answer: Answer, expected: Expected, part: Part
    ) -> AsyncGenerator[FetchProgress]:
        begun_ms, before = self._clock.monotonic_ms(), part.received
        told_ms = begun_ms
        async with aclosing(answer.chunks()) as chunks:
            async for chunk in chunks:
                if part.received + len(chunk) > expected.size_bytes:
                    part.drop()
                    raise FetchError(
                        f"the host sent more than the {expected.size_bytes:,} bytes it declared;"
                        " what came was thrown away"
                    )
                if part.take(chunk):
                    await asyncio.to_thread(part.flush)
                now_ms = self._clock.monotonic_ms()
                if now_ms - told_ms >= _PROGRESS_MS:
                    told_ms = now_ms
                    rate = (part.received - before) / (now_ms - begun_ms) * 1000
                    yield FetchProgress(
                        FetchStage.RECEIVE, part.received, expected.size_bytes, rate
                    )

    @asynccontextmanager
    async def _final_answer(
        self, entry: CatalogEntry, hop: Hop, part: Part
    ) -> AsyncIterator[tuple[Answer, Answer]]:
        """The answer that holds the file, and the first one, which declares its hash; each hop has its own permit."""
        first: Answer | None = None
        etag = part.expected.etag if part.expected else None
        for _ in range(_MOST_HOPS):
            async with self._door.get(self._permit(hop, entry), part.received, etag) as answer:
                first = first or answer
                if answer.status not in _REDIRECTS:
                    yield answer, first
                    return
                hop = self._reach.hop(answer.headers.get("location", ""), hop)
        raise FetchError(f"the host sent the download on {_MOST_HOPS} times", "try again later")

    def _permit(self, hop: Hop, entry: CatalogEntry) -> DownloadPermit:
        return DownloadPermit(
            self._clock.new_id(),
            PURPOSE,
            hop,
            entry.size_bytes or _MOST_BYTES,
            self._clock.now_ms() + _PERMIT_MS,
        )


def _judge(answer: Answer, first: Answer, entry: CatalogEntry, part: Part) -> tuple[Expected, int]:
    """What the file has to be and where `answer` goes on. Raises: FetchError where it is not the file that was asked for."""
    offset, total = _extent(answer, part)
    linked_size = _number(first.headers.get("x-linked-size"))
    size = total if linked_size is None else linked_size
    declared = declared_sha256(first.headers.get("x-linked-etag") or first.headers.get("etag"))
    sha256 = entry.sha256 or declared
    if sha256 is None or size is None:
        raise FetchError(
            "the host declares no sha256 or no size for this file, so it could not be checked",
            "fetch the file yourself and: assistant models add FILE",
        )
    same = (
        declared in (None, sha256)
        and total in (None, size)
        and entry.size_bytes in (None, size)
        and (not offset or part.expected is None or part.expected.sha256 == sha256)
    )
    if not same:
        part.drop()
        raise FetchError(
            f"the host offers another {entry.file} than the one that was asked for"
            f" ({size:,} bytes, sha256 {declared or 'not declared'})",
            "choose another model, or fetch the file yourself and: assistant models add FILE",
        )
    return Expected(sha256, size, _strong(answer.headers.get("etag"))), offset


def _extent(answer: Answer, part: Part) -> tuple[int, int | None]:
    """Where the body begins and how long the whole file is. Raises: FetchError for an answer without the file."""
    if answer.status == 200:
        return 0, _number(answer.headers.get("content-length"))
    span = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
    if answer.status == 206 and span and int(span[1]) == part.received:
        return part.received, int(span[2])
    if answer.status in (206, 416):
        part.drop()
        raise FetchError(
            f"{answer.host} cannot go on from where the download stopped; what was here was thrown away",
            "run it again: it begins anew",
        )
    what, hint = _STATUS.get(answer.status, (f"answered {answer.status}", _LATER))
    wait = _number(answer.headers.get("retry-after"))
    what += f" for {wait} s" if answer.status == 429 and wait is not None else ""
    raise FetchError(f"{answer.host} {what}", hint)


def _number(header: str | None) -> int | None:
    """A header's number; None for anything else, and for one that no file could have."""
    return int(header) if header and _NUMBER.fullmatch(header) else None


def _strong(etag: str | None) -> str | None:
    """An ETag that may stand in If-Range (RFC 9110 §13.1.5: a strong one); None for any other."""
    return etag if etag and _STRONG_ETAG.fullmatch(etag) else None


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free
