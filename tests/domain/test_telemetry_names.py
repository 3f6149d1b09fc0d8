"""Which words an export has: shipped ones, for whatever a person typed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.cloud_routes import Registry
from assistant.domain.ledger import Entry
from assistant.domain.otel import Lane
from assistant.domain.places import Place
from assistant.domain.telemetry_names import HAT_MODELS, Names, provider_of
from assistant.storage.registry import load_registry
from tests.domain.test_otel import ENTRY

REGISTRY = load_registry()
assert isinstance(REGISTRY, Registry)
ROWS = {row.id: row for row in REGISTRY.routes}
LISTED = {"gpt-5-mini"}


def names(**origins: str) -> Names:
    return Names(
        ROWS,
        origins,
        frozenset({"mine", "groq"}),
        frozenset({"smollm2-135m"}),
        lambda _, model: model if model in LISTED else None,
    )


def lane(route: str, place: Place, model: str, **origins: str) -> Lane:
    return names(**origins)(replace(ENTRY, route=route, place=place, model=model))


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (lane("cpu", Place.THIS_MACHINE, "mine"), ("cpu", "llama.cpp", "own", "")),
        (lane("hat", Place.THIS_MACHINE, "mine"), ("hat", "hailo", "other", "")),
        (lane("box", Place.THIS_MACHINE, "gpt-5-mini"), ("own", "own", "own", "openai")),
        (lane("openai-eu", Place.THIS_NETWORK, "m"), ("own", "own", "own", "openai")),
        (lane("openai-eu", Place.CLOUD, "m"), ("openai-eu", "openai", "other", "openai")),
        (
            lane("work", Place.CLOUD, "gpt-5-mini", work="anthropic-us"),
            ("anthropic-us", "anthropic", "gpt-5-mini", "anthropic"),
        ),
        (lane("mine", Place.CLOUD, "gpt-5-mini"), ("own", "own", "own", "")),
        # A shipped id that the person gave to an endpoint of their own.
        (lane("groq", Place.CLOUD, "gpt-5-mini"), ("own", "own", "own", "")),
        (lane("gone", Place.CLOUD, "gpt-5-mini"), ("own", "own", "own", "")),
    ],
)
def test_what_a_route_is_told_as(found: Lane, wanted: tuple[str, str, str, str]) -> None:
    assert (found.route, found.provider, found.model, found.wire) == wanted


def test_providers_have_the_conventions_names() -> None:
    told = {row.id: provider_of(row.facts.operator) for row in REGISTRY.routes}  # type: ignore[union-attr]
    assert told["bedrock-eu-west-3"] == "aws.bedrock"
    assert told["azure-global"] == "azure.ai.openai"
    assert told["vertex-eu"] == "gcp.vertex_ai"
    assert told["gemini-api"] == "gcp.gemini"
    assert told["mistral-eu"] == "mistral_ai"
    assert told["scaleway"] == "scaleway"
    assert told["together"] == "together_ai"


texts = st.text(min_size=12, max_size=30)


@given(texts, st.sampled_from(Place), texts)
def test_no_typed_word_is_ever_told(route: str, place: Place, model: str) -> None:
    entry: Entry = replace(ENTRY, route=route, place=place, model=model)
    known = {*ROWS, "cpu", "hat", "own"}
    found = names()(entry)
    assert found.route in known
    assert found.model in {"own", "other", *HAT_MODELS, *LISTED}
