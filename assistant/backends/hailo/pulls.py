"""Has hailo-ollama fetch a model, or drop one (facts §1.6)."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from assistant.backends.hailo.asking import Controls
from assistant.backends.hailo.look import installed, offered
from assistant.backends.hailo.troubles import is_unknown_model
from assistant.backends.hailo.wire import ComplaintError, Lines, complaint
from assistant.domain.control import Control
from assistant.domain.errors import FetchError, ModelError, ServerError, ServerFault
from assistant.domain.hat_remedies import run_server
from assistant.domain.hygiene import one_line
from assistant.domain.models import FetchProgress, FetchStage
from assistant.domain.places import Address
from assistant.ports import Clock, Door, Patience

PATIENCE: Final = Patience(connect_s=2.0, head_s=60.0, first_s=60.0, silence_s=60.0)
"""A model of 3 GB is hashed in silence, before a download that is not needed and after one that was."""

_SHORT: Final = Patience(connect_s=1.0, head_s=5.0, first_s=2.0, silence_s=2.0)
_SETTLE_S: Final = 1.0
"""A server that dies of a client's leaving does so at its next write."""

_SUCCESS: Final = "success"
_AGAIN: Final = "pull it again: hailo-ollama begins anew"


async def pull(
    door: Door,
    clock: Clock,
    address: Address,
    name: str,
    *,
    patience: Patience = PATIENCE,
    settle_s: float = _SETTLE_S,
) -> AsyncGenerator[FetchProgress, None]:
    """Has the server at `address` fetch the model `name`, and ends with DONE once the server has it.

    The server goes on by itself only as long as somebody listens, and may die where nobody does: who closes this generator
    early waits `settle_s`, and gets a FetchError where the server no longer answers. Raises: FetchError.
    """
    controls = Controls(door, clock, address)
    at = FetchProgress(FetchStage.CONNECT, 0, None)
    problem: ComplaintError | ServerError | None = None
    yield at
    try:
        async with aclosing(_told(controls, name, patience)) as told:
            async for step in told:
                verifying = step.stage is FetchStage.VERIFY
                at = replace(at, stage=FetchStage.VERIFY) if verifying else step
                yield at
    except (GeneratorExit, asyncio.CancelledError):
        await _left(controls, settle_s)
        raise
    except (ComplaintError, ServerError) as error:
        problem = error
    if not await _is_there(controls, name):
        raise await _why_not(controls, name, at, problem) from problem
    yield replace(at, stage=FetchStage.DONE)


async def remove(door: Door, clock: Clock, address: Address, name: str) -> None:
    """Has the server at `address` delete the model `name`. Raises: ModelError where it has none, ServerError."""
    controls = Controls(door, clock, address)
    permit = controls.permit(Control.REMOVE, "DELETE", "/api/delete", {"model": name})
    answer = await controls.ask(permit, _SHORT)
    if complaint(answer.status, answer.body) is not None:
        raise ModelError(f"hailo-ollama has no model {one_line(name)}", "assistant models list")


async def _told(
    controls: Controls, name: str, patience: Patience
) -> AsyncGenerator[FetchProgress, None]:
    """What the server tells of its download, to its `success`. Raises: ComplaintError, ServerError."""
    permit = controls.permit(
        Control.PULL, "POST", "/api/pull", {"model": name, "stream": True}, most_bytes=100_000_000
    )
    async with (
        controls.door.control(permit, patience) as reply,
        aclosing(reply.chunks()) as chunks,
    ):
        if reply.status != 200:
            body = b"".join([chunk async for chunk in chunks])
            raise ComplaintError(complaint(reply.status, body) or f"HTTP status {reply.status}")
        async with aclosing(_lines(chunks)) as lines:
            async for line in lines:
                status, progress = _read(line)
                if progress is not None:
                    yield progress
                if status == _SUCCESS:
                    return


async def _lines(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The lines of a stream, the last one even where it has no end. Raises: ServerError."""
    lines = Lines()
    async for chunk in chunks:
        for line in lines.feed(chunk):
            yield line
    rest = lines.rest()
    if rest:
        yield rest


def _read(line: bytes) -> tuple[str, FetchProgress | None]:
    """The status of a line, and the progress that it tells. Raises: ComplaintError, ServerError."""
    said = complaint(200, line)
    if said is not None:
        raise ComplaintError(said)
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ServerError("hailo-ollama sent a line that cannot be read") from error
    status = found.get("status") if isinstance(found, dict) else None
    if not isinstance(status, str):
        return "", None
    if status.startswith("verifying"):
        return status, FetchProgress(FetchStage.VERIFY, 0, None)
    done, total = found.get("completed"), found.get("total")
    if not isinstance(done, int):
        return status, None
    return status, FetchProgress(
        FetchStage.RECEIVE, done, total if isinstance(total, int) else None
    )


async def _is_there(controls: Controls, name: str) -> bool:
    """Whether the server has the model: 5.1 ends the stream in the middle even where all went well (facts §1.0.5)."""
    try:
        return name in await installed(controls, _SHORT)
    except ServerError:
        return False


async def _why_not(
    controls: Controls,
    name: str,
    at: FetchProgress,
    problem: ComplaintError | ServerError | None,
) -> FetchError:
    if not await _answers(controls):
        return _died(f"hailo-ollama at {controls.address} does not answer")
    shown = one_line(name)
    if isinstance(problem, ComplaintError) and is_unknown_model(problem.said):
        try:
            names = ", ".join(await offered(controls, _SHORT))
        except ServerError:
            names = ""
        return FetchError(
            f"hailo-ollama knows no model {shown}",
            f"it can pull: {one_line(names, 400)}" if names else "",
        )
    if isinstance(problem, ComplaintError):
        return FetchError(f"hailo-ollama could not fetch {shown}: {problem.said}", _AGAIN)
    if problem is not None and problem.fault is ServerFault.SILENT:
        where = f" at {at.received_bytes / 1e6:,.0f} MB" if at.received_bytes else ""
        return FetchError(
            f"the download of {shown} stalled{where}", f"is this machine online? {_AGAIN}"
        )
    return FetchError(f"hailo-ollama broke off the download of {shown}", _AGAIN)


async def _left(controls: Controls, settle_s: float) -> None:
    """Raises: FetchError where the server did not survive that its client left."""
    await asyncio.sleep(settle_s)
    if not await _answers(controls):
        raise _died("the download was broken off, and hailo-ollama no longer answers")


def _died(said: str) -> FetchError:
    return FetchError(said, f"start it again: {run_server(None)}")


async def _answers(controls: Controls) -> bool:
    try:
        await controls.ask(controls.permit(Control.LOOK, "GET", "/"), _SHORT)
    except ServerError:
        return False
    return True
