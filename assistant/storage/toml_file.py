"""A person's TOML file: read strictly, and what is wrong with it said with the line and the nearest known name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.domain.errors import SettingsError
from assistant.storage.regular import read_file


def read(path: Path) -> str:
    """Its text; "" where there is no file. Raises: SettingsError where it cannot be read or is not UTF-8."""
    try:
        raw = read_file(path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror}", "look at its owner and permissions"
        ) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}, line {line}: not UTF-8", "save it as UTF-8") from error


def parsed(text: str, path: Path) -> dict[str, Any]:
    """What `text` says. Raises: SettingsError with line and column."""
    if not text:
        return {}
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{path} is not TOML: {error}", "mend that line") from error


def wrong(path: Path, text: str, table: str, key: str, what: str, hint: str) -> SettingsError:
    """The error for `key` of `table` (key "": for the table itself), with its line where that is found."""
    from assistant.storage import toml_text

    line = toml_text.line_of(text, table, key)
    where = f"{path}, line {line}" if line else str(path)
    return SettingsError(f"{where}: {what}", hint)


def write_table(
    path: Path,
    text: str,
    document: dict[str, Any],
    name: str,
    table: Mapping[str, object] | None,
) -> None:
    """Puts `table` in the place of the one with its name in `text`, which says `document`; None takes it out.

    Everything else in the file stays as it is where that can be. Raises: StorageError.
    """
    from assistant.storage import atomic, toml_text

    document.pop(name, None) if table is None else document.update({name: dict(table)})
    atomic.write(path, toml_text.with_table(text, name, table, document).encode())


def nearest(name: str, known: Sequence[str]) -> str:
    """The known name that `name` was probably meant to be, or all of them."""
    import difflib

    close = difflib.get_close_matches(name, known, 1)
    return f"did you mean {close[0]}?" if close else "known: " + ", ".join(known)
