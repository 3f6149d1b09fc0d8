"""What lies on the desk: the open conversation, what is typed, what runs and waits, kept in step with the journal."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.domain.attachments import joined
from assistant.domain.errors import AssistantError, ErrorNote, RouteError
from assistant.domain.events import Asked, Delta, Finished, Progress, TurnEvent
from assistant.domain.prompt import Prompt
from assistant.domain.readings import begin
from assistant.domain.sensitivity import Label, join
from assistant.domain.settings import Settings
from assistant.tui import editing, unsent, withdrawal
from assistant.tui.ahead import Ahead
from assistant.tui.bearings import Bearings, serves
from assistant.tui.branch import Branch
from assistant.tui.compacting import Compacting
from assistant.tui.counting import Counting
from assistant.tui.drafts import Drafts
from assistant.tui.entries import (
    Opened,
    blank,
    context,
    entries,
    labelled,
    latest_reply,
    prompts,
    read,
    used,
    with_figures,
)
from assistant.tui.fallback import Fallback
from assistant.tui.labels import Labels
from assistant.tui.left import Left
from assistant.tui.live import Live
from assistant.tui.sending import Sending
from assistant.tui.services import Services
from assistant.tui.siblings import Siblings
from assistant.tui.slash import is_command
from assistant.tui.titles import Titles
from assistant.tui.turn import Ask, Chat, Running, Turns
from assistant.tui.widgets.transcript import Entry

if TYPE_CHECKING:
    from assistant.conversation.engine import Engine
    from assistant.domain.turns import TurnRecord
    from assistant.ports import Journal
    from assistant.tui.view import View


class Desk:
    """One conversation in view; turns of others may run and wait meanwhile."""

    def __init__(
        self,
        services: Services,
        view: "View",
        settings: Callable[[], Settings],
        start: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        """`settings` gives those of the moment; `start` runs a coroutine beside the screen."""
        self._engine = services.engine
        self._journal = services.journal
        self._clock = services.clock
        self._view = view
        self._settings = settings
        self._start = start
        self.bearings = Bearings(
            services, view.bearings_changed, lambda text: view.tell(text, error=True)
        )
        self.labels = Labels(settings, start)
        self.ahead = Ahead(
            services.engine, functools.partial(_readable, self, services.engine, settings), start
        )
        self.live = Live(view.transcript, services.clock, lambda: self.turns.readings)
        self._drafts = Drafts(services.journal, start, self._failed)
        self.turns = Turns(
            services.engine,
            services.clock,
            lambda: settings().generation,
            start,
            self,
            self.bearings.ready,
        )
        self.titles = Titles(services, settings, self, view.desk_changed, start)
        self.compacting = Compacting(services, view, self, start)
        self.left = Left(services, start, view.desk_changed)
        self.counting = Counting(services, self.turns, start, self._failed, view.tick)
        self.sending = Sending(services, settings, view, self, start)
        self.fallback = Fallback(services.engine, self.sending.clearance.distant)
        self.siblings = Siblings(services.branches, view.transcript, self._failed)
        view.transcript.pages.late = functools.partial(with_figures, services.journal)
        self.known: dict[str, Chat] = {}
        self.blank = self.chat = Chat(settings().generation.system_prompt)
        self.context: tuple[int, int] | None = None
        self.reply = ""
        self._wanted = ""

    async def load(self) -> None:
        """Reads what the screen shows at its start: the latest figures and the text that was being typed."""
        try:
            await _restore(self, self._drafts, self._view)
            records = await asyncio.to_thread(self._journal.records)
        except AssistantError as error:
            self._failed(error)
            return
        self.turns.readings = replace(self.turns.readings, routes=begin(records).routes)
        self._view.desk_changed()
        await self.left.read()
        await asyncio.to_thread(_learn_markdown)
        await self.counting.read()
        self._view.desk_changed()

    def greet(self) -> None:
        """Says in an empty chat where an answer would come from."""
        if not self.chat.head and self.turns.running_in(self.chat) is None:
            self._view.transcript.show(blank(self.sending.bound(self.chat)))

    async def open(self, conversation: str) -> None:
        """Brings a conversation into view, each with the text that was being typed there; "" is the empty chat."""
        if not conversation:
            self.new(self._view.composer.take())
            return
        self._wanted = conversation
        known = self.turns.chat(conversation) or self.known.get(conversation)
        # What somebody puts on record of it meanwhile is in what is read, or comes after that was taken over.
        async with known.recording if known else nullcontext():
            try:
                opened, shown = await _read(self, self._journal, self._clock.now_ms(), conversation)
            except AssistantError as error:
                self._failed(error)
                return
            if conversation != self._wanted:
                return
            if opened is None:
                self._view.tell("this conversation is gone", error=True)
                return
            unsent.leave(self, self._view.composer.recall, self._view.composer.full_text)
            self.chat = self._chat_of(opened)
            self._show(opened, shown)

    def new(self, left: str) -> None:
        """Brings the empty chat into view at once; `left` stood in the composer before, what stands there now is for it.

        From a conversation on record, where the first text of a new one still waits, that one: nothing else leads to it.
        """
        self._wanted = ""
        unsent.leave(self, self._view.composer.recall, left)
        waiting = unsent.unstarted(self) if self.chat.head else []
        if self.blank.instructed is None:
            self.blank.system = self._settings().generation.system_prompt
        self.chat = waiting[0] if waiting else self.blank
        standing = self._view.composer.full_text
        self._show(None, blank(self.sending.bound(self.chat)))
        if standing:
            self._view.composer.put(_joined(self.chat.typed, standing))

    def _chat_of(self, opened: Opened) -> Chat:
        if known := self.turns.chat(opened.summary.id):
            return known
        summary = opened.summary
        noted, known = self._drafts.latest(summary.id), self.known.get(summary.id)
        chat = self.known[summary.id] = known or Chat(summary.system, summary.id)
        chat.head, chat.title, chat.route = summary.head, summary.title, summary.route
        chat.preset, chat.sampling = summary.preset, summary.sampling
        # Where its start could not be recorded as a whole, what it was to carry is not dropped.
        least = chat.label if known and not known.begun else Label.PUBLIC
        chat.label, chat.begun = join((summary.label, least)), True
        # Of one that was open since the start what stands in its composer is known, and with what label.
        if chat.edit is None and (known is None or noted is None):
            chat.typed, label = noted or (opened.draft, opened.draft_label)
            if label is not None:
                self.labels.restored(chat, label)
        return chat

    def _show(self, opened: Opened | None, shown: Sequence[Entry]) -> None:
        running = self.turns.running_in(self.chat)
        self.counting.opened(self.chat.conversation)
        reply = running.asked.reply if running and running.asked else ""
        self._view.transcript.show([entry for entry in shown if entry.key != reply])
        if running:
            self.live.rejoin(running)
        self.titles.typed()
        self.compacting.opened(opened)
        self.context = context(opened)
        self.reply = latest_reply(opened)
        self.fallback.opened(self.chat, None if running else opened)
        self.labels.remember(labelled(opened))
        self._view.composer.recall.fill(prompts(opened) if opened else [])
        self._view.composer.put(self.chat.typed)
        self.queue_changed()

    def typed(self, text: str) -> None:
        """`text` stands in the composer now; the journal has it within a second."""
        if text != self.chat.typed:
            self.chat.typed = text
            raised = self.labels.typed(self.chat, text)
            self.keep(self.chat)
            self.titles.typed()
            self.ahead.typed()
            if raised:
                self._view.label()

    def keep(self, chat: Chat) -> None:
        """Saves what is unsent in `chat`, so that a crash does not lose it."""
        # What has no name yet has one draft together.
        chats = [chat] if chat.conversation else [*unsent.unstarted(self), self.blank]
        recall = self._view.composer.recall
        parts = [part for one in chats for part in unsent.parts(self, recall, one)]
        label = join(label for _, label in parts) if parts else Label.LOCAL_ONLY
        self._drafts.note(chat.conversation, _joined(*(text for text, _ in parts)), label)

    def post(self, ask: Ask) -> None:
        """Sends a text of the person's, now or in its turn."""
        if ask.chat is self.blank:
            self.blank = Chat()
        if ask.chat is self.chat:
            if ask.fresh and (waiting := self._view.composer.recall.add(ask.text)):
                self._view.composer.give_back(waiting[0])
                self.labels.raise_to(self.chat, waiting[1])
            self.chat.typed = self._view.composer.full_text
        self.turns.submit(ask)
        self.keep(ask.chat)

    def take_back(self) -> None:
        """The text queued last comes back into the composer, or what waits to leave; where none does, the prompt sent last."""
        if ask := self.turns.take_back(self.chat):
            self.handed_back(self.chat, ask.text, ask.label, ask.branch)
        elif not withdrawal.unhold(self, self.chat):
            self._view.composer.recall_older()

    async def close(self) -> None:
        """Ends what runs and saves what is typed."""
        self.titles.rest()
        await self.turns.close()
        self.typed(self._view.composer.full_text)
        try:
            # Where it ends before its start was over.
            await _restore(self, self._drafts, self._view)
        except AssistantError as error:
            self._failed(error)
        await self._drafts.flush()

    def turn_event(self, running: Running, event: TurnEvent | Progress) -> None:
        """Shows what happened, where it happened in the conversation in view."""
        here = running is self.turns.running_in(self.chat)
        self.left.saw(event)
        if here:
            self.live.show(running, event)
            self.compacting.saw(event)
        if isinstance(event, Delta):
            self.labels.coming(running)
        elif isinstance(event, Asked):
            self._asked(running, event, here=here)
        elif isinstance(event, Finished):
            self.counting.over(event.record)
            self.titles.over(event.record)
            error = event.record.error
            # Also of a chat that was left meanwhile: what came of it was in view.
            self.labels.came(running, event.record)
            if here:
                self.context = used(event.record)
                self.reply = event.record.reply
                self.fallback.over(running.ask, event.record)
            elif error:
                self._view.tell(f"“{running.ask.chat.title}”: {error.line()}", error=True)
            if error and serves(event.record.route.backend):
                self._start(self.bearings.look())
            self.sending.over(running, event.record)

    def _asked(self, running: Running, event: Asked, *, here: bool) -> None:
        chat = running.ask.chat
        self.counting.begun()
        if here:
            self.fallback.take()
            self.counting.named(chat.conversation)
            # Also a usual message may have others beside it: the branch in view may end above what came of its reply.
            self._start(self.siblings.look(event.reply))
        self.known[chat.conversation] = chat
        self.labels.remember([(event.message.text, event.message.label)])
        # The journal has the prompt: the drafts need not hold it any more.
        self.keep(self.blank)
        self.keep(chat)
        self._view.desk_changed()

    def turn_refused(self, error: ErrorNote) -> None:
        """Nothing was sent; says why, and looks again where a route was not there."""
        self._view.tell(error.line(), error=True)
        if error.code == RouteError.code:
            self._start(self.bearings.look())

    def fall_back(self, running: Running, record: "TurnRecord") -> str:
        """Where the settings want it, the other route of this machine."""
        other = self.fallback.other_route(record) if self._settings().hat.fall_back else None
        if other is None:
            return ""
        if running.ask.chat is self.chat:
            self.fallback.take()
        return other.id

    def handed_back(
        self, chat: Chat, text: str, label: Label, branch: Branch | None = None
    ) -> None:
        """What was not sent goes back to where it was written, and what is sent with it has its label at least."""
        if chat.conversation:
            # Also one of which nothing but its start is on record: what is typed there has its label there alone.
            self.known[chat.conversation] = chat
            if chat.head is None:
                self.labels.remember([(chat.title, label)])
        if branch is not None and branch.again:
            return
        if (
            branch is not None
            and chat is self.chat
            and editing.resume(chat, self._view, self.labels, text, label, branch)
        ):
            return
        if not chat.conversation and chat is not self.blank:
            # Nothing of it is on record: there is one empty chat again, the one in view if one is.
            kept, other = (chat, self.blank) if chat is self.chat else (self.blank, chat)
            label = self.labels.joined(label, other)
            text, other.typed = _joined(text, other.typed), ""
            self.blank = chat = kept
        self.labels.raise_to(chat, label)
        if chat is self.chat:
            self._view.composer.give_back(text)
            self._view.label()
        else:
            chat.typed = _joined(text, chat.typed)
            self.keep(chat)

    def queue_changed(self) -> None:
        """Shows what waits here."""
        self._view.queue.show(self.turns.queued(self.chat), self.fallback.line)
        self._view.desk_changed()

    def _failed(self, error: AssistantError) -> None:
        self._view.tell(str(error), error=True)


