"""No sequence of acts leads to a byte in the cloud without a live grant and a passing rule: the real parts, judged at each commit."""

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from assistant.domain.consent import State
from assistant.domain.decisions import Verdict
from assistant.domain.departure import Choice
from assistant.domain.errors import RefusedError, RouteError, StorageError
from assistant.domain.events import (
    Asked,
    Decided,
    Finished,
    PermitOver,
    Permitted,
)
from assistant.domain.findings import ScanVerdict
from assistant.domain.prompt import Finish, Prompt
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span, Terms
from tests.conversation.border_doubles import CLOUD
from tests.conversation.border_stage import Stage
from tests.conversation.second_reading import (
    DAY_MS,
    FACTS,
    HOUR_MS,
    IDLE_MS,
    LIFE_MS,
    PRICES,
    RULES,
    SLACK_MS,
    Given,
    Plan,
    Said,
    Talk,
    strictest,
)

SECRET = "use AKIAZ7Q4XW2MBV5KTLRE there"
WAIT = st.sampled_from([300_000, 1, SLACK_MS, HOUR_MS, DAY_MS, IDLE_MS])
TALK = st.integers(0, 1)
PICK = st.integers(0, 11)
LENIENT = st.sampled_from([Label.PUBLIC, Label.NORMAL])
LABEL = st.sampled_from([Label.PUBLIC, Label.NORMAL, Label.NORMAL, Label.LOCAL_ONLY])
SPAN = st.sampled_from([Span.CONVERSATION, Span.ONCE, Span.CONVERSATION, Span.WHILE, Span.UNTIL])
MEANWHILE = st.sampled_from(
    [*[""] * 9, "revoke", "panic", "facts", "rules", "label", "own label", "time"]
)
"""What another window does between the decision and the permit."""

BEFORE = st.sampled_from([*[""] * 6, "facts", "clock"])
Turn = tuple[int, Label, bool, str, str]
TURNS = st.lists(st.tuples(TALK, LENIENT, st.booleans(), BEFORE, MEANWHILE), min_size=1, max_size=4)


class Asking(Stage):
    """What a person does before anything is sent."""

    @rule(talk=TALK, label=LABEL, secret=st.booleans(), bare=st.booleans(), out=st.booleans(), fell=st.booleans())  # fmt: skip
    def propose(
        self, talk: int, label: Label, secret: bool, bare: bool, out: bool, fell: bool
    ) -> None:
        self.planned(talk, label, secret, bare, out, fell)

    def planned(
        self, talk: int, label: Label, secret: bool, bare: bool, out: bool, fell: bool = False
    ) -> bool:
        of = self.talks[talk]
        prompt = Prompt(SECRET if secret else "Why is the sky blue?", of.id, of.head, label=label)
        choice = Choice(None if bare else ScanVerdict.WARN, out)
        try:
            proposal = self.engine.propose(prompt, CLOUD.id, choice=choice, fallback=fell)
        except RouteError:
            assert self.reading.facts == "gone"
            return False
        finally:
            self.lapsed(self.reading.facts)
            assert all(g.ended for g in self.reading.given if g.facts != self.reading.facts)
        own, facts = strictest(label, of.label), self.reading.facts
        self.plans.append(Plan(proposal, of, own, secret, bare, out, facts, len(of.turns)))
        return True

    @precondition(lambda self: self.plans)
    @rule(pick=PICK, span=SPAN, budget=st.sampled_from([None, Decimal("0.05")]), fell=st.booleans())  # fmt: skip
    def grant(self, pick: int, span: Span, budget: Decimal | None, fell: bool) -> None:
        plan = self.plans[-1 - pick % len(self.plans)]
        until = self.clock.now_ms() + LIFE_MS[span] if span is Span.UNTIL else None
        terms = Terms(span, 3, budget, "EUR", until, fell)
        known = {grant.id for grant, _ in self.here.consents.all()}
        try:
            self.run(self.engine.grant(plan.proposal, terms, "a key"))
        except RefusedError:
            return
        [name] = {grant.id for grant, _ in self.here.consents.all()} - known
        assert plan.proposal.considered is not None
        sheet = plan.proposal.considered.departure.sheet
        ceiling = plan.proposal.considered.request.label
        message, count = (plan.proposal.message, 1) if span.once else ("", 3)
        now_ms, monotonic_ms = self.clock.now_ms(), self.clock.monotonic_ms()
        self.reading.given.append(
            Given(name, plan.talk.id, message, sheet, ceiling, plan.facts, now_ms, monotonic_ms, LIFE_MS[span], count, budget, fell)
        )  # fmt: skip


