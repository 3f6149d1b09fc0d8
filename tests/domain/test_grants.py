"""No sequence of acts leads to a covered send without a live grant: a machine plays them against a simple model."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from assistant.domain.consent import (
    DAY_MS,
    Actor,
    ConsentEvent,
    Moment,
    Reach,
    Reserved,
    Settled,
    State,
    Stated,
    fold,
)
from assistant.domain.coverage import covers, ending
from assistant.domain.rules import Content
from assistant.domain.sensitivity import Label
from tests.facts_maker import GRANT, LIMITS, NOW, PRINT, REQUEST, SHEET

HOUR_MS = 3_600_000
CEILING, REQUESTS, TOKENS, MONEY = Label.NORMAL, 4, 500, Decimal("0.50")


class Grants(RuleBasedStateMachine):
    """One grant, a clock, and everything that a person, a program or a liar may do with them."""

    def __init__(self) -> None:
        super().__init__()
        limits = replace(
            LIMITS,
            not_after_ms=NOW.wall_ms + 2 * DAY_MS,
            max_requests=REQUESTS,
            max_tokens=TOKENS,
            max_cost=MONEY,
            idle_days=1,
        )
        self.grant = replace(GRANT, limits=limits, reach=Reach(CEILING, "c1"))
        self.events: list[ConsentEvent] = []
        self.now = NOW
        self.print = PRINT
        # The model: three plain facts and the sums.
        self.asked = self.alive = self.ended = self.lied = False
        self.tokens, self.money, self.sends = 0, Decimal(0), 0
        self.last_ms = self.true_ms = 0

    def _state(self, state: State, actor: Actor = Actor.USER, sheet: str = SHEET) -> None:
        self.events.append(Stated(GRANT.id, self.now, state, actor, "a key", sheet))

    @rule()
    def request(self) -> None:
        self._state(State.REQUESTED, Actor.SYSTEM)
        self.ended |= self.asked
        self.asked, self.alive = True, self.alive and not self.ended

    @rule()
    def give(self) -> None:
        self._state(State.GIVEN)
        fits = self.asked and not self.alive and not self.ended
        self.alive, self.ended = fits, not fits
        self.last_ms = self.true_ms if fits else self.last_ms

    @rule(by_system=st.booleans())
    def forge(self, by_system: bool) -> None:
        if by_system:
            self._state(State.GIVEN, Actor.SYSTEM)
        else:
            self._state(State.GIVEN, sheet="6" * 64)
        self.alive, self.ended = False, True

    @rule(end=st.sampled_from([State.WITHDRAWN, State.EXPIRED, State.SUPERSEDED, State.REFUSED]))
    def end(self, end: State) -> None:
        self._state(end)
        self.alive, self.ended = False, True

    @rule(ms=st.sampled_from([1, HOUR_MS, DAY_MS // 2, DAY_MS]))
    def wait(self, ms: int) -> None:
        self.true_ms += ms
        self.now = replace(
            self.now, wall_ms=self.now.wall_ms + ms, monotonic_ms=self.now.monotonic_ms + ms
        )

    @rule(ms=st.sampled_from([HOUR_MS, DAY_MS, 9 * DAY_MS]))
    def turn_the_clock_back(self, ms: int) -> None:
        self.now = replace(self.now, wall_ms=self.now.wall_ms - ms)
        self.lied |= bool(self.events)

    @rule()
    def change_the_facts(self) -> None:
        self.print = self.print[:-1] + "0"

    @rule(tokens=st.integers(0, 300), cents=st.integers(0, 30), fell=st.booleans())
    def send(self, tokens: int, cents: int, fell: bool) -> None:
        """The program's own way: asks, and writes the reservation down before anything leaves."""
        cost = Decimal(cents) / 100
        request = replace(REQUEST, tokens=tokens, cost=cost, fallback=fell, fingerprint=self.print)
        standing = fold(GRANT.id, self.events)
        leave = covers(self.grant, standing, request, self.now)
        may = (
            self.alive
            and not self.lied
            and not fell
            and self.print == PRINT
            and self.true_ms < 2 * DAY_MS
            and self.true_ms - self.last_ms < DAY_MS
            and self.sends < REQUESTS
            and self.tokens + tokens <= TOKENS
            and self.money + cost <= MONEY
        )
        assert leave is may
        if leave:
            permit = f"p{len(self.events)}"
            self.events.append(Reserved(GRANT.id, self.now, permit, 10, tokens, cost))
            self.sends += 1
            self.tokens += tokens
            self.money += cost
            self.last_ms = self.true_ms

    @rule()
    def settle(self) -> None:
        """The last send came to nothing, in the end."""
        sends = [event for event in self.events if isinstance(event, Reserved)]
        settled = {event.permit for event in self.events if isinstance(event, Settled)}
        if sends and sends[-1].permit not in settled:
            last = sends[-1]
            self.events.append(Settled(GRANT.id, self.now, last.permit, 0, Decimal(0)))
            self.tokens -= last.tokens
            self.money -= last.cost or Decimal(0)

    @rule()
    def look_after(self) -> None:
        """What the program does at every start: puts on record what has run out."""
        state = ending(self.grant, fold(GRANT.id, self.events), self.print, self.now)
        if state is not None:
            self._state(state, Actor.SYSTEM)
            self.alive, self.ended = False, True

    @invariant()
    def nothing_covers_what_must_not_leave(self) -> None:
        standing = fold(GRANT.id, self.events)
        for change in (
            {"label": Label.LOCAL_ONLY},
            {"content": Content.BLOCK},
            {"content": Content.UNSCANNED},
            {"conversation": "c2"},
            {"route": "other"},
            {"fingerprint": "0" * 64},
        ):
            request = replace(REQUEST, tokens=0, cost=Decimal(0), **change)
            assert not covers(self.grant, standing, request, self.now)

    @invariant()
    def another_boot_does_not_bring_it_back(self) -> None:
        if not self.alive:
            rebooted = Moment(self.now.wall_ms, 1.0, "boot-2")
            standing = fold(GRANT.id, self.events)
            assert not covers(self.grant, standing, REQUEST, rebooted)


TestGrants = Grants.TestCase
TestGrants.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
