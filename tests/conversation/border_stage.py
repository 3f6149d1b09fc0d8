"""The program over its real parts, with another window on the same file, and what happens to both."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from assistant.conversation.border import Border, Person, World
from assistant.conversation.engine import Engine, Proposal
from assistant.domain.consent import Actor, Principal, State, Stated
from assistant.domain.departure import PriceBound
from assistant.domain.events import (
    Asked,
    ConversationLabelled,
    Event,
    Finished,
    Labelled,
    Permitted,
)
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span
from assistant.scanning.scanner import PatternScanner
from assistant.storage.audit_papers import AuditPapers
from assistant.storage.journal import SqliteJournal
from tests.conversation.border_doubles import CLOUD, TODAY_MS, CloudScripted, Town
from tests.conversation.doubles import ScriptedBackend
from tests.conversation.second_reading import (
    FACTS,
    HOUR_MS,
    LIFE_MS,
    PRICES,
    RULES,
    Plan,
    Reading,
    Talk,
)
from tests.fakes import FakeClock
from tests.storage.leaving_stage import Program, Ring

_T = TypeVar("_T")

SCANNER = PatternScanner(lambda: 0.0)


class Watched(SqliteJournal):
    """The real journal; `judge` is asked just before a permit is committed, `taken` holds what was committed."""

    def watch(self, judge: Callable[[Permitted], bool]) -> None:
        self.judge = judge
        self.taken: list[Event] = []
        self.judged: list[bool] = []

    def append(self, event: Event) -> None:
        judged = [self.judge(event)] if isinstance(event, Permitted) and event.leave else []
        super().append(event)
        self.taken.append(event)
        self.judged += judged


@dataclass
class Cloud(CloudScripted):
    """Stands still for a moment between the decision and the permit: then `between` happens."""

    between: Callable[[], None] = lambda: None

    async def load(self) -> int:
        self.between()
        return await super().load()


class Stage(RuleBasedStateMachine):
    """The program, another window on the same file, and what can be done to both."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="assistant-test-"))
        ring = Ring()
        self.here, self.window = (Program(self.folder, ring.stores) for _ in range(2))
        self.clock, self.town, self.cloud = FakeClock(TODAY_MS), Town(), Cloud()
        self.reading = Reading(self.clock)
        self.journal = Watched(self.here.database, self.here.desk)
        self.journal.watch(self.reading.may_leave)
        world = World(self.town, self.here.consents, SCANNER, self.town, self.town, self.town)
        self.border = Border(world, self.clock, Person(Principal(1000, "i"), "0.2", "s1"))
        backends = {"cpu": ScriptedBackend(), CLOUD.id: self.cloud}
        self.engine = Engine(
            self.journal, backends, self.clock, "i", flush_ms=0, border=lambda: self.border
        )
        self.runner = asyncio.Runner()
        self.talks = [Talk(self.run(self.engine.start_conversation())) for _ in range(2)]
        self.plans: list[Plan] = []
        self.honest, self.refusals = True, 0

    def run(self, work: Coroutine[object, object, _T]) -> _T:
        return self.runner.run(work)

    def teardown(self) -> None:
        assert AuditPapers(self.here.desk).verify(self.border.now).whole
        kinds = {name: len(self.here.bodies(f'"kind":"{name}"')) for name in ("permit", "ended")}
        assert kinds == dict.fromkeys(kinds, len(self.cloud.requests))
        assert len(self.here.bodies('"kind":"denied"')) >= self.refusals
        self.run(self.engine.close())
        self.runner.close()
        self.window.close()
        self.here.close()
        shutil.rmtree(self.folder)

    async def follow(self, proposal: Proposal) -> tuple[Asked, Finished]:
        async with aclosing(self.engine.send(proposal)) as events:
            found = [event async for event in events]
        first, last = found[0], found[-1]
        assert isinstance(first, Asked)
        assert isinstance(last, Finished)
        return first, last

    def lapsed(self, *seen: str) -> None:
        """What was found to have lapsed stays so; `seen` are the facts that the program looked at."""
        for grant in self.reading.given:
            if grant.ended or self.here.consents.standing(grant.id).state is State.GIVEN:
                continue
            changed = any(grant.facts != facts for facts in seen)
            assert changed or self.reading.is_over(grant) or not self.honest
            grant.ended = True

    def happen(self, what: str, plan: Plan | None = None) -> None:
        """Another window does something, or a file or a clock changes."""
        if what == "panic":
            self.window.consents.panic(self.border.now)
            self.reading.offline = True
            self.reading.end_all()
        elif what == "revoke" and self.reading.given:
            grant, now = self.reading.given[-1], self.border.now
            self.window.consents.state(Stated(grant.id, now, State.WITHDRAWN, Actor.USER, "r"))
            grant.ended = True
        elif what == "facts":
            self.declare("good" if self.reading.facts == "other" else "other")
        elif what == "rules":
            self.rule_with("public alone" if self.reading.rules == "passing" else "silent")
        elif what == "time":
            self.clock.forward(LIFE_MS[Span.ONCE])
        elif what == "clock":
            self.turn_back(HOUR_MS, HOUR_MS)
        elif what == "label" and plan:
            self.label_talk(plan.talk, Label.LOCAL_ONLY)
        elif what == "own label" and plan:
            self.label_message(plan.talk, plan.proposal.message, Label.LOCAL_ONLY)
            plan.label = Label.LOCAL_ONLY

    def turn_back(self, passed_ms: int, back_ms: int) -> None:
        self.clock.forward(passed_ms)
        self.clock.set_back(back_ms)
        # From here on the second reading says what must not leave, not what must.
        self.honest = False

    def label_talk(self, talk: Talk, label: Label) -> None:
        self.window.journal.append(ConversationLabelled(talk.id, label, self.clock.now_ms()))
        talk.label = label

    def label_message(self, talk: Talk, message: str, label: Label) -> None:
        self.window.journal.append(Labelled(talk.id, message, label, self.clock.now_ms()))

    def declare(self, name: str) -> None:
        self.reading.facts, self.town.facts = name, FACTS[name][0]

    def rule_with(self, name: str) -> None:
        self.reading.rules, self.town.rule_set = name, RULES[name][0]

    def charge(self, name: str) -> None:
        price = PRICES[name]
        self.reading.price = name
        self.town.price = price and PriceBound(Decimal(price[0]), price[1], "2026-11-01")
