"""What of the KV cache a prompt can use again: prefixes and gaps in sequences of tokens."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

_STRIDE = 128
LEAST_MATCH = 32
"""A match behind a gap that is shorter than this is not worth a shift, nor a chance match."""


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """How many tokens `left` and `right` begin with alike."""
    most = min(len(left), len(right))
    at = 0
    while at < most and left[at : at + _STRIDE] == right[at : at + _STRIDE]:
        at += _STRIDE
    while at < most and left[at] == right[at]:
        at += 1
    return min(at, most)


def gap(cells: Sequence[int], prompt: Sequence[int], at: int) -> int:
    """How many of `cells` from `at` on to drop so that the rest goes on like `prompt` from `at`; 0 where none fits.

    That is what a conversation looks like whose oldest turns fell out of the window.
    """
    probe = array("i", prompt[at : at + LEAST_MATCH])
    if len(probe) < LEAST_MATCH:
        return 0
    held, wanted = array("i", cells[at:]).tobytes(), probe.tobytes()
    found = held.find(wanted)
    while found > 0 and found % probe.itemsize:
        found = held.find(wanted, found + 1)
    return max(found, 0) // probe.itemsize


@dataclass(slots=True)
class Cells:
    """The tokens in the KV cache, in order, and which of them began a batch when they were evaluated.

    A token's values depend, in their last bits, on the batch that it was evaluated in. A prompt that is evaluated again
    from the beginning of a batch gives the very same values, from anywhere else only nearly.
    """

    tokens: list[int] = field(default_factory=list)
    begins: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.tokens)

    def extend(self, batch: Sequence[int]) -> None:
        """Adds the tokens of one batch."""
        self.tokens.extend(batch)
        self.begins.append(1)
        self.begins.extend(bytes(len(batch) - 1))

    def append(self, token: int) -> None:
        """Adds a token that was a batch of its own."""
        self.tokens.append(token)
        self.begins.append(1)

    def trim(self, length: int) -> None:
        """Keeps the first `length` tokens."""
        del self.tokens[length:]
        del self.begins[length:]

    def drop(self, at: int, count: int) -> None:
        """Takes `count` tokens out from `at` on."""
        del self.tokens[at : at + count]
        del self.begins[at : at + count]

    def usable(self, prompt: Sequence[int], *, exact: bool) -> int:
        """How many cells serve `prompt`, of which the last token is always evaluated anew; `exact`: up to a batch's begin."""
        most = min(common_prefix(self.tokens, prompt), len(prompt) - 1)
        if exact and most < len(self.begins):
            return max(self.begins.rfind(1, 0, most + 1), 0)
        return max(most, 0)
