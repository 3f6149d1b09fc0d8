"""What the core asks of the disk for attachments: names to choose from, how much a folder holds, the text of a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.domain.attachments import Attachment
from assistant.domain.pictures import Picture
from assistant.domain.sensitivity import Label
from assistant.domain.thumbnail import Thumbnail


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file or folder that what was typed may go on to: `path` as it would be typed, a folder's with a slash at its end.

    `size_bytes` is None for a folder, and where it is not known.
    """

    path: str
    size_bytes: int | None = None

    @property
    def folder(self) -> bool:
        """Whether it is one."""
        return self.path.endswith("/")


@dataclass(frozen=True, slots=True)
class Amount:
    """What would be read of a path: so many files of that size together; `left_out` are passed over for what they are."""

    path: str
    folder: bool
    files: int
    size_bytes: int
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """An attachment that was read; `label` is that of its folder (None: nothing is said of it), `said` what a person should know."""

    attachment: Attachment
    label: Label | None = None
    said: str = ""


class Attaching(Protocol):
    """Files of this machine. Every method blocks, for long where a disk does: call it in a thread.

    A path may begin with `~/`; one that does not begin with `/` is meant from the folder in which the program was started.
    `rules` are those of the settings, such as `~/clinic=local-only`.
    """

    def names(self, typed: str) -> Sequence[Candidate]:
        """The files and folders that `typed` may go on to, hidden ones only where that is typed; reads no file, never raises."""
        ...

    def amount(self, path: str) -> Amount:
        """How much `path` would be. Raises: AttachmentError where it is nothing that can be attached."""
        ...

    def take(self, path: str, rules: Sequence[str]) -> Taken:
        """Reads a text, a PDF's text, or every text of a folder, made harmless. Raises: AttachmentError."""
        ...

    def preview(self, picture: Picture, columns: int) -> Thumbnail:
        """A picture made small enough for so many columns, decoded outside of this process. Raises: AttachmentError."""
        ...
