"""The papers of one turn: the decision, each permit and its end, on record before anything follows from them."""

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.domain.attempts import Attempt, End, attempt_of
from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.errors import RefusedError, StorageError
from assistant.domain.events import Decided, PermitOver, Permitted
from assistant.domain.permit import Permit, Receipt, require_leave
from assistant.domain.prompt import Finish
from assistant.ports import Backend, Clock, Generation, Journal

if TYPE_CHECKING:
    from assistant.conversation.crossing import Crossing
    from assistant.ports.accounting import Charge

PERMIT_LIFE_MS = 60_000
"""A permit that was not used within a minute is void."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Open:
    """A permit that has no end yet; it was given at `at_ms` (Unix time), when the steady clock stood at `began_ms`."""

    permit: str
    at_ms: int
    began_ms: float


class Papers:
    """Those of one turn on one backend; `crossing` is there where it leaves this machine."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        backend: Backend,
        turn: str,
        crossing: "Crossing | None",
        decision: Decision,
    ) -> None:
        """Nothing is recorded yet; `attempts` counts the permits."""
        self._journal = journal
        self._clock = clock
        self._backend = backend
        self._turn = turn
        self._crossing = crossing
        self.decision = decision
        self._open: _Open | None = None
        self._latest: str | None = None
        self._tried: list[Attempt] = []
        self.attempts = 0

    async def decide(self, *, told: bool = False) -> Decided:
        """Records the decision; a refusal of what was to leave goes into the audit with it, unless that was `told` already.

        Raises: StorageError.
        """
        denied, decision = None, self.decision
        if self._crossing is not None and decision.verdict is not Verdict.ALLOW and not told:
            denied = self._crossing.denied(decision)
        now_ms, route = self._clock.now_ms(), self._backend.route
        decided = Decided(self._turn, decision, route, now_ms, denied)
        await asyncio.to_thread(self._journal.append, decided)
        return decided

    async def permit(self, request: Generation) -> tuple[Permit, Permitted]:
        """Mints a permit for the exact bytes of `request` and commits it, with all that belongs to a send that leaves.

        Raises: RefusedError, on record, where this may not leave any more; StorageError: no write, no send.
        """
        await self._require_unchanged()
        outgoing = self._backend.compose(request)
        now_ms, route = self._clock.now_ms(), self._backend.route.id
        permit = Permit(
            self._clock.new_id(),
            route,
            self.decision,
            outgoing.address,
            outgoing.digest,
            now_ms + PERMIT_LIFE_MS,
        )
        leave = self._crossing.leave(permit, outgoing) if self._crossing else None
        permitted = Permitted(self._turn, permit.id, permit.digest, now_ms, leave)
        try:
            await asyncio.to_thread(self._journal.append, permitted)
        except RefusedError as refused:
            # The journal has told the audit already, with what it found.
            await self._refuse((Reason("revoked", refused.message),), told=True)
            raise
        self._open = _Open(permit.id, now_ms, self._clock.monotonic_ms())
        self._latest = permit.id
        self.attempts += 1
        return permit, permitted

    @property
    def tried(self) -> tuple[Attempt, ...]:
        """The record of each attempt that is over, where there were several; one alone is told by the turn."""
        return tuple(self._tried) if self.attempts > 1 else ()

    def seen(self) -> Receipt:
        """What the door saw of the latest permit; as much as of nothing where there is none."""
        if self._crossing is None or self._latest is None:
            return Receipt()
        return self._crossing.receipt(self._latest)

    async def _require_unchanged(self) -> None:
        """Raises: RefusedError, on record, where rules or facts have changed since the decision, and stop it now."""
        if self._crossing is None:
            return
        reasons = await asyncio.to_thread(self._crossing.objections, self.decision.label)
        if reasons:
            await self._refuse(reasons)
            require_leave(self.decision)

    async def _refuse(self, reasons: tuple[Reason, ...], *, told: bool = False) -> None:
        """Puts on record that what was allowed is so no more; the audit need not be `told` twice."""
        self.decision = replace(self.decision, verdict=Verdict.DENY, reasons=reasons)
        await self.decide(told=told)

    def ending(
        self, finish: Finish, charge: "Charge", spent_ms: float | None, error: str = ""
    ) -> PermitOver | None:
        """What became of the permit that is open, once; None where none is, or where nothing left under it.

        `charge` is what the turn comes to so far, `error` the code of what ended the attempt ("": nothing did).
        """
        over, self._open = self._open, None
        if over is None:
            return None
        took_ms = self._clock.monotonic_ms() - over.began_ms
        used = charge.usage
        counts = used.input_tokens, used.output_tokens, used.estimated
        end = End(finish, error, *counts, charge.cost, took_ms)
        self._tried.append(attempt_of(over.at_ms, end, self._tried))
        if self._crossing is None:
            return None
        ended = self._crossing.ended(over.permit, finish, charge, spent_ms)
        return PermitOver(self._turn, over.permit, self._clock.now_ms(), ended)

    async def end(
        self, finish: Finish, charge: "Charge", spent_ms: float | None, error: str = ""
    ) -> PermitOver | None:
        """Records that; where even this fails, the record goes on to say that the bytes may have left."""
        over = self.ending(finish, charge, spent_ms, error)
        if over is not None:
            try:
                await asyncio.to_thread(self._journal.append, over)
            except StorageError as failure:
                _log.warning("the end of permit %s is not on record: %s", over.permit, failure)
        return over
