"""What a person's routes.toml says of a cloud route: a row of the registry with its blanks filled, or an endpoint and its facts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from assistant.domain.cloud_routes import DEPLOYMENT, CloudRoute, Registry, Wire
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.errors import UsageError
from assistant.domain.own_routes import LEAST_CONTEXT_TOKENS, checked_id, endpoint
from assistant.domain.permit import Auth
from assistant.domain.residency import Evidence, RouteFacts, Unknown, territory_json
from assistant.domain.settings import INT32
from assistant.storage import toml_file
from assistant.storage.route_facts import FACTS, NONE, Origin, read_facts
from assistant.storage.toml_rows import Table

OWN_SOURCE: Final = "declared by you"
OWN_REVIEW: Final = timedelta(days=365)
"""How long a person's own word holds."""

_DECLARATION: Final = ("declared_on", "declared_for")
_ROW_KEYS: Final = ("row", "model")
_ROW_MORE: Final = ("context_tokens", "values", *_DECLARATION)
_WRITTEN: Final = tuple(fact for fact in FACTS if fact != "evidence")
_OWN_KEYS: Final = ("url", "wire", "auth", "model", "operator", *_WRITTEN, "declared_on")
_OWN_MORE: Final = ("context_tokens", "declared_for")


@dataclass(frozen=True, slots=True)
class CloudEntry:
    """One cloud route as it is written.

    `setup` is what it comes to; `values` fill the blanks of the registry's row that it was made from.
    `declared_on` is the day (ISO 8601) on which the person put their name to its facts, "" where they did not;
    `declared_for` is the fingerprint that they did so for: with any other one, their word is void.
    """

    setup: CloudSetup
    values: tuple[tuple[str, str], ...] = ()
    declared_on: str = ""
    declared_for: str = ""

    @property
    def subject(self) -> str:
        """What a declaration of this entry is bound to: every fact, the address and the model, whoever says so."""
        return _subject(self.setup)

    @property
    def void(self) -> bool:
        """Whether the person declared its facts, and something has changed since."""
        return bool(self.declared_for) and self.declared_for != self.subject

    def declare(self, on: date) -> "CloudEntry":
        """This entry with the person's statement of the day `on`: its facts hold for their account."""
        setup = self.setup
        if setup.own:
            facts = replace(setup.row.facts, seen_on=on, review_by=on + OWN_REVIEW)
            setup = replace(setup, row=replace(setup.row, facts=facts))
        day, subject = on.isoformat(), _subject(setup)
        declared = _declared(setup, holds=True)
        return replace(self, setup=declared, declared_on=day, declared_for=subject)

    def table(self) -> dict[str, object]:
        """The table as it is written; a declaration that no longer holds is left out."""
        own, origin = self.setup.own, self.setup.origin
        table: dict[str, object] = _own_table(self.setup) if own else {"row": origin}
        table["model"] = self.setup.model
        if self.setup.context_tokens is not None:
            table["context_tokens"] = self.setup.context_tokens
        if self.values:
            table["values"] = dict(self.values)
        if own or (self.declared_on and not self.void):
            table["declared_on"] = self.declared_on
        if self.declared_for and not self.void:
            table["declared_for"] = self.declared_for
        return table


def from_row(
    registry: Registry,
    name: str,
    row: str,
    model: str,
    values: Mapping[str, str] | None = None,
    context_tokens: int | None = None,
) -> CloudEntry:
    """The registry's `row` set up under the id `name`. Raises: UsageError for what does not fit."""
    found = registry.find(row)
    if found is None:
        known = [route.id for route in registry.routes]
        raise UsageError(f"there is no cloud route {row!r}", toml_file.nearest(row, known))
    if name != row and registry.find(name) is not None:
        raise UsageError(f"{name} is another route of the registry", "choose another id")
    given = dict(values or {})
    if DEPLOYMENT in found.asks:
        given.setdefault(DEPLOYMENT, model)
    filled = found.filled(given)
    facts = replace(filled.facts, route=checked_id(name))
    setup = CloudSetup(replace(filled, facts=facts), model, context_tokens, origin=row)
    return CloudEntry(setup, tuple(sorted(given.items())))


