"""The user's settings file: read strictly, changed one key at a time, with the user's comments left where they are."""

from collections.abc import Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from assistant.domain import folder_labels
from assistant.domain.cost_settings import (
    CostSettings,
    HardwareSettings,
    PowerSettings,
    TariffSettings,
    unfit,
)
from assistant.domain.errors import SettingsError
from assistant.domain.hygiene import one_line
from assistant.domain.places import loopback_address
from assistant.domain.settings import (
    CHOICES,
    HAT_ADDRESS,
    RANGES,
    CloudSettings,
    EngineSettings,
    GenerationSettings,
    HatSettings,
    LabelSettings,
    NetworkSettings,
    ScreenSettings,
    Settings,
)
from assistant.storage import atomic, toml_file

Value = str | int | float | bool

_TABLES = {
    "generation": GenerationSettings,
    "engine": EngineSettings,
    "hat": HatSettings,
    "cloud": CloudSettings,
    "network": NetworkSettings,
    "labels": LabelSettings,
    "costs": CostSettings,
    "power": PowerSettings,
    "tariff": TariffSettings,
    "hardware": HardwareSettings,
    "screen": ScreenSettings,
}

_WORDS: dict[object, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    tuple[str, ...]: "a list of texts",
}


class TomlSettings:
    """Implements ports.SettingsStore over one TOML file, which need not exist."""

    def __init__(self, path: Path) -> None:
        """`path` as `Places.settings_file` gives it."""
        self.path = path

    def load(self) -> Settings:
        """Reads it; keys that are not there have their defaults. Raises: SettingsError."""
        return self._settings(self._text())

    def change(self, key: str, value: Value) -> Settings:
        """Sets one dotted key, writes atomically, returns the new settings. Raises: SettingsError, StorageError."""
        table, _, name = key.partition(".")
        if table not in _TABLES:
            raise SettingsError(f"there is no setting {key!r}", _nearest(key, _all_keys()))
        problem = _problem(table, name, value)
        if problem:
            raise SettingsError(*problem)
        import tomli_w

        from assistant.storage import toml_text

        text = self._text()
        document = toml_file.parsed(text, self.path)
        self._check(document, text)
        document.setdefault(table, {})[name] = value
        # Where the key is written in a way that a line edit does not see through, the comments go.
        changed = toml_text.with_key(text, table, name, document) or tomli_w.dumps(document)
        settings = self._settings(changed)
        atomic.write(self.path, changed.encode())
        return settings

    def _settings(self, text: str) -> Settings:
        document = toml_file.parsed(text, self.path)
        self._check(document, text)
        return Settings(
            GenerationSettings(**_values(document, "generation")),
            EngineSettings(**_values(document, "engine")),
            HatSettings(**_values(document, "hat")),
            CloudSettings(**_values(document, "cloud")),
            NetworkSettings(**_values(document, "network")),
            LabelSettings(**_values(document, "labels")),
            CostSettings(**_values(document, "costs")),
            PowerSettings(**_values(document, "power")),
            TariffSettings(**_values(document, "tariff")),
            HardwareSettings(**_values(document, "hardware")),
            ScreenSettings(**_values(document, "screen")),
        )

    def _text(self) -> str:
        return toml_file.read(self.path)

    def _check(self, document: dict[str, Any], text: str) -> None:
        """Raises: SettingsError at the first key that cannot be used."""
        for table, name, value in _written(document):
            problem = _problem(table, name, value)
            if problem:
                from assistant.storage import toml_text

                line = toml_text.line_of(text, table, name)
                where = f"{self.path}, line {line}" if line else str(self.path)
                raise SettingsError(f"{where}: {problem[0]}", problem[1])


def _written(document: dict[str, Any]) -> Iterator[tuple[str, str, object]]:
    """(table, key, value) of everything in the file; the key is "" for what is not a table of ours."""
    for table, content in document.items():
        if table not in _TABLES or not isinstance(content, dict):
            yield table, "", content
            continue
        for name, value in content.items():
            yield table, name, value


def _problem(table: str, name: str, value: object) -> tuple[str, str] | None:
    """What is wrong with one entry, and what to do; None where nothing is."""
    if table not in _TABLES:
        what = "table" if isinstance(value, dict) else "key"
        known = [*_TABLES, *_all_keys()]
        return f"there is no {what} {table!r}", _nearest(table, known)
    if not name:
        return f"{table!r} is a table", f"write [{table}] and its keys below"
    keys = _keys(table)
    if name not in keys:
        return f"there is no key {name!r} in [{table}]", _nearest(name, list(keys))
    kind: object = keys[name].type
    default = f"the default is {keys[name].default!r}"
    if not _fits(value, kind):
        return f"{name} must be {_WORDS[kind]}, not {one_line(repr(value), 40)}", default
    allowed = RANGES.get(f"{table}.{name}")
    if allowed and isinstance(value, int | float) and not allowed.holds(value):
        return f"{name} must be {allowed}, not {value}", default
    words = CHOICES.get(f"{table}.{name}", ())
    if words and value not in words:
        return (
            f"{name} must be one of {', '.join(words)}, not {one_line(str(value), 40)!r}",
            default,
        )
    wish = unfit(f"{table}.{name}", value) or folder_labels.unfit(f"{table}.{name}", value)
    if wish:
        return f"{name} must be {wish}, not {one_line(repr(value), 40)}", default
    if f"{table}.{name}" == HAT_ADDRESS and loopback_address(str(value)) is None:
        return (
            f"{name} must be HOST:PORT of this machine, not {one_line(str(value), 40)!r}",
            default,
        )
    return None


def _fits(value: object, kind: object) -> bool:
    if isinstance(value, bool):
        return kind is bool
    if isinstance(value, int):
        return kind in (int, float)
    if isinstance(value, list):
        return kind == tuple[str, ...] and all(isinstance(v, str) and v for v in value)
    return isinstance(kind, type) and isinstance(value, kind)


def _keys(table: str) -> "dict[str, Field[Any]]":
    return {f.name: f for f in fields(_TABLES[table])} if table in _TABLES else {}


def _all_keys() -> list[str]:
    return [f"{table}.{name}" for table in _TABLES for name in _keys(table)]


def _values(document: dict[str, Any], table: str) -> dict[str, Any]:
    keys = _keys(table)
    return {
        name: tuple(value) if isinstance(value, list) else _number(value, keys[name].type)
        for name, value in document.get(table, {}).items()
    }


def _number(value: Value, kind: object) -> Value:
    return float(value) if kind is float else value


def _nearest(name: str, known: list[str]) -> str:
    """The known name that `name` was probably meant to be, or all of them."""
    import difflib

    if "." not in name:
        by_end = {key.rpartition(".")[2]: key for key in known}
        found = difflib.get_close_matches(name, by_end, 1)
        if found:
            return f"did you mean {by_end[found[0]]}?"
    close = difflib.get_close_matches(name, known, 1)
    return f"did you mean {close[0]}?" if close else "known: " + ", ".join(known)
