"""`assistant routes declare`: a person puts their name to what is said of a route, after it was shown to them."""

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.commands.talk import agreed, asked, at_terminal, say
from assistant.domain.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from assistant.storage.cloud_entries import CloudEntry
    from assistant.wiring.cloud_routes import CloudRoutes

WORD = "declare"
"""What has to be typed."""


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
    _Question("wire", "which API it speaks (openai or anthropic)", "openai"),
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
    from assistant.domain.residency import Evidence

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
    from assistant.commands.facts import facts_of, one_of
    from assistant.domain.cloud_routes import Wire
    from assistant.domain.permit import Auth
    from assistant.storage.cloud_entries import own_endpoint

    registry = routes.file.registry()
    said = {question.flag: _said(args, question) for question in _QUESTIONS}
    facts = facts_of(args.route, said, registry.countries, routes.today)
    wire, auth = one_of(said, "wire", Wire), one_of(said, "auth", Auth)
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