def own_endpoint(
    registry: Registry,
    facts: RouteFacts,
    url: str,
    wire: Wire,
    auth: Auth,
    model: str,
    context_tokens: int | None = None,
) -> CloudEntry:
    """An endpoint of the person's own; nobody has declared its facts yet. Raises: UsageError for what does not fit."""
    if registry.find(checked_id(facts.route)) is not None:
        raise UsageError(f"{facts.route} is a route of the registry", "choose another id")
    if auth is Auth.OTHER:
        raise UsageError("this program has no other way to give a key", "say which header takes it")
    plain = replace(facts, evidence=Evidence.B, self_declared=False, source=OWN_SOURCE)
    row = CloudRoute(plain, wire, endpoint(url).url, auth, region="")
    setup = CloudSetup(row, model, context_tokens, own=True)
    return CloudEntry(setup, declared_on=facts.seen_on.isoformat())


def read_entry(name: str, table: Table, registry: Registry) -> CloudEntry:
    """The entry in a table of the file. Raises: SettingsError."""
    entry = (
        _read_row(name, table, registry) if table.holds("row") else _read_own(name, table, registry)
    )
    day = _day(table) if table.holds("declared_on") else None
    declared_for = table.text("declared_for") if table.holds("declared_for") else ""
    if declared_for and day is None:
        raise table.wrong("declared_for", "a declaration has a day", 'add declared_on = "..."')
    on = "" if day is None else day.isoformat()
    entry = replace(entry, declared_on=on, declared_for=declared_for)
    holds = bool(declared_for) and not entry.void
    return replace(entry, setup=_declared(entry.setup, holds=holds))


def _read_row(name: str, table: Table, registry: Registry) -> CloudEntry:
    table.require(_ROW_KEYS, _ROW_MORE)
    values: dict[str, str] = {}
    if table.holds("values"):
        blanks = table.table("values")
        values = {blank: blanks.text(blank) for blank in blanks.names}
    row, model = table.text("row"), table.text("model")
    return table.made("row", lambda: from_row(registry, name, row, model, values, _window(table)))


def _read_own(name: str, table: Table, registry: Registry) -> CloudEntry:
    table.require(_OWN_KEYS, _OWN_MORE)
    on = _day(table)
    origin = Origin(name, table.text("operator"), OWN_SOURCE, on, on + OWN_REVIEW)
    facts = read_facts(table.with_value("evidence", Evidence.B.value), registry.countries, origin)
    url, model = table.text("url"), table.text("model")
    wire, auth = table.choice("wire", Wire), table.choice("auth", Auth)
    window = _window(table)
    return table.made("url", lambda: own_endpoint(registry, facts, url, wire, auth, model, window))


def _declared(setup: CloudSetup, *, holds: bool) -> CloudSetup:
    facts = replace(setup.row.facts, self_declared=holds)
    return replace(setup, row=replace(setup.row, facts=facts))


def _subject(setup: CloudSetup) -> str:
    return _declared(setup, holds=False).fingerprint


def _own_table(setup: CloudSetup) -> dict[str, object]:
    facts, row = setup.row.facts, setup.row
    written: dict[str, object] = {
        "url": row.base_url,
        "wire": row.wire.value,
        "auth": row.auth.value,
        "operator": facts.operator,
    }
    for key in ("operator_law", "processing", "storage", "transit"):
        place = territory_json(getattr(facts, key))
        written[key] = "unknown" if place is None else place or NONE
    for key in ("training", "human_review"):
        written[key] = _word(getattr(facts, key))
    days = facts.retention_days
    written["retention_days"] = days if isinstance(days, int) else "unknown"
    return written


def _word(answer: bool | Unknown) -> str:
    if isinstance(answer, Unknown):
        return answer.value
    return "yes" if answer else "no"


def _window(table: Table) -> int | None:
    if not table.holds("context_tokens"):
        return None
    window = table.whole("context_tokens")
    if not LEAST_CONTEXT_TOKENS <= window <= INT32:
        raise table.bad("context_tokens", f"a whole number from {LEAST_CONTEXT_TOKENS} on")
    return window


def _day(table: Table) -> date:
    try:
        return date.fromisoformat(table.text("declared_on"))
    except ValueError as error:
        raise table.bad("declared_on", 'a day such as "2026-11-23"') from error
