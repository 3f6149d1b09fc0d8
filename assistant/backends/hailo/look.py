"""Looks who answers where hailo-ollama may listen, without loading anything and without its lock."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant.backends.hailo.asking import Answer, Controls
from assistant.backends.hailo.dialects import probe
from assistant.domain.control import Control
from assistant.domain.errors import AssistantError, ServerError, ServerFault
from assistant.domain.hat_facts import ServerKind, ServerLook
from assistant.domain.places import Address
from assistant.ports import Clock, Door, Patience

PATIENCE = Patience(connect_s=1.0, head_s=1.5, first_s=1.0, silence_s=1.0)
"""For one small request; on loopback it takes about 2 ms."""

LONGEST_S = 2.8
"""For all requests to one server."""

MOST_MODELS = 500

_KINDS = {
    ServerFault.UNREACHABLE: ServerKind.NOTHING,
    ServerFault.SILENT: ServerKind.TIMED_OUT,
}


async def look(door: Door, clock: Clock, addresses: Sequence[Address]) -> ServerLook:
    """Who answers: the first of `addresses` that is hailo-ollama, else the first where anything listens.

    Takes less than 3 seconds. Never raises. `/api/ps` is never asked: it waits while a reply runs.
    """
    if not addresses:
        return ServerLook()
    found = await asyncio.gather(*(_look_at(Controls(door, clock, a)) for a in addresses))
    answering = [look for look in found if look.kind is not ServerKind.NOTHING]
    hailo = (look for look in answering if look.kind is ServerKind.HAILO_OLLAMA)
    return next(hailo, (answering or found)[0])


async def _look_at(controls: Controls) -> ServerLook:
    blank = ServerLook(address=str(controls.address))
    try:
        async with asyncio.timeout(LONGEST_S):
            return await _identify(controls, blank)
    except TimeoutError:
        return replace(blank, kind=ServerKind.TIMED_OUT)
    except ServerError as error:
        return replace(blank, kind=_KINDS.get(error.fault, ServerKind.STRANGER))
    except AssistantError:
        return replace(blank, kind=ServerKind.STRANGER)


async def _identify(controls: Controls, blank: ServerLook) -> ServerLook:
    """By the body alone: hailo-ollama's page carries no type (facts §1.0.1). Raises: ServerError."""
    page = await _get(controls, "/")
    if b"hailo-ollama is running" in page.body:
        return await _read_hailo(controls, blank)
    if b"Ollama is running" in page.body:
        return replace(blank, kind=ServerKind.OLLAMA)
    models = await _get(controls, "/v1/models")
    listed = models.status == 200 and isinstance(_field(models.body, "data"), list)
    return replace(blank, kind=ServerKind.OPENAI if listed else ServerKind.STRANGER)


async def _read_hailo(controls: Controls, blank: ServerLook) -> ServerLook:
    """What a hailo-ollama has and how it speaks; one that stops answering counts as one that timed out."""
    try:
        dialect, models, more = await asyncio.gather(
            probe(controls, PATIENCE), installed(controls, PATIENCE), offered(controls, PATIENCE)
        )
    except ServerError:
        return replace(blank, kind=ServerKind.TIMED_OUT)
    kind = ServerKind.HAILO_OLLAMA
    return replace(blank, kind=kind, dialect=dialect, models=models, offered=more)


async def installed(controls: Controls, patience: Patience) -> tuple[str, ...]:
    """The models on the server's disk. Raises: ServerError."""
    listed = _field((await _get(controls, "/api/tags", patience)).body, "models")
    items = listed if isinstance(listed, list) else []
    return _names(item.get("name") for item in items if isinstance(item, dict))


async def offered(controls: Controls, patience: Patience) -> tuple[str, ...]:
    """The models that the server can pull. Raises: ServerError."""
    listed = _field((await _get(controls, "/hailo/v1/list", patience)).body, "models")
    return _names(listed if isinstance(listed, list) else [])


async def _get(controls: Controls, target: str, patience: Patience = PATIENCE) -> Answer:
    return await controls.ask(controls.permit(Control.LOOK, "GET", target), patience)


def _field(body: bytes, name: str) -> object:
    """One field of a JSON object; None where there is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found.get(name) if isinstance(found, dict) else None


def _names(found: Iterable[object]) -> tuple[str, ...]:
    """Those that may be names of models: short texts that a terminal would not obey."""
    texts = (each for each in found if isinstance(each, str))
    return tuple(t for t in texts if 0 < len(t) <= 200 and t.isprintable())[:MOST_MODELS]
