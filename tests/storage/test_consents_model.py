"""Two programs, one file, and whatever persons and clocks do: consents stand as a plain list of their events says."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from assistant.domain.consent import (
    Actor,
    ConsentEvent,
    Grant,
    Moment,
    Reserved,
    Settled,
    Standing,
    State,
    Stated,
    fold,
)
from assistant.domain.coverage import LAPSING, covers, ending, gaps
from assistant.domain.errors import RefusedError
from assistant.storage.audit_papers import AuditPapers
from tests.facts_maker import GRANT, LIMITS, NOW, REQUEST
from tests.storage.leaving_stage import PAYLOAD, Program, Ring, over, permitted, request, said

MINUTE_MS = 60_000
WHO = st.integers(0, 1)
PICK = st.integers(0, 5)


class Model:
    """Grants in the order in which they came, every event, and two plain facts."""

    def __init__(self) -> None:
        self.grants: list[Grant] = []
        self.events: list[ConsentEvent] = []
        self.offline = False
        self.latest: Moment | None = None

    def standing(self, grant: Grant) -> Standing:
        return fold(grant.id, self.events)

    def given(self) -> list[Grant]:
        return [g for g in reversed(self.grants) if self.standing(g).state is State.GIVEN]

    def seen(self) -> list[Moment]:
        return [] if self.latest is None else [self.latest]

    def saw(self, at: Moment) -> None:
        if self.latest is None or at.wall_ms >= self.latest.wall_ms:
            self.latest = at

    def refused(self, grant: Grant, at: Moment) -> None:
        """What a send was refused for may be a lapse, which stays one."""
        standing = self.standing(grant)
        missing = {one.code for one in gaps(grant, standing, request(), at, self.seen())}
        given = standing.state is State.GIVEN
        if given and not self.offline and not LAPSING.isdisjoint(missing):
            self.events.append(Stated(grant.id, at, State.INVALIDATED, Actor.SYSTEM, "lapsed"))

    def lapse(self, at: Moment) -> bool:
        """What has run out by `at`; returns whether anything still holds."""
        seen, given = self.seen(), self.given()
        ended = [(g, ending(g, self.standing(g), g.fingerprint, at, seen)) for g in given]
        for grant, state in ended:
            if state is not None:
                self.events.append(Stated(grant.id, at, state, Actor.SYSTEM, "lapsed"))
        return any(state is None for _, state in ended)


class Consents(RuleBasedStateMachine):
    """Everything that can be done with consents, by either program."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="assistant-test-"))
        self.ring = Ring()
        self.programs = [Program(self.folder, self.ring.stores) for _ in range(2)]
        self.model = Model()
        self.now = NOW
        self.turns = 0
        self.permits: list[tuple[str, str]] = []

    def teardown(self) -> None:
        assert AuditPapers(self.programs[0].desk).verify(self.now).whole
        for program in self.programs:
            program.close()
        shutil.rmtree(self.folder)

    @rule(who=WHO, gives=st.booleans(), requests=st.integers(1, 3), minutes=st.integers(1, 9))
    def ask_for_a_grant(self, who: int, gives: bool, requests: int, minutes: int) -> None:
        start = self.now.wall_ms
        limits = replace(LIMITS, not_before_ms=start, not_after_ms=start + minutes * MINUTE_MS, max_requests=requests)  # fmt: skip
        grant = replace(GRANT, id=f"grant-{len(self.model.grants):020}", limits=limits)
        stated = said(grant, self.now)
        if not gives:
            stated[1] = replace(stated[1], state=State.REFUSED)
        self.programs[who].consents.record(grant, stated)
        holding = self.model.lapse(self.now)
        self.model.grants.append(grant)
        self.model.events += stated
        self.model.saw(self.now)
        if not holding:
            self.model.latest = self.now

    @rule(who=WHO, pick=PICK, state=st.sampled_from(State), actor=st.sampled_from(Actor))
    def say(self, who: int, pick: int, state: State, actor: Actor) -> None:
        if not self.model.grants:
            return
        grant = self.model.grants[pick % len(self.model.grants)]
        stated = Stated(grant.id, self.now, state, actor, "a key", "5" * 64)
        self.programs[who].consents.state(stated)
        self.model.events.append(stated)
        self.model.saw(self.now)

    @rule(who=WHO)
    def panic(self, who: int) -> None:
        given = self.model.given()
        assert self.programs[who].consents.panic(self.now) == [g.id for g in given]
        for grant in given:
            self.model.events.append(
                Stated(grant.id, self.now, State.WITHDRAWN, Actor.USER, "panic key")
            )
        self.model.offline = True
        self.model.saw(self.now)

    @rule(who=WHO)
    def lift(self, who: int) -> None:
        self.programs[who].consents.lift(self.now)
        self.model.offline = False
        self.model.saw(self.now)

    @rule(seconds=st.sampled_from([1, 30, 300, 3_600]), restart=st.booleans())
    def wait(self, seconds: int, restart: bool) -> None:
        self.now = Moment(
            self.now.wall_ms + seconds * 1000, self.now.monotonic_ms + seconds * 1000, self.now.boot
        )
        if restart:
            self.now = replace(self.now, boot=f"{self.now.boot}+", monotonic_ms=1.0)

    @rule(minutes=st.sampled_from([1, 60]))
    def set_the_clock_back(self, minutes: int) -> None:
        self.now = replace(self.now, wall_ms=self.now.wall_ms - minutes * MINUTE_MS)

    @rule(who=WHO, pick=PICK)
    def send(self, who: int, pick: int) -> None:
        if not self.model.grants:
            return
        grant = self.model.grants[pick % len(self.model.grants)]
        turn = f"t{self.turns}"
        self.turns += 1
        program = self.programs[who]
        program.ask(turn)
        may = not self.model.offline and covers(
            grant, self.model.standing(grant), request(), self.now, self.model.seen()
        )
        if may:
            program.journal.append(permitted(turn, self.now, grant.id))
            self.model.events.append(
                Reserved(
                    grant.id, self.now, f"p-{turn}", len(PAYLOAD), REQUEST.tokens, REQUEST.cost
                )
            )
            self.permits.append((turn, grant.id))
        else:
            _refuses(lambda: program.journal.append(permitted(turn, self.now, grant.id)))
            self.model.refused(grant, self.now)
        self.model.saw(self.now)

    @rule(who=WHO, tokens=st.none() | st.integers(0, 100))
    def end(self, who: int, tokens: int | None) -> None:
        if not self.permits:
            return
        turn, grant = self.permits.pop()
        event = over(turn, self.now, tokens)
        assert event.ended.settled is not None
        settled = replace(event.ended.settled, grant=grant)
        ended = replace(event.ended, settled=settled)
        self.programs[who].journal.append(replace(event, ended=ended))
        self.model.events.append(Settled(grant, self.now, f"p-{turn}", tokens, None))
        self.model.saw(self.now)

    @rule(who=WHO)
    def begin_again(self, who: int) -> None:
        self.programs[who].close()
        self.programs[who] = Program(self.folder, self.ring.stores)

    @invariant()
    def both_programs_see_what_the_list_says(self) -> None:
        for program in self.programs:
            assert program.consents.given("good") == [
                (g, self.model.standing(g)) for g in self.model.given()
            ]
            assert program.consents.offline is self.model.offline
            assert program.consents.latest() == self.model.latest
            assert not program.consents.problems
            standings = [program.consents.standing(g.id) for g in self.model.grants]
            assert standings == [self.model.standing(g) for g in self.model.grants]

    @invariant()
    def every_permit_is_in_the_audit(self) -> None:
        program = self.programs[0]
        reserved = [event.permit for event in self.model.events if isinstance(event, Reserved)]
        lines = program.desk.lines(1_000)
        assert [line.permit.permit for line in reversed(lines)] == reserved
        assert {line.permit.permit for line in lines if line.ended is None} == {
            f"p-{turn}" for turn, _ in self.permits
        }


def _refuses(act: Callable[[], None]) -> None:
    try:
        act()
    except RefusedError:
        return
    raise AssertionError("a send was let out that no grant covers")


TestConsents = Consents.TestCase
TestConsents.settings = settings(max_examples=25, stateful_step_count=25)
