"""Gets a text cleared for the cloud: the route, what would leave, a grant that covers it or the person's yes; else it stays."""

import asyncio
import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from assistant.conversation.engine import Proposal
from assistant.domain.decisions import Reason
from assistant.domain.errors import RefusedError, RouteError
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Prompt
from assistant.domain.sensitivity import Label
from assistant.domain.settings import Settings
from assistant.tui.leases import Lease, Lookout
from assistant.tui.turn import Ask, Chat, Turns

if TYPE_CHECKING:
    from assistant.domain.departure import Choice
    from assistant.domain.routing import RouteState
    from assistant.tui.bearings import Bearings
    from assistant.tui.petition import Answer, Petition
    from assistant.tui.services import Services
    from assistant.tui.view import View

LOOKING = "this machine is looked at first, then the message is shown to you · [[everywhere.stop esc]] keeps it here"
NOT_SEEN = "which routes there are is not known yet: this machine is still looked at · try again in a moment"
NO_ROUTE = "no cloud route is set up · assistant routes add"
LOCAL_ONLY = "this message is local-only, so it stays on this machine · [[everywhere.toggle_label ctrl+l]] changes its label"
LOCAL_CHAT = "this chat is local-only, so it stays on this machine · ctrl+p, label of this chat"
BUSY = "what leaves depends on the reply that is on its way · [[everywhere.to_cloud ctrl+s]] again once it is over"


class Desk(Protocol):
    """What lies on the desk, as far as this needs it."""

    chat: Chat
    turns: Turns
    bearings: "Bearings"


