"""Every row of the shipped registry that can be spoken to: where its requests go, with which head, and what its dialect makes of them."""

import json

import pytest

from assistant.backends.remote.cloud import CloudBackend
from assistant.domain.cloud_routes import CloudRoute, Dialect, Registry, Wire
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.permit import Outgoing
from assistant.domain.secret import Auth
from assistant.machine.clock import SystemClock
from assistant.storage.registry import load_registry
from tests.backends.remote.cloud_rig import NearDoor, request

VALUES = {"resource": "mine", "region": "europe-west4", "source_region": "eu-central-1", "project": "p1", "port": "8080", "deployment": "gpt-4o"}  # fmt: skip
# Where each goes, as the providers write it; families that share an address by one of their rows.
TARGETS = """
openai-global https://api.openai.com:443/v1/chat/completions
openai-eu https://eu.api.openai.com:443/v1/chat/completions
anthropic-global https://api.anthropic.com:443/v1/messages
anthropic-us https://api.anthropic.com:443/v1/messages
azure-datazone-eu https://mine.openai.azure.com:443/openai/v1/chat/completions
azure-instant https://mine.services.ai.azure.com:443/openai/v1/chat/completions
bedrock-eu-central-1 https://bedrock-mantle.eu-central-1.api.aws:443/v1/chat/completions
bedrock-eu-profile https://bedrock-runtime.eu-central-1.amazonaws.com:443/openai/v1/chat/completions
vertex-eu https://aiplatform.eu.rep.googleapis.com:443/v1/projects/p1/locations/eu/endpoints/openapi/chat/completions
vertex-region https://europe-west4-aiplatform.googleapis.com:443/v1/projects/p1/locations/europe-west4/endpoints/openapi/chat/completions
gemini-api https://generativelanguage.googleapis.com:443/v1beta/openai/chat/completions
mistral-eu https://api.eu.mistral.ai:443/v1/chat/completions
openrouter-eu https://eu.openrouter.ai:443/api/v1/chat/completions
groq https://api.groq.com:443/openai/v1/chat/completions
together https://api.together.xyz:443/v1/chat/completions
scaleway https://api.scaleway.ai:443/v1/chat/completions
ovhcloud https://oai.endpoints.kepler.ai.cloud.ovh.net:443/v1/chat/completions
deepseek https://api.deepseek.com:443/v1/chat/completions
privatemode http://localhost:8080/v1/chat/completions
local-llamacpp http://127.0.0.1:8080/v1/chat/completions
"""
UNUSABLE = {"anthropic-on-aws", "opper", "vercel-gateway", "telnyx", "assemblyai-gateway-eu"}


@pytest.fixture(scope="module")
def known() -> Registry:
    found = load_registry()
    assert isinstance(found, Registry), found.problem
    return found


def usable(known: Registry) -> list[CloudRoute]:
    """The rows that this program can speak to, with what they ask for."""
    filled = [row.filled({name: VALUES[name] for name in row.asks}) for row in known.routes]
    return [row for row in filled if not row.unusable]


def composed(row: CloudRoute) -> Outgoing:
    model = row.model or f"{(row.model_begins or ('',))[0]}some-model"
    return CloudBackend(CloudSetup(row, model), NearDoor(), SystemClock()).compose(request())


def test_the_rows_that_cannot_be_used_are_known(known: Registry) -> None:
    assert {row.id for row in known.routes} - {row.id for row in usable(known)} == UNUSABLE


def test_every_request_goes_where_its_provider_takes_it(known: Registry) -> None:
    expected = dict(line.split() for line in TARGETS.split("\n") if line)
    sent = {row.id: composed(row) for row in usable(known)}
    found = {name: f"{o.address and o.address.url}{o.target}" for name, o in sent.items()}
    assert {name: found[name] for name in expected} == expected
    endings = {row.id: row.wire for row in usable(known)}
    for name, url in found.items():
        ending = "/messages" if endings[name] is Wire.ANTHROPIC else "/chat/completions"
        assert url.endswith(ending)
        assert url.count(ending) == 1
        assert "//" not in url.partition("://")[2]


def test_heads_and_keys_are_those_of_the_wire(known: Registry) -> None:
    for row in usable(known):
        outgoing = composed(row)
        wanted = (("anthropic-version", "2023-06-01"),) if row.wire is Wire.ANTHROPIC else ()
        assert (outgoing.headers, outgoing.auth) == (wanted, row.auth)
        assert outgoing.auth is not Auth.OTHER


def test_pins_of_the_rows_are_in_their_requests(known: Registry) -> None:
    bodies = {row.id: json.loads(composed(row).body) for row in usable(known)}
    router = {"data_collection": "deny", "allow_fallbacks": False, "zdr": True}
    assert bodies["openrouter-eu"]["provider"] == router
    assert bodies["anthropic-us"]["inference_geo"] == "us"
    assert "inference_geo" not in bodies["anthropic-global"]
    stored = {name for name, body in bodies.items() if body.get("store") is False}
    assert stored == {name for name in bodies if name.startswith("openai-")}


def test_dialects_are_those_of_the_providers(known: Registry) -> None:
    for row in known.routes:
        family = row.id.partition("-")[0]
        expected = family if family in ("openai", "azure", "mistral") else "plain"
        assert row.dialect is Dialect(expected)
        if row.wire is Wire.ANTHROPIC:
            assert row.dialect is Dialect.PLAIN
