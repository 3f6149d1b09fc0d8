"""Facts of routes, rules and grants that tests begin with, and what Hypothesis makes of them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import combinations, product
from typing import TypeVar

from hypothesis import strategies as st

from assistant.domain.consent import (
    DAY_MS,
    Actor,
    Grant,
    Limits,
    Moment,
    Notice,
    Principal,
    Reach,
    State,
    Stated,
)
from assistant.domain.coverage import SendRequest
from assistant.domain.residency import (
    ANY,
    FILLABLE,
    UNKNOWN,
    Evidence,
    Fact,
    FilledIn,
    RouteFacts,
    Territory,
    Unknown,
)
from assistant.domain.rules import Allow, Content, Requirements, Scope, Zone
from assistant.domain.sensitivity import Label
from tests.fakes import NOW_MS

TODAY = date(2026, 11, 23)
SEEN, REVIEW = date(2026, 11, 1), date(2027, 5, 1)
EU = frozenset(("DE", "FR"))

GOOD = RouteFacts(
    route="good",
    operator="Good GmbH",
    operator_law=frozenset(("DE",)),
    processing=EU,
    storage=frozenset(("FR",)),
    retention_days=30,
    training=False,
    human_review=False,
    transit=EU,
    evidence=Evidence.C,
    self_declared=False,
    source="a test",
    seen_on=SEEN,
    review_by=REVIEW,
)
"""Facts that satisfy every clause of STRICT."""

STRICT = Requirements(
    processing_in=Zone("EU", EU),
    storage_in=Zone("EU", EU),
    transit_in=Zone("EU", EU),
    retention_days_max=30,
    no_training=True,
    no_human_review=True,
    operator_law_not=frozenset(("US", "CN")),
    evidence=frozenset((Evidence.A, Evidence.C)),
    evidence_declared=frozenset((Evidence.B,)),
)
EVERY_TEXT = Scope(frozenset((Label.PUBLIC, Label.NORMAL)), None)
RULE = Allow("strict", EVERY_TEXT, STRICT)

FORGETTABLE = (
    "operator_law",
    "processing",
    "storage",
    "retention_days",
    "training",
    "human_review",
    "transit",
    "evidence",
    "self_declared",
)
"""The facts that a rule may ask for."""


def without(facts: RouteFacts, name: str) -> RouteFacts:
    """`facts` as if nobody had ever said this one."""
    blank: dict[str, object] = dict.fromkeys(FORGETTABLE, UNKNOWN)
    blank |= {"evidence": Evidence.U, "self_declared": False}
    # Nothing is stored only where that is known to be for no day.
    if name == "retention_days" and facts.storage == frozenset():
        facts = without(facts, "storage")
    said = facts.filled_in
    if said is not None:
        rest = frozenset[str]() if name == "self_declared" else said.facts - {name}
        facts = replace(facts, filled_in=FilledIn(rest, said.on) if rest else None)
    return replace(facts, **{name: blank[name]})  # type: ignore[arg-type]


PLACES: tuple[Territory, ...] = (
    frozenset(("DE",)), frozenset(("DE", "US")), frozenset(("US",)), ANY, UNKNOWN,
)  # fmt: skip
ANSWERS: tuple[bool | Unknown, ...] = (False, True, UNKNOWN)


def small_world() -> list[RouteFacts]:
    """Every combination of a few values of each fact that a rule asks for."""
    stored: list[tuple[Territory, int | Unknown]] = [(frozenset(), 0)]
    kept: tuple[int | Unknown, ...] = (30, 31, UNKNOWN)
    stored += product(PLACES, kept)
    laws: tuple[frozenset[str] | Unknown, ...] = (
        frozenset(("DE",)),
        frozenset(("DE", "US")),
        UNKNOWN,
    )
    return [
        replace(
            GOOD,
            operator_law=law,
            processing=processing,
            storage=storage,
            retention_days=days,
            training=training,
            evidence=evidence,
            self_declared=declared,
        )
        for law, processing, (storage, days), training, evidence, declared in product(
            laws, PLACES, stored, ANSWERS, Evidence, (False, True)
        )
    ]


_T = TypeVar("_T")


@cache
def subsets(*of: _T, least: int = 0) -> st.SearchStrategy[frozenset[_T]]:
    """Any of `of`, `least` of them or more: one draw, where a set that is made of draws takes one for each."""
    sizes = range(least, len(of) + 1)
    return st.sampled_from([frozenset(one) for n in sizes for one in combinations(of, n)])


CODES = ("DE", "FR", "SE", "CH", "GB", "US", "CN")
few_or_none = subsets(*CODES)
some = subsets(*CODES, least=1)
places = st.one_of(some, st.just(ANY), st.just(UNKNOWN))
answers = st.sampled_from(ANSWERS)
labels = st.sampled_from(Label)
contents = st.sampled_from(Content)
levels = st.sampled_from(Evidence)
days = st.dates(date(2026, 9, 1), date(2027, 8, 1))
laws = st.one_of(some, st.just(UNKNOWN))
days_kept = st.integers(0, 400)
days_said = st.one_of(days_kept, st.just(UNKNOWN))
storages = st.one_of(
    st.tuples(st.just(frozenset[str]()), st.just(0)),
    st.tuples(places, days_said),
)
routes = st.sampled_from(["one", "two"])
multipliers = st.decimals("0.5", "2", places=2)


@st.composite
def facts(draw: st.DrawFn) -> RouteFacts:
    """Any facts."""
    storage, kept = draw(storages)
    made = RouteFacts(
        route=draw(routes),
        operator="An operator",
        operator_law=draw(laws),
        processing=draw(places),
        storage=storage,
        retention_days=kept,
        training=draw(answers),
        human_review=draw(answers),
        transit=draw(places),
        evidence=draw(levels),
        self_declared=draw(st.booleans()),
        source="a test",
        seen_on=SEEN,
        review_by=REVIEW,
        price_multiplier=draw(multipliers),
    )
    known = [name for name in FILLABLE if name not in made.unknown]
    if not made.self_declared or not known:
        return made
    names = draw(subsets(*known))
    # Who says for how long nothing is stored says also that it is.
    if storage == frozenset() and "retention_days" in names:
        names |= {"storage"}
    return replace(made, filled_in=FilledIn(names, draw(days)) if names else None)


KINDS: dict[str, st.SearchStrategy[Fact]] = {
    "operator_law": laws,
    "processing": places,
    "storage": places,
    "retention_days": days_said,
    "training": answers,
    "human_review": answers,
    "transit": places,
}


@st.composite
def said_of(draw: st.DrawFn, of: RouteFacts) -> dict[str, Fact]:
    """What a person may say of what nobody knows of `of`, some of it still unknown; it contradicts nothing."""
    names = draw(subsets(*of.unknown))
    said = {name: draw(KINDS[name]) for name in sorted(names)}
    nothing_kept = said.get("retention_days", of.retention_days) == 0
    if "storage" in said and nothing_kept and draw(st.booleans()):
        said["storage"] = frozenset()
    return said


zones = st.one_of(some, st.just(ANY)).map(lambda countries: Zone("somewhere", countries))
sure = subsets(Evidence.A, Evidence.B, Evidence.C, Evidence.D)
maybe_zones = st.none() | zones
maybe_days = st.none() | days_kept
maybe_some = st.none() | some


@st.composite
def requirements(draw: st.DrawFn) -> Requirements:
    """Any requirements that a file can hold."""
    return Requirements(
        processing_in=draw(zones),
        storage_in=draw(zones),
        transit_in=draw(maybe_zones),
        retention_days_max=draw(maybe_days),
        no_training=draw(st.booleans()),
        no_human_review=draw(st.booleans()),
        operator_law_not=draw(maybe_some),
        evidence=draw(sure),
        evidence_declared=draw(sure),
    )


scopes = st.builds(
    Scope,
    subsets(Label.PUBLIC, Label.NORMAL, least=1),
    st.none() | subsets("one", "two", least=1),
)
allows = st.builds(Allow, st.sampled_from(["a", "b", "c"]), scopes, requirements())


def _around(draw: st.DrawFn, place: Territory) -> Zone:
    more = draw(few_or_none)
    return Zone("around", place | more if isinstance(place, frozenset) else ANY)


@st.composite
def fitted(draw: st.DrawFn, to: RouteFacts) -> Allow:
    """A rule that lets `to` pass, as narrowly as may be, where any rule can: at the edge is where laws break."""
    kept, law = to.retention_days, to.operator_law
    shunned = None if isinstance(law, Unknown) else draw(few_or_none) - law
    require = Requirements(
        processing_in=_around(draw, to.processing),
        storage_in=_around(draw, to.storage),
        transit_in=None
        if to.transit is UNKNOWN or draw(st.booleans())
        else _around(draw, to.transit),
        retention_days_max=None if isinstance(kept, Unknown) else kept + draw(st.integers(0, 2)),
        no_training=to.training is False,
        no_human_review=to.human_review is False,
        operator_law_not=shunned or None,
        evidence=draw(sure) | ({to.evidence} - {Evidence.U}),
        evidence_declared=draw(sure),
    )
    return Allow("fitted", EVERY_TEXT, require)


def any_rule_can_pass(of: RouteFacts) -> bool:
    """Whether there is a rule for these facts at all: two places and the evidence are always asked for."""
    return UNKNOWN not in (of.processing, of.storage) and of.evidence is not Evidence.U


# Consent

SHEET = "5" * 64
PRINT = "f" * 64
NOW = Moment(NOW_MS, 1_000_000.0, "boot-1")
LIMITS = Limits(
    NOW_MS,
    NOW_MS + DAY_MS,
    max_requests=3,
    max_tokens=1000,
    max_cost=Decimal("0.50"),
    currency="EUR",
)
GRANT = Grant(
    id="01KAQ0000000000000000ABC123",
    principal=Principal(1000, "install-1"),
    notice=Notice("0" * 64, "en", "0.1"),
    reach=Reach(Label.NORMAL, "c1"),
    limits=LIMITS,
    facts=GOOD,
    model="a-model",
    fingerprint=PRINT,
)
REQUEST = SendRequest(
    route="good",
    fingerprint=PRINT,
    label=Label.NORMAL,
    content=Content.CLEAN,
    conversation="c1",
    message="m1",
    sheet=SHEET,
    tokens=100,
    cost=Decimal("0.10"),
    currency="EUR",
    session="s1",
)


def later(ms: int, since: Moment = NOW) -> Moment:
    """`ms` after `since`, by both clocks."""
    return Moment(since.wall_ms + ms, since.monotonic_ms + ms, since.boot)


def stated(state: State, at: Moment = NOW, actor: Actor = Actor.USER, sheet: str = SHEET) -> Stated:
    """One thing said of GRANT."""
    return Stated(GRANT.id, at, state, actor, "y on the consent sheet", sheet)


GIVEN = (stated(State.REQUESTED, actor=Actor.SYSTEM), stated(State.GIVEN))
"""How GRANT came to be."""
