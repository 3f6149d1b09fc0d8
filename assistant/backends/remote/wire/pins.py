"""What a route's row pins: put into every request, and held against every reply; pure."""

from collections.abc import Iterable, Sequence

from assistant.backends.remote.wire.pieces import Json
from assistant.domain.cloud_routes import Pin
from assistant.domain.errors import UsageError

_WIRES_OWN = ("model", "messages", "system", "stream", "stream_options")


def pinned(body: Json, pins: Sequence[Pin]) -> Json:
    """`body` with each pin at its dotted path. Raises: UsageError where a path goes through what is no object, or into the prompt."""
    made: Json = dict(body)
    for path, value in pins:
        *way, name = path.split(".")
        if not all((*way, name)) or (way or [name])[0] in _WIRES_OWN:
            raise UsageError(f"a route cannot pin {path!r}")
        here = made
        for step in way:
            below = here.get(step, {})
            if not isinstance(below, dict):
                raise UsageError(f"a route cannot pin {path!r}: {step} is no object")
            # A copy, so that what was given stays as it was.
            here[step] = here = dict(below)
        if isinstance(here.get(name), dict):
            raise UsageError(f"a route cannot pin {path!r}: more is pinned below it")
        here[name] = value
    return made


def contradiction(replies: Iterable[Json], pins: Sequence[Pin]) -> tuple[Pin, object] | None:
    """The first pin that an object of a reply says otherwise than, with what it says; None where none does."""
    for data in replies:
        for path, value in pins:
            found = _at(data, path)
            # True would equal 1.
            if found is not None and (type(found) is not type(value) or found != value):
                return (path, value), found
    return None


def _at(data: Json, path: str) -> object:
    """What stands at a dotted path; None where nothing does."""
    here: object = data
    for step in path.split("."):
        if not isinstance(here, dict):
            return None
        here = here.get(step)
    return here
