"""What happens in a turn, as one closed set of frozen events: recorded first, then seen.

`Progress` alone is not recorded: it says what is being waited for, and nothing rests on it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from assistant.domain.places import Route
from assistant.domain.prompt import Message, Sampling, Summary
from assistant.domain.sensitivity import Label
from assistant.domain.side_work import SideWorked

if TYPE_CHECKING:
    from assistant.domain.decisions import Decision
    from assistant.domain.leave import Denied, Ended, Leave
    from assistant.domain.turns import TurnRecord


@dataclass(frozen=True, slots=True)
class ConversationStarted:
    """A conversation exists from now on."""

    conversation: str
    title: str
    system: str
    at_ms: int


class TitledBy(StrEnum):
    """Who worded the title of a conversation."""

    PROMPT = "prompt"
    """It is the beginning of the first message."""
    MODEL = "model"
    PERSON = "person"
    KEPT = "kept"
    """A person, from a local-only text: so is the title."""


@dataclass(frozen=True, slots=True)
class ConversationRenamed:
    """A conversation has another title; one that a person gave is never changed by a model."""

    conversation: str
    title: str
    at_ms: int
    by: TitledBy = TitledBy.PERSON


@dataclass(frozen=True, slots=True)
class ConversationDeleted:
    """A conversation is out of sight; `ConversationRestored` undoes it."""

    conversation: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ConversationRestored:
    """A deleted conversation is back."""

    conversation: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ConversationPinned:
    """A conversation stays on `route`; "" means the default of the moment again."""

    conversation: str
    route: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ConversationLabelled:
    """What is said in a conversation from now on carries `label` at least."""

    conversation: str
    label: Label
    at_ms: int


@dataclass(frozen=True, slots=True)
class ConversationShelved:
    """Where a conversation stands in the list: kept at its top (`pinned`), out of it (`archived`), or by its age."""

    conversation: str
    pinned: bool
    archived: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class ConversationInstructed:
    """The model is told `system` before all that is said in a conversation from now on."""

    conversation: str
    system: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ConversationTuned:
    """Replies in a conversation are made with `sampling`, called `preset` ("": no name); None: as the settings say."""

    conversation: str
    preset: str
    sampling: Sampling | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class HeadMoved:
    """Another branch of a conversation is in view: what is said next follows `head` (None: it begins anew)."""

    conversation: str
    head: str | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class BranchDeleted:
    """A person's message and all that came of it are out of sight; `head` is in view now. `BranchRestored` undoes it."""

    conversation: str
    message: str
    head: str | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class BranchRestored:
    """A deleted branch is back, with what of it was out of sight before it was deleted still so; `head` is in view now."""

    conversation: str
    message: str
    head: str | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class Compacted:
    """On this machine a summary stands for what a conversation holds down to and with a reply."""

    summary: Summary
    at_ms: int

    @property
    def conversation(self) -> str:
        """The conversation that it is a summary of."""
        return self.summary.conversation


@dataclass(frozen=True, slots=True)
class CompactionUndone:
    """A summary stands for nothing any more; what it stood for is read in full again."""

    conversation: str
    summary: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Rated:
    """A person compared the replies of two turns to one prompt: `better` won (`tie`: neither did)."""

    conversation: str
    better: str
    worse: str
    tie: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class Labelled:
    """One message has a stricter label from now on; never a milder one."""

    conversation: str
    message: str
    label: Label
    at_ms: int


@dataclass(frozen=True, slots=True)
class Declassified:
    """A person let a message of theirs go further, for a reason they typed: a new branch with a copy of it.

    `copies` are that message with its new label and all that followed it, each with a new id and the label that follows from
    the branch; the last one is the conversation's head from now on. The original stays as it is.
    """

    conversation: str
    message: str
    reason: str
    copies: tuple[Message, ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A person's message is safe; the turn runs from now on, in the program instance `instance`."""

    message: Message
    reply: str
    instance: str
    at_ms: int

    @property
    def turn(self) -> str:
        """The turn that this message opens."""
        return self.message.turn


@dataclass(frozen=True, slots=True)
class Decided:
    """The policy gave its verdict on this turn, for this route; `denied` goes into the audit where it was to leave and may not."""

    turn: str
    decision: "Decision"
    route: Route
    at_ms: int
    denied: "Denied | None" = None


@dataclass(frozen=True, slots=True)
class Permitted:
    """A permit was minted; only now may a stream be opened. `leave` is there where bytes leave this machine under it."""

    turn: str
    permit: str
    digest: str
    at_ms: int
    leave: "Leave | None" = None


@dataclass(frozen=True, slots=True)
class PermitOver:
    """What became of a permit with a `leave`; where this is missing, its bytes may have left."""

    turn: str
    permit: str
    at_ms: int
    ended: "Ended"


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The conversation outgrew the window: `dropped` messages before `first_kept` stay out of the context."""

    turn: str
    dropped: int
    first_kept: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Delta:
    """`text` arrived for the reply, in `tokens` tokens; `output_tokens` counts them from the start."""

    turn: str
    text: str
    tokens: int
    output_tokens: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The turn is over, in whatever way; the record says how."""

    record: "TurnRecord"
    at_ms: int

    @property
    def turn(self) -> str:
        """The turn that is over."""
        return self.record.turn


class Stage(StrEnum):
    """What a running request is doing."""

    PREPARE = "prepare"
    QUEUE = "queue"
    LOAD = "load"
    CONNECT = "connect"
    PREFILL = "prefill"
    DECODE = "decode"


@dataclass(frozen=True, slots=True)
class Progress:
    """The turn entered or goes on in `stage`; `done` of `total` tokens where known. Never recorded.

    `context_tokens` is the size of the context window; `cached` of the prompt's tokens were in the engine before.
    """

    turn: str
    stage: Stage
    route: Route
    done: int | None = None
    total: int | None = None
    context_tokens: int | None = None
    cached: int | None = None


Arranged = (
    ConversationShelved
    | ConversationInstructed
    | ConversationTuned
    | HeadMoved
    | BranchDeleted
    | BranchRestored
    | Compacted
    | CompactionUndone
    | Rated
)
"""How a person arranges a conversation: its place, its settings, its branches, its summaries, what they found better."""

ConversationEvent = (
    ConversationStarted
    | ConversationRenamed
    | ConversationDeleted
    | ConversationRestored
    | ConversationPinned
    | ConversationLabelled
    | Labelled
    | Declassified
    | Arranged
    | SideWorked
)
TurnEvent = Asked | Decided | Permitted | PermitOver | Trimmed | Delta | Finished
Event = ConversationEvent | TurnEvent
"""Everything that the journal takes."""
