"""What is known of where a route works and what it keeps: declared facts, where *unknown* is a value that satisfies nothing."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Final

from assistant.domain.errors import UsageError
from assistant.domain.fields import Fields


class Unknown(Enum):
    """Nobody said, or nobody knows. No rule is ever satisfied by it."""

    UNKNOWN = "unknown"


class Everywhere(Enum):
    """Wherever the operator likes: the set of all countries."""

    ANY = "any"


UNKNOWN: Final = Unknown.UNKNOWN
ANY: Final = Everywhere.ANY

Territory = frozenset[str] | Everywhere | Unknown
"""Countries as ISO 3166-1 alpha-2 codes; for what is kept, the empty set means that nothing is."""

Fact = Territory | int
"""The value of one fact: a place, a yes or a no, a number of days; or unknown."""

FILLABLE: Final = (
    "operator_law",
    "processing",
    "storage",
    "retention_days",
    "training",
    "human_review",
    "transit",
)
"""The facts that a person can fill in where nobody knows them. How well a place is evidenced is none: that is for others to say."""

_CODES: Final = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR "
    "GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP "
    "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT "
    "MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW "
    "SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG "
    "UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)

ISO_3166: Final = frozenset(_CODES.split())
"""ISO 3166-1, the 249 officially assigned alpha-2 codes. EU and UK are not among them."""


class Evidence(StrEnum):
    """How well a place is evidenced (the project's facts, policy §2.3)."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    U = "U"


EVIDENCE_WORDS: Final[Mapping[Evidence, str]] = {
    Evidence.A: "a documented pin that the request itself shows; it fails rather than leave",
    Evidence.B: "a documented pin that hangs on an account or deployment, which this program cannot see",
    Evidence.C: "the operator's word on where it hosts; no request can pin it",
    Evidence.D: "no pin, or global by design",
    Evidence.U: "not verified",
}
"""What a person is told of each level."""


@dataclass(frozen=True, slots=True)
class FilledIn:
    """The `facts` that nobody knew until the person said them, on the day `on`."""

    facts: frozenset[str]
    on: date

    def __post_init__(self) -> None:
        """Raises: UsageError for none, and for one that nobody can fill in."""
        strange = sorted(self.facts - set(FILLABLE))
        if strange or not self.facts:
            raise UsageError(f"{strange[0] if strange else 'nothing'} cannot be filled in")


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """What is declared of `route`; it is never more than declared.

    `operator_law` are the countries whose law binds the operator, its parents' too. `transit` is where TLS ends.
    `source` is where it was seen on `seen_on`; after `review_by` it holds no more. `self_declared` means that the person
    put their name to it; `filled_in` says which of the facts they said themselves (None: none apart from the others).
    `price_multiplier` is what the list price is multiplied with for this place (1: no surcharge known).
    """

    route: str
    operator: str
    operator_law: frozenset[str] | Unknown
    processing: Territory
    storage: Territory
    retention_days: int | Unknown
    training: bool | Unknown
    human_review: bool | Unknown
    transit: Territory
    evidence: Evidence
    self_declared: bool
    source: str
    seen_on: date
    review_by: date
    price_multiplier: Decimal = Decimal(1)
    filled_in: FilledIn | None = None

    def __post_init__(self) -> None:
        """Raises: UsageError for facts that contradict themselves."""
        days = self.retention_days
        if self.processing == frozenset() or self.operator_law == frozenset():
            raise UsageError(f"{self.route}: no country is not a place", "write unknown")
        if isinstance(days, int) and days < 0:
            raise UsageError(f"{self.route}: nothing is kept for {days} days", "0 means not at all")
        if self.storage == frozenset() and days != 0:
            raise UsageError(f"{self.route}: nothing is stored, yet kept", "say 0 retention_days")
        if self.review_by <= self.seen_on:
            raise UsageError(f"{self.route}: its review is due before it was seen")
        if not self.price_multiplier.is_finite() or self.price_multiplier <= 0:
            raise UsageError(f"{self.route}: {self.price_multiplier} is no price multiplier")
        said = self.filled_in
        if said is not None and (not self.self_declared or said.facts & set(self.unknown)):
            raise UsageError(f"{self.route}: what was filled in is known, and on the person's word")

    @property
    def unknown(self) -> tuple[str, ...]:
        """Those of FILLABLE that nobody knows."""
        return tuple(name for name in FILLABLE if getattr(self, name) is UNKNOWN)

    def filled(self, said: Mapping[str, Fact], on: date) -> "RouteFacts":
        """These facts with the person's name to them, and with what they `said` on the day `on` in the place of unknowns.

        Raises: UsageError for a fact that is known here, or that contradicts one.
        """
        known = [name for name in FILLABLE if name in said and name not in self.unknown]
        if known:
            raise UsageError(
                f"{known[0]} of {self.route} is known already; only what is unknown can be filled in",
                "an endpoint of your own takes your own facts: assistant routes add ID --url URL",
            )
        changes: dict[str, Any] = {name: said[name] for name in said if said[name] is not UNKNOWN}
        filled_in = FilledIn(frozenset(changes), on) if changes else None
        return replace(self, self_declared=True, filled_in=filled_in, **changes)

    def unfilled(self) -> "RouteFacts":
        """These facts without the person's name, and without what they filled in."""
        names = () if self.filled_in is None else self.filled_in.facts
        changes: dict[str, Any] = dict.fromkeys(names, UNKNOWN)
        return replace(self, self_declared=False, filled_in=None, **changes)

    def to_json(self) -> dict[str, object]:
        """Every fact in one canonical form; unknown is null, a set is a sorted list, money is a text.

        `filled_in` is there only where something was: other facts have one form, whoever asks for it.
        """
        said = self.filled_in
        filled_in = said and {"facts": sorted(said.facts), "on": said.on.isoformat()}
        more = {} if filled_in is None else {"filled_in": filled_in}
        return {
            "route": self.route,
            "operator": self.operator,
            "operator_law": territory_json(self.operator_law),
            "processing": territory_json(self.processing),
            "storage": territory_json(self.storage),
            "retention_days": _known(self.retention_days),
            "training": _known(self.training),
            "human_review": _known(self.human_review),
            "transit": territory_json(self.transit),
            "evidence": self.evidence.value,
            "self_declared": self.self_declared,
            "source": self.source,
            "seen_on": self.seen_on.isoformat(),
            "review_by": self.review_by.isoformat(),
            "price_multiplier": str(self.price_multiplier),
            **more,
        }


def facts_from_json(data: object) -> RouteFacts:
    """What `to_json` wrote. Raises: ValueError, UsageError."""
    fields = Fields(data, "facts")
    law = territory_from_json(fields, "operator_law")
    if isinstance(law, Everywhere):
        raise fields.wrong("operator_law", "a list of countries")
    multiplier = fields.maybe_money("price_multiplier")
    if multiplier is None:
        raise fields.wrong("price_multiplier", "an amount")
    days = fields.maybe_whole("retention_days")
    return RouteFacts(
        route=fields.name("route"),
        operator=fields.text("operator"),
        operator_law=law,
        processing=territory_from_json(fields, "processing"),
        storage=territory_from_json(fields, "storage"),
        retention_days=UNKNOWN if days is None else days,
        training=_maybe_flag(fields, "training"),
        human_review=_maybe_flag(fields, "human_review"),
        transit=territory_from_json(fields, "transit"),
        evidence=fields.choice("evidence", Evidence),
        self_declared=fields.flag("self_declared"),
        source=fields.text("source"),
        seen_on=date.fromisoformat(fields.text("seen_on")),
        review_by=date.fromisoformat(fields.text("review_by")),
        price_multiplier=multiplier,
        filled_in=_filled_in(fields.child("filled_in")) if fields.holds("filled_in") else None,
    )


def _filled_in(fields: Fields) -> FilledIn:
    names = fields.value("facts")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise fields.wrong("facts", "a list of facts")
    return FilledIn(frozenset(names), date.fromisoformat(fields.text("on")))


def territory_json(place: Territory) -> list[str] | str | None:
    """Sorted codes, `any`, or null for unknown."""
    if isinstance(place, frozenset):
        return sorted(place)
    return None if isinstance(place, Unknown) else place.value


def territory_from_json(fields: Fields, key: str) -> Territory:
    """What `territory_json` gave. Raises: ValueError."""
    value = fields.value(key)
    if value is None:
        return UNKNOWN
    if value == ANY.value:
        return ANY
    if not isinstance(value, list):
        raise fields.wrong(key, "a list of countries, any or null")
    if not all(isinstance(code, str) and code in ISO_3166 for code in value):
        raise fields.wrong(key, "a list of ISO 3166 countries")
    return frozenset(value)


def _known(value: int | bool | Unknown) -> int | bool | None:
    return None if isinstance(value, Unknown) else value


def _maybe_flag(fields: Fields, key: str) -> bool | Unknown:
    return UNKNOWN if fields.value(key) is None else fields.flag(key)


@dataclass(frozen=True, slots=True)
class CountrySet:
    """A named set of countries as it stood on the day `as_of`, and who says so."""

    name: str
    countries: frozenset[str]
    as_of: date
    source: str


_CODE = re.compile("[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class CountrySets:
    """The sets that rules and routes may name. The word EU alone is none: it means four different sets."""

    sets: tuple[CountrySet, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all sets, in the file's order."""
        return tuple(one.name for one in self.sets)

    def resolve(self, written: Iterable[str]) -> frozenset[str]:
        """The countries of `written`, each the name of a set or an ISO 3166 code. Raises: UsageError for any other word."""
        found: frozenset[str] = frozenset()
        for word in written:
            found |= self._one(word)
        return found

    def _one(self, word: str) -> frozenset[str]:
        for one in self.sets:
            if one.name == word:
                return one.countries
        if word in ISO_3166:
            return frozenset((word,))
        kind = "ISO 3166 country" if _CODE.fullmatch(word) else "set of countries"
        raise UsageError(f"{word!r} is no {kind}", "known sets: " + ", ".join(self.names))
