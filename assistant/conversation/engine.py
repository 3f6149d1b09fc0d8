"""The one way to an answer: propose, then send; every event is recorded before it is seen."""

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from assistant.conversation.arranging import Arranging
from assistant.conversation.conversations import Conversations
from assistant.conversation.history import History
from assistant.conversation.side_work import Beside
from assistant.conversation.switchboard import Switchboard
from assistant.domain.errors import RouteError, UsageError
from assistant.domain.events import (
    ConversationDeleted,
    ConversationPinned,
    Finished,
    Progress,
    TurnEvent,
)
from assistant.domain.pictured import left_out, require_taken
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Message, Prompt
from assistant.domain.sensitivity import join
from assistant.ports import Backend, Clock, Generation, Journal

if TYPE_CHECKING:
    from assistant.conversation.border import Border, Considered
    from assistant.conversation.crossing import Crossing
    from assistant.conversation.denials import Denial
    from assistant.conversation.running import Running
    from assistant.domain.decisions import Decision
    from assistant.domain.departure import Choice
    from assistant.domain.terms import Terms
    from assistant.ports.accounting import Accounts, Meter
    from assistant.ports.leaving import DistantBackend

LEAVE_S = 2.0
"""How long a stopped turn may take to end before its backend is closed all the same."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a send would do: nothing has been sent, nothing has been recorded. `path` is what stands before the prompt.

    `message` is the id that the prompt's message will have. `considered` is what would leave, to the byte, where the route
    is in the cloud; `fallback` says that no person chose this route for this message.
    """

    prompt: Prompt
    route: Route
    decision: "Decision"
    path: tuple[Message, ...]
    message: str
    considered: "Considered | None" = None
    fallback: bool = False

    @property
    def images_left_out(self) -> int:
        """How many images of what was said before stay out, because the route takes none."""
        return left_out(self.path, self.route)


