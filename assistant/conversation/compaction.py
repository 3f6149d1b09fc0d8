"""Summarises the older part of a conversation on this machine, part by part, so that the window holds the sense of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.conversation.side_work import SideWork, Task
from assistant.conversation.window import known, spoken
from assistant.domain.errors import EngineError, PromptTooLongError, UsageError
from assistant.domain.estimates import text_size
from assistant.domain.hygiene import harmless
from assistant.domain.prompt import ChatMessage, Message, Role, Sampling, Summary
from assistant.domain.sensitivity import Label, join
from assistant.domain.side_work import SideKind
from assistant.domain.thinking import split

if TYPE_CHECKING:
    from assistant.conversation.engine import Engine
    from assistant.ports import Journal

KEPT_TURNS = 2
"""So many of the newest turns stay as they are."""

MOST_TOKENS, LEAST_TOKENS = 512, 96
"""A summary is about half as long as what it is of, in these bounds; small models would go on and on."""

_REPLY_TOKENS = 1024
"""Room for models that think first; at most a quarter of the window."""

_SYSTEM = "You summarise conversations."
_ASK = (
    "Write one summary of all this in at most 150 words: what the user wants, what was said, decided and left open, "
    "with the names and the numbers. Reply with the summary alone."
)
_SPEAKERS = {Role.USER: "User", Role.ASSISTANT: "Assistant", Role.SYSTEM: "System"}
_MOST_WRONG = 2
"""An estimate of tokens is wrong by no more than this factor, as far as it matters here."""
_LEAST_PIECE = 40
"""Characters below which a text is not cut any further."""

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a summary would be of: `count` messages, the first of the path, down to and with `upto`.

    `read` are those of them that no earlier summary stands for; `earlier` is that one. `kept` messages stay as they are.
    """

    conversation: str
    upto: str
    count: int
    kept: int
    read: tuple[Message, ...]
    earlier: Summary | None
    label: Label


def plan(journal: "Journal", conversation: str) -> Plan:
    """What can be summarised of a conversation as it is in view. Blocks. Raises: UsageError where nothing can; StorageError."""
    found = journal.conversation(conversation) if conversation else None
    path = journal.path(found.head) if found is not None and found.head else ()
    kept_from, earlier = known(journal, conversation, path)
    places = {message.id: place for place, message in enumerate(path)}
    begin = places[earlier.upto] + 1 if earlier else 0
    starts = [i for i, message in enumerate(path) if message.role is Role.USER]
    # What the window has lost already is part of it in any case.
    newest = starts[-KEPT_TURNS] if len(starts) > KEPT_TURNS else 0
    cut = max(newest, places.get(kept_from or "", 0))
    older = path[begin:cut]
    read = tuple(one for one in spoken(older) if one.text.strip()) if older else ()
    if not read:
        raise UsageError(
            "there is nothing to summarise yet", f"the newest {KEPT_TURNS} turns stay as they are"
        )
    label = join([*(one.label for one in path[:cut]), *([earlier.label] if earlier else [])])
    upto = path[cut - 1].id
    return Plan(conversation, upto, cut, len(path) - cut, read, earlier, label)


async def compact(engine: "Engine", made: Plan, told: Told = lambda _done, _all: None) -> Summary:
    """Words the summary and puts it on record; `told` is given the messages read so far, and all.

    Raises: StoppedError where something else had to be done first: nothing is then on record. RouteError where no route of
    this machine can; EngineError where the model says nothing; StorageError.
    """
    async with engine.aside(SideKind.SUMMARY, made.conversation, asked=True) as work:
        own = engine.new_id()
        try:
            text = await _Writer(work, own, made.label, told).fold(made)
        finally:
            # Nobody goes on from there, and nothing else would ever remove it.
            await work.forget(own)
    summary = Summary(
        engine.new_id(),
        made.conversation,
        made.upto,
        text,
        made.label,
        work.route.id,
        work.now_ms(),
    )
    await engine.compact(summary)
    return summary


def asking(so_far: str, part: Sequence[str]) -> tuple[ChatMessage, ...]:
    """What the model is asked: one summary of the one `so_far` ("": none) and of the next part of the conversation."""
    before = [f"Summary of what was said before:\n{so_far}"] if so_far else []
    said = "The conversation goes on:" if so_far else "A conversation of a user and an assistant:"
    text = "\n\n".join([*before, f"{said}\n" + "\n".join(part), _ASK])
    return (ChatMessage(Role.SYSTEM, _SYSTEM), ChatMessage(Role.USER, text))


class _Writer:
    """Folds what was said into one text, as much at a time as the window holds."""

    def __init__(self, work: SideWork, conversation: str, label: Label, told: Told) -> None:
        self._work = work
        self._conversation = conversation
        self._label = label
        self._told = told

    async def fold(self, made: Plan) -> str:
        """The summary's text."""
        room = await self._work.room(None)
        tokens = min(_REPLY_TOKENS, room.window_tokens // 4)
        room = await self._work.room(tokens)
        sampling = Sampling(temperature=0.0, max_tokens=tokens)
        enough = _enough(made)
        so_far = made.earlier.text if made.earlier else ""
        rest = [f"{_SPEAKERS[one.role]}: {one.text}" for one in made.read]
        while rest:
            self._told(len(made.read) - min(len(rest), len(made.read)), len(made.read))
            part, rest = await self._part(so_far, rest, room.budget)
            task = Task(self._conversation, asking(so_far, part), self._label, sampling)
            so_far = harmless(split(await self._work.say(task, enough)).answer).strip()
            if not so_far:
                raise EngineError("the model gave no summary", "try another model")
        return so_far

    async def _part(self, so_far: str, rest: list[str], budget: int) -> tuple[list[str], list[str]]:
        """The most of `rest` that fits, and what is left; a text that alone is too long is cut in halves."""
        while not await self._fits(so_far, rest[:1], budget):
            half = len(rest[0]) // 2
            if half < _LEAST_PIECE:
                raise PromptTooLongError(
                    "the model's context window is too small to summarise in",
                    "raise engine.context_tokens in the settings",
                )
            rest = [rest[0][:half], rest[0][half:], *rest[1:]]
        low, high = 1, _in_question(rest, budget)
        while low < high:
            middle = (low + high + 1) // 2
            if await self._fits(so_far, rest[:middle], budget):
                low = middle
            else:
                high = middle - 1
        return rest[:low], rest[low:]

    async def _fits(self, so_far: str, part: Sequence[str], budget: int) -> bool:
        return await self._work.count(asking(so_far, part)) <= budget


def _in_question(texts: Sequence[str], budget: int) -> int:
    """How many of `texts` at the most may fit: nobody need count the tokens of all that was ever said."""
    size = 0.0
    for number, text in enumerate(texts):
        size += text_size(text)
        if size > _MOST_WRONG * budget:
            return max(1, number)
    return len(texts)


def _enough(made: Plan) -> Callable[[str], bool]:
    """Whether what was said is as long as the summary may be."""
    size = sum(text_size(one.text) for one in made.read)
    if made.earlier:
        size += text_size(made.earlier.text)
    most = min(MOST_TOKENS, max(LEAST_TOKENS, size / 2))
    return lambda said: text_size(split(said).answer) >= most
