"""The first key of the audit as a text that a person writes down: 14 groups of 4, with a checksum that finds every slip.

The alphabet is Crockford's base32: no I, L, O or U. 256 bits of key are followed by their CRC-24 (RFC 9580), which finds
every single wrong character and every two neighbours in the wrong order, wherever they stand.
"""

from typing import Final

from assistant.domain.audit import KEY_BYTES
from assistant.domain.errors import UsageError
from assistant.domain.secret import Secret

GROUPS: Final = 14
GROUP: Final = 4

_LENGTH: Final = GROUPS * GROUP
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NOT_READ: Final = str.maketrans("", "", " -\t\r\n\u2010\u2011\u2012\u2013\u2014")
"""What may stand between the characters; programs make other dashes of a dash."""
_READ_AS: Final = str.maketrans("OIL", "011")
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_CHECK_BITS: Final = 24
_MASK: Final = (1 << _CHECK_BITS) - 1
_START: Final = 0xB704CE
_POLYNOMIAL: Final = 0x864CFB


def recovery_code(key: bytes) -> Secret:
    """`XXXX-XXXX-…` for a key of KEY_BYTES. Raises: ValueError for another length."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key of the audit has {KEY_BYTES} bytes")
    return Secret(_written(int.from_bytes(key, "big") << _CHECK_BITS | _check(key)))


def key_of(code: Secret) -> bytes:
    """The key that `code` stands for; blanks, dashes and case do not matter, O counts as 0, I and L as 1.

    Raises: UsageError that says what is wrong, without the code.
    """
    key, problem = _read(code.reveal())
    if key is None:
        raise UsageError(f"this is not the recovery code: {problem}", "compare it with the paper")
    return key


def _written(number: int) -> str:
    characters = [_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH))]
    groups = ("".join(characters[at : at + GROUP]) for at in range(0, _LENGTH, GROUP))
    return "-".join(groups)


def _read(code: str) -> tuple[bytes | None, str]:
    """The key, or what is wrong."""
    bare = code.translate(_NOT_READ)
    characters = bare.upper().translate(_READ_AS) if bare.isascii() else bare
    strange = next((i for i, each in enumerate(characters) if each not in _VALUES), None)
    if strange is not None:
        return None, f"a character in group {strange // GROUP + 1} is none that a code has"
    if len(characters) != _LENGTH:
        return None, f"it has {len(characters)} characters where a code has {_LENGTH}"
    number = 0
    for character in characters:
        number = number << 5 | _VALUES[character]
    key = (number >> _CHECK_BITS).to_bytes(KEY_BYTES, "big")
    if _check(key) != number & _MASK:
        return None, "a character is wrong, or two stand in the wrong order"
    return key, ""


def _check(key: bytes) -> int:
    """CRC-24 as OpenPGP has it: any run of up to 24 changed bits changes it."""
    check = _START
    for byte in key:
        check ^= byte << _CHECK_BITS - 8
        for _ in range(8):
            check <<= 1
            if check > _MASK:
                check ^= _POLYNOMIAL | 1 << _CHECK_BITS
    return check & _MASK
