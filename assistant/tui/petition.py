"""One send to the cloud that a person is asked about, prepared anew as they choose what is kept back, left out or let go."""

import asyncio
import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from assistant.domain.decisions import Verdict
from assistant.domain.departure import Choice, Departure
from assistant.domain.findings import ScanVerdict
from assistant.domain.prompt import Message, Prompt, Role
from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.conversation.engine import Engine, Proposal
    from assistant.domain.decisions import Decision
    from assistant.domain.residency import CountrySet
    from assistant.domain.terms import Terms
    from assistant.ports import Clock

LEVELS = (ScanVerdict.BLOCK, ScanVerdict.WARN, ScanVerdict.NOTE, None)
"""What may be kept back, from the gravest findings to none at all."""


class Answer(NamedTuple):
    """What the person said, by which key, of the words that they were `shown`; `terms` is None for a no."""

    terms: "Terms | None"
    how: str
    shown: str


class Petition:
    """What is asked for now; `moved` is the branch that a message was let go in ("": none was)."""

    def __init__(
        self,
        engine: "Engine",
        clock: "Clock",
        proposal: "Proposal",
        sets: "Sequence[CountrySet]" = (),
    ) -> None:
        """`proposal` is for a cloud route."""
        self._engine = engine
        self.clock = clock
        self.sets = sets
        self.proposal = proposal
        self.moved = ""

    @property
    def departure(self) -> Departure:
        """What would leave, and what would stay."""
        assert self.proposal.considered is not None
        return self.proposal.considered.departure

    @property
    def decision(self) -> "Decision":
        """What the policy says of it."""
        return self.proposal.decision

    @property
    def open(self) -> bool:
        """Whether the person's yes is all that is missing."""
        return self.decision.verdict is not Verdict.DENY

    @property
    def held(self) -> Sequence[Message]:
        """The person's own messages that stay and could be let go, the oldest first."""
        found = self.proposal.path
        return [m for m in found if m.role is Role.USER and m.label is Label.LOCAL_ONLY]

    async def keep_back(self) -> None:
        """Keeps back what the next level says. Raises: as `Engine.propose`."""
        choice = self.departure.choice
        level = LEVELS[(LEVELS.index(choice.keep_back) + 1) % len(LEVELS)]
        await self._prepare(self.proposal.prompt, replace(choice, keep_back=level))

    async def leave_out(self) -> None:
        """Leaves out what must stay, or takes it in again. Raises: as `Engine.propose`."""
        choice = self.departure.choice
        await self._prepare(self.proposal.prompt, replace(choice, leave_out=not choice.leave_out))

    async def let_go(self, message: str, reason: str) -> None:
        """Lets a message go further, on record. Raises: UsageError, StorageError; as `Engine.propose`."""
        prompt = self.proposal.prompt
        head = await self._engine.declassify(prompt.parent or "", message, Label.NORMAL, reason)
        self.moved = head
        await self._prepare(replace(prompt, parent=head), self.departure.choice)

    async def _prepare(self, prompt: Prompt, choice: Choice) -> None:
        old = self.proposal
        work = functools.partial(
            self._engine.propose,
            prompt,
            old.route.id,
            choice=choice,
            message=old.message,
            fallback=old.fallback,
        )
        self.proposal = await asyncio.to_thread(work)
