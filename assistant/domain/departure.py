"""What would leave this machine with one send, and what would stay: the value that a person is shown before they say yes."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.findings import Finding, Scan, ScanVerdict
from assistant.domain.limits import Drawn
from assistant.domain.permit import Outgoing
from assistant.domain.pictures import MOST_PICTURE_TOKENS, Picture
from assistant.domain.prompt import ChatMessage, Role
from assistant.domain.redaction import Placeholders
from assistant.domain.rules import Content, content_of
from assistant.domain.sensitivity import Label, join


@dataclass(frozen=True, slots=True)
class Choice:
    """How a person wants a send prepared.

    Findings that are at least as grave as `keep_back` get placeholders (None: nothing does). With `leave_out`, messages that
    must not leave stay, and the rest may go; without it they stop the send.
    """

    keep_back: ScanVerdict | None = ScanVerdict.WARN
    leave_out: bool = False


USUAL_CHOICE = Choice()

STOP = "stop"
"""What a text is that ends the reply where the model says it."""


class Stay(StrEnum):
    """Why a message stays."""

    LABEL = "local-only"
    WINDOW = "window"
    """It is older than what the model's context window takes."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """One message as it would leave. `message` is its id ("" for the system prompt); `findings` are places in `original`.

    `pictures` leave beside the words; what they show is not looked into.
    """

    message: str
    role: Role
    text: str
    original: str
    label: Label
    findings: tuple[Finding, ...] = ()
    pictures: tuple[Picture, ...] = ()

    @property
    def spoken(self) -> ChatMessage:
        """What the model is given of it."""
        return ChatMessage(self.role, self.text, self.pictures)

    @property
    def redacted(self) -> bool:
        """Whether something in it is kept back."""
        return self.text != self.original


@dataclass(frozen=True, slots=True)
class Staying:
    """One message that would not leave, and why."""

    message: str
    role: Role
    text: str
    label: Label
    why: Stay


@dataclass(frozen=True, slots=True)
class PriceBound:
    """What a send may cost at most; `as_of` is the day of the prices (ISO 8601). An unknown price is None in its place."""

    cost: Decimal
    currency: str
    as_of: str


@dataclass(frozen=True, slots=True)
class Departure:
    """One send of `message` to the cloud, prepared to the byte: `outgoing` is exactly what would leave, the key apart.

    `scan` is that of the text as it would leave. `besides` are words in the bytes that are no message: what each is, and its text.
    `input_tokens` is an estimate, `reply_tokens` the most that may come back. `limits` are the person's in money, with what was
    left of them then.
    """

    setup: CloudSetup
    message: str
    choice: Choice
    leaves: tuple[Leaving, ...]
    stays: tuple[Staying, ...]
    outgoing: Outgoing
    scan: Scan | None
    placeholders: Placeholders
    input_tokens: int
    reply_tokens: int
    price: PriceBound | None
    limits: tuple[Drawn, ...] = ()
    besides: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> Label:
        """The join over all that would leave; where a local-only message stands in the way, that."""
        stopping = [one.label for one in self.stays if self._stops(one)]
        # Where a reply ends is a setting of the person's, and as much theirs as a system prompt.
        besides = [Label.NORMAL for what, _ in self.besides if what == STOP]
        return join([*(one.label for one in self.leaves), *besides, *stopping])

    @property
    def tainted(self) -> bool:
        """Whether other messages must not leave while this one may: they can be left out, or declassified."""
        held = [one.message for one in self.stays if one.why is Stay.LABEL]
        return bool(held) and self.message not in held

    def _stops(self, one: Staying) -> bool:
        """The message itself is never left out."""
        return one.why is Stay.LABEL and (not self.choice.leave_out or one.message == self.message)

    @property
    def content(self) -> Content:
        """The worst that the scan found."""
        return content_of(self.scan)

    @property
    def sheet(self) -> str:
        """The digest of the very bytes."""
        return self.outgoing.digest

    @property
    def most_input_tokens(self) -> int:
        """What goes out at most: no tokenizer makes more tokens of a text than it has bytes."""
        return most_tokens(self.outgoing, self.pictures)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All that would leave."""
        return pictures_of(self.leaves)

    @property
    def tokens(self) -> int:
        """What the send may come to at most."""
        return self.most_input_tokens + self.reply_tokens


def pictures_of(leaves: Iterable[Leaving]) -> tuple[Picture, ...]:
    """The pictures that leave with these messages, in their order."""
    return tuple(picture for one in leaves for picture in one.pictures)


def most_tokens(outgoing: Outgoing, pictures: Iterable[Picture] = ()) -> int:
    """The most tokens that a provider can count in what leaves: what stands around the words pays for the template's marks.

    A picture costs what no published way of counting is above, in the place of its base64.
    """
    body, tokens = outgoing.body, 0
    for picture in pictures:
        # Once for each: the same base64 may stand there as a text besides.
        body = body.replace(picture.base64.encode(), b"", 1)
        tokens += MOST_PICTURE_TOKENS
    return len(body) + tokens
