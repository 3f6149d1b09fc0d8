"""What goes with the next message of the plain chat: attached by its path, listed, left out again before the send."""

from typing import TYPE_CHECKING

from assistant.commands.talk import asked, at_terminal
from assistant.commands.talk import say as tell
from assistant.domain.attachments import (
    ASK_BYTES,
    ASK_FILES,
    Attachment,
    amount_of,
    checked,
    compose,
    size_words,
    token_words,
)
from assistant.domain.errors import UsageError
from assistant.domain.hygiene import one_line

if TYPE_CHECKING:
    from assistant.commands.plain_unsent import Unsent
    from assistant.ports.attaching import Amount, Attaching
    from assistant.wiring.house import House

_YES = "yes"


class Attached:
    """The orders on attachments; they may raise UsageError, AttachmentError and StorageError."""

    def __init__(self, house: "House", unsent: "Unsent") -> None:
        self._house = house
        self._unsent = unsent

    def attach(self, path: str) -> None:
        """Reads what lies at `path` and keeps it for the next message; says what it is, takes, and makes of the label."""
        if not path:
            raise UsageError("what is to be attached?", "/attach PATH")
        disk, path = self._disk(), path_of(path)
        if not _agreed(disk.amount(path)):
            tell("nothing was attached")
            return
        taken = disk.take(path, self._house.settings.labels.folders)
        one, unsent = taken.attachment, self._unsent
        checked(compose(unsent.own, (*unsent.attached, one)))
        unsent.attach(one, taken.label)
        label = f"this message is {unsent.label.value}" if taken.label else ""
        tell(", ".join(filter(None, (f"attached {words(one)}", one_line(taken.said), label))))

    def listed(self, _: str) -> None:
        """Says what goes with the next message."""
        if not self._unsent.attached:
            tell("nothing is attached")
        for number, one in enumerate(self._unsent.attached, 1):
            tell(f"{number}. {words(one)}")
        if len(self._unsent.attached) > 1:
            whole = sum(one.file_bytes for one in self._unsent.attached)
            tokens = sum(one.tokens for one in self._unsent.attached)
            tell(f"together {size_words(whole)}, {token_words(tokens)}")

    def detach(self, number: str) -> None:
        """Leaves one out again, or all of them where no number is given. The label stays: /label gives another one."""
        there = self._unsent.attached
        if not there:
            raise UsageError("nothing is attached")
        at = int(number) if number.isdecimal() and len(number) < 6 else 0
        if number and not 1 <= at <= len(there):
            raise UsageError(
                f"there is no attachment {one_line(number, 20)!r}", "/attached has them"
            )
        gone = there[at - 1 : at] if number else there
        self._unsent.keep_attached([one for one in there if one not in gone])
        for one in gone:
            tell(f"not attached any more: {one_line(one.name, 200)}")

    def _disk(self) -> "Attaching":
        from assistant.wiring.attaching import attaching

        return attaching()


def words(one: Attachment) -> str:
    """`src/main.py, 1.2 kB, ~310 tokens`; of an image its pixels too."""
    return f"{one_line(one.name, 200)}, {amount_of(one).replace(' · ', ', ')}"


def path_of(typed: str) -> str:
    """The path that was typed, or dropped on the terminal: without quotes, and without the slashes before its blanks."""
    if len(typed) > 1 and typed[0] == typed[-1] and typed[0] in "'\"":
        return typed[1:-1]
    return typed.replace("\\ ", " ")


def _agreed(amount: "Amount") -> bool:
    """Whether a person wants that much; where nobody can be asked, whoever wrote the order does."""
    if not amount.folder or (amount.files <= ASK_FILES and amount.size_bytes <= ASK_BYTES):
        return True
    if not at_terminal():
        return True
    much = f"{amount.files:,} files, {size_words(amount.size_bytes)}, {token_words(amount.size_bytes // 4)}"
    return asked(f"{one_line(amount.path, 60)} is {much}. Type {_YES} to attach it: ") == _YES
