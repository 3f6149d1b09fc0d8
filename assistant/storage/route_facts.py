"""Reads the facts of one route, or of an example in a rule, from a table; `unknown` is a word that has to be written."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from assistant.domain.residency import (
    ANY,
    FILLABLE,
    UNKNOWN,
    CountrySets,
    Everywhere,
    Evidence,
    Fact,
    RouteFacts,
    Territory,
    Unknown,
    territory_json,
)
from assistant.storage.toml_rows import Table

FACTS: Final = (
    "operator_law",
    "processing",
    "storage",
    "retention_days",
    "training",
    "human_review",
    "transit",
    "evidence",
)
"""The keys that `read_facts` asks for."""

NONE: Final = "none"
"""How it is written that nothing is kept."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose facts they are, and who says so since when until when."""

    route: str
    operator: str
    source: str
    seen_on: date
    review_by: date
    price_multiplier: Decimal = Decimal(1)
    self_declared: bool = False


def read_facts(row: Table, sets: CountrySets, origin: Origin) -> RouteFacts:
    """The facts in `row`, each of which has to be there. Raises: SettingsError."""
    law = _law(row, sets)
    processing, transit = territory(row, "processing", sets), territory(row, "transit", sets)
    storage = territory(row, "storage", sets)
    return row.made(
        "processing",
        lambda: RouteFacts(
            route=origin.route,
            operator=origin.operator,
            operator_law=law,
            processing=processing,
            storage=storage,
            retention_days=days(row, "retention_days"),
            training=answer(row, "training"),
            human_review=answer(row, "human_review"),
            transit=transit,
            evidence=row.choice("evidence", Evidence),
            self_declared=origin.self_declared,
            source=origin.source,
            seen_on=origin.seen_on,
            review_by=origin.review_by,
            price_multiplier=origin.price_multiplier,
        ),
    )


def read_some(row: Table, sets: CountrySets) -> dict[str, Fact]:
    """Those facts that a person can fill in and did, none of which has to be there. Raises: SettingsError."""
    row.require((), FILLABLE)
    return {name: _fact(row, name, sets) for name in row.names}


def _fact(row: Table, name: str, sets: CountrySets) -> Fact:
    if name == "operator_law":
        return _law(row, sets)
    if name == "retention_days":
        return days(row, name)
    if name in ("training", "human_review"):
        return answer(row, name)
    return territory(row, name, sets)


def fact_text(fact: Fact) -> str | int | list[str]:
    """How a fact is written in a person's file."""
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    if isinstance(fact, int):
        return fact
    place = territory_json(fact)
    return UNKNOWN.value if place is None else place or NONE


def _law(row: Table, sets: CountrySets) -> frozenset[str] | Unknown:
    law = territory(row, "operator_law", sets)
    if isinstance(law, Everywhere):
        raise row.bad("operator_law", "a list of countries, or unknown")
    return law


def territory(row: Table, key: str, sets: CountrySets) -> Territory:
    """A list of countries and sets, `any` or `unknown`; of storage also `none`. Raises: SettingsError."""
    value = row.value(key)
    if value == UNKNOWN.value:
        return UNKNOWN
    if value == ANY.value:
        return ANY
    if value == NONE and key == "storage":
        return frozenset()
    words = "any, none or unknown" if key == "storage" else "any or unknown"
    if not isinstance(value, list) or not value:
        raise row.bad(key, f"a list of countries, or {words}")
    names = row.texts(key)
    return row.made(key, lambda: sets.resolve(names))


def days(row: Table, key: str) -> int | Unknown:
    """A number of days, or `unknown`. Raises: SettingsError."""
    return UNKNOWN if row.value(key) == UNKNOWN.value else row.whole(key)


def answer(row: Table, key: str) -> bool | Unknown:
    """`yes`, `no` or `unknown`. Raises: SettingsError."""
    answers: dict[str, bool | Unknown] = {"yes": True, "no": False, UNKNOWN.value: UNKNOWN}
    word = row.text(key)
    if word not in answers:
        raise row.bad(key, "yes, no or unknown")
    return answers[word]
