"""What `--attach` adds to a prompt: the text of files and folders, and the labels that they bring along."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.domain.attachments import checked, compose, described
from assistant.domain.hygiene import harmless
from assistant.domain.sensitivity import Label, join

if TYPE_CHECKING:
    from assistant.ports.attaching import Attaching


def with_attachments(
    text: str, label: Label, paths: Sequence[str], rules: Sequence[str], disk: "Attaching"
) -> tuple[str, Label]:
    """`text` with what lies at `paths` before it, and the label of all of it; says on stderr what each is and takes.

    Raises: AttachmentError where one cannot be attached, or all are too much.
    """
    taken = [disk.take(path, rules) for path in paths]
    for one in taken:
        notes = [one.said, one.label.value if one.label else ""]
        line = " · ".join([described(one.attachment), *(note for note in notes if note)])
        print(harmless(f"attached {line}"), file=sys.stderr)
    whole = checked(compose(text, [one.attachment for one in taken]))
    return whole, join((label, *(one.label for one in taken if one.label)))
