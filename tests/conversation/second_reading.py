"""A second reading of what may leave: the promise written down plainly, without any function of the program that keeps it."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from assistant.conversation.engine import Proposal
from assistant.domain.events import Permitted
from assistant.domain.residency import RouteFacts
from assistant.domain.rules import Allow, Deny, NoRules, Rules, Scope
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span
from tests.facts_maker import GOOD, RULE, STRICT
from tests.fakes import FakeClock

HOUR_MS, DAY_MS, SLACK_MS = 3_600_000, 86_400_000, 2_000
LIFE_MS = {
    Span.ONCE: 600_000,
    Span.WHILE: 900_000,
    Span.CONVERSATION: DAY_MS,
    Span.UNTIL: 25 * DAY_MS,
}
IDLE_MS = 14 * DAY_MS
STRICTNESS = [Label.PUBLIC, Label.NORMAL, Label.LOCAL_ONLY]

FACTS: dict[str, tuple[RouteFacts | None, bool]] = {
    "good": (GOOD, True),
    "other": (replace(GOOD, retention_days=1), True),
    "trained on": (replace(GOOD, training=True), False),
    "gone": (None, False),
}
"""What may be declared of the route, and whether a rule can like it."""

PUBLIC_ALONE = Allow("public", Scope(frozenset((Label.PUBLIC,)), None), STRICT)
NEVER = Deny("never", Scope(frozenset(Label), None), "not at all")
RULES: dict[str, tuple[Rules | NoRules, tuple[Label, ...]]] = {
    "passing": (Rules((RULE,)), (Label.PUBLIC, Label.NORMAL)),
    "public alone": (Rules((PUBLIC_ALONE,)), (Label.PUBLIC,)),
    "denying": (Rules((RULE, NEVER)), ()),
    "silent": (Rules(()), ()),
    "gone": (NoRules("the file is gone"), ()),
}
"""The rules that may be in force, and the labels that they let pass."""

PRICES = {"unknown": None, "cents": ("0.03", "EUR"), "dollars": ("0.03", "USD")}


def strictest(*labels: Label) -> Label:
    return max(labels, key=STRICTNESS.index)


@dataclass
class Said:
    """One turn of a conversation that went well."""

    message: str
    label: Label
    reply: Label
    secret: bool

    @property
    def may_go(self) -> bool:
        return Label.LOCAL_ONLY not in (self.label, self.reply)


@dataclass
class Talk:
    """A conversation."""

    id: str
    head: str | None = None
    label: Label = Label.PUBLIC
    turns: list[Said] = field(default_factory=list)

    def relabel(self, place: int, label: Label) -> None:
        """The message at `place` has a stricter label, and so has every reply below it."""
        self.turns[place].label = label
        for below in self.turns[place:]:
            below.reply = strictest(below.reply, label)


@dataclass
class Plan:
    """A proposal: `before` turns stand before it, and with `bare` nothing that was found is kept back."""

    proposal: Proposal
    talk: Talk
    label: Label
    secret: bool
    bare: bool
    leave_out: bool
    facts: str
    before: int
    sent: bool = False


@dataclass
class Given:
    """A yes, and what is left of it. `message` is "" where it is for the conversation."""

    id: str
    talk: str
    message: str
    sheet: str
    ceiling: Label
    facts: str
    wall_ms: int
    monotonic_ms: float
    life_ms: int
    requests: int
    budget: Decimal | None
    fallback: bool
    ended: bool = False
    used_ms: float = 0.0
    used_wall_ms: int = 0


@dataclass
class Sending:
    """What is on its way: `kept` are the turns that were found to leave with it, `digest` is that of its bytes."""

    plan: Plan
    kept: list[Said]
    digest: str

    @property
    def label(self) -> Label:
        """As it is now: labels may become stricter while it waits."""
        kept = [label for turn in self.kept for label in (turn.label, turn.reply)]
        return strictest(self.plan.label, self.plan.talk.label, *kept)


class Reading:
    """What is so, and what may therefore leave."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.facts, self.rules, self.price, self.offline = "good", "passing", "unknown", False
        self.given: list[Given] = []
        self.sending: Sending | None = None

    def begin(self, plan: Plan, digest: str) -> None:
        """`plan` is sent now."""
        before = plan.talk.turns[: plan.before]
        kept = [turn for turn in before if turn.may_go] if plan.leave_out else before
        self.sending = Sending(plan, kept, digest)

    def grant(self, name: str) -> Given:
        [found] = [one for one in self.given if one.id == name]
        return found

    def end_all(self) -> None:
        for grant in self.given:
            grant.ended = True

    def is_over(self, grant: Given) -> bool:
        """Whether nothing can leave under it any more, whatever is put back."""
        spent = grant.requests <= 0 or grant.budget is not None
        return spent or not self._is_in_time(grant)

    def could_leave(self) -> bool:
        """Whether what is sent may leave at this moment."""
        assert self.sending is not None
        sending = self.sending
        return self._may_pass(sending) and any(self._is_live(one, sending) for one in self.given)

    def may_leave(self, permitted: Permitted) -> bool:
        """Whether the bytes of a permit that is about to be committed may leave, under the grant that it names."""
        assert self.sending is not None
        assert permitted.leave is not None
        sending = replace(self.sending, digest=permitted.digest)
        grant = self.grant(permitted.leave.entry.grant)
        return self._may_pass(sending) and self._is_live(grant, sending)

    def _may_pass(self, sending: Sending) -> bool:
        plan = sending.plan
        secrets = plan.secret or any(turn.secret for turn in sending.kept)
        return (
            not self.offline
            and not (secrets and plan.bare)
            and sending.label in RULES[self.rules][1]
            and FACTS[self.facts][1]
        )

    def _is_live(self, grant: Given, sending: Sending) -> bool:
        return (
            not grant.ended
            and grant.requests > 0
            and self._is_for(grant, sending)
            and self._is_in_time(grant)
            and self._is_paid(grant)
        )

    def _is_for(self, grant: Given, sending: Sending) -> bool:
        plan, once = sending.plan, bool(grant.message)
        return (
            grant.facts == self.facts
            and grant.talk == plan.talk.id
            and STRICTNESS.index(sending.label) <= STRICTNESS.index(grant.ceiling)
            and (
                not once or (grant.message, grant.sheet) == (plan.proposal.message, sending.digest)
            )
            and (not plan.proposal.fallback or (grant.fallback and not once))
        )

    def _is_in_time(self, grant: Given) -> bool:
        """By both clocks: the one that can be set, and the one that cannot."""
        wall_ms = self.clock.now_ms() - grant.wall_ms
        passed_ms = self.clock.monotonic_ms() - grant.monotonic_ms
        idle_ms = self.clock.monotonic_ms() - max(grant.used_ms, grant.monotonic_ms)
        # The wall's time is told to the millisecond; the slack is for what passes while it is read.
        idle_wall_ms = self.clock.now_ms() - max(grant.used_wall_ms, grant.wall_ms)
        return (
            wall_ms < grant.life_ms
            and passed_ms < grant.life_ms + SLACK_MS
            and wall_ms >= passed_ms - SLACK_MS
            and idle_ms < IDLE_MS + SLACK_MS
            and idle_wall_ms < IDLE_MS
        )

    def _is_paid(self, grant: Given) -> bool:
        price = PRICES[self.price]
        if grant.budget is None:
            return True
        return price is not None and price[1] == "EUR" and Decimal(price[0]) <= grant.budget
