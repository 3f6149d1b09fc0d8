"""One request to hailo-ollama: planned from what is known, then filled as the reply comes; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.backends.hailo.budget import WINDOW_TOKENS, prompt_tokens
from assistant.backends.hailo.notebook import Memory
from assistant.backends.hailo.reading import Reading, opening
from assistant.backends.hailo.wire import CHAT, chat_body, for_dialect
from assistant.backends.hailo.wordings import with_system, worded
from assistant.domain.hat_facts import Dialect
from assistant.domain.permit import Outgoing
from assistant.domain.places import Address
from assistant.domain.prompt import ChatMessage
from assistant.domain.turns import Usage
from assistant.ports import Generation


@dataclass(frozen=True, slots=True)
class Known:
    """What a request depends on beside itself: whom it is for, and what the server holds.

    `held` are the messages that it surely holds and would know again.
    """

    address: Address
    model: str
    dialect: Dialect
    memory: Memory
    held: tuple[ChatMessage, ...]


@dataclass(slots=True)
class Job:
    """A request on its way. `head_ms` is the moment (monotonic) when the server began to read the prompt, None before it.

    `cached` of the prompt's `tokens` need not be read again; both are estimates.
    """

    outgoing: Outgoing
    wording: int
    messages: tuple[ChatMessage, ...]
    tokens: int
    cached: int
    reading: Reading
    head_ms: float | None = None
    over: bool = False

    @property
    def usage(self) -> Usage:
        """Estimates: the server counts nothing but its lines."""
        said = self.reading.tokens
        return Usage(self.tokens, self.cached, said, True, self.tokens + said, WINDOW_TOKENS)

    def waited_s(self, now_ms: float) -> float:
        """How long the prompt has been read, in seconds; 0 before that began."""
        return 0.0 if self.head_ms is None else (now_ms - self.head_ms) / 1000


def plan(request: Generation, known: Known) -> Job:
    """The job for `request`: the same values give the same bytes."""
    wording = known.memory.next_wording(known.model)
    messages = worded(request.messages, wording)
    tokens = prompt_tokens(with_system(request.messages))
    room, wished = WINDOW_TOKENS - tokens, request.sampling.max_tokens
    body = chat_body(
        known.model,
        for_dialect(known.dialect, messages),
        request.sampling,
        room if wished is None else min(wished, room),
    )
    return Job(
        Outgoing(known.address, CHAT, body),
        wording,
        messages,
        tokens,
        _cached(messages, tokens, known),
        Reading(opening(known.model), request.sampling.stop),
    )


def _cached(messages: Sequence[ChatMessage], tokens: int, known: Known) -> int:
    """An estimate of the tokens that the server need not read again; there is always something new."""
    held = known.held
    if not (known.memory.sure and held and len(messages) > len(held)):
        return 0
    same = tuple(messages[: len(held)]) == held
    return min(prompt_tokens(held), tokens - 1) if same else 0
