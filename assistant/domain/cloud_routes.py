"""A cloud route as data: where it is spoken to, in which wire, what pins it, and the fingerprint that grants hang on."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from assistant.domain.errors import UsageError
from assistant.domain.own_routes import checked_model
from assistant.domain.residency import UNKNOWN, CountrySets, RouteFacts
from assistant.domain.secret import Auth

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_FILLING = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

REGION: Final = "region"
"""Asked for where the region may say the country."""

DEPLOYMENT: Final = "deployment"
"""Asked for where the model's name decides the place: the facts then hold for that one alone."""


class Wire(StrEnum):
    """What a route speaks: OpenAI's chat completions, or Anthropic's messages."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


NOT_SHOWN = "(not shown)"
"""What Anthropic's wire says for the person where the first message that leaves is a reply: it begins with a person."""


class Dialect(StrEnum):
    """How a provider speaks OpenAI's wire, where it is not in the plain way that most of them take."""

    PLAIN = "plain"
    OPENAI = "openai"
    """It bounds a reply with `max_completion_tokens`."""
    AZURE = "azure"
    """So does this one; and a model has the name that its owner gave it, which tells nothing of what it takes."""
    MISTRAL = "mistral"
    """It refuses every name that it does not know, and has its own for the seed."""


Pin = tuple[str, str | bool]
"""A dotted path in a JSON object, and the value that stands there."""


@dataclass(frozen=True, slots=True)
class CloudRoute:
    """One row of the registry.

    `base_url` may hold placeholders such as `{resource}`; None means that nobody knows it. `asks` are the values that a person
    has to give before the row is a route: those of the placeholders, `region`, and `deployment` where it decides the place.
    Every request carries `body`; a reply that says otherwise than `reply` is broken off. A model's name has to be `model`
    ("": any) and to begin with one of `model_begins` (empty: with anything), because the name can decide the place.
    `regions` gives the countries of regions. The `dialect` changes names of fields alone, so no grant hangs on it.
    """

    facts: RouteFacts
    wire: Wire
    base_url: str | None
    auth: Auth
    region: str
    body: tuple[Pin, ...] = ()
    reply: tuple[Pin, ...] = ()
    asks: tuple[str, ...] = ()
    model: str = ""
    model_begins: tuple[str, ...] = ()
    regions: tuple[tuple[str, str], ...] = ()
    note: str = ""
    dialect: Dialect = Dialect.PLAIN

    def __post_init__(self) -> None:
        """Raises: UsageError for a template that does not ask for what it needs, or that knows its place beforehand."""
        placeholders = set(_PLACEHOLDER.findall(self.base_url or ""))
        missing = sorted(placeholders - set(self.asks))
        if missing:
            raise UsageError(f"{self.id} does not ask for {', '.join(missing)}")
        if DEPLOYMENT in placeholders:
            raise UsageError(f"{self.id}: a deployment is no part of an address")
        if self.regions and REGION in self.asks and self.facts.processing is not UNKNOWN:
            raise UsageError(f"{self.id} asks for its region, so where it works is not known yet")

    @property
    def id(self) -> str:
        """The route's id."""
        return self.facts.route

    @property
    def unusable(self) -> str:
        """Why this program cannot speak to it, whatever the rules say; "" where it can."""
        if self.auth is Auth.OTHER:
            return f"this program has no way to give {self.id} its key"
        if self.base_url is None:
            return f"the address of {self.id} is not known"
        if self.asks:
            return f"{self.id} is a template; it needs {', '.join(self.asks)}"
        return ""

    def filled(self, values: Mapping[str, str]) -> "CloudRoute":
        """This template with all that it asks for; a known region says where it is processed, a deployment is the only model.

        Raises: UsageError for a value that is missing, unknown, or more than one part of a host's name.
        """
        strange = sorted(set(values) ^ set(self.asks))
        if strange:
            raise UsageError(
                f"{self.id} takes {', '.join(self.asks) or 'nothing'}; {', '.join(strange)} does not fit"
            )
        for name, value in values.items():
            # A dot, a slash or an @ in a value could make another host of the template.
            if name != DEPLOYMENT and not _FILLING.fullmatch(value):
                raise UsageError(f"{name} cannot be {value!r}", "use a-z, 0-9 and -")
        url = self.base_url and _PLACEHOLDER.sub(lambda found: values[found[1]], self.base_url)
        region = values.get(REGION, self.region)
        country = dict(self.regions).get(region)
        model = checked_model(values[DEPLOYMENT]) if DEPLOYMENT in values else self.model
        facts = self.facts
        if country is not None:
            facts = replace(facts, processing=frozenset((country,)))
        return replace(self, facts=facts, base_url=url, region=region, asks=(), model=model)

    def require_model(self, model: str) -> None:
        """Raises: UsageError for a model whose name may be worked on elsewhere than the facts say."""
        if self.model and model != self.model:
            raise UsageError(f"{self.id} is declared for {self.model} alone, not for {model}")
        if self.model_begins and not model.startswith(self.model_begins):
            raise UsageError(
                f"{model} may leave the place that {self.id} declares",
                "its models begin with " + ", ".join(self.model_begins),
            )

    def fingerprint(self, model: str) -> str:
        """SHA-256 in hex over everything that a grant for `model` on this route rests on; notes for people are no part of it."""
        import hashlib

        entry = {
            "facts": self.facts.to_json(),
            "wire": self.wire.value,
            "base_url": self.base_url,
            "auth": self.auth.value,
            "region": self.region,
            "body": dict(self.body),
            "reply": dict(self.reply),
            "model": model,
        }
        canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Registry:
    """The cloud routes that are known, and the country sets they are written in; `digest` is that of the files, for the record."""

    routes: tuple[CloudRoute, ...]
    countries: CountrySets
    digest: str

    def find(self, name: str) -> CloudRoute | None:
        """The row with the id `name`; None where there is none, and then nothing is known of it."""
        return next((route for route in self.routes if route.id == name), None)


@dataclass(frozen=True, slots=True)
class NoRegistry:
    """The registry could not be read: nothing is known of any cloud route, and `problem` says why."""

    problem: str
