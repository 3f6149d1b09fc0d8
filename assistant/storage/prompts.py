"""The library of prompts: files in the person's own folder, and the shipped ones where they have none of that name."""

import re
from collections.abc import Iterator
from pathlib import Path

from assistant.domain.errors import SettingsError
from assistant.domain.hygiene import one_line
from assistant.domain.prompt_files import MOST_CHARACTERS, PromptFile, parse
from assistant.ports.words import PromptShelf
from assistant.storage import shipped

FOLDER = "prompts"
"""Below the config folder."""
SHIPPED = "config/prompts"
ENDING = ".md"
MOST_FILES = 1_000
_MOST_BYTES = MOST_CHARACTERS * 4
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class PromptFiles:
    """Implements ports.words.Prompts."""

    def __init__(self, folder: Path) -> None:
        """`folder` need not exist."""
        self._folder = folder

    def read(self) -> PromptShelf:
        """All that can be used, by title, and what is wrong with the others."""
        errors: list[str] = []
        own = {one.name: one for one in _read(_files(self._folder, errors), errors)}
        names = {path.stem for path in self._folder.glob(f"*{ENDING}")}
        # A broken file of the person's own is not passed over in silence for the shipped one.
        others = _read((p for p in shipped.folder(SHIPPED) if p.stem not in names), errors)
        found = sorted([*own.values(), *others], key=lambda one: one.title.casefold())
        return PromptShelf(tuple(found), tuple(errors))


def _files(folder: Path, errors: list[str]) -> list[Path]:
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix == ENDING)
    except FileNotFoundError:
        return []
    except OSError as error:
        errors.append(f"{folder} cannot be read: {error.strerror}")
        return []
    if len(found) > MOST_FILES:
        errors.append(f"{folder} holds more than {MOST_FILES:,} prompts; the rest is left out")
    return found[:MOST_FILES]


def _read(paths: "Iterator[Path] | list[Path]", errors: list[str]) -> Iterator[PromptFile]:
    for path in paths:
        try:
            yield _one(path)
        except SettingsError as error:
            errors.append(one_line(f"{error.message} ({error.hint})", 500))


def _one(path: Path) -> PromptFile:
    """Raises: SettingsError with what is wrong with the file."""
    # The folder is known; the rest of the path would push what is wrong out of sight.
    named = one_line(f"{path.parent.name}/{path.name}", 100)
    if not _NAME.fullmatch(path.stem):
        raise SettingsError(
            f"{named}: {one_line(path.stem, 40)!r} cannot name a prompt",
            "letters, digits, . - and _, no spaces",
        )
    try:
        if not path.is_file():
            raise SettingsError(f"{named} is not a file", "take it away")
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        what = error.strerror or str(error)
        raise SettingsError(f"{named} cannot be read: {what}", "look at its permissions") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{named}, line {line}: not UTF-8", "save it as UTF-8") from error
    return parse(path.stem, text, named)
