"""Which words an export has for routes and models: only ones that this program ships, so that nothing typed by a person is told."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from assistant.domain.cloud_routes import CloudRoute, Wire
from assistant.domain.ledger import Entry
from assistant.domain.otel import Lane
from assistant.domain.places import CPU, HAT, Place

OWN_WORD: Final = "own"
"""What a person named is told as: a server or an endpoint of theirs, a file that they added."""

OTHER: Final = "other"
"""What a model is told as that no shipped list has."""

HAT_MODELS: Final = frozenset(
    (
        "deepseek_r1_distill_qwen:1.5b", "llama3.2:1b", "llama3.2:3b", "qwen2.5-coder:1.5b", "qwen2.5-instruct:1.5b", "qwen2.5:1.5b",
        "qwen2:1.5b", "qwen3:1.7b",
    )
)  # fmt: skip
"""Names that the HAT's maker gives its own models."""

# The conventions' well-known values of gen_ai.provider.name, by the operator of a row.
_PROVIDERS: Final = {
    "Amazon Web Services": "aws.bedrock",
    "Anthropic": "anthropic",
    "Anthropic on AWS": "anthropic",
    "DeepSeek": "deepseek",
    "Google": "gcp.gemini",
    "Google Cloud": "gcp.vertex_ai",
    "Groq": "groq",
    "Microsoft": "azure.ai.openai",
    "Mistral AI": "mistral_ai",
    "OpenAI": "openai",
}

_BLANKS: Final = re.compile(r"[^a-z0-9]+")


def provider_of(operator: str) -> str:
    """The conventions' word for who runs a row; where they have none, the operator's name without its remarks."""
    known = _PROVIDERS.get(operator)
    return known or _BLANKS.sub("_", operator.partition(" (")[0].lower()).strip("_")


@dataclass(slots=True)
class Names:
    """Implements otel.Naming.

    `rows` are the shipped rows by id, `origins` says which of them a route of the person's was made from, `own` are the ids of
    their own endpoints. `here` are the shipped models of this machine; `listed` gives the name in a price list that a model over
    a row goes by, None where none has it.
    """

    rows: Mapping[str, CloudRoute]
    origins: Mapping[str, str]
    own: frozenset[str]
    here: frozenset[str]
    listed: Callable[[str, str], str | None]
    _known: dict[tuple[str, Place, str], Lane] = field(default_factory=dict)

    def __call__(self, entry: Entry) -> Lane:
        """The words for where `entry` ran."""
        key = (entry.route, entry.place, entry.model)
        lane = self._known.get(key)
        if lane is None:
            lane = self._known[key] = self._lane(*key)
        return lane

    def _lane(self, route: str, place: Place, model: str) -> Lane:
        if place is Place.THIS_MACHINE and route == CPU:
            return Lane(CPU, place, "llama.cpp", model if model in self.here else OWN_WORD)
        if place is Place.THIS_MACHINE and route == HAT:
            return Lane(HAT, place, "hailo", model if model in HAT_MODELS else OTHER)
        row = self.rows.get(self.origins.get(route, "" if route in self.own else route))
        if place is not Place.CLOUD or row is None:
            # A person's own server has one wire; of an endpoint in the cloud it may be gone by now.
            wire = "" if place is Place.CLOUD else Wire.OPENAI.value
            return Lane(OWN_WORD, place, OWN_WORD, OWN_WORD, wire)
        known = self.listed(row.id, model) or OTHER
        return Lane(row.id, place, provider_of(row.facts.operator), known, row.wire.value)