class Engine(Conversations, Arranging, Beside):
    """Propose and send, over whatever backends there are; one generation at a time on each."""

    def __init__(
        self,
        journal: Journal,
        backends: Mapping[str, Backend],
        clock: Clock,
        instance: str,
        *,
        flush_ms: float = 150.0,
        border: "Callable[[], Border] | None" = None,
        meter: "Callable[[], Meter] | None" = None,
        accounts: "Callable[[], Accounts] | None" = None,
    ) -> None:
        """`backends` by route id, the default first; `instance` names this program in the journal; text is committed every `flush_ms`.

        `border` gives the border, made where something is first to leave; without one nothing goes to the cloud. `meter` and
        `accounts` are made with the first turn; without them its energy and its cost are unknown.
        """
        Conversations.__init__(self, journal, clock)
        Switchboard.__init__(self, backends)
        self._instance = instance
        self._flush_ms = flush_ms
        self._border = border
        self._meter, self._accounts = meter, accounts
        self._running: dict[str, Running] = {}
        self._history = History(journal)

    async def pin(self, conversation: str, route: str) -> None:
        """Keeps a conversation on `route`; "" gives it the default of the moment again. Raises: UsageError, StorageError."""
        if route:
            self._backend(route)
        await self._record(ConversationPinned(conversation, route, self._clock.now_ms()))

    async def delete(self, conversation: str) -> None:
        """Puts a conversation out of sight and drops what the backends kept of it. Raises: StorageError."""
        await self._record(ConversationDeleted(conversation, self._clock.now_ms()))
        self._forget(conversation)

    async def delete_branch(self, conversation: str, message: str, head: str | None) -> None:
        """As Arranging says; what the backends kept of the conversation holds the branch too, and is dropped with it."""
        await super().delete_branch(conversation, message, head)
        self._forget(conversation)

    @property
    def border(self) -> "Border":
        """What decides on everything that leaves. Raises: RouteError where there is none."""
        if self._border is None:
            raise RouteError("nothing can leave this machine here")
        return self._border()

    def propose(
        self,
        prompt: Prompt,
        route: str | None = None,
        *,
        choice: "Choice | None" = None,
        message: str = "",
        fallback: bool = False,
    ) -> Proposal:
        """Says what a send would do: on which route (None: the conversation's own, else the default), under which decision.

        For the cloud it blocks for a scan; `choice` says what is kept back and left out there. `message` is the id of an
        earlier proposal of the same.
        Raises: ModelError where no model is installed; UsageError for an unknown route, an empty prompt, a reply to go on from
        where the route cannot, a picture where it takes none; RouteError, PromptTooLongError for a cloud route.
        """
        if not prompt.text.strip():
            raise UsageError("the prompt is empty", "type a question")
        backend = self._backend(route or self._history.pinned(prompt.conversation))
        away = backend.route.place is not Place.THIS_MACHINE
        if prompt.continues and (away or not backend.continues):
            raise UsageError(
                f"{backend.route.id} begins each reply anew", "ask it to go on in words"
            )
        require_taken(prompt.text, backend.route)
        path = self._history.path(prompt.parent, anew=away)
        own = message or self._clock.new_id()
        label = join([prompt.label, self._history.label(prompt.conversation)])
        prompt = replace(prompt, label=label)
        if backend.route.place is Place.CLOUD and backend.route.declared and self._border:
            from assistant.domain.departure import USUAL_CHOICE

            distant, wish = cast("DistantBackend", backend), choice or USUAL_CHOICE
            seen = self.border.consider(prompt, path, own, distant, wish, fallback=fallback)
            return Proposal(prompt, backend.route, seen.decision, path, own, seen, fallback)
        from assistant.domain.policy import decide

        everything = join([label, *(one.label for one in path)])
        offline = away and self._border is not None and self.border.offline
        decision = decide(self._clock.new_id(), backend.route, everything, offline=offline)
        return Proposal(prompt, backend.route, decision, path, own)

    async def send(self, proposal: Proposal) -> AsyncGenerator[TurnEvent | Progress, None]:
        """Records the prompt, decides again, and streams the turn; ends with exactly one Finished, whatever happens.

        Closing the generator early records the turn as cancelled.
        Raises: StorageError where the prompt itself could not be recorded: then nothing was sent;
        ModelError, UsageError as `propose`.
        """
        from assistant.conversation.account import Account
        from assistant.conversation.running import Running

        await self.give_way()
        fresh = await self._again(proposal)
        running = Running(
            self._journal,
            self._backend(fresh.route.id),
            self._clock,
            self._locks[fresh.route.id],
            self._flush_ms,
            Account(fresh.route, self._meter, self._accounts),
        )
        asked = running.ask(fresh.prompt, fresh.path, fresh.message, self._instance)
        running.carry(fresh.decision, self._crossing(fresh, running.turn))
        await self._record(asked)
        self._running[running.turn] = running
        # Once more: from here on nothing begins beside the turn, but something may have since.
        await self.give_way()
        try:
            yield asked
            async for event in running.events():
                if isinstance(event, Finished):
                    self._history.went_on(asked.reply, running.path_with(event.record))
                yield event
        finally:
            del self._running[running.turn]
            running.leave()

    async def _again(self, proposal: Proposal) -> Proposal:
        """The same proposal, decided anew: rules, facts, grants and the clock may have changed."""
        seen = proposal.considered
        work = functools.partial(
            self.propose,
            proposal.prompt,
            proposal.route.id,
            choice=seen.departure.choice if seen else None,
            message=proposal.message,
            fallback=proposal.fallback,
        )
        fresh = await asyncio.to_thread(work) if seen else work()
        return _told_why(fresh, proposal.decision)

    def _crossing(self, proposal: Proposal, turn: str) -> "Crossing | None":
        """What the border adds to a turn that leaves this machine."""
        if proposal.route.place is Place.THIS_MACHINE or self._border is None:
            return None
        from assistant.conversation.crossing import Crossing, Turn, messages_of

        seen = proposal.considered
        messages = messages_of(proposal.path, proposal.message)
        if seen:
            messages = tuple(one.message for one in seen.departure.leaves if one.message)
        talk, own = proposal.prompt.conversation, proposal.message
        about = Turn(turn, talk, proposal.route, messages)
        label = functools.partial(self._history.label_now, talk, own, messages)
        return Crossing(self.border, about, seen, label)

    async def grant(self, proposal: Proposal, terms: "Terms", how: str, shown: str = "") -> None:
        """Records the person's yes to what `proposal` shows; `shown` are the words of it that they read ("": the sheet's). Raises: UsageError, RefusedError, StorageError."""
        if proposal.considered is None:
            raise UsageError(f"{proposal.route.id} needs no consent")
        await asyncio.to_thread(self.border.grant, proposal.considered, terms, how, shown)

    async def deny(self, denial: "Denial") -> None:
        """Puts on record what was refused before there was a turn; nothing where nothing could leave. Raises: StorageError."""
        if self._border is not None:
            from assistant.conversation.denials import denied

            border = self.border
            entry = await asyncio.to_thread(denied, border, denial)
            await asyncio.to_thread(border.world.consents.deny, entry)

    async def revoke(self, grant: str, how: str) -> None:
        """Withdraws a grant and cuts what runs under it. Raises: StorageError."""
        try:
            await asyncio.to_thread(self.border.revoke, grant, how)
        finally:
            await self._cut("you revoked its grant, so the stream was cut", grant)

    async def panic(self) -> None:
        """Withdraws every grant, cuts all that leaves this machine, and stays offline until `lift`. Raises: StorageError."""
        try:
            await asyncio.to_thread(self.border.panic)
        finally:
            await self._cut("everything was taken offline, so the stream was cut")

    async def lift(self) -> None:
        """Ends offline; no grant comes back. Raises: StorageError."""
        await asyncio.to_thread(self.border.lift)

    async def _cut(self, why: str, grant: str | None = None) -> None:
        """Cuts the turns that run under `grant` (None: all that leave)."""
        for running in list(self._running.values()):
            crossing = running.crossing
            if crossing is not None and grant in (None, crossing.grant):
                await running.cut(why)

    async def stop(self, turn: str) -> None:
        """Ends a running turn: its stream gives Finished(cancelled) with what had arrived. Unknown turns are over already."""
        running = self._running.get(turn)
        if running is not None:
            await running.stop()

    async def warm(self) -> None:
        """Gets the default route ready ahead of the first prompt. Raises: ModelError, EngineError."""
        if self.default:
            await self._backend(None).load()

    async def prefill(self, prompt: Prompt) -> None:
        """Lets an idle route of this machine evaluate what is typed so far; a send interrupts it."""
        route = await asyncio.to_thread(self._history.pinned, prompt.conversation)
        if not prompt.text or (route or self.default) is None:
            return
        backend = self._backend(route)
        busy = self._locks[backend.route.id].locked()
        if busy or backend.route.place is not Place.THIS_MACHINE:
            return
        from assistant.conversation.window import preview

        path = await asyncio.to_thread(self._history.path, prompt.parent)
        messages = await asyncio.to_thread(preview, self._journal, prompt, path)
        await backend.prefill(Generation("prefill", prompt.conversation, messages, prompt.sampling))

    async def close(self) -> None:
        """Stops what runs, gives it a moment to end on record, and closes the backends."""
        await self.give_way()
        turns = list(self._running.values())
        for running in turns:
            await running.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                for running in turns:
                    await running.left.wait()
                await asyncio.gather(*self._forgetting)
        for backend in [*self._backends.values(), *self._ending.values()]:
            await backend.close()


def _told_why(fresh: Proposal, before: "Decision") -> Proposal:
    """The fresh decision with what was missing before as well: a grant that lapsed at the first look is not there at the second."""
    from assistant.domain.decisions import Verdict

    now = fresh.decision
    if fresh.considered is None or {now.verdict, before.verdict} != {Verdict.ASK}:
        return fresh
    known = {reason.code for reason in now.reasons}
    more = tuple(reason for reason in before.reasons if reason.code not in known)
    decision = replace(now, reasons=(*now.reasons, *more))
    return replace(
        fresh, decision=decision, considered=replace(fresh.considered, decision=decision)
    )
