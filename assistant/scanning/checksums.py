"""Checksums of numbers that people are known by; each takes the digits alone and says whether they belong together."""

from collections.abc import Sequence


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: from the right every second digit counts double, its digits added; the sum ends in 0."""
    doubled = (int(d) * 2 for d in digits[-2::-2])
    total = sum(int(d) for d in digits[::-2]) + sum(d - 9 if d > 9 else d for d in doubled)
    return total % 10 == 0


def mod_97_10(text: str) -> bool:
    """ISO 7064 MOD 97-10: letters count as 10 to 35; the whole leaves 1 when divided by 97."""
    return int("".join(str(int(c, 36)) for c in text)) % 97 == 1


def mod_11_10(digits: str) -> bool:
    """ISO 7064 MOD 11,10, the check digit last."""
    product = 10
    for digit in digits[:-1]:
        product = (int(digit) + product) % 10 or 10
        product = product * 2 % 11
    return (product + int(digits[-1])) % 10 == 1


def mod_11_2(text: str) -> bool:
    """ISO 7064 MOD 11-2: each place counts a power of 2; a last X counts 10; the whole leaves 1 when divided by 11."""
    total = 0
    for character in text:
        total = (total * 2 + (10 if character == "X" else int(character))) % 11
    return total == 1


_DIHEDRAL = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_TURNS = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def verhoeff(digits: str) -> bool:
    """Verhoeff's check over the dihedral group of order ten, the check digit last."""
    state = 0
    for place, digit in enumerate(reversed(digits)):
        state = int(_DIHEDRAL[state][int(_TURNS[place % 8][int(digit)])])
    return state == 0


def weighted(digits: str, weights: Sequence[int]) -> int:
    """The sum of `digits`, each times its weight; as many as there are weights."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
