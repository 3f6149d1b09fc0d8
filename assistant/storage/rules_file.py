"""Reads the rules: the person's own file where there is one, else the shipped one; a file that is not whole lets nothing pass."""

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from assistant.domain.cloud_routes import NoRegistry, Registry
from assistant.domain.errors import AssistantError, SettingsError
from assistant.domain.residency import ANY, UNKNOWN, CountrySets, Evidence, RouteFacts
from assistant.domain.rules import (
    SENDABLE_LABELS,
    Allow,
    Deny,
    Example,
    NoRules,
    Requirements,
    Rule,
    Rules,
    Scope,
    Zone,
    broken_example,
)
from assistant.domain.sensitivity import Label
from assistant.storage import shipped, toml_file, toml_rows
from assistant.storage.route_facts import FACTS, Origin, read_facts
from assistant.storage.toml_rows import Table

FILE: Final = "rules.toml"
"""Its name in the config folder."""

SHIPPED: Final = "config/rules.toml"
SCHEMA: Final = 1

_ANYWHERE, _UNCHECKED, _ANY_ROUTE = "anywhere", "unchecked", "any"
_CASE: Final = ("label", "route")
_ALLOW_CASE: Final = (*_CASE, *FACTS, "self_declared")
_REQUIREMENTS: Final = (
    "processing_in",
    "storage_in",
    "transit_in",
    "retention_days_max",
    "training",
    "human_review",
    "operator_law_not",
    "evidence",
    "evidence_when_declared",
)
# An example has no age: what is past its review is not for a rule to judge.
_SEEN, _REVIEW = date(2000, 1, 1), date(2001, 1, 1)


def load_rules(
    own: Path, registry: Registry | NoRegistry, find: Callable[[str], Path] = shipped.path
) -> Rules | NoRules:
    """The rules in force, or why there are none. `own` is the person's file, which need not exist. Never raises.

    The person's file takes the place of the shipped one as a whole, so that the one file shows all that holds.
    """
    if isinstance(registry, NoRegistry):
        return NoRules(registry.problem)
    try:
        return read_rules(own if _exists(own) else find(SHIPPED), registry.countries)
    except AssistantError as error:
        return NoRules(error.note().line())


def read_rules(file: Path, sets: CountrySets) -> Rules:
    """The rules in `file`, every example checked. Raises: SettingsError with file, line and the nearest key."""
    table, text = toml_rows.read(file)
    table.require_schema(SCHEMA)
    table.require(("schema", "rule"))
    rows = table.tables("rule")
    rules = tuple(_rule(row, sets) for row in rows)
    for place, rule in enumerate(rules):
        if rule.id in [other.id for other in rules[:place]]:
            raise rows[place].wrong("id", f"two rules have the id {rule.id}")
    return Rules(rules, hashlib.sha256(text.encode()).hexdigest())


def _exists(own: Path) -> bool:
    """Whether the person has a file of rules, be it one that cannot be read. Raises: SettingsError where nobody can tell."""
    try:
        own.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise SettingsError(
            f"{own} cannot be looked at: {error.strerror}", "look at its owner and permissions"
        ) from error
    return True


def _rule(row: Table, sets: CountrySets) -> Rule:
    kind = "deny" if row.holds("deny") else "require"
    row.require(("id", "when", kind, "matches", "matches_not"))
    when = _scope(row.table("when"))
    rule: Rule
    if kind == "deny":
        rule = Deny(row.text("id"), when, row.text("deny"), _examples(row, sets, _CASE))
    else:
        unfit = when.labels - SENDABLE_LABELS
        if unfit:
            raise row.table("when").wrong("label", f"no rule can let {min(unfit)} text pass")
        require = _requirements(row.table("require"), sets)
        rule = Allow(row.text("id"), when, require, _examples(row, sets, _ALLOW_CASE))
    broken = broken_example(rule)
    if broken is not None:
        tables = (*row.tables("matches"), *row.tables("matches_not"))
        does = "does not match" if rule.examples[broken].match else "matches"
        raise tables[broken].wrong("", f"rule {rule.id} {does} this example", "mend one of them")
    return rule


def _scope(when: Table) -> Scope:
    when.require(("label", "route"))
    labels = frozenset(_words(when, "label", [one.value for one in Label]))
    routes = None if when.value("route") == _ANY_ROUTE else frozenset(when.texts("route"))
    if routes is not None and not routes:
        raise when.bad("route", f"a list of routes, or {_ANY_ROUTE}")
    return Scope(frozenset(Label(label) for label in labels), routes)


