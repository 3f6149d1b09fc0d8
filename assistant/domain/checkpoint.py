"""The audit's head as a text that a person keeps elsewhere: a checkpoint in the style of C2SP (tlog-checkpoint).

Three lines (origin, count, head in base64), one extension line with the epoch, an empty line, one signature line of a signed
note. The root is the head of the chain, not that of a tree; the signature is an HMAC, so that the first key checks it.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

from assistant.domain.audit import MAC_BYTES, Anchor, EpochKey
from assistant.domain.errors import CorruptError, UsageError

MOST_EPOCHS: Final = 100_000
"""Keys are followed no further: a text must not be able to keep the machine busy."""

_TYPE: Final = b"\xffhat-assistant/hmac-sha256"
"""Signed notes keep 0xff for kinds that are not registered, followed by a name."""

_ORIGIN: Final = re.compile(r"[\x21-\x2a\x2c-\x7e]{1,200}")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_ID_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says of the audit named `origin`, in `epoch`."""

    origin: str
    anchor: Anchor
    epoch: int


def checkpoint_text(origin: str, anchor: Anchor, key: EpochKey) -> str:
    """The signed text. Raises: UsageError for an origin with blanks or a plus, as signed notes have it."""
    if _ORIGIN.fullmatch(origin) is None:
        raise UsageError("the name of an audit has no blanks and no plus", "choose another name")
    head = base64.b64encode(anchor.head).decode()
    note = f"{origin}\n{anchor.count}\n{head}\nepoch {key.epoch}\n"
    signature = base64.b64encode(_key_id(origin) + _signature(key, note)).decode()
    return f"{note}\n\u2014 {origin} {signature}\n"


def read_checkpoint(text: str, first: EpochKey) -> Checkpoint:
    """The checkpoint in `text`, signed under the keys that follow from `first`. Raises: CorruptError."""
    note, _, signed = text.partition("\n\n")
    note += "\n"
    lines = note.split("\n")
    if len(lines) != 5 or not lines[3].startswith("epoch "):
        raise _wrong("it is not a checkpoint of an audit")
    origin, count, head, epoch = lines[0], lines[1], lines[2], lines[3].removeprefix("epoch ")
    if _ORIGIN.fullmatch(origin) is None:
        raise _wrong("its origin cannot be read")
    if _NUMBER.fullmatch(count) is None or _NUMBER.fullmatch(epoch) is None:
        raise _wrong("its numbers cannot be read")
    checkpoint = Checkpoint(origin, Anchor(int(count), _bytes(head)), int(epoch))
    # Written anew and compared whole, nothing but the very text passes: there is no second way to write it.
    expected = checkpoint_text(origin, checkpoint.anchor, _key_of(first, int(epoch)))
    given = f"{note}\n{signed}".encode(errors="backslashreplace")
    if not hmac.compare_digest(expected.encode(), given):
        raise _wrong("its signature does not fit")
    return checkpoint


def _key_of(first: EpochKey, epoch: int) -> EpochKey:
    if not first.epoch <= epoch <= first.epoch + MOST_EPOCHS:
        raise _wrong("its epoch cannot be")
    key = first
    while key.epoch < epoch:
        key = key.following()
    return key


def _bytes(written: str) -> bytes:
    try:
        head = base64.b64decode(written, validate=True)
    except ValueError as error:
        raise _wrong("its head cannot be read") from error
    if len(head) != MAC_BYTES:
        raise _wrong("its head has another length")
    return head


def _signature(key: EpochKey, note: str) -> bytes:
    return hmac.digest(key.for_checkpoints, note.encode(), "sha256")


def _key_id(origin: str) -> bytes:
    return hashlib.sha256(origin.encode() + b"\n" + _TYPE).digest()[:_ID_BYTES]


def _wrong(why: str) -> CorruptError:
    return CorruptError(f"the checkpoint cannot be used: {why}", "take the text as it was written")
