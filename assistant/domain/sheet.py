"""The words of the consent sheet: who runs it, where, for how long, what leaves and what stays. The same on every screen."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date

from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.decisions import Decision, Verdict
from assistant.domain.departure import Departure, Leaving, Stay, Staying
from assistant.domain.findings import NOT_FOUND
from assistant.domain.hygiene import one_line
from assistant.domain.price_list import STALE_DAYS, is_stale
from assistant.domain.residency import (
    EVIDENCE_WORDS,
    FILLABLE,
    CountrySet,
    Everywhere,
    Evidence,
    RouteFacts,
    Territory,
    Unknown,
)

CANNOT_SEE = "Declared, never guaranteed: where the machines stand, who has access, and what is kept cannot be seen from here."
"""What a sheet says beside every fact."""

NOT_LOOKED_INTO = "not looked into"
"""What a sheet says of each image: no scan reads what it shows."""

_MOST_CODES = 6
_STAYS = {
    Stay.LABEL: "local-only",
    Stay.WINDOW: "older than the window takes",
}


def territory_words(place: Territory, sets: Sequence[CountrySet] = ()) -> str:
    """`EEA + CH`, `FR, DE`, `anywhere`, `unknown`, `nowhere`; `sets` are the names that a person knows."""
    if isinstance(place, Unknown):
        return "unknown"
    if isinstance(place, Everywhere):
        return "anywhere"
    if not place:
        return "nowhere"
    named = max((s for s in sets if s.countries <= place), key=_size, default=None)
    if named is None or len(named.countries) < 2:
        codes = sorted(place)
        more = f" and {len(codes) - _MOST_CODES} more" if len(codes) > _MOST_CODES else ""
        return ", ".join(codes[:_MOST_CODES]) + more
    rest = place - named.countries
    return f"{named.name} + {territory_words(rest)}" if rest else named.name


def _size(one: CountrySet) -> int:
    return len(one.countries)


def who(departure: Departure) -> str:
    """`mistral-eu · Mistral AI (law: FR) · mistral-medium`."""
    return who_runs(departure.setup)


def who_runs(setup: CloudSetup) -> str:
    """The same of a route that nothing leaves to yet."""
    facts = setup.row.facts
    law = territory_words(facts.operator_law)
    return f"{setup.id} · {one_line(facts.operator, 60)} (law: {law}) · {one_line(setup.model, 60)}"


def where(facts: RouteFacts, sets: Sequence[CountrySet] = ()) -> str:
    """Where it is worked on and kept, for how long, and whether it is trained on or read."""
    kept = f"stored: {territory_words(facts.storage, sets)}"
    if facts.storage == frozenset():
        kept = "not stored"
    elif facts.retention_days == 0:
        kept = "not kept"
    else:
        kept += f" for {_days(facts)}"
    return " · ".join(
        (
            f"processed: {territory_words(facts.processing, sets)}",
            kept,
            _answer(facts.training, "used for training", "not used for training", "training"),
            _answer(facts.human_review, "people may read it", "no people read it", "human review"),
        )
    )


def evidence(facts: RouteFacts) -> str:
    """How well that is known, since when, and which part of it is the person's own word."""
    by = "declared by you" if facts.self_declared else EVIDENCE_WORDS[facts.evidence]
    said = facts.filled_in
    if said is not None:
        account = {"evidence"} if facts.evidence is Evidence.B else frozenset[str]()
        words = fact_words(said.facts | account)
        by = f"{EVIDENCE_WORDS[facts.evidence]}; {words} declared by you on {said.on}"
    return f"{facts.evidence.value}: {by}; seen {facts.seen_on}, good until {facts.review_by}"


def fact_words(names: Collection[str]) -> str:
    """`account, storage, retention days`: facts by name, in the order in which they are asked for."""
    account = ["account"] if "evidence" in names else []
    return ", ".join([*account, *(n.replace("_", " ") for n in FILLABLE if n in names)])


def bounds(departure: Departure) -> str:
    """What it may come to: tokens out and back, the price, and what is left of the person's limits."""
    price = departure.price
    cost = "the price is not known"
    if price is not None:
        cost = f"at most {price.cost:f} {price.currency} (prices of {price.as_of})"
    size = len(departure.outgoing.body)
    return " · ".join(
        (
            f"{size:,} bytes, about {departure.input_tokens:,} tokens out",
            f"at most {departure.reply_tokens:,} tokens back",
            cost,
            *(limit.words for limit in departure.limits),
        )
    )


