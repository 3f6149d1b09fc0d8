"""Answers of two routes to one prompt: found in the branches or asked for, shown side by side, rated on record."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.domain.attachments import headline
from assistant.domain.cost_words import ESTIMATE, UNKNOWN, figure
from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import one_line
from assistant.domain.prompt import Role
from assistant.tui.entries import heading, reply_entry
from assistant.tui.tree import Tree, Turn
from assistant.tui.widgets.transcript_page import Entry

if TYPE_CHECKING:
    from assistant.conversation.engine import Engine
    from assistant.domain.prompt import Message
    from assistant.domain.turns import TurnRecord
    from assistant.ports import Journal
    from assistant.ports.chats import Branches
    from assistant.tui.desk import Desk
    from assistant.tui.view import View

WAIT_S = 0.05
NO_REPLY = "there is no reply to compare with yet"


@dataclass(frozen=True, slots=True)
class Side:
    """One answer: the person's message that opened its turn, and the reply; `record` is None while it comes."""

    turn: str
    asked: str
    entry: Entry
    record: "TurnRecord | None" = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a person found the route of the one, of the other, or neither better."""

    left: int = 0
    right: int = 0
    tie: int = 0

    @property
    def words(self) -> str:
        """`rated before: 3 left · 1 right · 2 alike`; "" where nothing was."""
        if not (self.left or self.right or self.tie):
            return ""
        return f"these routes before: {self.left} left · {self.right} right · {self.tie} alike"


def figures(record: "TurnRecord | None") -> str:
    """What an answer took, in one line: TTFT, speed, tokens, cost."""
    if record is None:
        return "on its way"
    first, rate, cost = record.latency_ms.first_token, record.tokens_per_second, record.cost
    mark = ESTIMATE if record.usage.estimated else ""
    tokens = UNKNOWN if record.usage.output_tokens is None else f"{record.usage.output_tokens:,}"
    parts = [
        f"TTFT {UNKNOWN if first is None else f'{first:,.0f}'} ms",
        f"{UNKNOWN if rate is None else f'{rate:,.1f}'} tok/s",
        f"{tokens}{mark} tok",
    ]
    if cost.total is None:
        return " · ".join([*parts, f"cost {UNKNOWN}"])
    marked = f"{figure(cost.total)}{ESTIMATE if cost.estimated else ''}"
    return " · ".join([*parts, f"{marked} {one_line(cost.currency or '', 12)}".rstrip()])


@dataclass(frozen=True, slots=True)
class Found:
    """What the person said of two answers (`left`, `right`, `tie`, "" nothing), and the answers as they were then."""

    said: str
    sides: Sequence[Side]


Look = Callable[[], Side | None]
Show = Callable[[str, Sequence[Side], Tally, Look], Awaitable[Found]]


class Beside:
    """Opens over the chat; what was rated better is in view afterwards."""

    def __init__(
        self,
        engine: "Engine",
        journal: "Journal",
        view: "View",
        desk: "Desk",
        tree: Tree,
        show: Show,
    ) -> None:
        """`tree` asks the same on another route; `show` opens the screen and waits for its end."""
        self._engine = engine
        self._journal = journal
        self._view = view
        self._desk = desk
        self._tree = tree
        self._show = show

    async def act(self) -> None:
        """Shows the message at hand's two latest answers; where there is one, asks another route first. Errors are told."""
        try:
            turn = await self._tree.at_hand()
            branches = self._desk.siblings.branches
            if turn is None or turn.reply is None or not turn.reply.text or branches is None:
                self._view.tell(NO_REPLY)
                return
            other = await asyncio.to_thread(self._other, branches, turn)
            if other is None:
                await self._ask(branches, turn)
            else:
                mine = await asyncio.to_thread(self._side, turn.asked, turn.reply)
                # The older one stands at the left, whichever is in view.
                sides = sorted((mine, other), key=lambda side: side.turn)
                await self._compare(branches, turn, sides)
        except AssistantError as error:
            self._view.tell(str(error), error=True)

    def _other(self, branches: "Branches", turn: Turn) -> Side | None:
        """The newest other answer to the same words."""
        head = turn.chat.head
        beside = branches.siblings(head).get(turn.asked.id, ()) if head else ()
        for one in reversed([one for one in beside if one != turn.asked.id]):
            path = self._journal.path(branches.leaf(one))
            place = next((n for n, message in enumerate(path) if message.id == one), len(path))
            pair = path[place : place + 2]
            if len(pair) == 2 and pair[0].text == turn.asked.text and pair[1].text:
                return self._side(*pair)
        return None

    def _side(self, asked: "Message", reply: "Message") -> Side:
        record = self._journal.record(asked.turn)
        entry = reply_entry(reply.id, reply.text, record, reply.finish, reply.label)
        # Before it is in view: from there it may be copied.
        self._desk.labels.remember([(reply.text, reply.label)])
        return Side(asked.turn, asked.id, entry, record)

    async def _ask(self, branches: "Branches", turn: Turn) -> None:
        """The same on a route that the person picks; the screen opens once the answer begins."""
        chat, turns, reply = turn.chat, self._desk.turns, turn.reply
        before = chat.head
        if chat is not self._desk.chat:
            return
        await self._tree.act("elsewhere")
        # A sheet may be open for as long as a person reads it; nobody is told when a text has gone its way.
        while chat.held or turns.unrecorded(chat):  # noqa: ASYNC110
            await asyncio.sleep(WAIT_S)
        if chat.head == before or reply is None or chat is not self._desk.chat:
            return
        mine = await asyncio.to_thread(self._side, turn.asked, reply)
        now = await asyncio.to_thread(self._latest)
        if now is not None:
            await self._compare(branches, turn, (mine, now))

    def _latest(self) -> Side | None:
        """The answer at the end of the chat in view, as far as it has come."""
        running = self._desk.turns.running_in(self._desk.chat)
        if running is not None and running.asked is not None:
            asked = running.asked
            reading = self._desk.turns.readings.current
            names = heading(reading.route if reading else None, running.decision)
            entry = reading_entry(asked.reply, "".join(running.text), names)
            return Side(asked.turn, asked.message.id, entry)
        head = self._desk.chat.head
        path = self._journal.path(head) if head else ()
        if len(path) < 2 or path[-1].role is not Role.ASSISTANT or path[-1].finish is None:
            return None
        return self._side(path[-2], path[-1])

    async def _compare(self, branches: "Branches", turn: Turn, sides: Sequence[Side]) -> None:
        routes = [side.record.route.id if side.record else "" for side in sides]
        tally = await asyncio.to_thread(_tally, branches, routes)
        if self._desk.chat is not turn.chat:
            return
        found = await self._show(headline(turn.asked.text), sides, tally, self._latest)
        said = found.said
        if not said:
            return
        left, right = found.sides
        better, worse = (right, left) if said == "right" else (left, right)
        chat = turn.chat
        await self._engine.rate(chat.conversation, better.turn, worse.turn, tie=said == "tie")
        if said != "tie":
            leaf = await asyncio.to_thread(branches.leaf, better.asked)
            await self._engine.move_head(chat.conversation, leaf)
            await self._desk.open(chat.conversation)
        self._view.tell("on record: " + ("alike" if said == "tie" else _named(better)))


def _tally(branches: "Branches", routes: Sequence[str]) -> Tally:
    left, right = routes
    if not left or not right or left == right:
        return Tally()
    return Tally(*branches.ratings(left, right))


def _named(side: Side) -> str:
    return f"{side.entry.heading.removeprefix('assistant · ')} is the better one, and in view"


def reading_entry(key: str, text: str, heading: str) -> Entry:
    """An answer that still comes."""
    return Entry(key, Role.ASSISTANT, text, heading=heading, open=True)
