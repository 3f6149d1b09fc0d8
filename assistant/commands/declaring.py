"""`assistant routes declare`: a person puts their name to what is said of a route, after it was shown to them."""

import argparse
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.commands.talk import agreed, asked, at_terminal, say
from assistant.domain.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from assistant.domain.residency import Fact
    from assistant.storage.cloud_entries import CloudEntry
    from assistant.wiring.cloud_routes import CloudRoutes

WORD = "declare"
"""What has to be typed."""


@dataclass(frozen=True, slots=True)
class _Question:
    """One fact that is asked for: the flag that gives it too, what a person is asked, and where they find the answer."""

    flag: str
    words: str
    usual: str
    help: str = ""


_PLACES = "country codes or sets such as EEA, anywhere, or unknown"
_QUESTIONS = (
    _Question("operator", "who runs it", ""),
    _Question(
        "law",
        "whose law binds them, their parents' too (country codes, or unknown)",
        "unknown",
        "The country of the operator, and of each company that owns it: courts there can ask for your text.",
    ),
    _Question(
        "processing",
        f"where it is worked on ({_PLACES})",
        "unknown",
        "Where the model runs. The contract on data processing says it, or the list of regions; where it is sold from is no answer.",
    ),
    _Question(
        "storage",
        f"where it is kept ({_PLACES}, or nothing)",
        "unknown",
        "Prompts and replies, in logs and backups too. Nothing is an answer only where the operator says that none of it is kept.",
    ),
    _Question(
        "retention_days",
        "for how many days (or unknown)",
        "unknown",
        "The longest of all: logs against abuse are often kept for 30 days, where nothing else is.",
    ),
    _Question(
        "training",
        "is it used for training (yes, no or unknown)",
        "unknown",
        "The terms of your own plan say it; free plans differ, and so may a switch in your account.",
    ),
    _Question(
        "human_review",
        "may people read it (yes, no or unknown)",
        "unknown",
        "Against abuse, for support or for quality: a maybe is a yes.",
    ),
    _Question(
        "transit",
        f"where its connection is opened ({_PLACES})",
        "unknown",
        "Where the encryption ends: at the operator, or at a network in front of it.",
    ),
    _Question("wire", "which API it speaks (openai or anthropic)", "openai"),
    _Question("auth", "which header takes the key (bearer, x-api-key, api-key or none)", "bearer"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds a flag for each fact, and the one that says yes without a terminal."""
    facts = parser.add_argument_group(
        "what is said of an endpoint of your own in the cloud, or of a cloud route whose row does not know it"
    )
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
    """A row of the registry: what it does not know is asked for, and what hangs on the person's account is theirs to say.

    Raises: RefusedError where they did not say so, or where their word would change nothing; UsageError.
    """
    from assistant.domain.residency import Evidence
    from assistant.domain.sheet import facts_text

    facts = entry.plain.row.facts
    level, unknown = facts.evidence, facts.unknown
    useless = RefusedError(
        f"the evidence for {entry.setup.id} is {level.value}: your word cannot mend that",
        "assistant routes rows names others",
    )
    if level is Evidence.U:
        raise useless
    _refuse_known(args, entry.setup.id, unknown)
    if not args.yes_i_declare and unknown:
        say(facts_text(entry.plain))
        say("")
    filled = entry.fill_in(_filled_in(args, routes, entry))
    if not filled.facts and level is Evidence.D:
        raise useless
    if not filled.facts and level is not Evidence.B:
        raise UsageError(
            f"what is known of {entry.setup.id} counts as it stands; it needs no word",
            f"yours to fill in is what is unknown: {', '.join(map(_flag, unknown))}"
            if unknown
            else "",
        )
    question = "Is what you filled in true?"
    if level is Evidence.B:
        question = "These facts hang on your account. Are they true of it?"
    return _declared(args, routes, filled, question)


def _refuse_known(args: argparse.Namespace, route: str, unknown: tuple[str, ...]) -> None:
    """Raises: UsageError for a flag that says what the row knows: a person cannot contradict it here."""
    asked_for = [_flag(name) for name in unknown]
    for question in _QUESTIONS:
        flag = _flag(question.flag)
        if getattr(args, question.flag) is not None and flag not in asked_for:
            raise UsageError(
                f"{flag}: that is known of {route}; only what is unknown can be filled in",
                "an endpoint of your own takes your own facts: assistant routes add ID --url URL",
            )


def _filled_in(
    args: argparse.Namespace, routes: "CloudRoutes", entry: "CloudEntry"
) -> "dict[str, Fact]":
    """What the person says of each fact that the row does not know; what they said before stands unless it is void."""
    from assistant.commands.facts import FLAGS, fact_said, facts_said

    sets = routes.file.registry().countries
    before = {} if entry.void else dict(entry.facts)
    questions = {question.flag: question for question in _QUESTIONS}
    said = {}
    for name in entry.plain.row.facts.unknown:
        question = questions[FLAGS.get(name, name)]
        if name in before:
            question = replace(question, usual=fact_said(before[name], sets))
        said[name] = _said(args, question)
    return facts_said(said, sets)


def _flag(name: str) -> str:
    from assistant.commands.facts import FLAGS

    return "--" + FLAGS.get(name, name).replace("_", "-")


def declare_own(
    args: argparse.Namespace, routes: "CloudRoutes", url: str, model: str, context: int | None
) -> "CloudEntry":
    """An endpoint of the person's own in the cloud: each fact is asked for, on a terminal, or given by its flag.

    Raises: RefusedError where they did not put their name to it; UsageError for what is no fact.
    """
    from assistant.commands.facts import facts_of, one_of
    from assistant.domain.cloud_routes import Wire
    from assistant.domain.secret import Auth
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

    declared = entry.declare(routes.today)
    # Where they filled something in, it says what of it is theirs; what they only vouch for is shown as it is evidenced.
    say(facts_text(declared.setup if entry.facts else entry.setup))
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
    if question.help:
        say(question.help)
    default = f" [{question.usual}]" if question.usual else ""
    return asked(f"{question.words}{default}: ") or question.usual