def leaving_lines(leaves: Iterable[Leaving]) -> Iterator[tuple[str, str]]:
    """(role, words) of each message that leaves, as it leaves."""
    for one in leaves:
        yield one.role.value, one.text


def picture_lines(leaves: Iterable[Leaving]) -> Iterator[str]:
    """Each image that leaves: its name, kind, pixels and bytes, and that nobody looked into it."""
    for one in (picture for message in leaves for picture in message.pictures):
        size = f"{one.kind}, {one.pixels} pixels, {one.size_bytes:,} bytes"
        yield f"{one_line(one.name, 200)} · {size} · {NOT_LOOKED_INTO}"


def besides_lines(departure: Departure) -> Iterator[tuple[str, str]]:
    """(what it is, words on one line) of what leaves and is no message."""
    for what, words in departure.besides:
        yield what, words.replace("\n", "␊")


def staying_lines(stays: Iterable[Staying]) -> Iterator[tuple[str, str, str]]:
    """(role, words, why) of each message that stays."""
    for one in stays:
        yield one.role.value, one.text, _STAYS[one.why]


def review_note(facts: RouteFacts, today: date) -> str:
    """A warning where the facts are close to their review, or past it; "" where they are not."""
    left = (facts.review_by - today).days
    if left < 0:
        return f"reviewed until {facts.review_by} only: it no longer passes"
    return f"its facts are good for {left} more days" if left <= 30 else ""


def price_note(departure: Departure, today: date) -> str:
    """A warning where the price is too old to be relied on; "" where it is not, and where there is none."""
    price = departure.price
    if price is None:
        return ""
    as_of = date.fromisoformat(price.as_of)
    if not is_stale(as_of, today):
        return ""
    return f"its price is {(today - as_of).days} days old: older than {STALE_DAYS} days, not to be relied on (assistant prices update)"


def rule_words(decision: Decision) -> str:
    """Which rule lets it pass, or how many reasons there are against it."""
    if decision.verdict is not Verdict.DENY:
        return f"{one_line(decision.rule, 40)} lets {decision.label.value} text pass"
    many = len(decision.against)
    return f"not as it is, for {many} reason{'' if many == 1 else 's'}: see below"


def sheet_text(departure: Departure, decision: Decision, sets: Sequence[CountrySet] = ()) -> str:
    """The whole sheet as a text, for a terminal without a screen."""
    facts = departure.setup.row.facts
    lines = [
        f"to      {who(departure)}",
        f"at      {departure.outgoing.address} {departure.outgoing.target}",
        f"where   {where(facts, sets)}",
        f"known   {evidence(facts)}",
        f"rule    {rule_words(decision)}",
        f"size    {bounds(departure)}",
        f"        {CANNOT_SEE}",
        f"        {NOT_FOUND}",
        "",
        f"leaves  {len(departure.leaves)} messages, label {departure.label.value}",
    ]
    lines += [f"  {role}: {words}" for role, words in leaving_lines(departure.leaves)]
    lines += [f"  image: {words}" for words in picture_lines(departure.leaves)]
    lines += [f"  {what}: {words}" for what, words in besides_lines(departure)]
    if departure.stays:
        lines += ["", f"stays   {len(departure.stays)} messages"]
        lines += [
            f"  {r}: {one_line(w, 100)} ({why})" for r, w, why in staying_lines(departure.stays)
        ]
    return "\n".join(lines)


def facts_text(setup: CloudSetup, sets: Sequence[CountrySet] = ()) -> str:
    """What is declared of a route, for a yes or a statement that is about no one message."""
    facts, address = setup.row.facts, setup.endpoint
    return "\n".join(
        (
            f"to      {who_runs(setup)}",
            f"at      {address.url if address else 'an address that is not known'}",
            f"where   {where(facts, sets)}",
            f"        its connection is opened in: {territory_words(facts.transit, sets)}",
            f"known   {evidence(facts)}",
            f"source  {one_line(facts.source, 200)}",
            f"        {CANNOT_SEE}",
        )
    )


def _days(facts: RouteFacts) -> str:
    days = facts.retention_days
    return "unknown time" if isinstance(days, Unknown) else f"{days} days"


def _answer(fact: bool | Unknown, yes: str, no: str, what: str) -> str:
    if isinstance(fact, Unknown):
        return f"{what}: unknown"
    return yes if fact else no
