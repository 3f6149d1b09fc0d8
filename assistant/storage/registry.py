"""Reads the registry of cloud routes and the country sets: typed and whole, or not at all and with the reason."""

import hashlib
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Final

from assistant.domain.cloud_routes import CloudRoute, Dialect, NoRegistry, Pin, Registry, Wire
from assistant.domain.errors import AssistantError
from assistant.domain.own_routes import endpoint
from assistant.domain.residency import ISO_3166, UNKNOWN, CountrySet, CountrySets
from assistant.domain.secret import Auth
from assistant.storage import shipped, toml_file, toml_rows
from assistant.storage.route_facts import FACTS, Origin, read_facts
from assistant.storage.toml_rows import Table

COUNTRIES: Final = "config/countries.toml"
ROUTES: Final = "config/routes.toml"
SCHEMA: Final = 1

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PLACEHOLDER = re.compile(r"\{[a-z_]+\}")
_ORIGIN: Final = ("source", "seen_on", "review_by", "price_multiplier")
_NEEDED: Final = (
    "id",
    "operator",
    "wire",
    "base_url",
    "auth",
    "region",
    *FACTS,
    *_ORIGIN,
)
_OPTIONAL: Final = ("body", "reply", "asks", "model_begins", "regions", "note", "dialect")


def load_registry(find: Callable[[str], Path] = shipped.path) -> Registry | NoRegistry:
    """The shipped registry; where it is not there or not whole, the reason why nothing is known. Never raises."""
    try:
        return read_registry(find(COUNTRIES), find(ROUTES))
    except AssistantError as error:
        return NoRegistry(error.note().line())


def read_registry(countries: Path, routes: Path) -> Registry:
    """The registry in two files. Raises: SettingsError with file, line and the nearest key."""
    return _made(countries, toml_file.read(countries), routes, toml_file.read(routes))


@lru_cache(maxsize=1)
def _made(countries: Path, sets_text: str, routes: Path, text: str) -> Registry:
    """What the two texts say; several parts of a command ask for the same, and to read it takes longer than much of the rest."""
    sets = _country_sets(toml_rows.table(sets_text, countries))
    table = toml_rows.table(text, routes)
    table.require_schema(SCHEMA)
    table.require(("schema", "route"))
    rows = table.tables("route")
    found = tuple(_route(row, sets) for row in rows)
    for place, route in enumerate(found):
        if route.id in [other.id for other in found[:place]]:
            raise rows[place].wrong("id", f"two routes have the id {route.id}")
    digest = hashlib.sha256(sets_text.encode() + b"\0" + text.encode()).hexdigest()
    return Registry(found, sets, digest)


def read_countries(file: Path) -> tuple[CountrySets, str]:
    """The country sets in `file`, and its text. Raises: SettingsError."""
    table, text = toml_rows.read(file)
    return _country_sets(table), text


def _country_sets(table: Table) -> CountrySets:
    table.require_schema(SCHEMA)
    sets = CountrySets(())
    names = [name for name in table.names if name != "schema"]
    if not names:
        raise table.wrong("", "it has no set of countries")
    for name in names:
        sets = CountrySets((*sets.sets, _country_set(name, table.table(name), sets)))
    return sets


def _country_set(name: str, row: Table, above: CountrySets) -> CountrySet:
    """One set, which may include those `above` it whole."""
    row.require(("countries", "as_of", "source"), ("includes", "note"))
    codes = frozenset(row.texts("countries"))
    strange = sorted(codes - ISO_3166)
    if strange:
        raise row.wrong("countries", f"{strange[0]!r} is no ISO 3166 country")
    codes |= row.made("includes", lambda: above.resolve(_texts(row, "includes")))
    return CountrySet(name, codes, row.day("as_of"), row.text("source"))


def _route(row: Table, sets: CountrySets) -> CloudRoute:
    row.require(_NEEDED, _OPTIONAL)
    name = row.text("id")
    if not _ID.fullmatch(name):
        raise row.bad("id", "up to 40 of a-z, 0-9 and -")
    origin = Origin(
        route=name,
        operator=row.text("operator"),
        source=row.text("source"),
        seen_on=row.day("seen_on"),
        review_by=row.day("review_by"),
        price_multiplier=_amount(row, "price_multiplier"),
    )
    facts = read_facts(row, sets, origin)
    return row.made(
        "base_url",
        lambda: CloudRoute(
            facts=facts,
            wire=row.choice("wire", Wire),
            base_url=_base_url(row),
            auth=row.choice("auth", Auth),
            region=row.text("region"),
            body=_pins(row, "body"),
            reply=_pins(row, "reply"),
            asks=_texts(row, "asks"),
            model_begins=_texts(row, "model_begins"),
            regions=_regions(row),
            note=row.text("note") if row.holds("note") else "",
            dialect=row.choice("dialect", Dialect) if row.holds("dialect") else Dialect.PLAIN,
        ),
    )


def _base_url(row: Table) -> str | None:
    """An address that can be spoken to once it is filled in: https, or loopback. None where it is `unknown`."""
    written = row.text("base_url")
    if written == UNKNOWN.value:
        return None
    # Any one part of a host's name, and any port, stands for a placeholder.
    found = row.made("base_url", lambda: endpoint(_PLACEHOLDER.sub("1", written)))
    if not found.address.secure and not found.address.loopback:
        raise row.bad("base_url", "an https address")
    return written.rstrip("/")


def _amount(row: Table, key: str) -> Decimal:
    try:
        return Decimal(row.text(key))
    except InvalidOperation as error:
        raise row.bad(key, 'an amount in quotes, such as "1.10"') from error


def _texts(row: Table, key: str) -> tuple[str, ...]:
    return row.texts(key) if row.holds(key) else ()


def _pins(row: Table, key: str) -> tuple[Pin, ...]:
    if not row.holds(key):
        return ()
    pins = row.table(key)
    return tuple(
        (path, pins.flag(path) if isinstance(pins.value(path), bool) else pins.text(path))
        for path in pins.names
    )


def _regions(row: Table) -> tuple[tuple[str, str], ...]:
    if not row.holds("regions"):
        return ()
    regions = row.table("regions")
    for name in regions.names:
        if regions.text(name) not in ISO_3166:
            raise regions.bad(name, "an ISO 3166 country")
    return tuple((name, regions.text(name)) for name in regions.names)
