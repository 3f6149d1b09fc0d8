"""Facts of a route as a person writes them: countries and sets, yes and no, days, and unknown for what they do not know."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final, TypeVar

from assistant.domain.cloud_routes import Wire
from assistant.domain.errors import AssistantError, UsageError
from assistant.domain.residency import (
    ANY,
    UNKNOWN,
    CountrySets,
    Everywhere,
    Evidence,
    Fact,
    RouteFacts,
    Territory,
    Unknown,
)
from assistant.domain.secret import Auth

_T = TypeVar("_T")
_KIND = TypeVar("_KIND", Wire, Auth)

_ANSWERS: Final = {"yes": True, "no": False}


def facts_of(route: str, said: dict[str, str], sets: CountrySets, today: date) -> RouteFacts:
    """What was said, as facts of today. Raises: UsageError that names the fact."""
    if not said["operator"]:
        raise UsageError("an endpoint has somebody who runs it", "--operator NAME")
    law = _law(said["law"], sets)
    return RouteFacts(
        route=route,
        operator=said["operator"],
        operator_law=law,
        processing=_named("processing", lambda: territory(said["processing"], sets)),
        storage=_named("storage", lambda: territory(said["storage"], sets, may_be_none=True)),
        retention_days=_days(said["retention_days"], said["storage"]),
        training=_answer(said, "training"),
        human_review=_answer(said, "human_review"),
        transit=_named("transit", lambda: territory(said["transit"], sets)),
        evidence=Evidence.B,
        self_declared=False,
        source="declared by you",
        seen_on=today,
        review_by=today + timedelta(days=1),
    )


FLAGS: Final[Mapping[str, str]] = {"operator_law": "law"}
"""What facts are called where a person writes them, where that is not their name."""


def facts_said(said: Mapping[str, str], sets: CountrySets) -> dict[str, Fact]:
    """Those facts alone that were said, by name. Raises: UsageError that names the fact."""
    return {name: _fact(name, said, sets) for name in said}


def _fact(name: str, said: Mapping[str, str], sets: CountrySets) -> Fact:
    written = said[name]
    if name == "operator_law":
        return _law(written, sets)
    if name == "retention_days":
        return _days(written, said.get("storage", ""))
    if name in ("training", "human_review"):
        return _answer(said, name)
    return _named(name, lambda: territory(written, sets, may_be_none=name == "storage"))


def fact_said(fact: Fact, sets: CountrySets) -> str:
    """A fact as a person would say it; what was said reads back."""
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    if isinstance(fact, int | Unknown):
        return str(fact if isinstance(fact, int) else fact.value)
    if isinstance(fact, Everywhere):
        return "anywhere"
    names = [one.name for one in sets.sets if one.countries == fact]
    return " ".join(names[:1] or sorted(fact)) or "nothing"


def _law(written: str, sets: CountrySets) -> frozenset[str] | Unknown:
    law = _named("law", lambda: territory(written, sets))
    if isinstance(law, Everywhere):
        raise UsageError("--law: the law of no country is anywhere", "name countries, or unknown")
    return law


def territory(written: str, sets: CountrySets, *, may_be_none: bool = False) -> Territory:
    """The countries that `written` names. Raises: UsageError."""
    words = written.replace(",", " ").split()
    match [word.lower() for word in words]:
        case ["unknown"]:
            return UNKNOWN
        case ["anywhere"]:
            return ANY
        case ["nothing"] if may_be_none:
            return frozenset()
        case []:
            raise UsageError("no place was named", "write unknown where you do not know it")
    return sets.resolve(words)


def _days(written: str, storage: str) -> int | Unknown:
    if written.lower() == "unknown":
        return 0 if storage.lower() == "nothing" else UNKNOWN
    try:
        return int(written)
    except ValueError as error:
        raise UsageError(f"--retention-days cannot be {written!r}", "days, or unknown") from error


def _answer(said: Mapping[str, str], name: str) -> bool | Unknown:
    word = said[name].lower()
    if word == "unknown":
        return UNKNOWN
    if word not in _ANSWERS:
        raise UsageError(f"--{name.replace('_', '-')} cannot be {word!r}", "yes, no or unknown")
    return _ANSWERS[word]


def one_of(said: dict[str, str], name: str, kind: type[_KIND]) -> _KIND:
    """The wire or the header that was named. Raises: UsageError."""
    word = said[name].lower()
    known = [each.value for each in kind if each is not Auth.OTHER]
    if word not in known:
        raise UsageError(f"--{name} cannot be {word!r}", " or ".join(known))
    return kind(word)


def _named(name: str, read: Callable[[], _T]) -> _T:
    """What `read` gives; an error names the flag. Raises: UsageError."""
    try:
        return read()
    except AssistantError as error:
        raise UsageError(f"--{name}: {error.message}", error.hint) from error
