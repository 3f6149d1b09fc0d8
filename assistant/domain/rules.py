"""The rules that say which route a text may take: typed, default deny, any deny wins, and every failed clause is told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from assistant.domain.decisions import Reason, Verdict
from assistant.domain.findings import Gap, Scan
from assistant.domain.residency import (
    ANY,
    EVIDENCE_WORDS,
    Everywhere,
    Evidence,
    RouteFacts,
    Territory,
    Unknown,
)
from assistant.domain.sensitivity import Label

DEFAULT: Final = "default"
"""The rule that holds where no other does: deny."""

STANDING: Final = "standing"
"""What no rule can lift: local-only text, secrets, unscanned text, facts past their review."""

_TIME_ZONES: Final = timedelta(days=1)


class Content(StrEnum):
    """The worst that a scan of the very text that would leave has found; a text that was not scanned counts as the worst."""

    CLEAN = "clean"
    NOTE = "note"
    WARN = "warn"
    BLOCK = "block"
    UNSCANNED = "unscanned"
    KEYS_LOCKED = "keys_locked"
    """Not looked through for the app's own keys, which are locked away."""


def content_of(scan: Scan | None) -> Content:
    """What a scan comes to; no scan, or one that did not reach the end, is unscanned."""
    if scan is not None and scan.gap is Gap.KEYS_LOCKED:
        return Content.KEYS_LOCKED
    if scan is None or not scan.scanned:
        return Content.UNSCANNED
    return Content.CLEAN if scan.verdict is None else Content(scan.verdict.value)


# What may leave is listed, not what may not: a value that nobody thought of stays here.
SENDABLE_LABELS: Final = frozenset((Label.PUBLIC, Label.NORMAL))
"""The labels that a rule or a grant may speak of at all."""

SENDABLE_CONTENT: Final = frozenset((Content.CLEAN, Content.NOTE, Content.WARN))
"""What a scan may have found in a text that leaves."""


@dataclass(frozen=True, slots=True)
class Zone:
    """The countries that a rule accepts; `name` is what its file calls them."""

    name: str
    countries: frozenset[str] | Everywhere

    def holds(self, place: Territory) -> bool:
        """Whether all of `place` lies in it; an unknown place lies nowhere."""
        if isinstance(place, Unknown):
            return False
        if self.countries is ANY:
            return True
        return isinstance(place, frozenset) and place <= self.countries


@dataclass(frozen=True, slots=True)
class Scope:
    """When a rule speaks: for texts with one of `labels`, to one of `routes` (None: to any)."""

    labels: frozenset[Label]
    routes: frozenset[str] | None

    def holds(self, route: str, label: Label) -> bool:
        """Whether the rule has a say."""
        return label in self.labels and (self.routes is None or route in self.routes)


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a route's facts have to be. None or False (in the file: `unchecked`) leaves a clause out, and is the only way to.

    `operator_law_not` are the countries whose law must not bind the operator. `evidence` are the levels that count as they
    stand, `evidence_declared` those that count only once the person has put their name to the facts. U never counts.
    """

    processing_in: Zone
    storage_in: Zone
    transit_in: Zone | None
    retention_days_max: int | None
    no_training: bool
    no_human_review: bool
    operator_law_not: frozenset[str] | None
    evidence: frozenset[Evidence]
    evidence_declared: frozenset[Evidence]


@dataclass(frozen=True, slots=True)
class Example:
    """A case that a rule must match, or must not: the facts of a made-up route, and a label."""

    facts: RouteFacts
    label: Label
    match: bool


@dataclass(frozen=True, slots=True)
class Allow:
    """Lets a text pass where every requirement is met."""

    id: str
    when: Scope
    require: Requirements
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Deny:
    """Stops whatever it speaks of; no other rule can lift that. `because` is told to the person."""

    id: str
    when: Scope
    because: str
    examples: tuple[Example, ...] = ()


Rule = Allow | Deny


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force. `digest` is the SHA-256 in hex of the files that they were read from, for the record."""

    rules: tuple[Rule, ...]
    digest: str = ""


