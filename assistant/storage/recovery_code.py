"""The audit's first key as a person keeps it on paper: letters in groups, the last one a check on the others."""

import base64
import binascii
import hashlib
from typing import Final

from assistant.domain.audit import KEY_BYTES, EpochKey, first_key
from assistant.domain.errors import UsageError

_GROUP: Final = 4
_CHECK_BYTES: Final = 3
"""With the key, 35 bytes: 56 letters without a remainder."""


def recovery_code(first: EpochKey) -> str:
    """The code for the key of epoch 0: 14 groups of A-Z and 2-7."""
    letters = base64.b32encode(first.key + _check(first.key)).decode()
    groups = (letters[i : i + _GROUP] for i in range(0, len(letters), _GROUP))
    return "-".join(groups)


def read_recovery_code(written: str) -> EpochKey:
    """The key that `written` stands for; case, blanks and dashes do not matter. Raises: UsageError where it is no code."""
    letters = "".join(written.replace("-", " ").split()).upper()
    try:
        raw = base64.b32decode(letters)
    except (binascii.Error, ValueError) as error:
        raise _wrong() from error
    key, check = raw[:KEY_BYTES], raw[KEY_BYTES:]
    if len(raw) != KEY_BYTES + _CHECK_BYTES or check != _check(key):
        raise _wrong()
    return first_key(key)


def _check(key: bytes) -> bytes:
    return hashlib.sha256(b"hat-assistant/recovery-code/" + key).digest()[:_CHECK_BYTES]


def _wrong() -> UsageError:
    return UsageError(
        "this is not a recovery code of the audit",
        "it has 14 groups of 4 letters or digits from 2 to 7; look for a slip of the pen",
    )
