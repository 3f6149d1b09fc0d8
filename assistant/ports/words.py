"""What the screens ask of the words that a person keeps: prompts as files, and presets of how replies are made."""

from collections.abc import Sequence
from dataclasses import dataclass
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

    def keep(self, preset: Preset) -> None:
        """Keeps it as the person's own, in the place of one of theirs with its name. Blocks.

        Raises: UsageError for its name, SettingsError where the file has a fault, StorageError.
        """
        ...

    def remove(self, name: str) -> None:
        """Takes the person's own one away; a shipped one of that name is there again. Blocks. Raises: as `keep`."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """Both of them."""

    prompts: Prompts
    presets: Presets
