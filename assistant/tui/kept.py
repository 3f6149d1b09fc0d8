"""The local-only texts that were in view and the labels of files that were attached, so that a copy of one is as strict as it is."""

from collections.abc import Iterable, Sequence
from threading import Lock

from assistant.domain.attachments import Attachment, parted
from assistant.domain.pictured import readable
from assistant.domain.sensitivity import Label, join
from assistant.tui.copies import Copies

_MOST_OF_AN_IMAGE = 400_000
"""Characters of an image of which parts are recognised again; of nothing else is any part left out."""
_OVERLAP = 400
"""Characters of what had arrived before that are taken in once more with what came: the seam is in view as well."""


class Kept:
    """What was said and what was attached, apart: large files use up their own room alone."""

    def __init__(self) -> None:
        """Nothing was in view yet."""
        self._said = Copies()
        self._copied = Copies()
        self._files: dict[int, Label] = {}
        self._lock = Lock()
        self._coming: dict[str, _Coming] = {}

    def come(self, turn: str, parts: Sequence[str]) -> None:
        """A local-only reply comes, and is in view as `parts`, to which more is added."""
        self._coming.setdefault(turn, _Coming(parts))

    def came(self, turn: str) -> None:
        """That reply is over, and remembered where it was local-only."""
        self._coming.pop(turn, None)

    def remember(self, text: str) -> None:
        """A local-only message was in view, with what is attached to it."""
        own, found = parted(text)
        self._said.remember(own)
        for one in found:
            self.attached(one, Label.LOCAL_ONLY)

    def attached(self, one: Attachment, label: Label) -> None:
        """A file was attached, and has `label`; a large one takes a while."""
        self.label(one, label)
        if label is Label.LOCAL_ONLY:
            image = one.picture is not None
            self._copied.remember(one.text[:_MOST_OF_AN_IMAGE] if image else one.text)

    def label(self, one: Attachment, label: Label) -> None:
        """A file was attached, and has `label` as a whole."""
        # Its hash alone: the text of every file would take room until the end.
        key = hash(one.text)
        with self._lock:
            self._files[key] = join((label, self._files.get(key, label)))

    def of_files(self, text: str) -> Label:
        """The label of what is attached to `text`, as far as it is known."""
        return self.of(parted(text)[1]) if self._files else Label.PUBLIC

    def of(self, files: Iterable[Attachment]) -> Label:
        """Their label, as far as it is known."""
        return join(self._files.get(hash(one.text), Label.PUBLIC) for one in files)

    def holds(self, text: str) -> bool:
        """Whether a local-only text, or a part of one, stands in `text`, or may. An image is known as a whole, by `of_files`."""
        text = readable(text)
        known = self._said.holds(text) or self._copied.holds(text)
        return known or any(one.holds(text) for one in self._coming.values())


class _Coming:
    """A reply while it comes; what has arrived is taken in when somebody asks."""

    def __init__(self, parts: Sequence[str]) -> None:
        self._parts = parts
        self._taken = 0
        self._end = ""
        self._copies = Copies()

    def holds(self, text: str) -> bool:
        new = "".join(self._parts[self._taken :])
        self._taken = len(self._parts)
        if new:
            piece = self._end + new
            self._copies.remember(piece)
            self._end = piece[-_OVERLAP:]
        return self._copies.holds(text)
