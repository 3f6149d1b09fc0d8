"""What a person's routes.toml says of a cloud route: a row of the registry with its blanks filled, or an endpoint and its facts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from assistant.domain.cloud_routes import DEPLOYMENT, CloudRoute, Registry, Wire
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.errors import UsageError
from assistant.domain.own_routes import LEAST_CONTEXT_TOKENS, checked_id, endpoint
from assistant.domain.residency import FILLABLE, UNKNOWN, Evidence, Fact, RouteFacts
from assistant.domain.secret import Auth
from assistant.domain.settings import INT32
from assistant.storage import toml_file
from assistant.storage.route_facts import Origin, fact_text, read_facts, read_some
from assistant.storage.toml_rows import Table

OWN_SOURCE: Final = "declared by you"
OWN_REVIEW: Final = timedelta(days=365)
"""How long a person's own word holds."""

_DECLARATION: Final = ("declared_on", "declared_for")
_ROW_KEYS: Final = ("row", "model")
_ROW_MORE: Final = ("context_tokens", "images", "values", "facts", *_DECLARATION)
_OWN_KEYS: Final = ("url", "wire", "auth", "model", "operator", *FILLABLE, "declared_on")
_OWN_MORE: Final = ("context_tokens", "images", "declared_for")


@dataclass(frozen=True, slots=True)
class CloudEntry:
    """One cloud route as it is written.

    `setup` is what it comes to; `values` fill the blanks of the registry's row that it was made from, `facts` those facts that
    the row leaves unknown. `declared_on` is the day (ISO 8601) on which the person put their name to its facts, "" where they did
    not; `declared_for` is the fingerprint that they did so for: with any other one, their word is void, and so is what they
    filled in.
    """

    setup: CloudSetup
    values: tuple[tuple[str, str], ...] = ()
    declared_on: str = ""
    declared_for: str = ""
    facts: tuple[tuple[str, Fact], ...] = ()

    @property
    def plain(self) -> CloudSetup:
        """What it comes to without the person's word."""
        return _with_facts(self.setup, self.setup.row.facts.unfilled())

    @property
    def subject(self) -> str:
        """What a declaration of this entry is bound to: every fact, the address and the model, whoever says so.

        "" where what was filled in does not fit the row any more.
        """
        if not self.facts or not self.declared_on:
            return self.plain.fingerprint
        try:
            return self._spoken(date.fromisoformat(self.declared_on)).fingerprint
        except UsageError:
            return ""

    @property
    def void(self) -> bool:
        """Whether the person declared its facts, and something has changed since."""
        return bool(self.declared_for) and self.declared_for != self.subject

    def taking_images(self, images: bool) -> "CloudEntry":
        """This entry where the model takes images, or does not; no grant and no declaration hangs on it."""
        return replace(self, setup=replace(self.setup, images=images))

    def fill_in(self, said: Mapping[str, Fact]) -> "CloudEntry":
        """This entry with what the person `said` in the place of earlier facts of theirs; it counts once it is declared."""
        facts = ((name, said[name]) for name in FILLABLE if name in said)
        known = tuple((name, fact) for name, fact in facts if fact is not UNKNOWN)
        return CloudEntry(self.plain, self.values, facts=known)

    def declare(self, on: date) -> "CloudEntry":
        """This entry with the person's statement of the day `on`: its facts hold for their account.

        Raises: UsageError for what they filled in though it is known, or contradicts what is.
        """
        entry = self
        if self.setup.own:
            facts = replace(self.plain.row.facts, seen_on=on, review_by=on + OWN_REVIEW)
            entry = replace(self, setup=_with_facts(self.setup, facts))
        entry = replace(entry, setup=entry._spoken(on), declared_on=on.isoformat())
        return replace(entry, declared_for=entry.subject)

    def _spoken(self, on: date) -> CloudSetup:
        """What it comes to by the person's word of the day `on`. Raises: UsageError."""
        plain = self.plain
        return _with_facts(plain, plain.row.facts.filled(dict(self.facts), on))

    def table(self) -> dict[str, object]:
        """The table as it is written; a declaration that no longer holds is left out, with what was filled in under it."""
        own, origin = self.setup.own, self.setup.origin
        table: dict[str, object] = _own_table(self.setup) if own else {"row": origin}
        table["model"] = self.setup.model
        if self.setup.context_tokens is not None:
            table["context_tokens"] = self.setup.context_tokens
        if self.setup.images:
            table["images"] = True
        if self.values:
            table["values"] = dict(self.values)
        if self.facts and not self.void:
            table["facts"] = {name: fact_text(fact) for name, fact in self.facts}
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
    """An endpoint of the person's own, with facts that they wrote down on the day `seen_on` and have yet to put their name to.

    They count as evidence of level B: only once they are declared, as the place of an account does that nobody else can see.
    Raises: UsageError for what does not fit.
    """
    if registry.find(checked_id(facts.route)) is not None:
        raise UsageError(f"{facts.route} is a route of the registry", "choose another id")
    if auth is Auth.OTHER:
        raise UsageError("this program has no other way to give a key", "say which header takes it")
    plain = replace(
        facts,
        evidence=Evidence.B,
        self_declared=False,
        source=OWN_SOURCE,
        review_by=facts.seen_on + OWN_REVIEW,
    )
    row = CloudRoute(plain, wire, endpoint(url).url, auth, region="")
    setup = CloudSetup(row, model, context_tokens, own=True)
    return CloudEntry(setup, declared_on=facts.seen_on.isoformat())


