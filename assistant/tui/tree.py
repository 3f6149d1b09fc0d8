"""What a person does with the branches of the conversation in view: edit, ask again, go on, step, delete, bring back."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from assistant.conversation.engine import Engine
from assistant.domain.attachments import headline
from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import one_line
from assistant.domain.places import SHORT_NAMES, Route
from assistant.domain.prompt import Finish, Message, Role
from assistant.domain.sensitivity import join
from assistant.ports import Journal
from assistant.ports.chats import Branches
from assistant.tui import editing
from assistant.tui.branch import Branch
from assistant.tui.desk import Desk
from assistant.tui.turn import Ask, Chat
from assistant.tui.view import View

GO_ON = "Continue exactly where you stopped."
BUSY = "a reply of this chat is on its way: wait for its end, or esc stops it first"
NOTHING = "there is no message here yet"
ALONE = "there is no other version of this message · [[conversation.tree_edit e]] edits it, [[conversation.tree_again r]] asks it again"
ENDED = "this reply ended by itself: there is nothing to go on with · [[conversation.tree_again r]] asks again"
EMPTY = "nothing had come of this reply · [[conversation.tree_again r]] asks again"
FOLLOWS = "the next message follows this reply already"
BRANCHED = "the next message follows this reply · right goes back to what came after it"


class Turn(NamedTuple):
    """The turn at hand in `chat`: a person's message and its reply; `above` stands before both, `last` is the last of the way.

    Another chat may be in view by the time that something is done with it.
    """

    chat: Chat
    asked: Message
    reply: Message | None
    above: Sequence[Message]
    last: bool


class Tree:
    """Every act is on record before it is shown; none while a reply of the chat is on its way."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        view: View,
        desk: Desk,
        pick: Callable[[str, Sequence[tuple[str, str]]], Awaitable[str]],
    ) -> None:
        """`pick` asks the person for one of the lines (names, and what is shown of each); "" where they choose none."""
        self._engine = engine
        self._journal = journal
        self._view = view
        self._desk = desk
        self._pick = pick
        self._one = asyncio.Lock()
        self._acts: dict[str, Callable[[Turn], Awaitable[None]]] = {
            "edit": self._edit,
            "again": self._again,
            "elsewhere": self._elsewhere,
            "branch": self._branch,
            "continue": self._continue,
            "delete": self._delete,
            "previous": functools.partial(self._step, step=-1),
            "next": functools.partial(self._step, step=1),
        }

    async def act(self, verb: str) -> None:
        """Does what `verb` says with the message at hand, or brings back (`undo`); errors are told."""
        chat = self._desk.chat
        # Keys come faster than the disk: the next one is about what this one leaves, in the same chat.
        async with self._one:
            if self._in_view(chat):
                await self._act(chat, verb)

    async def _act(self, chat: Chat, verb: str) -> None:
        turns = self._desk.turns
        if turns.running_in(chat) or turns.unrecorded(chat) or chat.held:
            self._view.tell(BUSY)
            return
        try:
            if verb == "undo":
                await self._undo(chat)
            elif turn := await self.at_hand():
                await self._acts[verb](turn)
            else:
                self._view.tell(NOTHING)
        except AssistantError as error:
            self._view.tell(str(error), error=True)

    async def at_hand(self) -> Turn | None:
        """The turn of the message at hand, or of the last one; None where there is none. Raises: StorageError."""
        chat, key = self._desk.chat, self._view.transcript.at_hand
        head = chat.head
        path = await asyncio.to_thread(self._journal.path, head) if head else ()
        place = next((n for n, one in enumerate(path) if one.id == key), None)
        if place is None:
            return None
        place -= path[place].role is Role.ASSISTANT
        reply = path[place + 1] if place + 1 < len(path) else None
        return Turn(chat, path[place], reply, path[:place], place + 2 >= len(path))

    # What is said once more.

    async def _edit(self, turn: Turn) -> None:
        label = join([turn.asked.label, *(one.label for one in turn.above)])
        branch = Branch(turn.asked.parent, label, asked=turn.asked.id)
        if not self._in_view(turn.chat):
            return
        editing.begin(turn.chat, self._view, self._desk.labels, turn.asked.text, branch)
        self._view.composer.focus()

    async def _again(self, turn: Turn) -> None:
        route = await self._route_of(turn.asked)
        branch = Branch(turn.asked.parent, turn.asked.label, again=True)
        self._ask(turn, turn.asked.text, route, branch)

    async def _elsewhere(self, turn: Turn) -> None:
        routes = {route.id: route for route in self._engine.routes}
        rows = [(one.id, _line(one)) for one in routes.values()]
        route = routes.get(await self._pick("Ask again on which route?", rows))
        if route is not None:
            branch = Branch(turn.asked.parent, turn.asked.label, again=True)
            self._ask(turn, turn.asked.text, route, branch)

    async def _continue(self, turn: Turn) -> None:
        asked, reply = turn.asked, turn.reply
        if reply is None or not reply.text or reply.finish in (None, Finish.STOP):
            self._view.tell(EMPTY if reply is None or not reply.text else ENDED)
            return
        # What came of the reply is part of what is asked now.
        label = join((asked.label, reply.label))
        route = await self._route_of(asked)
        if route is not None and self._engine.continues(route.id):
            branch = Branch(asked.parent, label, reply.text, again=True)
            self._ask(turn, asked.text, route, branch)
        else:
            self._ask(turn, GO_ON, route, Branch(reply.id, label, again=True))

    async def _route_of(self, asked: Message) -> Route | None:
        """The route that answered; None where it is not here any more, which is told."""
        record = await asyncio.to_thread(self._journal.record, asked.turn)
        wanted = record.route.id if record else ""
        route = next((one for one in self._engine.routes if one.id == wanted), None)
        if record is not None and route is None:
            name = one_line(wanted, 40)
            self._view.tell(f"{name} is not here now, so this goes where messages go")
        return route

    def _ask(self, turn: Turn, text: str, route: Route | None, branch: Branch) -> None:
        ask = Ask(turn.chat, text, route.id if route else "", branch.label, branch=branch)
        self._desk.sending.ask(ask, route)

    # Where one stands.

    async def _branch(self, turn: Turn) -> None:
        head = turn.reply.id if turn.reply else turn.asked.id
        if head == turn.chat.head:
            self._view.tell(FOLLOWS)
            return
        await self._move(turn.chat, head, head)
        if self._in_view(turn.chat):
            self._view.composer.focus()
            self._view.tell(BRANCHED)

    async def _step(self, turn: Turn, step: int) -> None:
        branches, head = self._desk.siblings.branches, turn.chat.head
        if branches is None or head is None:
            return
        beside = (await asyncio.to_thread(branches.siblings, head)).get(turn.asked.id, ())
        at = beside.index(turn.asked.id) + step if beside else -1
        if 0 <= at < len(beside):
            leaf = await asyncio.to_thread(branches.leaf, beside[at])
            await self._move(turn.chat, leaf, beside[at])
            return
        below = await asyncio.to_thread(branches.leaf, head)
        if step > 0 and turn.last and below != head:
            await self._move(turn.chat, below, head)
        elif not beside:
            self._view.tell(ALONE)

    async def _move(self, chat: Chat, head: str, key: str) -> None:
        await self._engine.move_head(chat.conversation, head)
        await self._show(chat, head, key)

    def _in_view(self, chat: Chat) -> bool:
        return self._desk.chat is chat

    async def _show(self, chat: Chat, head: str | None, key: str = "") -> None:
        """Shows the way to `head`, with the message `key` at hand; not where the person went to another chat."""
        transcript = self._view.transcript
        chat.head = head
        if not self._in_view(chat):
            return
        await self._desk.open(chat.conversation)
        found = (n for n, entry in enumerate(transcript.pages.entries) if entry.key == key)
        number = next(found, None)
        if number is not None and self._in_view(chat):
            transcript.cursor, transcript.code = number, None
            transcript.show_rows(number, 0, transcript.pages.measure(number))

    # What is taken away, and comes back.

    async def _delete(self, turn: Turn) -> None:
        chat, branches = turn.chat, self._desk.siblings.branches
        if branches is None or chat.head is None:
            return
        head = await asyncio.to_thread(_beside, branches, chat.head, turn.asked)
        await self._engine.delete_branch(chat.conversation, turn.asked.id, head)
        await self._show(chat, head, turn.asked.parent or "")
        words = one_line(headline(turn.asked.text), 40)
        self._view.tell(
            f"deleted “{words}” and what came of it · [[conversation.tree_undo u]] brings it back"
        )

    async def _undo(self, chat: Chat) -> None:
        branches = self._desk.siblings.branches
        known = branches is not None and chat.conversation
        found = (
            await asyncio.to_thread(branches.deleted, chat.conversation)
            if branches and known
            else None
        )
        if found is None:
            self._view.tell("nothing of this chat is deleted")
            return
        await self._engine.restore_branch(chat.conversation, found.message, found.head)
        await self._show(chat, found.head, found.message)


def _beside(branches: Branches, head: str, asked: Message) -> str | None:
    """What is in view once a branch is gone: the newest end of a neighbour, else the reply above it."""
    beside = branches.siblings(head).get(asked.id, ())
    others = [one for one in beside if one != asked.id]
    if not others:
        return asked.parent
    return branches.leaf(others[min(beside.index(asked.id), len(others) - 1)])


def _line(route: Route) -> str:
    return f"{SHORT_NAMES[route.place]} · {one_line(route.id, 40)} · {one_line(route.model, 60)}"
