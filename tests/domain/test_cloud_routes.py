"""Rows of the registry: templates are filled without changing the host, and the fingerprint holds all that a grant rests on."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.cloud_routes import CloudRoute, Dialect, Registry, Wire
from assistant.domain.errors import UsageError
from assistant.domain.residency import ANY, UNKNOWN, CountrySets, Evidence, RouteFacts
from assistant.domain.secret import Auth
from tests.facts_maker import GOOD, facts

PLAIN = CloudRoute(GOOD, Wire.OPENAI, "https://api.example.eu/v1", Auth.BEARER, "eu")
TEMPLATE = CloudRoute(
    replace(GOOD, processing=UNKNOWN),
    Wire.OPENAI,
    "https://{resource}.example.com/v1/{region}",
    Auth.API_KEY,
    "any region",
    asks=("resource", "region", "deployment"),
    regions=(("north", "SE"),),
)
VALUES = {"resource": "mine", "region": "north", "deployment": "Gpt_5.mine"}


def test_a_template_is_filled_with_what_it_asks_for() -> None:
    filled = TEMPLATE.filled(VALUES)
    assert filled.base_url == "https://mine.example.com/v1/north"
    assert filled.region == "north"
    assert filled.facts.processing == frozenset(("SE",))
    assert (filled.asks, filled.unusable) == ((), "")
    filled.require_model("Gpt_5.mine")
    with pytest.raises(UsageError, match=r"for Gpt_5\.mine alone"):
        filled.require_model("Gpt_5")


def test_a_region_that_is_not_listed_stays_unknown() -> None:
    assert TEMPLATE.filled(VALUES | {"region": "south"}).facts.processing is UNKNOWN


@pytest.mark.parametrize(
    "values",
    [{}, {"resource": "mine"}, VALUES | {"more": "x"}],
)
def test_neither_less_nor_more_is_taken(values: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="takes resource, region, deployment"):
        TEMPLATE.filled(values)


@pytest.mark.parametrize(
    "value", ["", "a.b", "evil.com/", "x@evil", "-x", "a" * 64, "A", "ü", "a\n"]
)
def test_no_value_makes_another_host(value: str) -> None:
    with pytest.raises(UsageError, match="resource cannot be"):
        TEMPLATE.filled(VALUES | {"resource": value})


@given(st.text(max_size=80))
def test_whatever_is_filled_in_the_domain_stays(value: str) -> None:
    try:
        filled = TEMPLATE.filled(VALUES | {"resource": value})
    except UsageError:
        return
    assert filled.base_url is not None
    host = filled.base_url.removeprefix("https://").partition("/")[0]
    assert host == f"{value}.example.com"


@pytest.mark.parametrize("model", ["", " gpt", "gpt\x1b[2J", "g" * 201])
def test_a_deployment_is_a_model_name(model: str) -> None:
    with pytest.raises(UsageError, match="model's name"):
        TEMPLATE.filled(VALUES | {"deployment": model})


def test_templates_that_cannot_be_filled_are_refused() -> None:
    with pytest.raises(UsageError, match="does not ask for region"):
        replace(TEMPLATE, asks=("resource",))
    with pytest.raises(UsageError, match="not known yet"):
        replace(TEMPLATE, facts=GOOD)
    with pytest.raises(UsageError, match="no part of an address"):
        replace(PLAIN, base_url="https://x/{deployment}", asks=("deployment",))


@pytest.mark.parametrize(
    ("route", "says"),
    [
        (replace(PLAIN, base_url=None), "address of good is not known"),
        (replace(PLAIN, auth=Auth.OTHER), "no way to give good its key"),
        (TEMPLATE, "needs resource, region, deployment"),
        (PLAIN, ""),
    ],
)
def test_a_route_says_why_it_cannot_be_used(route: CloudRoute, says: str) -> None:
    assert says in route.unusable
    assert bool(route.unusable) == bool(says)


def test_a_name_that_decides_the_place_is_checked() -> None:
    route = replace(PLAIN, model_begins=("mistral.", "openai."))
    route.require_model("openai.gpt-oss-120b")
    PLAIN.require_model("whatever")
    for model in ("global.openai.gpt-oss-120b", "us.mistral.large", "arn:aws:bedrock:x", ""):
        with pytest.raises(UsageError, match="may leave the place"):
            route.require_model(model)


CHANGES = {
    "base_url": "https://api.example.us/v1",
    "region": "us",
    "wire": Wire.ANTHROPIC,
    "auth": Auth.NONE,
    "body": (("geo", "eu"),),
    "reply": (("usage.geo", "eu"),),
}
FACT_CHANGES = {
    "route": "other",
    "operator": "Another GmbH",
    "operator_law": UNKNOWN,
    "processing": ANY,
    "storage": frozenset(("DE",)),
    "retention_days": 31,
    "training": UNKNOWN,
    "human_review": True,
    "transit": UNKNOWN,
    "evidence": Evidence.A,
    "self_declared": True,
    "source": "another page",
    "seen_on": date(2026, 11, 2),
    "review_by": date(2027, 5, 2),
    "price_multiplier": Decimal("1.10"),
}


def test_every_change_changes_the_fingerprint() -> None:
    assert set(FACT_CHANGES) == set(GOOD.to_json())
    routes = [PLAIN]
    routes += [replace(PLAIN, **{key: value}) for key, value in CHANGES.items()]  # type: ignore[arg-type]
    routes += [
        replace(PLAIN, facts=replace(GOOD, **{key: value}))  # type: ignore[arg-type]
        for key, value in FACT_CHANGES.items()
    ]
    prints = [route.fingerprint("model") for route in routes] + [PLAIN.fingerprint("other")]
    assert len(set(prints)) == len(prints)
    assert all(len(one) == 64 for one in prints)


def test_a_note_changes_nothing_nor_do_the_names_of_fields() -> None:
    assert replace(PLAIN, note="seen again").fingerprint("m") == PLAIN.fingerprint("m")
    assert replace(PLAIN, dialect=Dialect.MISTRAL).fingerprint("m") == PLAIN.fingerprint("m")


@given(facts(), facts())
def test_fingerprints_are_equal_exactly_where_the_facts_are(
    one: RouteFacts, two: RouteFacts
) -> None:
    same = one.to_json() == two.to_json()
    prints = [replace(PLAIN, facts=of).fingerprint("m") for of in (one, two)]
    assert (prints[0] == prints[1]) is same


def test_a_registry_finds_by_id() -> None:
    registry = Registry((PLAIN,), CountrySets(()), "digest")
    assert registry.find("good") is PLAIN
    assert registry.find("bad") is None
