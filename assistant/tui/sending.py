"""What becomes of a text that a person sends: it stays on this machine, or leaves by their act and under a grant."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from assistant.domain.errors import AssistantError
from assistant.domain.places import Place
from assistant.domain.sensitivity import Label
from assistant.domain.settings import Settings
from assistant.tui import clearance, editing, withdrawal
from assistant.tui.clearance import Clearance
from assistant.tui.entries import labelled, marked_entry, read
from assistant.tui.labels import Labels
from assistant.tui.turn import Ask, Chat
from assistant.tui.wording import Bound, Grants

if TYPE_CHECKING:
    from assistant.domain.places import Route
    from assistant.domain.turns import TurnRecord
    from assistant.tui.branch import Branch
    from assistant.tui.fallback import Fallback, Offer
    from assistant.tui.services import Services
    from assistant.tui.turn import Running
    from assistant.tui.view import View

COPIED = "this text holds a local-only one, so it is local-only itself"
NO_GRANT = "no grant for this chat lives: write a message, then [[everywhere.toggle_cloud ctrl+t]] asks for one"


class Desk(clearance.Desk, Protocol):
    """What lies on the desk, as far as a send needs it."""

    fallback: "Fallback"
    labels: Labels
    blank: Chat

    def post(self, ask: Ask) -> None:
        """Sends a text of the person's, now or in its turn."""
        ...

    def keep(self, chat: Chat) -> None:
        """Saves what is unsent in `chat`."""
        ...

    def handed_back(
        self, chat: Chat, text: str, label: Label, branch: "Branch | None" = None
    ) -> None:
        """What was not sent goes back to where it was written."""
        ...

    async def open(self, conversation: str) -> None:
        """Brings a conversation into view."""
        ...