@dataclass(frozen=True, slots=True)
class NoRules:
    """There are no rules that could be read: nothing leaves, and `problem` says why."""

    problem: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say: allow or deny, the rule that decided, and every reason."""

    verdict: Verdict
    rule: str
    reasons: tuple[Reason, ...]


def judge(
    rules: Rules | NoRules, facts: RouteFacts, label: Label, content: Content, today: date
) -> Judgement:
    """Whether a text with `label`, in which a scan found `content`, may go to the route of `facts` on the day `today`.

    Pure and total: it never raises, and whatever goes wrong inside denies. An allow says that the place is right; whether
    the person consents is another question.
    """
    try:
        return _judge(rules, facts, label, content, today)
    except Exception as error:  # noqa: BLE001 - whatever breaks in here has to end in a denial, not in a send
        text = f"the rules could not be applied ({type(error).__name__}), so nothing leaves"
        return Judgement(Verdict.DENY, DEFAULT, (Reason("error", text),))


def _judge(
    rules: Rules | NoRules, facts: RouteFacts, label: Label, content: Content, today: date
) -> Judgement:
    standing = tuple(_standing(facts, label, content, today))
    if isinstance(rules, NoRules):
        no_rules = Reason("no_rules", f"there are no rules, so nothing leaves: {rules.problem}")
        return Judgement(Verdict.DENY, DEFAULT, (*standing, no_rules))
    speaking = [rule for rule in rules.rules if rule.when.holds(facts.route, label)]
    denials = [rule for rule in speaking if isinstance(rule, Deny)]
    denied = tuple(Reason("rule_denies", f"{d.because} (rule {d.id})") for d in denials)
    allows = [(rule, failures(rule, facts)) for rule in speaking if isinstance(rule, Allow)]
    passing = next((rule for rule, failed in allows if not failed), None)
    if passing is None:
        failed = tuple(reason for _, failed in allows for reason in failed) or (
            Reason("no_rule", f"no rule lets {label.value} text go to {facts.route}"),
        )
        first = denials[0].id if denials else STANDING if standing else DEFAULT
        return Judgement(Verdict.DENY, first, (*standing, *denied, *failed))
    if standing or denied:
        first = denials[0].id if denials else STANDING
        return Judgement(Verdict.DENY, first, (*standing, *denied))
    return Judgement(Verdict.ALLOW, passing.id, tuple(_pass(passing, facts, content)))


def lacking(
    rules: Rules | NoRules, facts: RouteFacts, label: Label, today: date
) -> tuple[str, ...]:
    """The facts that a person has to declare before a clean text with `label` passes: the fewest with which a rule is met.

    `evidence` among them stands for their word on the account. Empty where a rule passes, and where something else is in the way.
    """
    if isinstance(rules, NoRules) or any(_standing(facts, label, Content.CLEAN, today)):
        return ()
    speaking = [rule for rule in rules.rules if rule.when.holds(facts.route, label)]
    allows = [rule for rule in speaking if isinstance(rule, Allow)]
    failed = [[reason.code for reason in failures(rule, facts)] for rule in allows]
    mendable = [codes for codes in failed if all(code in _LACKS for code in codes)]
    if not mendable or len(allows) < len(speaking):
        return ()
    return tuple(_LACKS[code] for code in min(mendable, key=len))


def matches(rule: Rule, facts: RouteFacts, label: Label) -> bool:
    """Whether `rule` has its effect on that case: an allow rule lets it pass, a deny rule stops it."""
    speaks = rule.when.holds(facts.route, label)
    return speaks and (isinstance(rule, Deny) or not failures(rule, facts))


def broken_example(rule: Rule) -> int | None:
    """The place of the first of the rule's examples that does not come out as it says; None where all do."""
    for place, example in enumerate(rule.examples):
        if matches(rule, example.facts, example.label) is not example.match:
            return place
    return None


def failures(rule: Allow, facts: RouteFacts) -> tuple[Reason, ...]:
    """Every clause of `rule` that `facts` do not meet."""
    found = (clause(rule.require, facts) for clause in _CLAUSES)
    return tuple(Reason(r.code, f"{r.text} (rule {rule.id})") for r in found if r is not None)


def _standing(facts: RouteFacts, label: Label, content: Content, today: date) -> Iterator[Reason]:
    if label not in SENDABLE_LABELS:
        yield Reason("local_only", "local-only text never leaves this machine")
    if content is Content.BLOCK:
        yield Reason("found_secret", "the text holds what must not leave: redact it first")
    elif content is Content.KEYS_LOCKED:
        text = "a key of this app is locked away, so nobody can tell whether the text holds it: unlock the keys (ctrl+p) and send again"
        yield Reason("keys_locked", text)
    elif content not in SENDABLE_CONTENT:
        yield Reason("unscanned", "the text could not be scanned whole, which counts as a finding")
    if today > facts.review_by:
        text = f"what is known of {facts.route} was to be reviewed by {facts.review_by}; it holds no more"
        yield Reason("facts_expired", text)
    if today < facts.seen_on - _TIME_ZONES:
        text = f"today is {today} by this machine's clock, before {facts.route} was looked at ({facts.seen_on})"
        yield Reason("clock_behind", text)


