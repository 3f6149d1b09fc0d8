"""Which route has its key in which store: one JSON file without keys, changed under a lock and replaced whole."""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from assistant.domain.errors import SecretsError
from assistant.domain.fields import Fields
from assistant.storage import atomic
from assistant.storage.secrets.alone import alone

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The store that has a route's key (None: the route has none), and those where an old one could not be dropped yet."""

    store: str | None = None
    left: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every store that may hold a key of the route."""
        return self.left if self.store is None else (self.store, *self.left)


@dataclass(frozen=True, slots=True)
class KeyIndex:
    """For each route where its key lies.

    `id` keeps apart what several data folders of one user have in one keyring.
    """

    id: str
    routes: Mapping[str, Whereabouts] = field(default_factory=dict)

    def entry(self, route: str) -> str:
        """What the key of `route` is called in a store."""
        return f"key-{self.id}-{route}"

    def of(self, route: str) -> Whereabouts:
        """Where the key of `route` lies."""
        return self.routes.get(route, Whereabouts())

    def having(self, route: str, where: Whereabouts) -> "KeyIndex":
        """The index in which the key of `route` lies there."""
        rest = {name: each for name, each in self.routes.items() if name != route}
        return replace(self, routes={**rest, route: where} if where.all else rest)


class KeyIndexFile:
    """`keys.json` in the folder of the keys."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "keys.json"

    def read(self) -> KeyIndex:
        """The index as it is. Raises: SecretsError."""
        try:
            return _parsed(self._path.read_bytes())
        except FileNotFoundError:
            return KeyIndex(secrets.token_hex(4))
        except OSError as error:
            raise SecretsError(
                f"{self._path} cannot be read: {error.strerror}", "look at its owner"
            ) from error
        except (ValueError, RecursionError) as error:
            raise SecretsError(
                f"{self._path} is damaged: {error}", "move it aside and give the keys again"
            ) from error

    def stamp(self) -> tuple[int, int]:
        """Changes whenever the file was written, by whomever."""
        try:
            found = self._path.stat()
        except OSError:
            return 0, 0
        return found.st_ino, found.st_mtime_ns

    @contextmanager
    def change(self) -> Iterator[list[KeyIndex]]:
        """Gives a list with the one current index; what stands in it at the end is kept. Raises: StorageError."""
        with alone(self._path, "the list of keys"):
            box = [self.read()]
            yield box
            atomic.write(self._path, _written(box[0]))


def _parsed(raw: bytes) -> KeyIndex:
    table = Fields(json.loads(raw))
    if table.whole("version") != VERSION:
        raise ValueError("it is of another version")
    routes = {row.name("route"): _whereabouts(row) for row in table.children("routes")}
    return KeyIndex(table.name("id"), routes)


def _whereabouts(row: Fields) -> Whereabouts:
    left = row.value("left")
    if not isinstance(left, list) or not all(isinstance(name, str) for name in left):
        raise row.wrong("left", "a list of names")
    return Whereabouts(row.maybe_text("store"), tuple(left))


def _written(index: KeyIndex) -> bytes:
    rows = [
        {"route": route, "store": where.store, "left": list(where.left)}
        for route, where in sorted(index.routes.items())
    ]
    return json.dumps({"version": VERSION, "id": index.id, "routes": rows}, indent=2).encode()
