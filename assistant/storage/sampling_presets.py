"""Presets of how replies are made: the person's own in `presets.toml`, and the shipped ones whose names they do not use."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import one_line
from assistant.domain.sampling_presets import (
    KEYS,
    NAME_WISH,
    Preset,
    Value,
    checked,
    unfit_name,
)
from assistant.storage import shipped, toml_file
from assistant.storage.toml_rows import Table

FILE = "presets.toml"
"""In the config folder."""
SHIPPED = "config/presets.toml"
_ABOUT = "about"
_UNSAID: Mapping[str, object] = {"seed": "random", "max_tokens": 0}
"""What is written for no value, which TOML has no word for."""


class TomlPresets:
    """Implements ports.words.Presets."""

    def __init__(self, path: Path) -> None:
        """`path` need not exist."""
        self._path = path

    def read(self) -> Sequence[Preset]:
        """The shipped ones in their order, each replaced by the person's own of that name, and then the rest of theirs."""
        found = {one.name: one for one in _presets(shipped.path(SHIPPED))}
        found |= {one.name: one for one in _presets(self._path, own=True)}
        return tuple(found.values())

    def keep(self, preset: Preset) -> None:
        """Writes it in the place of the person's own one of its name, or behind the others."""
        if wrong := unfit_name(preset.name):
            raise UsageError(wrong, NAME_WISH)
        about: dict[str, object] = {_ABOUT: preset.about} if preset.about else {}
        self._write(preset.name, about | {k: _written(k, v) for k, v in preset.values.items()})

    def remove(self, name: str) -> None:
        """Takes the person's own one of that name away."""
        self._write(name, None)

    def _write(self, name: str, table: Mapping[str, object] | None) -> None:
        # A file with a fault is not written over: what it was meant to say is the person's to mend.
        tuple(_presets(self._path, own=True))
        text = toml_file.read(self._path)
        toml_file.write_table(self._path, text, toml_file.parsed(text, self._path), name, table)


def _written(key: str, value: Value) -> object:
    if value is None:
        return _UNSAID[key]
    return list(value) if isinstance(value, tuple) else value


def _presets(path: Path, *, own: bool = False) -> Iterator[Preset]:
    """Raises: SettingsError with the file and the line."""
    text = toml_file.read(path)
    whole = Table(toml_file.parsed(text, path), path, text)
    for name in whole.names:
        if wrong := unfit_name(name):
            raise whole.wrong(name, wrong, NAME_WISH)
        table = whole.table(name)
        table.require((), (*KEYS, _ABOUT))
        about = one_line(table.text(_ABOUT), 200) if table.holds(_ABOUT) else ""
        values = {key: _value(table, key) for key in KEYS if table.holds(key)}
        yield Preset(name, values, about, own)


def _value(table: Table, key: str) -> Value:
    try:
        return checked(key, table.value(key))
    except UsageError as error:
        raise table.wrong(key, error.message, error.hint) from error