def _requirements(row: Table, sets: CountrySets) -> Requirements:
    row.require(_REQUIREMENTS)
    sure = [level.value for level in Evidence if level is not Evidence.U]
    levels = _words(row, "evidence", sure, may_be_empty=True)
    declared = _words(row, "evidence_when_declared", sure, may_be_empty=True)
    if not levels and not declared:
        raise row.wrong("evidence", "no evidence at all would satisfy this rule")
    shunned = _unless_unchecked(row, "operator_law_not")
    most = row.value("retention_days_max")
    return Requirements(
        processing_in=_zone(row, "processing_in", sets),
        storage_in=_zone(row, "storage_in", sets),
        transit_in=_zone(row, "transit_in", sets) if _is_checked(row, "transit_in") else None,
        retention_days_max=None if most == _UNCHECKED else row.whole("retention_days_max"),
        no_training=_no(row, "training"),
        no_human_review=_no(row, "human_review"),
        operator_law_not=row.made("operator_law_not", lambda: sets.resolve(shunned))
        if shunned
        else None,
        evidence=frozenset(Evidence(level) for level in levels),
        evidence_declared=frozenset(Evidence(level) for level in declared),
    )


def _is_checked(row: Table, key: str) -> bool:
    return row.value(key) != _UNCHECKED


def _unless_unchecked(row: Table, key: str) -> tuple[str, ...]:
    """The list that stands there; () for `unchecked`, which has to be said."""
    if not _is_checked(row, key):
        return ()
    names = row.texts(key)
    if not names:
        raise row.bad(key, f"a list of countries, or {_UNCHECKED}")
    return names


def _zone(row: Table, key: str, sets: CountrySets) -> Zone:
    if row.value(key) == _ANYWHERE:
        return Zone(_ANYWHERE, ANY)
    names = row.texts(key)
    if not names:
        raise row.bad(key, f"a list of countries, or {_ANYWHERE}")
    return Zone(" + ".join(names), row.made(key, lambda: sets.resolve(names)))


def _no(row: Table, key: str) -> bool:
    """Whether `key` has to be a declared no."""
    word = row.text(key)
    if word not in ("no", _UNCHECKED):
        raise row.bad(key, f"no or {_UNCHECKED}")
    return word == "no"


def _words(
    row: Table, key: str, known: list[str], *, may_be_empty: bool = False
) -> tuple[str, ...]:
    words = row.texts(key)
    strange = [word for word in words if word not in known]
    if strange:
        hint = toml_file.nearest(strange[0], known)
        raise row.wrong(key, f"{key} cannot hold {strange[0]!r}", hint)
    if not words and not may_be_empty:
        raise row.bad(key, "a list of " + ", ".join(known))
    return words


def _examples(row: Table, sets: CountrySets, keys: tuple[str, ...]) -> tuple[Example, ...]:
    """Whole cases that must match, and changes of the first of them that must not."""
    matching, changes = row.tables("matches"), row.tables("matches_not")
    for table in matching:
        table.require(keys)
    for table in changes:
        table.require((), keys)
        if not table.names:
            raise table.wrong("", "this example changes nothing of the first that matches")
    return (
        *(_example(table, sets, match=True) for table in matching),
        *(_example(table.over(matching[0]), sets, match=False) for table in changes),
    )


def _example(table: Table, sets: CountrySets, *, match: bool) -> Example:
    route, label = table.text("route"), table.choice("label", Label)
    if not table.holds("self_declared"):
        return Example(_nothing_known(route), label, match)
    origin = Origin(
        route=route,
        operator="the operator",
        source="an example",
        seen_on=_SEEN,
        review_by=_REVIEW,
        self_declared=table.flag("self_declared"),
    )
    return Example(read_facts(table, sets, origin), label, match)


def _nothing_known(route: str) -> RouteFacts:
    """What a rule that denies looks at: the route's id alone."""
    return RouteFacts(
        route=route,
        operator="the operator",
        operator_law=UNKNOWN,
        processing=UNKNOWN,
        storage=UNKNOWN,
        retention_days=UNKNOWN,
        training=UNKNOWN,
        human_review=UNKNOWN,
        transit=UNKNOWN,
        evidence=Evidence.U,
        self_declared=False,
        source="an example",
        seen_on=_SEEN,
        review_by=_REVIEW,
    )