class Leaving(Asking):
    """Everything that persons, files, clocks and another window can do, in any order."""

    @precondition(lambda self: self.plans)
    @rule(pick=PICK, between=MEANWHILE)
    def send(self, pick: int, between: str) -> None:
        plan = self.plans[-1 - pick % len(self.plans)]
        assert plan.proposal.considered is not None
        self.reading.begin(plan, plan.proposal.considered.departure.sheet)
        facts = self.reading.facts
        reached, could = len(self.cloud.requests), [self.reading.could_leave()]

        def meanwhile() -> None:
            self.happen(between, plan)
            could.append(self.reading.could_leave())

        self.cloud.between = meanwhile
        try:
            self.went(plan, *self.run(self.follow(plan.proposal)))
        except RouteError:
            assert self.reading.facts == "gone"
        except StorageError:
            # Its message is on record: what was sent once is not sent again.
            assert plan.sent
            could.append(False)
        self.lapsed(facts, self.reading.facts)
        left = len(self.cloud.requests) - reached
        if self.honest:
            assert left <= all(could)
            # Where nothing came in between, what may leave does leave.
            assert left == all(could) or between

    def went(self, plan: Plan, asked: Asked, finished: Finished) -> None:
        """It is on record; what left counts against its grant, and the conversation goes on behind it."""
        plan.sent = True
        if finished.record.finish is Finish.FAILED:
            self.refusals += 1
            return
        last = next(e for e in reversed(self.journal.taken) if isinstance(e, Permitted))
        assert last.leave is not None
        grant = self.reading.grant(last.leave.entry.grant)
        grant.requests -= 1
        grant.used_ms, grant.used_wall_ms = self.clock.monotonic_ms(), last.leave.at.wall_ms
        grant.budget = grant.budget and grant.budget - Decimal("0.03")
        self.went_on(plan.talk, plan.before, asked, finished, plan.label, plan.secret)

    def went_on(
        self, talk: Talk, before: int, asked: Asked, finished: Finished, label: Label, secret: bool
    ) -> None:
        reply = finished.record.decision.label
        talk.turns = [*talk.turns[:before], Said(asked.message.id, label, reply, secret)]
        talk.head = asked.reply
        self.plans = [p for p in self.plans if p.talk is not talk or p.before <= before]

    @rule(talk=TALK, label=LENIENT, secret=st.booleans(), span=SPAN, between=MEANWHILE)  # fmt: skip
    def say_yes_and_send(
        self, talk: int, label: Label, secret: bool, span: Span, between: str
    ) -> None:
        if self.planned(talk, label, secret, bare=False, out=True):
            self.grant(0, span, None, False)
            self.send(0, between)

    @rule(turns=TURNS)
    def go_on(self, turns: list[Turn]) -> None:
        """As in a conversation that has its grant: no word of consent is said in between."""
        for talk, label, bare, before, between in turns:
            self.happen(before)
            if self.planned(talk, label, secret=False, bare=bare, out=bare):
                self.send(0, between)

    @initialize(label=LENIENT, span=SPAN, turns=TURNS)
    def begin_with_a_yes(self, label: Label, span: Span, turns: list[Turn]) -> None:
        self.say_yes_and_send(0, label, False, span, "")
        self.go_on(turns)

    @rule(talk=TALK)
    def begin_anew(self, talk: int) -> None:
        self.talks[talk] = Talk(self.run(self.engine.start_conversation()))

    @rule(talk=TALK, label=LABEL, secret=st.booleans())
    def talk_on_this_machine(self, talk: int, label: Label, secret: bool) -> None:
        of = self.talks[talk]
        prompt = Prompt(SECRET if secret else "And at dusk?", of.id, of.head, label=label)
        asked, finished = self.run(self.follow(self.engine.propose(prompt, "cpu")))
        self.went_on(of, len(of.turns), asked, finished, strictest(label, of.label), secret)

    @rule(what=st.sampled_from(["declare", "rule", "charge", "label", "facts"]), pick=PICK)
    def something_changes(self, what: str, pick: int) -> None:
        if what == "declare":
            self.declare(list(FACTS)[pick % len(FACTS)])
        elif what == "rule":
            self.rule_with(list(RULES)[pick % len(RULES)])
        elif what == "charge":
            self.charge(list(PRICES)[pick % len(PRICES)])
        elif what == "label":
            self.label_talk(self.talks[pick % 2], list(Label)[pick % 3])
        else:
            self.declare("good" if self.reading.facts == "other" else "other")