class Sending:
    """Nothing goes to the cloud but by a key of the person's, and none of it without a grant."""

    def __init__(
        self,
        services: "Services",
        settings: Callable[[], Settings],
        view: "View",
        desk: Desk,
        start: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        """`settings` gives those of the moment; `start` runs a coroutine beside the screen."""
        self._engine = services.engine
        self._journal = services.journal
        self._clock = services.clock
        self._view = view
        self._desk = desk
        self._start = start
        self._one = asyncio.Lock()
        # The chats that were new when their first text went on its way, in order.
        self.begun: list[Chat] = []
        self.clearance = Clearance(services, settings, view, desk)
        self.lookout = self.clearance.lookout

    # Where a message goes.

    def bound(self, chat: Chat) -> Bound:
        """Where the next message of `chat` goes, and its label."""
        bound = self._desk.bearings.bound(chat)
        route = next((r for r in self.lookout.routes if r.id == chat.cloud), None)
        label = self._desk.labels.of_next(chat)
        # What must not leave is answered here, also in a chat whose messages leave.
        leaves = route is not None and label is not Label.LOCAL_ONLY
        if route is not None and leaves and self.clearance.lease(chat, route.id) is not None:
            bound = Bound(route, Place.CLOUD, zone=self.lookout.latest.zones.get(route.id, ""))
        return bound._replace(label=label, why=self._view.said(bound.why))

    @property
    def grants(self) -> Grants:
        """The grants of the moment, as the bar says them."""
        chat, now_ms, latest = self._desk.chat, self._clock.now_ms(), self.lookout.latest
        lease = self.clearance.lease(chat, chat.cloud)
        here = f"{lease.route} · this conversation · {lease.left(now_ms)}" if lease else ""
        others = latest.elsewhere(chat.conversation or chat.promised, now_ms)
        return Grants(here, others, latest.offline)

    def settle(self) -> None:
        """Messages of the chat in view stay here again once the grant that they left under is over."""
        chat = self._desk.chat
        if chat.cloud and self.clearance.lease(chat, chat.cloud) is None:
            self._view.tell(f"the grant for {chat.cloud} is over: messages stay on this machine")
            chat.cloud = ""

    async def look(self) -> None:
        """Looks at the grants again."""
        await self.lookout.look()
        self._view.label()

    # What the person does.

    def enter(self, text: str, bound: Bound) -> None:
        """Enter: to where the composer's badge said, and with the label that it said, which was `bound`."""
        chat, route = self._desk.chat, bound.route
        label = self._label_of(text, bound.label)
        if not self._sendable(text, label):
            return
        leaves = route is not None and route.place is Place.CLOUD and route.declared
        if route is not None and leaves and label is not Label.LOCAL_ONLY:
            branch = editing.take(chat, self._view, self._desk.labels)
            self._leave(Ask(chat, text, route.id, label, branch=branch))
        elif self._desk.bearings.report and not self._engine.routes:
            self._desk.handed_back(chat, text, label)
            self._view.need_model()
        else:
            self._desk.post(
                Ask(
                    chat,
                    text,
                    label=label,
                    branch=editing.take(chat, self._view, self._desk.labels),
                )
            )

    def to_cloud(self, text: str, *, switch: bool = False) -> None:
        """Ctrl+S: this one message to the cloud; with `switch` those after it too, while the grant lives."""
        chat = self._desk.chat
        label = self._label_of(text, self._desk.labels.take(chat))
        if self._sendable(text, label):
            ask = Ask(
                chat, text, label=label, branch=editing.take(chat, self._view, self._desk.labels)
            )
            self._leave(ask, switch=switch)

    def toggle(self) -> None:
        """Ctrl+T: messages of this chat leave while a grant for it lives, or stay here again."""
        chat, composer = self._desk.chat, self._view.composer
        if chat.cloud:
            chat.cloud = ""
        elif lease := _own_lease(self.clearance, chat):
            chat.cloud = lease
        elif composer.full_text.strip():
            self.to_cloud(composer.take(), switch=True)
        else:
            self._view.tell(NO_GRANT if self.lookout.routes else self.clearance.none_yet())
        self._view.label()

    def toggle_label(self) -> None:
        """Ctrl+L: the next message is normal, local-only or public."""
        chat, labels = self._desk.chat, self._desk.labels
        said = labels.toggle(chat)
        if labels.typed(chat, self._view.composer.full_text):
            said = COPIED
        if said:
            self._view.tell(said)
        self._desk.keep(chat)
        self._view.label()

    async def toggle_chat_label(self) -> None:
        """Everything that is said in this chat from now on is local-only, or is not any more."""
        chat = self._desk.chat
        kept = chat.label is Label.LOCAL_ONLY
        label = Label.NORMAL if kept else Label.LOCAL_ONLY
        if kept and (why := self._desk.labels.why_kept(chat)):
            self._view.tell(why, error=True)
            return
        try:
            async with chat.recording:
                if chat.conversation:
                    await self._engine.label_conversation(chat.conversation, label)
                chat.label = label
        except AssistantError as error:
            self._view.tell(str(error), error=True)
            return
        self._desk.keep(chat)
        now = "what is said in this chat from now on may leave again, by your act"
        self._view.tell(now if kept else "what is said in this chat from now on is local-only")
        self._view.desk_changed()

    async def keep_here(self, message: str) -> None:
        """A message that was said, and every reply that came of it, is local-only from now on; there is no way back but a copy."""
        chat = self._desk.chat
        if not message or not chat.conversation:
            self._view.tell("there is no message here yet")
            return
        try:
            await self._engine.label_message(chat.conversation, message, Label.LOCAL_ONLY)
        except AssistantError as error:
            self._view.tell(str(error), error=True)
            return
        if running := self._desk.turns.running_in(chat):
            self._desk.labels.keep(running, message)
        self._view.tell("this message and the replies that came of it stay on this machine")
        await self._relabel(chat)

    async def _relabel(self, chat: Chat) -> None:
        """Shows the labels of what is in view as they are on record now."""
        try:
            opened = await asyncio.to_thread(read, self._journal, chat.conversation)
        except AssistantError as error:
            self._view.tell(str(error), error=True)
            return
        path = opened.path if opened else ()
        self._desk.labels.remember(labelled(opened))
        labels, transcript = {one.id: one.label for one in path}, self._view.transcript
        for entry in list(transcript.pages.entries if chat is self._desk.chat else ()):
            marked = marked_entry(entry, labels.get(entry.key))
            if marked is not entry:
                transcript.update_entry(marked)
        self._view.label()

    def ask(self, ask: Ask, route: "Route | None") -> None:
        """What was said before, once more, on `route`: to the cloud by the usual way."""
        ask = _relabelled(self._desk.labels, ask)
        if route is not None and route.place is Place.CLOUD and route.declared:
            self._leave(ask)
        else:
            self._desk.post(ask)

    def over(self, running: "Running", record: "TurnRecord") -> None:
        """A turn is over: its grant has less left; where it failed here, a grant may let the same leave by itself."""
        offer, chat = self._desk.fallback.offer, running.ask.chat
        if running.kept:
            self._start(self._relabel(chat))
        if record.route.place is Place.CLOUD:
            self._start(self.look())
        elif offer is not None and offer.chat is chat and offer.distant and not running.stopping:
            lease = self.clearance.lease(chat, offer.route.id)
            if lease is not None and lease.grant.fallback:
                self._start(self._fall_back(offer))

    # On the way.

    def _label_of(self, text: str, label: Label) -> Label:
        """That of the very text that was taken: keys may come faster than the composer tells what stands in it."""
        found = self._desk.labels.of_taken(text, label)
        if found is not label and found is Label.LOCAL_ONLY:
            self._view.tell(COPIED)
        return found

    def _sendable(self, text: str, label: Label) -> bool:
        if self._journal.writable:
            return True
        self._desk.handed_back(self._desk.chat, text, label)
        self._view.tell("storage: the journal cannot be written, so nothing is sent", error=True)
        return False

    def _leave(self, ask: Ask, *, switch: bool = False) -> None:
        """From now on the text is on its way to the cloud; a crash does not lose it."""
        ask.chat.held.append(ask)
        if ask.chat is self._desk.blank:
            # Another one is the empty chat now, for whoever wants to write there meanwhile.
            self._desk.blank = Chat()
            self.begun[:] = [*(one for one in self.begun if one.held), ask.chat]
        self._desk.keep(ask.chat)
        self._view.label()
        self._start(self._clear(ask, switch=switch))

    async def _clear(self, ask: Ask, *, switch: bool) -> None:
        """Sends to the cloud or hands back, one text after the other."""
        chat, head = ask.chat, ask.chat.head
        ready = None
        try:
            async with self._one:
                if ask in chat.held:
                    ready = await self.clearance.clear(ask)
        except AssistantError as error:
            self._view.tell(str(error), error=True)
        withdrawn = ask not in chat.held
        if ready is not None and not withdrawn:
            chat.held.remove(ask)
        if chat.head != head and chat is self._desk.chat:
            # A message was let go: the conversation goes on in another branch.
            self._desk.keep(chat)
            await self._desk.open(chat.conversation)
        if withdrawn:
            # It was handed back as it was withdrawn.
            return
        if ready is None:
            # Those behind it were written before anybody saw that: all come back, in their order.
            withdrawal.unhold(self._desk, chat)
            return
        if switch and self.clearance.lease(chat, ready.route):
            chat.cloud = ready.route
        self._desk.post(ready)
        self._view.label()

    async def _fall_back(self, offer: "Offer") -> None:
        """The same text to the cloud by itself, where a live grant with that mark covers it; else the offer stays."""
        ask = _relabelled(
            self._desk.labels, Ask(offer.chat, offer.text, offer.route.id, offer.label)
        )
        try:
            ready = await self.clearance.falls_back(ask)
        except AssistantError as error:
            self._view.tell(str(error), error=True)
            return
        if ready is not None and self._desk.fallback.offer is offer:
            self._desk.fallback.take()
            self._view.tell(f"it failed here, so it goes to {offer.route.id}, as you granted")
            self._desk.post(ready)


def _own_lease(known: Clearance, chat: Chat) -> str:
    """The route of a grant that lives for `chat`: the chosen one, else another."""
    chosen = known.distant()
    lease = known.lease(chat, chosen.id) if chosen else None
    lease = lease or known.lease(chat)
    return lease.route if lease else ""


def _relabelled(labels: Labels, ask: Ask) -> Ask:
    """`ask` with the label that its text has by now: it may have become stricter since it was said."""
    return replace(ask, label=labels.of_taken(ask.text, ask.label))
