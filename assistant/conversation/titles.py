"""Titles that the model of this machine words in idle time, from what was said at the beginning of a conversation."""

import asyncio
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.conversation.own_titles import own_title
from assistant.conversation.stopping import StoppedError
from assistant.domain.events import TitledBy
from assistant.domain.hygiene import one_line
from assistant.domain.prompt import Finish, Prompt, Role, Sampling
from assistant.domain.sensitivity import join
from assistant.domain.side_work import SideKind
from assistant.domain.thinking import split

if TYPE_CHECKING:
    from assistant.conversation.engine import Engine
    from assistant.conversation.side_work import Task
    from assistant.ports import Journal

WIDTH = 60
"""The most characters of a title."""

MOST_MESSAGES = 6
"""A conversation that has more messages keeps the title it has: it is known by that."""

ASK = (
    "Give a title of three to six words for what I asked, in my language. "
    "Reply with the title alone."
)

_SAMPLING = Sampling(temperature=0.0, max_tokens=320)
"""The likeliest words; room for models that think first."""

_LONGEST_LINE = 200
_ABOUT_ITSELF = frozenset(
    ("title", "titles", "headline", "conversation", "summary", "assistant", "request")
)
_SHELL = " \t*_#`\"'“”„«»‘’<>-–—:."
_STUCK = re.compile(r"(.{2,12}?)\1\1|://|`")
"""What goes round in circles, as small models do; and neither an address nor code is a title."""
_PREFIX = re.compile(r"^(?:\W*)(?:title|titel|titre|título|titolo)\s*[:：]\s*", re.IGNORECASE)


def enough(said: str) -> bool:
    """Whether the answer has its first line, or one that is longer than any title."""
    answer = split(said).answer.lstrip()
    return "\n" in answer or len(answer) > _LONGEST_LINE


def worded(said: str, about: str) -> str:
    """The title in what a model said, harmless, on one line of at most WIDTH characters; "" where there is none.

    Small models speak of the title instead, or of something else: a title has a word of what it is `about`, the person's own
    words, and is none of those that go on and on.
    """
    parts = split(said)
    lines = [] if parts.thinking else parts.answer.strip().splitlines()
    line = _PREFIX.sub("", lines[0]) if lines else ""
    title = one_line(line.strip(_SHELL)[: 2 * WIDTH], 20 * WIDTH)
    words = re.findall(r"\w+", title.casefold())
    announced = line.rstrip(" *").endswith((":", "："))
    if announced or len(title) > WIDTH or _STUCK.search(title) or _ABOUT_ITSELF.intersection(words):
        return ""
    return title if _shares_a_word(words, about.casefold()) else ""


def _shares_a_word(words: Sequence[str], text: str) -> bool:
    """Whether the beginning of a word stands in `text`, whatever its ending; two characters say enough in other scripts."""
    begins = [word[:4] if word.isascii() else word[:2] for word in words]
    return any(begin in text for begin in begins if len(begin) >= (4 if begin.isascii() else 2))


def task_for(journal: "Journal", conversation: str) -> "Task | None":
    """What is asked for a title; None where there is to be none. Blocks. Raises: StorageError.

    It is the conversation itself with one more question, so that the model has read nearly all of it already, and what it
    read stays of use for the next turn.
    """
    from assistant.conversation.side_work import Task
    from assistant.conversation.window import preview

    found = journal.conversation(conversation)
    if found is None or found.deleted or found.titled is not TitledBy.PROMPT or not found.head:
        return None
    path = journal.path(found.head)
    replies = [one for one in path if one.role is Role.ASSISTANT]
    if len(path) > MOST_MESSAGES or not replies or not _is_answer(replies[-1].finish):
        return None
    prompt = Prompt(ASK, conversation, found.head, system=found.system)
    label = join([found.label, *(one.label for one in path)])
    return Task(conversation, preview(journal, prompt, path), label, _SAMPLING)


def _is_answer(finish: Finish | None) -> bool:
    return finish in (Finish.STOP, Finish.LENGTH)


async def entitle(engine: "Engine", journal: "Journal", conversation: str) -> str | None:
    """Words a title and puts it on record, one of the person's own words where the model words none; "" where none is to be had, None where something else had to be done first.

    Raises: RouteError, StorageError.
    """
    task = await asyncio.to_thread(task_for, journal, conversation)
    if task is None:
        return ""
    try:
        async with engine.aside(SideKind.TITLE, conversation) as work:
            room = await work.room(_SAMPLING.max_tokens or 0)
            if await work.count(task.messages) > room.limit:
                return ""
            said = await work.say(task, enough)
    except StoppedError:
        return None
    asked = [one.text for one in task.messages[:-1] if one.role is Role.USER]
    title, by = worded(said, "\n".join(asked)), TitledBy.MODEL
    if not title:
        own = (own_title(text, WIDTH) for text in asked)
        title, by = next(filter(None, own), ""), TitledBy.PROMPT
    if title:
        await engine.rename(conversation, title, by)
    return title
