"""The person's own files on how the screen looks: `themes/*.toml` and `keys.toml` in the config folder, read strictly."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.domain.errors import SettingsError
from assistant.domain.hygiene import one_line
from assistant.domain.keys import Problem
from assistant.domain.themes import COLOURS, OwnTheme, is_colour, is_name, is_variable
from assistant.ports.looks import Themes
from assistant.storage import toml_file

KEYS = "keys.toml"
THEMES = "themes"
MOST_THEMES = 200
_MOST_BYTES = 100_000
_FIELDS = ("name", "dark", *COLOURS, "variables")


class LooksShelf:
    """Implements ports.looks.Looks over the config folder."""

    def __init__(self, config: Path) -> None:
        """`config` as `Places.config` gives it."""
        self._config = config

    def themes(self) -> Themes:
        """Every theme there is, by the name of its file, and what is wrong with those that cannot be used."""
        own: dict[str, OwnTheme] = {}
        problems: list[str] = []
        folder = self._config / THEMES
        try:
            files = sorted(folder.glob("*.toml"))
        except OSError as error:
            return Themes((), (f"settings: {folder} cannot be read: {error.strerror}",))
        if len(files) > MOST_THEMES:
            problems.append(
                f"settings: {folder} has more than {MOST_THEMES} themes; the rest is left out"
            )
        for file in files[:MOST_THEMES]:
            try:
                theme = read_theme(file)
                if theme.name in own:
                    raise SettingsError(
                        f"{file}: there is a theme {theme.name!r} already", "rename it"
                    )
            except SettingsError as error:
                problems.append(str(error))
                continue
            own[theme.name] = theme
            if theme.faint:
                problems.append(f"settings: {file}: {theme.faint} (another foreground)")
        return Themes(tuple(own.values()), tuple(problems))

    def keys(self) -> "KeysFile | None":
        """What `keys.toml` says; None where there is no such file. Raises: SettingsError."""
        path = self._config / KEYS
        text = toml_file.read(path)
        return KeysFile(path, text, _wanted(path, text)) if text else None


@dataclass(frozen=True, slots=True)
class KeysFile:
    """Implements ports.looks.WantedKeys over one file."""

    path: Path
    text: str
    keys: Mapping[str, tuple[str, ...]]

    def wrong(self, problem: Problem) -> SettingsError:
        """`problem` with the file and the line."""
        place, _, name = problem.action.partition(".")
        return toml_file.wrong(self.path, self.text, place, name, problem.what, problem.hint)


def _wanted(path: Path, text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for place, table in toml_file.parsed(text, path).items():
        if not isinstance(table, dict):
            what = f"{one_line(place, 40)!r} is no place"
            raise toml_file.wrong(path, text, place, "", what, "write [everywhere] above it")
        for name, value in table.items():
            keys = [value] if isinstance(value, str) else value
            if not isinstance(keys, list) or not all(isinstance(key, str) and key for key in keys):
                what = f"{one_line(name, 40)} must be a key, or a list of keys"
                raise toml_file.wrong(path, text, place, name, what, 'such as "f10"')
            found[f"{place}.{name}"] = tuple(keys)
    return found


def read_theme(file: Path) -> OwnTheme:
    """The theme in `file`. Raises: SettingsError with file, line and the nearest key."""
    _bounded(file)
    text = toml_file.read(file)
    page = _Page(file, text, toml_file.parsed(text, file))
    name, dark = page.data.get("name", file.stem), page.data.get("dark", True)
    for key in page.data:
        if key not in _FIELDS:
            hint = toml_file.nearest(key, _FIELDS)
            raise page.wrong(key, f"there is no key {one_line(key, 40)!r} in a theme", hint)
    if not isinstance(name, str) or not is_name(name):
        hint = f'name = "{_usable(file)}"'
        raise page.wrong("name", "name must be small letters, digits, - and _", hint)
    if not isinstance(dark, bool):
        raise page.wrong("dark", "dark must be true or false", "dark = true")
    return OwnTheme(name, dark, page.colours(), page.variables())


@dataclass(frozen=True, slots=True)
class _Page:
    """A theme's file, as it was read."""

    file: Path
    text: str
    data: Mapping[str, object]

    def wrong(self, key: str, what: str, hint: str, table: str = "") -> SettingsError:
        """The error for `key` (of `table`), with its line."""
        at = (table, key) if table else (key, "")
        return toml_file.wrong(self.file, self.text, *at, what, hint)

    def colours(self) -> dict[str, str]:
        """Its colours. Raises: SettingsError."""
        found: dict[str, str] = {}
        for key in COLOURS:
            colour = self.data.get(key)
            if colour is None:
                continue
            if not isinstance(colour, str) or not is_colour(colour):
                what = f"{key} must be a colour, not {one_line(repr(colour), 40)}"
                raise self.wrong(key, what, 'such as "#1e66f5"')
            found[key] = colour
        if "primary" not in found:
            raise self.wrong("", "a theme has a primary colour", 'primary = "#1e66f5"')
        return found

    def variables(self) -> dict[str, str]:
        """Its finer colours and styles. Raises: SettingsError."""
        given = self.data.get("variables", {})
        if not isinstance(given, dict):
            raise self.wrong("variables", "variables is a table", "write [variables] above them")
        for key, value in given.items():
            if not isinstance(value, str) or not is_variable(key, value):
                what = f"{one_line(key, 40)} cannot be {one_line(repr(value), 40)}"
                style = "style" in key
                hint = 'such as "bold"' if style else 'a colour, such as "#1e66f5 40%"'
                raise self.wrong(key, what, hint, "variables")
        return dict(given)


def _bounded(file: Path) -> None:
    """Raises: SettingsError for a file that is none, or that no person wrote."""
    try:
        large = not file.is_file() or file.stat().st_size > _MOST_BYTES
    except OSError as error:
        raise SettingsError(
            f"{file} cannot be read: {error.strerror}", "look at its owner"
        ) from error
    if large:
        raise SettingsError(f"{file} is no theme", f"a file of at most {_MOST_BYTES:,} bytes")


def _usable(file: Path) -> str:
    stem = "".join(c if c.isascii() and c.isalnum() else "-" for c in file.stem.lower()).strip("-")
    return stem[:40] or "mine"
