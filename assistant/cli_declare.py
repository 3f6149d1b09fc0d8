"""`assistant routes declare`: a person puts their name to what is said of a route, after it was shown to them."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from assistant.cli_talk import agreed, asked, at_terminal, say
from assistant.domain.cloud_routes import Wire
from assistant.domain.errors import AssistantError, RefusedError, UsageError
from assistant.domain.permit import Auth
from assistant.domain.residency import (
    ANY,
    UNKNOWN,
    CountrySets,
    Everywhere,
    Evidence,
    RouteFacts,
    Territory,
    Unknown,
)

if TYPE_CHECKING:
    from assistant.storage.cloud_entries import CloudEntry
    from assistant.wiring.cloud_routes import CloudRoutes

_T = TypeVar("_T")

WORD = "declare"
"""What has to be typed."""

_ANSWERS = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class _Question:
    """One fact that is asked for: the flag that gives it too, and what a person is asked."""

    flag: str
    words: str
    usual: str


_PLACES = "country codes or sets such as EEA, anywhere, or unknown"
_QUESTIONS = (
    _Question("operator", "who runs it", ""),
    _Question("law", "whose law binds them, their parents' too (country codes, or unknown)", "unknown"),
    _Question("processing", f"where it is worked on ({_PLACES})", "unknown"),
    _Question("storage", f"where it is kept ({_PLACES}, or nothing)", "unknown"),
    _Question("retention_days", "for how many days (or unknown)", "unknown"),
    _Question("training", "is it used for training (yes, no or unknown)", "unknown"),
    _Question("human_review", "may people read it (yes, no or unknown)", "unknown"),
    _Question("transit", f"where its connection is opened ({_PLACES})", "unknown"),
    _Question("wire", "which API it speaks (openai or anthropic)", Wire.OPENAI.value),
    _Question("auth", "which header takes the key (bearer, x-api-key, api-key or none)", "bearer"),
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds a flag for each fact, and the one that says yes without a terminal."""
    facts = parser.add_argument_group("what is said of an endpoint of your own in the cloud")
    for question in _QUESTIONS:
        facts.add_argument(
            "--" + question.flag.replace("_", "-"), metavar="WORDS", help=question.words
        )
    parser.add_argument(
        "--yes-i-declare", action="store_true", help="do not ask; for where there is no terminal"
    )


def declare_row(
    args: argparse.Namespace, routes: "CloudRoutes", entry: "CloudEntry"
) -> "CloudEntry":
    """A row of the registry whose facts hang on the person's account.

    Raises: RefusedError where they did not say so, or where their word would change nothing; UsageError.
    """
    level = entry.setup.row.facts.evidence
    if level is Evidence.U or level is Evidence.D:
        raise RefusedError(
            f"the evidence for {entry.setup.id} is {level.value}: your word cannot mend that",
            "assistant routes rows names others",
        )
    if level is not Evidence.B:
        raise UsageError(f"the facts of {entry.setup.id} count as they stand; they need no word")
    return _declared(args, routes, entry, "These facts hang on your account. Are they true of it?")


def declare_own(
    args: argparse.Namespace, routes: "CloudRoutes", url: str, model: str, context: int | None
) -> "CloudEntry":
    """An endpoint of the person's own in the cloud: each fact is asked for, on a terminal, or given by its flag.

    Raises: RefusedError where they did not put their name to it; UsageError for what is no fact.
    """
    from assistant.storage.cloud_entries import own_endpoint

    registry = routes.file.registry()
    said = {question.flag: _said(args, question) for question in _QUESTIONS}
    facts = facts_of(args.route, said, registry.countries, routes)
    wire, auth = _one_of(said, "wire", Wire), _one_of(said, "auth", Auth)
    entry = own_endpoint(registry, facts, url, wire, auth, model, context)
    return _declared(args, routes, entry, "Is this true of it?")


def _declared(
    args: argparse.Namespace, routes: "CloudRoutes", entry: "CloudEntry", question: str
) -> "CloudEntry":
    from assistant.domain.sheet import facts_text

    say(facts_text(entry.setup))
    declared = entry.declare(routes.today)
    _, why = routes.passing(declared.setup.row.facts)
    say(f"then    {why}")
    say("")
    if not args.yes_i_declare and not agreed(WORD, f"{question} Type {WORD}: "):
        raise RefusedError("nothing was declared", "")
    return declared


def _said(args: argparse.Namespace, question: _Question) -> str:
    given: str | None = getattr(args, question.flag)
    if given is not None:
        return given.strip()
    if not at_terminal() or args.yes_i_declare:
        return question.usual
    default = f" [{question.usual}]" if question.usual else ""
    return asked(f"{question.words}{default}: ") or question.usual


def facts_of(
    route: str, said: dict[str, str], sets: CountrySets, routes: "CloudRoutes"
) -> RouteFacts:
    """What was said, as facts of today. Raises: UsageError that names the fact."""
    if not said["operator"]:
        raise UsageError("an endpoint has somebody who runs it", "--operator NAME")
    law = _named("law", lambda: territory(said["law"], sets))
    if isinstance(law, Everywhere):
        raise UsageError("--law: the law of no country is anywhere", "name countries, or unknown")
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
        seen_on=routes.today,
        review_by=routes.today + timedelta(days=1),
    )


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
    if storage.strip().lower() == "nothing":
        return 0
    if written.lower() == "unknown":
        return UNKNOWN
    try:
        return int(written)
    except ValueError as error:
        raise UsageError(f"--retention-days cannot be {written!r}", "days, or unknown") from error


def _answer(said: dict[str, str], name: str) -> bool | Unknown:
    word = said[name].lower()
    if word == "unknown":
        return UNKNOWN
    if word not in _ANSWERS:
        raise UsageError(f"--{name.replace('_', '-')} cannot be {word!r}", "yes, no or unknown")
    return _ANSWERS[word]


_KIND = TypeVar("_KIND", Wire, Auth)


def _one_of(said: dict[str, str], name: str, kind: type[_KIND]) -> _KIND:
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
