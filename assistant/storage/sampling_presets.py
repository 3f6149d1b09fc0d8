"""Presets of how replies are made: the person's own in `presets.toml`, and the shipped ones whose names they do not use."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import one_line
from assistant.domain.sampling_presets import KEYS, Preset, Value, checked
from assistant.storage import shipped, toml_file
from assistant.storage.toml_rows import Table

FILE = "presets.toml"
"""In the config folder."""
SHIPPED = "config/presets.toml"
_ABOUT = "about"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class TomlPresets:
    """Implements ports.words.Presets."""

    def __init__(self, path: Path) -> None:
        """`path` need not exist."""
        self._path = path

    def read(self) -> Sequence[Preset]:
        """The shipped ones in their order, each replaced by the person's own of that name, and then the rest of theirs."""
        found = {one.name: one for one in _presets(shipped.path(SHIPPED))}
        found |= {one.name: one for one in _presets(self._path)}
        return tuple(found.values())


def _presets(path: Path) -> Iterator[Preset]:
    """Raises: SettingsError with the file and the line."""
    text = toml_file.read(path)
    whole = Table(toml_file.parsed(text, path), path, text)
    for name in whole.names:
        if not _NAME.fullmatch(name):
            hint = "small letters, digits, - and _, at most 32"
            raise whole.wrong(name, f"{one_line(name, 40)!r} cannot name a preset", hint)
        table = whole.table(name)
        table.require((), (*KEYS, _ABOUT))
        about = one_line(table.text(_ABOUT), 200) if table.holds(_ABOUT) else ""
        values = {key: _value(table, key) for key in KEYS if table.holds(key)}
        yield Preset(name, values, about)


def _value(table: Table, key: str) -> Value:
    try:
        return checked(key, table.value(key))
    except UsageError as error:
        raise table.wrong(key, error.message, error.hint) from error