class Clearance:
    """Asks the policy each time, and the person where it says so; sends nothing."""

    def __init__(
        self, services: "Services", settings: Callable[[], Settings], view: "View", desk: Desk
    ) -> None:
        """`settings` gives those of the moment."""
        self._services = services
        self._engine = services.engine
        self._settings = settings
        self._view = view
        self._desk = desk
        self._picked = ""
        self.lookout = Lookout(services, lambda text: view.tell(text, error=True))

    def distant(self) -> Route | None:
        """The cloud route that ctrl+s sends to; None where none is set up, or several are and none is chosen."""
        routes = self.lookout.routes
        wanted = self._settings().cloud.route or self._picked
        chosen = next((route for route in routes if route.id == wanted), None)
        return chosen or (routes[0] if len(routes) == 1 and not wanted else None)

    def lease(self, chat: Chat, route: str = "") -> Lease | None:
        """The grant that lives for `chat`, for `route` ("": for any)."""
        now_ms = self._services.clock.now_ms()
        return self.lookout.latest.lease(chat.conversation or chat.promised, route, now_ms)

    def none_yet(self) -> str:
        """Why there is no cloud route to send to."""
        return NOT_SEEN if self._desk.bearings.report is None else NO_ROUTE

    async def clear(self, ask: Ask) -> Ask | None:
        """`ask` as it may be sent; None where it stays, which was said, or was withdrawn. Raises: AssistantError."""
        chat, held = ask.chat, ask
        if ask.label is Label.LOCAL_ONLY:
            said = LOCAL_CHAT if chat.label is Label.LOCAL_ONLY else LOCAL_ONLY
            self._view.tell(said)
            await self._deny_unproposed(ask, Reason("local_only", said))
            return None
        route = ask.route or await self._chosen()
        if not route or held not in chat.held:
            return None
        ask = replace(ask, route=route, choice=self._choice())
        if not self._desk.turns.unrecorded(chat) and not self._desk.turns.running_in(chat):
            proposal = await self._propose(ask)
            if not _denies(proposal) and (why := await self._not_ready(route)):
                self._view.tell(f"{route} cannot be asked: {why}", error=True)
                return None
            if held not in chat.held:
                return None
            asked = replace(ask, proposal=proposal)
            return asked if _allows(proposal) else await self._asked(asked)
        if self.lease(chat, route) is None:
            self._view.tell(BUSY)
            return None
        return ask

    async def falls_back(self, ask: Ask) -> Ask | None:
        """`ask` as it may be sent though no person chose its route for it; None where no grant says so. Raises: AssistantError."""
        ask = replace(ask, choice=self._choice())
        proposal = await self._propose(ask, fallback=True)
        if _denies(proposal):
            await self._deny(proposal)
        return replace(ask, proposal=proposal) if _allows(proposal) else None

    async def _not_ready(self, route: str) -> str:
        """Why a route that rules and grants would let pass cannot be asked all the same: it has no key, perhaps."""
        bearings = self._desk.bearings
        if why := _lacks(bearings.states, route):
            # It may have been given one since the latest look, here or from the command line.
            await bearings.look()
            why = _lacks(bearings.states, route)
        return why

    async def _chosen(self) -> str:
        """The route to send to; where several are set up and none is chosen, the person picks. "" where there is none."""
        # Before the first look at this machine no route is known, those of the cloud neither.
        if self._desk.bearings.report is None:
            self._view.tell(LOOKING)
            await self._desk.bearings.ready()
        wanted = self._settings().cloud.route
        if route := self.distant():
            return route.id
        if wanted and self.lookout.routes:
            text = f"cloud.route is {wanted!r}, which is not set up · assistant routes list"
            self._view.tell(text, error=True)
            return ""
        if not self.lookout.routes:
            self._view.tell(self.none_yet())
            return ""
        states = [s for s in self._desk.bearings.states if s.place is Place.CLOUD]
        self._picked = await self._view.sheets.ask_cloud_route(states) or ""
        return self._picked

    def _choice(self) -> "Choice":
        from assistant.domain.departure import Choice
        from assistant.domain.findings import ScanVerdict

        level = self._settings().cloud.keep_back
        return Choice(None if level == "none" else ScanVerdict(level))

    async def _propose(self, ask: Ask, *, fallback: bool = False) -> Proposal:
        chat = ask.chat
        if not chat.conversation and not chat.promised:
            chat.promised = self._engine.new_id()
        prompt = self._prompt(ask)
        work = functools.partial(
            self._engine.propose,
            prompt,
            ask.route,
            choice=ask.choice,
            fallback=fallback,
        )
        try:
            return await asyncio.to_thread(work)
        except RouteError as error:
            from assistant.conversation import refusals

            await refusals.not_proposed(self._engine, prompt, ask.route, error)
            raise

    def _prompt(self, ask: Ask) -> Prompt:
        chat = ask.chat
        prompt = self._desk.turns.prompt(chat, ask.text, ask.label, ask.branch)
        return replace(prompt, conversation=chat.conversation or chat.promised)

    async def _asked(self, ask: Ask) -> Ask | None:
        """Shows what would leave, and does what the person says. Raises: AssistantError."""
        from assistant.tui.petition import Petition

        first, services = ask.proposal, self._services
        assert first is not None
        if _denies(first):
            await self._deny(first)
        petition = Petition(self._engine, services.clock, first, services.sets())
        answer = await self._view.sheets.ask_consent(petition)
        if petition.moved:
            ask.chat.head = petition.moved
            if ask.branch is not None:
                ask = replace(ask, branch=replace(ask.branch, parent=petition.moved))
        if answer is None or answer.terms is None:
            await self._refused(petition, answer, first)
            return None
        if await asyncio.to_thread(lambda: self._engine.border.offline):
            await self._deny(petition.proposal, "offline")
            raise RefusedError(
                "everything was taken offline meanwhile", "[[everywhere.cloud_consent f4]] lifts it"
            )
        await self._engine.grant(petition.proposal, answer.terms, answer.how, answer.shown)
        await self.lookout.look()
        return replace(ask, proposal=petition.proposal)

    async def _refused(
        self, petition: "Petition", answer: "Answer | None", first: Proposal
    ) -> None:
        """Puts the no on record; what no consent could have let go has none that could be refused, and the refusal is the policy's.

        That of the `first` proposal is on record.
        """
        from assistant.domain.terms import Span, Terms

        seen = petition.proposal.considered
        if not petition.open:
            if petition.proposal is not first:
                await self._deny(petition.proposal)
        elif seen is not None:
            how, shown = answer[1:] if answer else ("consent sheet, closed", "")
            refuse = self._engine.border.refuse
            await asyncio.to_thread(refuse, seen, Terms(Span.ONCE), how, shown)

    async def _deny(self, proposal: Proposal, code: str = "") -> None:
        """Puts on record that the policy refused it, or `code` did. Raises: StorageError."""
        from assistant.conversation import refusals

        reasons = (Reason(code, code),) if code else ()
        await self._engine.deny(refusals.of(proposal, *reasons))

    async def _deny_unproposed(self, ask: Ask, reason: Reason) -> None:
        """As `_deny`, of what was refused before anything was proposed. Raises: StorageError."""
        from assistant.conversation import refusals

        chosen, decision = self.distant(), self._engine.new_id()
        route = ask.route or (chosen.id if chosen else "")
        await self._engine.deny(refusals.unproposed(decision, route, self._prompt(ask), reason))


def _lacks(states: "Sequence[RouteState]", route: str) -> str:
    return next((state.why for state in states if state.id == route and not state.ready), "")


def _allows(proposal: Proposal) -> bool:
    from assistant.domain.decisions import Verdict

    return proposal.decision.verdict is Verdict.ALLOW


def _denies(proposal: Proposal) -> bool:
    from assistant.domain.decisions import Verdict

    return proposal.decision.verdict is Verdict.DENY
