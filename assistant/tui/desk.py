"""What lies on the desk: the open conversation, what is typed, what runs and waits, kept in step with the journal."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol

from assistant.domain.errors import AssistantError, ErrorNote
from assistant.domain.events import Asked, Finished, Progress, TurnEvent
from assistant.domain.prompt import Prompt
from assistant.domain.readings import begin
from assistant.domain.settings import Settings
from assistant.tui.ahead import Ahead
from assistant.tui.drafts import Drafts
from assistant.tui.entries import Opened, blank, context, entries, latest_reply, prompts, read, used
from assistant.tui.live import Live
from assistant.tui.services import Services
from assistant.tui.turn import Chat, Running, Turns
from assistant.tui.widgets.composer import Composer
from assistant.tui.widgets.queue import Queue
from assistant.tui.widgets.transcript import Entry, Transcript


class View(Protocol):
    """The screen, as far as the desk needs it."""

    transcript: Transcript
    composer: Composer
    queue: Queue

    def tell(self, text: str, error: bool = False) -> None:
        """Says something that passes."""
        ...

    def need_model(self) -> None:
        """Something was to be sent and no model is installed."""
        ...

    def desk_changed(self) -> None:
        """Another conversation is in view, or other turns run or are over."""
        ...


class Desk:
    """One conversation in view; turns of others may run and wait meanwhile."""

    def __init__(
        self,
        services: Services,
        view: View,
        settings: Callable[[], Settings],
        start: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        """`settings` gives those of the moment; `start` runs a coroutine beside the screen."""
        self._engine = services.engine
        self._journal = services.journal
        self._clock = services.clock
        self._view = view
        self._settings = settings
        self._ahead = Ahead(services.engine, self._readable, start)
        self._live = Live(view.transcript, services.clock)
        self._drafts = Drafts(services.journal, start, self._failed)
        self.turns = Turns(
            services.engine, services.clock, lambda: settings().generation, start, self
        )
        self.chat = Chat(settings().generation.system_prompt)
        self.context: tuple[int, int] | None = None
        self.loading = False
        self.reply = ""
        self._wanted = ""

    async def load(self) -> None:
        """Reads what the screen shows at its start: the latest figures and the text that was being typed."""
        try:
            records = await asyncio.to_thread(self._journal.records)
            draft = await asyncio.to_thread(self._journal.draft, "")
        except AssistantError as error:
            self._failed(error)
            return
        self.turns.readings = begin(records)
        if draft and not self.chat.conversation and not self._view.composer.text:
            self.chat.typed = draft
            self._view.composer.put(draft)
        self._view.desk_changed()
        await asyncio.to_thread(_learn_markdown)

    def greet(self) -> None:
        """Says in an empty chat where an answer would come from."""
        if not self.chat.head and self.turns.running is None:
            self._view.transcript.show(blank(next(iter(self._engine.routes), None)))

    async def open(self, conversation: str) -> None:
        """Brings a conversation into view, each with the text that was being typed there.

        "" is the empty chat; where the first text of one still waits, that one.
        """
        self._wanted = conversation
        opened: Opened | None = None
        shown = blank(next(iter(self._engine.routes), None))
        try:
            moment = None
            while conversation and moment != (moment := self.turns.moment(conversation)):
                # What began or ended in it while it was read is not in what was read.
                opened = await asyncio.to_thread(read, self._journal, conversation)
                if opened:
                    shown = await asyncio.to_thread(entries, opened, self._clock.now_ms())
            draft = opened.draft if opened else await asyncio.to_thread(self._journal.draft, "")
        except AssistantError as error:
            self._failed(error)
            return
        if conversation != self._wanted:
            return
        if conversation and opened is None:
            self._view.tell("this conversation is gone", error=True)
            return
        self.typed(self._view.composer.full_text)
        self.chat = self._chat_of(opened, draft)
        self._show(opened, shown)

    def _chat_of(self, opened: Opened | None, draft: str) -> Chat:
        if opened is None:
            if waiting := self.turns.unstarted():
                return waiting
            chat = Chat(self._settings().generation.system_prompt)
        elif known := self.turns.chat(opened.summary.id):
            return known
        else:
            summary = opened.summary
            chat = Chat(summary.system, summary.id, summary.head, summary.title)
        unsaved = self._drafts.latest(chat.conversation)
        chat.typed = draft if unsaved is None else unsaved
        return chat

    def _show(self, opened: Opened | None, shown: Sequence[Entry]) -> None:
        running = self.turns.running_in(self.chat)
        reply = running.asked.reply if running and running.asked else ""
        self._view.transcript.show([entry for entry in shown if entry.key != reply])
        if running:
            self._live.rejoin(running)
        self.context = context(opened)
        self.reply = latest_reply(opened)
        self._view.composer.recall.fill(prompts(opened) if opened else [])
        self._view.composer.put(self.chat.typed)
        self.queue_changed()

    def typed(self, text: str) -> None:
        """`text` stands in the composer now; the journal has it within a second."""
        if text != self.chat.typed:
            self.chat.typed = text
            self._keep(self.chat)
            self._ahead.typed()

    def _keep(self, chat: Chat) -> None:
        texts = [*self.turns.unrecorded(chat), chat.typed]
        self._drafts.note(chat.conversation, "\n\n".join(text for text in texts if text))

    async def warm(self) -> None:
        """Loads the model ahead of the first prompt."""
        self.loading = True
        self._view.desk_changed()
        try:
            await self._engine.warm()
        except AssistantError as error:
            self._failed(error)
        self.loading = False
        self._view.desk_changed()

    def _readable(self) -> Prompt | None:
        """What the engine may read ahead; nothing while it is asked to keep still or has work."""
        wanted = self._settings().engine.prefill_while_typing and self._engine.routes
        if not wanted or self.turns.running is not None or not self.chat.typed.strip():
            return None
        return self.turns.prompt(self.chat, self.chat.typed)

    def submit(self, text: str) -> None:
        """Sends what the person wrote; what cannot be sent stays where it is."""
        if not self._journal.writable:
            self._view.composer.give_back(text)
            self._view.tell(
                "storage: the journal cannot be written, so nothing is sent", error=True
            )
        elif not self._engine.routes:
            self._view.composer.give_back(text)
            self._view.need_model()
        else:
            self._view.composer.recall.add(text)
            self.chat.typed = ""
            self.turns.submit(self.chat, text)
            self._keep(self.chat)

    def take_back(self) -> None:
        """The text queued last comes back into the composer; where none waits, the prompt sent last."""
        if text := self.turns.take_back(self.chat):
            self._view.composer.give_back(text)
        else:
            self._view.composer.recall_older()

    async def stop(self) -> None:
        """Ends the reply in view."""
        if not await self.turns.stop(self.chat) and self.turns.running:
            title = self.turns.running.ask.chat.title
            self._view.tell(f"the reply in “{title}” goes on; open it to stop it")

    async def close(self) -> None:
        """Ends what runs and saves what is typed."""
        await self.turns.close()
        self.typed(self._view.composer.full_text)
        await self._drafts.flush()

    def turn_event(self, running: Running, event: TurnEvent | Progress) -> None:
        """Shows what happened, where it happened in the conversation in view."""
        here = running is self.turns.running_in(self.chat)
        if here:
            self._live.show(running, event)
        if isinstance(event, Asked):
            # The journal has the prompt: the drafts need not hold it any more.
            if self.chat.conversation:
                self._drafts.note("", "")
            self._keep(running.ask.chat)
            self._view.desk_changed()
        elif isinstance(event, Finished):
            error = event.record.error
            if here:
                self.context = used(event.record)
                self.reply = event.record.reply
            elif error:
                self._view.tell(f"“{running.ask.chat.title}”: {error.line()}", error=True)

    def turn_refused(self, error: ErrorNote) -> None:
        """Nothing was sent; says why."""
        self._view.tell(error.line(), error=True)

    def handed_back(self, chat: Chat, text: str) -> None:
        """What was not sent goes back to where it was written."""
        if chat is self.chat:
            self._view.composer.give_back(text)
        else:
            chat.typed = f"{text}\n\n{chat.typed}" if chat.typed else text
            self._keep(chat)

    def queue_changed(self) -> None:
        """Shows what waits here."""
        self._view.queue.show(self.turns.queued(self.chat))
        self._view.desk_changed()

    def _failed(self, error: AssistantError) -> None:
        self._view.tell(str(error), error=True)


def _learn_markdown() -> None:
    """Loads what the first reply needs before it comes: the engine is then using every core."""
    from assistant.tui.markdown.growing import Growing

    growing = Growing(80)
    growing.append("a")
    growing.update()
