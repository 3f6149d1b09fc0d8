"""Fits a conversation into a context window: drops the oldest turns, keeps the system prompt, says how many."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from assistant.domain.errors import PromptTooLongError
from assistant.domain.pictured import given
from assistant.domain.places import Place, Route
from assistant.domain.prompt import ChatMessage, Finish, Message, Prompt, Role, Summary
from assistant.domain.sensitivity import Label, join
from assistant.domain.thinking import split
from assistant.ports import Journal

CountTokens = Callable[[Sequence[ChatMessage]], Awaitable[int]]

LEAST_REPLY_TOKENS = 64
"""A prompt that leaves less room than this for the reply is refused as too long."""

KEPT_SHARE = 2 / 3
"""After a trim the conversation fills at most this share of its budget, so that the next turns keep the cached prefix."""


SUMMARY_ASKED = "Here is a summary of our conversation so far:"
SUMMARY_TAKEN = "Thank you. I go on from there."
"""What stands around a summary: a turn of its own, so that roles alternate; a person's, since nothing in it may order as the system prompt does."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What the model is given: `messages` in `input_tokens` tokens.

    `dropped` is 0 where the window did not move; else so many messages, all that stand before `first_kept`, stay out.
    """

    messages: tuple[ChatMessage, ...]
    input_tokens: int
    dropped: int
    first_kept: str


@dataclass(frozen=True, slots=True)
class Room:
    """A context window of `window_tokens` with `reply_tokens` asked for the reply (None: no wish).

    `prompt_tokens` is the most that the engine reads of a prompt, for whatever reason (None: what the window holds).
    """

    window_tokens: int
    reply_tokens: int | None
    prompt_tokens: int | None = None

    @property
    def limit(self) -> int:
        """The most that a prompt may take at all."""
        least = min(self.reply_tokens or LEAST_REPLY_TOKENS, LEAST_REPLY_TOKENS)
        return self._capped(max(self._wished, self.window_tokens - least))

    @property
    def budget(self) -> int:
        """What a prompt may take while the reply has the room it asked for, or a quarter of the window."""
        return self._capped(self._wished)

    @property
    def _wished(self) -> int:
        reply = self.reply_tokens or self.window_tokens // 4
        return self.window_tokens - min(reply, self.window_tokens // 2)

    def _capped(self, tokens: int) -> int:
        return tokens if self.prompt_tokens is None else min(tokens, self.prompt_tokens)


def context(
    system: str, messages: Sequence[Message], summary: Summary | None = None
) -> tuple[ChatMessage, ...]:
    """What the model sees of `messages`: answers without their thoughts, and no turn that has none, so that roles alternate.

    A turn that failed and was asked again at once, in the same words, stays out too: the later one stands for it. The
    last message, a person's, is always in. `summary` is of what stood before `messages`.
    """
    return _given(_head(system, summary), _without_thoughts(messages))


def _head(system: str, summary: Summary | None) -> tuple[ChatMessage, ...]:
    """What stands before the messages."""
    head = [ChatMessage(Role.SYSTEM, system)] if system else []
    if summary is not None:
        head.append(ChatMessage(Role.USER, f"{SUMMARY_ASKED}\n\n{summary.text}"))
        head.append(ChatMessage(Role.ASSISTANT, SUMMARY_TAKEN))
    return tuple(head)


def _without_thoughts(messages: Sequence[Message]) -> list[Message]:
    """The messages, one for one; one that is its own answer stays the very same."""
    return [_without_thought(m) if m.role is Role.ASSISTANT else m for m in messages]


def _without_thought(reply: Message) -> Message:
    answer = split(reply.text).answer
    return reply if answer == reply.text else replace(reply, text=answer)


def spoken(messages: Sequence[Message], *, takes_images: bool = False) -> list[Message]:
    """The messages that a model is given of a conversation, as `context` chooses and words them."""
    return given(_answered(_without_thoughts(messages)), takes_images)


def _given(head: tuple[ChatMessage, ...], messages: Sequence[Message]) -> tuple[ChatMessage, ...]:
    return (*head, *(ChatMessage(m.role, m.text, m.pictures) for m in _answered(messages)))


def _answered(messages: Sequence[Message]) -> list[Message]:
    answered = {m.turn for m in messages if m.role is Role.ASSISTANT and m.text}
    answered -= _asked_again(messages)
    last = messages[-1].id
    return [m for m in messages if m.turn in answered or m.id == last]


def _asked_again(messages: Sequence[Message]) -> set[str]:
    """The turns that failed and are followed by a person's message with their own text."""
    threes = zip(messages, messages[1:], messages[2:], strict=False)
    return {
        reply.turn
        for asked, reply, then in threes
        if reply.finish is Finish.FAILED and asked.turn == reply.turn
        if then.role is Role.USER and (then.text, then.pictures) == (asked.text, asked.pictures)
    }


