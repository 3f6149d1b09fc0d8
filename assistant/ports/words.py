"""What the screens ask of the words that a person keeps: prompts as files, and presets of how replies are made."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assistant.domain.prompt_files import PromptFile
from assistant.domain.sampling_presets import Preset


@dataclass(frozen=True, slots=True)
class PromptShelf:
    """The prompts that can be used, by name, and a line for each file that cannot."""

    prompts: tuple[PromptFile, ...]
    errors: tuple[str, ...] = ()

    def named(self, name: str) -> PromptFile | None:
        """The prompt of that name; None where there is none."""
        return next((one for one in self.prompts if one.name == name), None)


class Prompts(Protocol):
    """The library of prompts: a person's own files, and the shipped ones whose names they do not use."""

    def read(self) -> PromptShelf:
        """All of them as they are now. Blocks; what is wrong with a file is one of the errors."""
        ...


class Presets(Protocol):
    """Presets: a person's own, and the shipped ones whose names they do not use."""

    def read(self) -> Sequence[Preset]:
        """All of them as they are now. Blocks. Raises: SettingsError with the file and the line."""
        ...


class Exports(Protocol):
    """Writes a conversation into a file that only its owner can read."""

    @property
    def forms(self) -> Sequence[str]:
        """The endings of the files that can be written, such as `md`; the usual one first."""
        ...

    def place(self, conversation: str, form: str, path: str) -> Path:
        """Where it would go: to `path`, or with "" to a free name in a folder of this program. Raises: UsageError, StorageError."""
        ...

    def write(self, conversation: str, form: str, path: Path, *, replace: bool = False) -> None:
        """Writes it. Blocks. Raises: UsageError where there is a file already and not `replace`; StorageError."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """All of them."""

    prompts: Prompts
    presets: Presets
    exports: Exports