def read_entry(name: str, table: Table, registry: Registry) -> CloudEntry:
    """The entry in a table of the file. Raises: SettingsError."""
    entry = (
        _read_row(name, table, registry) if table.holds("row") else _read_own(name, table, registry)
    )
    entry = entry.taking_images(table.holds("images") and table.flag("images"))
    day = _day(table) if table.holds("declared_on") else None
    declared_for = table.text("declared_for") if table.holds("declared_for") else ""
    if declared_for and day is None:
        raise table.wrong("declared_for", "a declaration has a day", 'add declared_on = "..."')
    on = "" if day is None else day.isoformat()
    entry = replace(entry, declared_on=on, declared_for=declared_for)
    if day is None or entry.void or not declared_for:
        return entry
    return replace(entry, setup=entry._spoken(day))


def _read_row(name: str, table: Table, registry: Registry) -> CloudEntry:
    table.require(_ROW_KEYS, _ROW_MORE)
    values: dict[str, str] = {}
    if table.holds("values"):
        blanks = table.table("values")
        values = {blank: blanks.text(blank) for blank in blanks.names}
    row, model = table.text("row"), table.text("model")
    entry = table.made("row", lambda: from_row(registry, name, row, model, values, _window(table)))
    if not table.holds("facts"):
        return entry
    said = read_some(table.table("facts"), registry.countries)
    # Where they were declared, the row may have come to know better since: that voids them, and breaks nothing.
    if not table.holds("declared_for"):
        facts = entry.setup.row.facts
        table.made("facts", lambda: facts.filled(said, facts.seen_on))
    return entry.fill_in(said)


def _read_own(name: str, table: Table, registry: Registry) -> CloudEntry:
    table.require(_OWN_KEYS, _OWN_MORE)
    on = _day(table)
    origin = Origin(name, table.text("operator"), OWN_SOURCE, on, on + OWN_REVIEW)
    facts = read_facts(table.with_value("evidence", Evidence.B.value), registry.countries, origin)
    url, model = table.text("url"), table.text("model")
    wire, auth = table.choice("wire", Wire), table.choice("auth", Auth)
    window = _window(table)
    return table.made("url", lambda: own_endpoint(registry, facts, url, wire, auth, model, window))


def _with_facts(setup: CloudSetup, facts: RouteFacts) -> CloudSetup:
    return replace(setup, row=replace(setup.row, facts=facts))


def _own_table(setup: CloudSetup) -> dict[str, object]:
    facts, row = setup.row.facts, setup.row
    written: dict[str, object] = {
        "url": row.base_url,
        "wire": row.wire.value,
        "auth": row.auth.value,
        "operator": facts.operator,
    }
    return written | {name: fact_text(getattr(facts, name)) for name in FILLABLE}


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