async def fit(
    system: str,
    messages: Sequence[Message],
    room: Room,
    count: CountTokens,
    keep_from: str | None,
    summary: Summary | None = None,
) -> Fitted:
    """Chooses what the model is given of `messages`, worded by `given`: all from `keep_from` (None: the start) where that fits, else the newest turns.

    `summary` stands for what it is a summary of, unless that leaves no room for the last message.
    Raises: PromptTooLongError where even the last message alone does not fit.
    """
    messages = _without_thoughts(messages)
    first = _after(messages, summary)
    if summary is not None and first:
        try:
            return await _fit(_head(system, summary), messages, room, count, keep_from, first)
        except PromptTooLongError:
            # The same without it may fit: another route, with a smaller window, worded it for a larger one.
            summary = None
    return await _fit(_head(system, None), messages, room, count, keep_from, 0)


async def _fit(
    head: tuple[ChatMessage, ...],
    messages: Sequence[Message],
    room: Room,
    count: CountTokens,
    keep_from: str | None,
    first: int,
) -> Fitted:
    starts = _turn_starts(messages, keep_from, first)
    whole = _given(head, messages[starts[0] :])
    tokens = await count(whole)
    if tokens <= room.budget:
        return Fitted(whole, tokens, 0, messages[starts[0]].id)
    cut, tokens = await _first_that_fits(head, messages, starts, room, count)
    dropped = cut if cut > starts[0] else 0
    return Fitted(_given(head, messages[cut:]), tokens, dropped, messages[cut].id)


def _after(messages: Sequence[Message], summary: Summary | None) -> int:
    """Where what `summary` does not stand for begins; 0 where it is of none of `messages`, or of all."""
    upto = summary.upto if summary else ""
    place = next((i + 1 for i, m in enumerate(messages) if m.id == upto), 0)
    return place if place < len(messages) else 0


def _turn_starts(messages: Sequence[Message], keep_from: str | None, first: int) -> list[int]:
    """Where a cut may fall: before each person's message, not before `keep_from` nor the one with the number `first`."""
    kept = next((i for i, m in enumerate(messages) if m.id == keep_from), 0)
    starts = range(max(first, kept), len(messages))
    return [i for i in starts if messages[i].role is Role.USER]


async def _first_that_fits(
    head: tuple[ChatMessage, ...],
    messages: Sequence[Message],
    starts: Sequence[int],
    room: Room,
    count: CountTokens,
) -> tuple[int, int]:
    """The earliest cut whose rest takes KEPT_SHARE of the budget, by bisection: fewer messages never take more tokens."""
    low, high = 0, len(starts) - 1
    tokens = await count(_given(head, messages[starts[high] :]))
    if tokens > room.limit:
        raise _too_long(tokens, room)
    while low < high:
        middle = (low + high) // 2
        candidate = await count(_given(head, messages[starts[middle] :]))
        if candidate <= room.budget * KEPT_SHARE:
            high, tokens = middle, candidate
        else:
            low = middle + 1
    return starts[high], tokens


def _too_long(tokens: int, room: Room) -> PromptTooLongError:
    if room.prompt_tokens is not None and tokens <= room.window_tokens:
        return PromptTooLongError(
            f"this message takes {tokens:,} tokens; what runs the model reads {room.prompt_tokens:,} in time",
            "shorten it, or use another route",
        )
    return PromptTooLongError(
        f"this message takes {tokens:,} tokens; the model's context window holds "
        f"{room.window_tokens:,}, and the reply needs room too",
        "shorten it, or raise engine.context_tokens in the settings",
    )


def preview(journal: Journal, prompt: Prompt, path: Sequence[Message]) -> tuple[ChatMessage, ...]:
    """What the model would be given for `prompt` if nothing more had to be dropped."""
    draft = Message(
        "", prompt.conversation, prompt.parent, Role.USER, prompt.text, prompt.label, "", 0
    )
    messages = [*path, draft]
    kept_from, summary = known(journal, prompt.conversation, path)
    first = _after(messages, summary)
    start = _turn_starts(messages, kept_from, first)[0]
    # It is for a route of this machine that reads ahead, and none of those takes pictures.
    worded = given(messages[start:], False)
    return context(prompt.system, worded, summary if first else None)


def known(
    journal: Journal, conversation: str, path: Sequence[Message]
) -> tuple[str | None, Summary | None]:
    """The message from which on the window held `path` last (None: it never moved), and the summary that stands on it."""
    ids = [message.id for message in path]
    return journal.first_kept(conversation, ids), journal.summary(conversation, ids)


def counting_with(count: CountTokens, begun: str) -> CountTokens:
    """`count` with what there is of the reply already."""
    if not begun:
        return count
    return lambda messages: count((*messages, ChatMessage(Role.ASSISTANT, begun)))


def may_stand(summary: Summary, route: Route, label: Label) -> bool:
    """A summary stays on this machine; and the reply's label has to cover it, as it does where it is that of its path."""
    return route.place is Place.THIS_MACHINE and join((label, summary.label)) is label
