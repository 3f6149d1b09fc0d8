"""The person's own routes in a file of theirs: `routes.toml`, one table for each, what they have declared beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from assistant.domain.errors import SettingsError, UsageError
from assistant.domain.own_routes import (
    DECLARABLE,
    LEAST_CONTEXT_TOKENS,
    Declaration,
    OwnRoute,
    checked_id,
    checked_model,
    endpoint,
)
from assistant.domain.places import Place
from assistant.domain.settings import INT32
from assistant.storage import toml_file

FILE = "routes.toml"
"""Its name in the config folder."""

_DECLARATION = ("place", "declared_on", "declared_for")
_KEYS = ("url", "model", "context_tokens", "images", *_DECLARATION)
_TEXTS = ("url", "model", *_DECLARATION)


_CLOUD = ("row", "wire", "auth", "operator")


def is_cloud(table: object) -> bool:
    """Whether a table is about a cloud route (storage/cloud_file.py), not about a server that somebody has yet to declare."""
    return isinstance(table, dict) and any(key in table for key in _CLOUD)


class TomlRoutes:
    """Reads and writes the file, which need not exist; tables of cloud routes are left alone."""

    def __init__(self, path: Path) -> None:
        """`path` is that of the file itself."""
        self.path = path

    def load(self) -> tuple[OwnRoute, ...]:
        """All routes, in the file's order. Raises: SettingsError that names file, line and the nearest key."""
        text = toml_file.read(self.path)
        return self._routes(toml_file.parsed(text, self.path), text)

    def find(self, name: str) -> OwnRoute:
        """The route with the id `name`. Raises: UsageError where there is none; SettingsError."""
        routes = self.load()
        found = next((route for route in routes if route.id == name), None)
        if found is None:
            known = ", ".join(route.id for route in routes)
            raise UsageError(
                f"there is no route {name!r} of your own",
                f"yours are: {known}" if known else f"assistant routes add {name} --url URL",
            )
        return found

    def keep(self, route: OwnRoute) -> None:
        """Adds `route`, or puts it in the place of the one with its id.

        Raises: UsageError where a cloud route has that id; SettingsError, StorageError.
        """
        self._write(route.id, _table(route))

    def remove(self, name: str) -> OwnRoute:
        """Takes a route out of the file. Raises: UsageError, SettingsError, StorageError."""
        found = self.find(name)
        self._write(name, None)
        return found

    def _write(self, name: str, table: Mapping[str, object] | None) -> None:
        text = toml_file.read(self.path)
        document = toml_file.parsed(text, self.path)
        self._routes(document, text)
        if is_cloud(document.get(name)):
            raise UsageError(f"{name} is a cloud route of yours", "choose another id")
        toml_file.write_table(self.path, text, document, name, table)

    def _routes(self, document: Mapping[str, object], text: str) -> tuple[OwnRoute, ...]:
        found = (item for item in document.items() if not is_cloud(item[1]))
        return tuple(self._route(name, table, text) for name, table in found)

    def _route(self, name: str, table: object, text: str) -> OwnRoute:
        if not isinstance(table, dict):
            raise self._wrong(
                text, name, "", f"{name!r} is not a route", f"write [{name}] and its keys below"
            )
        for key, value in table.items():
            self._check(name, key, value, text)
        for key in ("url", "model"):
            if key not in table:
                raise self._wrong(text, name, "", f"[{name}] has no {key}", f"add {key} = ...")
        key = ""
        try:
            checked_id(name)
            key = "url"
            where = endpoint(table["url"])
            key = "model"
            model = checked_model(table["model"])
            key = "place"
            declaration = _declaration(table)
        except UsageError as error:
            raise self._wrong(text, name, key, error.message, error.hint) from error
        images = table.get("images", False)
        return OwnRoute(name, where, model, table.get("context_tokens"), declaration, images)

    def _check(self, name: str, key: str, value: object, text: str) -> None:
        if key not in _KEYS:
            what = f"there is no key {key!r} in [{name}]"
            raise self._wrong(text, name, key, what, toml_file.nearest(key, (*_KEYS, "row")))
        if key in _TEXTS and not isinstance(value, str):
            raise self._wrong(text, name, key, f"{key} must be a text", f'write {key} = "..."')
        if key == "images" and not isinstance(value, bool):
            raise self._wrong(
                text, name, key, f"{key} must be true or false", f"write {key} = true"
            )
        if key == "context_tokens" and not _is_window(value):
            what = f"{key} must be a whole number from {LEAST_CONTEXT_TOKENS} on"
            raise self._wrong(text, name, key, what, "leave it out where you do not know it")

    def _wrong(self, text: str, table: str, key: str, what: str, hint: str) -> SettingsError:
        return toml_file.wrong(self.path, text, table, key, what, hint)


def _is_window(value: object) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and isinstance(value, int) and LEAST_CONTEXT_TOKENS <= value <= INT32


def _declaration(table: Mapping[str, str]) -> Declaration | None:
    """What the table says of it. Raises: UsageError for a place without its day and subject, or for an unknown place."""
    written = [key for key in _DECLARATION if key in table]
    if not written:
        return None
    if len(written) < len(_DECLARATION):
        raise UsageError(
            f"a declaration has {', '.join(_DECLARATION)}; here is only {', '.join(written)}",
            "take them out, then: assistant routes declare",
        )
    known = {place.value: place for place in DECLARABLE}
    place: Place | None = known.get(table["place"])
    if place is None:
        raise UsageError(
            f"place cannot be {table['place']!r}", toml_file.nearest(table["place"], list(known))
        )
    return Declaration(place, table["declared_on"], table["declared_for"])


def _table(route: OwnRoute) -> dict[str, object]:
    """A route as it is written; a declaration that no longer holds is left out."""
    table: dict[str, object] = {"url": route.endpoint.url, "model": route.model}
    if route.context_tokens is not None:
        table["context_tokens"] = route.context_tokens
    if route.images:
        table["images"] = True
    declared = route.declared
    if declared is not None:
        values: Sequence[str] = (declared.place.value, declared.on, declared.of)
        table |= dict(zip(_DECLARATION, values, strict=True))
    return table
