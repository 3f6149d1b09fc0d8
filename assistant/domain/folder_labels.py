"""How far texts from a folder may travel: what the settings say, and which of it holds for a file."""

from collections.abc import Iterable
from dataclasses import dataclass

from assistant.domain.hygiene import one_line
from assistant.domain.sensitivity import Label, join

FOLDERS = "labels.folders"
"""The key of the setting."""


@dataclass(frozen=True, slots=True)
class FolderLabel:
    """What comes from `folder`, an absolute path, and from what lies in it, has `label` at least."""

    folder: str
    label: Label


def parsed(text: str) -> FolderLabel:
    """`~/clinic = local-only` as a value. Raises: ValueError with what is wrong with it."""
    folder, sign, word = (part.strip() for part in text.rpartition("="))
    if not sign or not folder:
        raise ValueError("each is FOLDER=LABEL")
    if not (folder.startswith(("/", "~/")) or folder == "~"):
        raise ValueError(f"the folder must begin with / or ~/, not {folder!r}")
    if word not in (label.value for label in Label):
        known = ", ".join(label.value for label in Label)
        raise ValueError(f"there is no label {word!r}; it may be {known}")
    return FolderLabel(folder, Label(word))


def unfit(key: str, value: object) -> str:
    """What the setting `key` must be, where `value` is not that; "" where it fits, or is another setting."""
    texts = value if key == FOLDERS and isinstance(value, list | tuple) else ()
    for text in texts:
        try:
            parsed(str(text))
        except ValueError as error:
            return f'texts such as "~/clinic=local-only" ({one_line(str(error), 120)})'
    return ""


def label_of(path: str, rules: Iterable[FolderLabel]) -> Label | None:
    """The label of the longest folder that `path` is or lies in, the strictest of equals; None where none is said.

    Both are absolute and without symlinks.
    """
    found = [(len(_inside(rule.folder)), rule.label) for rule in rules if _holds(rule.folder, path)]
    longest = max((length for length, _ in found), default=0)
    return join(label for length, label in found if length == longest) if found else None


def _holds(folder: str, path: str) -> bool:
    return path == folder or path.startswith(_inside(folder))


def _inside(folder: str) -> str:
    return folder.rstrip("/") + "/"
