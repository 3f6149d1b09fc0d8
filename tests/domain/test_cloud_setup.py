"""A cloud route as it was set up: its address and its model hold, and the policy sees what it is."""

from dataclasses import replace

import pytest

from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.errors import UsageError
from assistant.domain.own_routes import Endpoint
from assistant.domain.places import Address, Place, Route
from tests.conversation.border_doubles import ROW

SETUP = CloudSetup(ROW, "big-model", 8000)


def test_the_policy_sees_a_declared_route_to_the_cloud() -> None:
    assert SETUP.id == "good"
    assert SETUP.route == Route("good", Place.CLOUD, "cloud", "big-model", declared=True)


def test_images_are_taken_only_where_a_person_said_so() -> None:
    assert SETUP.route.images is False
    seeing = replace(SETUP, images=True)
    assert seeing.route.images is True
    # A yes to an image is for the very bytes, so no grant hangs on it.
    assert seeing.fingerprint == SETUP.fingerprint


def test_where_it_is_spoken_to() -> None:
    assert SETUP.endpoint == Endpoint(Address("api.example", 443, secure=True), "/v1")
    assert replace(SETUP, row=replace(ROW, base_url=None)).endpoint is None


def test_a_grant_hangs_on_the_row_and_the_model() -> None:
    assert SETUP.fingerprint == ROW.fingerprint("big-model")
    assert SETUP.fingerprint != replace(SETUP, model="bigger").fingerprint
    assert SETUP.fingerprint != replace(SETUP, row=replace(ROW, region="us")).fingerprint


def test_the_window_is_the_one_that_was_said_or_the_usual_one() -> None:
    assert SETUP.window_tokens == 8000
    assert replace(SETUP, context_tokens=None).window_tokens == 128_000


@pytest.mark.parametrize("url", ["api.example", "http://api.example/v1", "https://me@api.example"])
def test_an_address_that_is_none_makes_no_route(url: str) -> None:
    with pytest.raises(UsageError, match=r"address|http to"):
        CloudSetup(replace(ROW, base_url=url), "big-model")


def test_a_model_that_the_facts_do_not_hold_for_makes_no_route() -> None:
    with pytest.raises(UsageError, match="good is declared for small alone, not for big-model"):
        CloudSetup(replace(ROW, model="small"), "big-model")


@pytest.mark.parametrize(
    "other",
    [
        replace(SETUP, model="bigger"),
        replace(SETUP, context_tokens=9000),
        replace(SETUP, images=True),
        replace(SETUP, row=replace(ROW, base_url="https://elsewhere.example/v1")),
        replace(SETUP, row=replace(ROW, body=(("provider.zdr", True),))),
        replace(SETUP, row=replace(ROW, facts=replace(ROW.facts, route="other"), region="us")),
    ],
)
def test_two_set_ups_are_spoken_to_in_the_same_way_where_their_facts_alone_differ(
    other: CloudSetup,
) -> None:
    declared = replace(SETUP, row=replace(ROW, facts=replace(ROW.facts, retention_days=1)))
    assert SETUP.speaks_as(SETUP)
    assert SETUP.speaks_as(declared)
    assert declared.speaks_as(SETUP)
    assert not SETUP.speaks_as(other)
    assert not other.speaks_as(SETUP)
