"""Reads what a person attaches: names to choose from, texts, PDFs, images and folders, each with the label of its folder."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from assistant.domain.attachments import Attachment, compose, size_words
from assistant.domain.errors import AttachmentError
from assistant.domain.folder_labels import FolderLabel, label_of, parsed
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.pictures import Picture
from assistant.domain.sensitivity import Label, join
from assistant.domain.thumbnail import Thumbnail
from assistant.ports.attaching import Amount, Candidate, Taken
from assistant.storage import folder_walk, text_files
from assistant.storage.text_files import OpenFile, opened

_SHOWN_NAME: Final = 120
_MOST_NAMES: Final = 200
_MOST_LISTED: Final = 20_000


class DiskAttachments:
    """Implements ports.Attaching over this machine's files."""

    def __init__(self, start: Path, home: Path) -> None:
        """`start` is the folder in which the program was started, `home` what `~` stands for."""
        self._start = start
        self._home = home

    def names(self, typed: str) -> Sequence[Candidate]:
        """The entries of the folder that was typed whose names begin with the rest; a folder's own first."""
        before, slash, begin = typed.rpartition("/")
        if typed == "~":
            return (Candidate("~/"),)
        found: list[tuple[bool, str]] = []
        try:
            with os.scandir(self._place(before + slash or ".")) as listing:
                for _, entry in zip(range(_MOST_LISTED), listing, strict=False):
                    if _meant(entry.name, begin):
                        found.append((not entry.is_dir(), entry.name))
        except (OSError, ValueError):
            return ()
        chosen = sorted(found, key=lambda one: (one[0], one[1].casefold()))[:_MOST_NAMES]
        return tuple(self._candidate(before + slash, name, is_file) for is_file, name in chosen)

    def amount(self, path: str) -> Amount:
        """How much `path` would be: of a folder what its walk finds."""
        place, name = self._place(path), _name(path)
        found = _looked_at(place, name)
        if stat.S_ISDIR(found.st_mode):
            walk = folder_walk.walked(os.path.realpath(place), name)
            return Amount(path, True, len(walk.files), walk.size_bytes, walk.left_out)
        text_files.require_file(found, name)
        return Amount(path, False, 1, found.st_size)

    def take(self, path: str, rules: Sequence[str]) -> Taken:
        """Reads it. What it is, its first bytes say; a PDF is read by a program of its own."""
        place = self._place(path)
        known = self._rules(rules)
        if stat.S_ISDIR(_looked_at(place, _name(path)).st_mode):
            return self._folder(os.path.realpath(place), known)
        with opened(place, _name(path)) as file:
            attachment, said = self._one(file, self._called(file.path))
            return Taken(attachment, label_of(file.path, known), said)

    def preview(self, picture: Picture, columns: int) -> Thumbnail:
        """Made by a program of its own."""
        from assistant.storage.thumbnails import thumbnail

        return thumbnail(picture, columns)

    def _one(self, file: OpenFile, name: str) -> tuple[Attachment, str]:
        from assistant.domain.picture_files import MAGIC_BYTES, kind_of
        from assistant.storage.pdf_reader import MOST_PDF_BYTES, text_of

        begin = os.pread(file.descriptor, MAGIC_BYTES, 0) if file.size_bytes else b""
        if kind_of(begin):
            return _picture(file, name)
        if not begin.startswith(b"%PDF-"):
            raw = file.read(text_files.MOST_TEXT_BYTES, name)
            text, said = text_files.decoded(raw, name)
            return Attachment(name, "text", text), said
        found = text_of(file.read(MOST_PDF_BYTES, name), name)
        text = harmless(found.text.replace("\r", "\n"))
        if found.read == found.pages:
            return Attachment(name, "pdf", text), ""
        part = f"pages 1 to {found.read:,} of {found.pages:,}"
        return Attachment(f"{name}, {part}", "pdf", text), f"only {part} were read"

    def _folder(self, root: str, rules: Sequence[FolderLabel]) -> Taken:
        """A listing of all that is attached, then each of its texts; with the strictest of their labels."""
        name = self._called(root) + "/"
        walk = folder_walk.walked(root, name)
        left_out, found, labels = walk.left_out, [], [label_of(root, rules)]
        for path, below, _ in walk.files:
            try:
                with opened(path, _name(below)) as file:
                    if not file.path.startswith(root.rstrip("/") + "/"):
                        raise AttachmentError(f"{_name(below)} lies elsewhere now")
                    text, _ = text_files.decoded(
                        file.read(folder_walk.MOST_FILE_BYTES, below), below
                    )
            except AttachmentError:
                left_out += 1
                continue
            labels.append(label_of(file.path, rules))
            found.append(Attachment(_name(below), "text", text))
        if not found:
            raise AttachmentError(f"{name} holds no text that can be attached")
        listing = "".join(f"{one.name} ({size_words(one.size_bytes)})\n" for one in found)
        files = f"{len(found):,} file{'s' * (len(found) != 1)}"
        body = compose("", [Attachment(f"{files} of {name}", "list", listing), *found])
        said = f"{files}, {left_out:,} left out" if left_out else files
        return Taken(Attachment(name, "folder", body), _joined(labels), said)

    def _place(self, path: str) -> str:
        """Where on disk `path` is meant."""
        if path == "~" or path.startswith("~/"):
            return str(self._home) + path[1:]
        return str(Path(self._start, path))

    def _called(self, place: str) -> str:
        """What an attachment is called: from where the program was started; outside of that, its name alone, not its way."""
        start = os.path.realpath(self._start)
        inside = place.startswith(start.rstrip("/") + "/")
        return _name(os.path.relpath(place, start) if inside else Path(place).name or "root")

    def _rules(self, rules: Sequence[str]) -> list[FolderLabel]:
        said = [parsed(rule) for rule in rules]
        return [FolderLabel(os.path.realpath(self._place(it.folder)), it.label) for it in said]

    def _candidate(self, before: str, name: str, is_file: bool) -> Candidate:
        path = before + name
        if not is_file:
            return Candidate(path + "/")
        try:
            found = Path(self._place(path)).stat()
        except OSError:
            return Candidate(path)
        return Candidate(path, found.st_size if stat.S_ISREG(found.st_mode) else None)