async def _read(
    desk: Desk, journal: "Journal", now_ms: int, conversation: str
) -> tuple[Opened | None, Sequence[Entry]]:
    """A conversation, and what is shown of it. Raises: StorageError."""
    opened: Opened | None = None
    shown: Sequence[Entry] = ()
    moment = None
    while moment != (moment := desk.turns.moment(conversation)):
        # What began or ended in it while it was read is not in what was read.
        opened = await asyncio.to_thread(read, journal, conversation, desk.siblings.branches)
        if opened:
            shown = await asyncio.to_thread(entries, opened, now_ms)
    return opened, shown


async def _restore(desk: Desk, drafts: Drafts, view: "View") -> None:
    """What was being typed in the empty chat stands before what was typed since, in view or not. Raises: StorageError."""
    kept = await drafts.take_up()
    if kept is None:
        return
    (draft, label), blank = kept, desk.blank
    here = desk.chat is blank
    if here:
        blank.typed = view.composer.full_text
    label = desk.labels.joined(label, blank)
    blank.typed = _joined(draft, blank.typed)
    desk.labels.restored(blank, label)
    if here:
        view.composer.give_back(draft)
    desk.keep(blank)


def _readable(desk: Desk, engine: "Engine", settings: Callable[[], Settings]) -> Prompt | None:
    """What the engine may read ahead; nothing while it is asked to keep still or has work."""
    chat, turns = desk.chat, desk.turns
    wanted = settings().engine.prefill_while_typing and desk.bearings.report
    # The pin of a chat that is not on record is not known to the engine.
    elsewhere = chat.cloud or (chat.route and not chat.conversation)
    busy = elsewhere or turns.running is not None or is_command(chat.typed)
    if not wanted or busy or not engine.routes or not chat.typed.strip():
        return None
    return turns.prompt(chat, chat.typed, branch=chat.edit.branch if chat.edit else None)


def _joined(*texts: str) -> str:
    return joined(texts)


def _learn_markdown() -> None:
    """Loads what the first reply needs before it comes: the engine is then using every core."""
    from assistant.tui.widgets.transcript_reply import Reply

    Reply("a", 80, live=True, unfolded=False)