class Happening(Leaving):
    """What else may happen meanwhile, and what holds after every step."""

    @rule(lifted=st.booleans())
    def panic(self, lifted: bool) -> None:
        self.run(self.engine.panic())
        self.reading.offline = True
        self.reading.end_all()
        if lifted:
            self.lift()

    def lift(self) -> None:
        self.run(self.engine.lift())
        self.reading.offline = False

    @rule()
    def all_is_put_right(self) -> None:
        """As it was in the beginning; what has ended stays ended."""
        self.declare("good")
        self.rule_with("passing")
        self.lift()
        for talk in self.talks:
            self.label_talk(talk, Label.PUBLIC)

    @rule(talk=TALK, pick=PICK, label=st.sampled_from(Label))
    def label_a_message(self, talk: int, pick: int, label: Label) -> None:
        of = self.talks[talk]
        place = pick % max(1, len(of.turns))
        if of.turns and strictest(of.turns[place].label, label) is label:
            self.label_message(of, of.turns[place].message, label)
            of.relabel(place, label)

    @precondition(lambda self: self.reading.given)
    @rule(pick=PICK)
    def revoke(self, pick: int) -> None:
        grant = self.reading.given[pick % len(self.reading.given)]
        self.run(self.engine.revoke(grant.id, "key r"))
        grant.ended = True

    @rule(ms=WAIT)
    def time_passes(self, ms: int) -> None:
        self.clock.forward(ms)

    @rule(passed=WAIT, back=st.sampled_from([1, SLACK_MS, SLACK_MS + 1, HOUR_MS, 20 * DAY_MS]))
    def the_clock_is_set_back(self, passed: int, back: int) -> None:
        self.turn_back(passed, back)

    @rule()
    def sweep(self) -> None:
        """Facts that come back afterwards do not bring back a grant that was found to have ended."""
        self.border.sweep()
        for grant in self.reading.given:
            grant.ended |= self.here.consents.standing(grant.id).state is not State.GIVEN

    @invariant()
    def no_byte_left_without_leave(self) -> None:
        assert all(self.journal.judged)

    @invariant()
    def every_request_has_one_permit_for_its_very_bytes_and_every_permit_one_end(self) -> None:
        taken = [e for e in self.journal.taken if isinstance(e, Permitted) and e.leave]
        used = [(permit.id, permit.digest) for permit in self.cloud.permits]
        assert [(one.permit, one.digest) for one in taken] == used
        digests = [self.cloud.compose(request).digest for request in self.cloud.requests]
        assert [digest for _, digest in used] == digests
        assert len({name for name, _ in used}) == len(used)
        ends = [e.permit for e in self.journal.taken if isinstance(e, PermitOver)]
        assert ends == [name for name, _ in used]

    @invariant()
    def every_refusal_is_on_record(self) -> None:
        # Who told the audit of it, the papers or the journal itself, is no matter: border_stage counts what is there.
        decided = [e for e in self.journal.taken if isinstance(e, Decided)]
        denied = {e.turn for e in decided if e.decision.verdict is not Verdict.ALLOW}
        assert len(denied) == self.refusals


TestLeaving = Happening.TestCase
TestLeaving.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