def _picture(file: OpenFile, name: str) -> tuple[Attachment, str]:
    """A picture without what its file says beside it, as base64, and what was left out."""
    from assistant.domain.picture_files import cleaned
    from assistant.domain.picture_parts import NoPictureError
    from assistant.domain.pictures import MOST_PICTURE_BYTES, encoded

    raw = file.read(MOST_PICTURE_BYTES, name, "make it smaller, or save it as a JPEG")
    try:
        found = cleaned(raw)
    except NoPictureError as error:
        hint = "attach a PNG, a JPEG, a WebP or a GIF"
        raise AttachmentError(f"{name} is no image that can be attached: {error}", hint) from error
    less = len(raw) - len(found.raw)
    said = f"left out: {size_words(less)} beside the image" if less > 0 else ""
    return Attachment(name, found.kind, encoded(found.raw)), said


def _meant(name: str, begin: str) -> bool:
    """Whether a name goes on from what was typed, whatever the case; a hidden one only where its dot was typed."""
    shown = not name.startswith(".") or begin.startswith(".")
    return shown and name.casefold().startswith(begin.casefold())


def _looked_at(place: str, name: str) -> os.stat_result:
    try:
        return Path(place).stat()
    except (OSError, ValueError) as error:
        raise text_files.unreadable(name, error) from error


def _name(path: str) -> str:
    """A path as a name on one line, its end where it is long."""
    flat = one_line(path, 4_000)
    return flat if len(flat) <= _SHOWN_NAME else "…" + flat[1 - _SHOWN_NAME :]


def _joined(labels: Sequence[Label | None]) -> Label | None:
    said = [label for label in labels if label is not None]
    return join(said) if said else None