def _pass(rule: Allow, facts: RouteFacts, content: Content) -> Iterator[Reason]:
    zone = rule.require.processing_in
    where = zone.name if zone.countries is ANY else f"inside {zone.name}"
    text = f"{facts.operator} is declared to work {where} for {facts.route} (rule {rule.id})"
    yield Reason("rule_passes", text)
    if content is Content.WARN:
        yield Reason("found_personal", "the text may hold personal data: look at what was found")


def _codes(countries: frozenset[str]) -> str:
    codes = sorted(countries)
    return ", ".join(codes[:6]) + (f" and {len(codes) - 6} more" if len(codes) > 6 else "")


def _place(zone: Zone | None, place: Territory, code: str, what: str) -> Reason | None:
    """One clause about a place; `what` ends in a verb: `mistral-eu keeps it`."""
    if zone is None or zone.holds(place):
        return None
    if isinstance(place, Unknown):
        return Reason(f"{code}_unknown", f"nobody has declared where {what}")
    if isinstance(place, Everywhere) or isinstance(zone.countries, Everywhere):
        return Reason(f"{code}_outside", f"{what} anywhere, not only in {zone.name}")
    outside = _codes(place - zone.countries)
    return Reason(f"{code}_outside", f"{what} in {outside}, outside {zone.name}")


def _processing(require: Requirements, facts: RouteFacts) -> Reason | None:
    what = f"{facts.route} works on it"
    return _place(require.processing_in, facts.processing, "processing", what)


def _storage(require: Requirements, facts: RouteFacts) -> Reason | None:
    return _place(require.storage_in, facts.storage, "storage", f"{facts.route} keeps it")


def _transit(require: Requirements, facts: RouteFacts) -> Reason | None:
    what = f"{facts.route} decrypts it on the way"
    return _place(require.transit_in, facts.transit, "transit", what)


def _retention(require: Requirements, facts: RouteFacts) -> Reason | None:
    most, days = require.retention_days_max, facts.retention_days
    if most is None:
        return None
    if isinstance(days, Unknown):
        text = f"nobody has declared how long {facts.route} keeps it"
        return Reason("retention_unknown", text)
    if days > most:
        text = f"{facts.route} keeps it for {days} days, longer than {most}"
        return Reason("retention_long", text)
    return None


def _training(require: Requirements, facts: RouteFacts) -> Reason | None:
    does = f"{facts.route} trains on it"
    return _no(facts.training, "training", does) if require.no_training else None


def _human_review(require: Requirements, facts: RouteFacts) -> Reason | None:
    does = f"{facts.route} lets people read it"
    return _no(facts.human_review, "human_review", does) if require.no_human_review else None


def _no(fact: bool | Unknown, code: str, does: str) -> Reason | None:
    """One clause that accepts only a declared no."""
    if isinstance(fact, Unknown):
        return Reason(f"{code}_unknown", f"nobody has declared whether {does}")
    return Reason(code, does) if fact else None


def _law(require: Requirements, facts: RouteFacts) -> Reason | None:
    shunned, law = require.operator_law_not, facts.operator_law
    if shunned is None:
        return None
    if isinstance(law, Unknown):
        return Reason("law_unknown", f"nobody has declared whose law binds {facts.operator}")
    bound = law & shunned
    if not bound:
        return None
    return Reason("law", f"{facts.operator} is bound by the law of {_codes(bound)}")


def _evidence(require: Requirements, facts: RouteFacts) -> Reason | None:
    level = facts.evidence
    words = f"{level.value}: {EVIDENCE_WORDS[level]}"
    if level is Evidence.U:
        return Reason("evidence", f"the evidence for {facts.route} is {words}")
    if level in require.evidence or (level in require.evidence_declared and facts.self_declared):
        return None
    if level in require.evidence_declared:
        text = f"the evidence for {facts.route} is {words}; it counts once you have declared it"
        return Reason("evidence_undeclared", text)
    return Reason("evidence", f"the evidence for {facts.route} is {words}")


_CLAUSES: Final[tuple[Callable[[Requirements, RouteFacts], Reason | None], ...]] = (
    _processing,
    _storage,
    _transit,
    _retention,
    _training,
    _human_review,
    _law,
    _evidence,
)

_LACKS: Final = {
    "processing_unknown": "processing",
    "storage_unknown": "storage",
    "transit_unknown": "transit",
    "retention_unknown": "retention_days",
    "training_unknown": "training",
    "human_review_unknown": "human_review",
    "law_unknown": "operator_law",
    "evidence_undeclared": "evidence",
}
"""The reasons that a person's declaration takes away, and the fact that each of them is about."""
