"""Images on both wires, to the byte; and what they are taken for where nobody counted."""

from dataclasses import replace

import pytest

from assistant.backends.remote.client import RemoteBackend
from assistant.backends.remote.cloud import CloudBackend
from assistant.backends.remote.estimate import Estimate
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.departure import most_tokens
from assistant.domain.own_routes import OwnRoute, endpoint
from assistant.domain.places import Address, Place
from assistant.domain.prompt import ChatMessage, Role, Sampling
from assistant.machine.clock import SystemClock
from assistant.ports import Generation
from tests.backends.remote.cloud_rig import NearDoor, backend, events, request, row
from tests.picture_maker import JPEG, image, png
from tests.standins.cloud import Cloud

PHOTO = image("photo.jpg", JPEG).picture
CHART = image("chart.png", png()).picture
assert PHOTO is not None
assert CHART is not None
ASKED = ChatMessage(Role.USER, "[image photo.jpg]\nWhat is it?", (PHOTO,))
TALK = (
    ChatMessage(Role.SYSTEM, "Be brief."),
    ASKED,
    ChatMessage(Role.ASSISTANT, "A fox."),
    ChatMessage(Role.USER, "And these?", (CHART, PHOTO)),
)


def body(wire: str, *messages: ChatMessage) -> str:
    setup = CloudSetup(row(Address("127.0.0.1", 9), wire), "some-model")
    made = CloudBackend(setup, NearDoor(), SystemClock())
    return made.compose(Generation("t1", "c1", messages, Sampling())).body.decode()


def test_openais_wire_has_them_as_parts_before_the_words() -> None:
    assert PHOTO is not None
    assert CHART is not None
    found = body("openai", *TALK)
    begin = found.index('"messages":') + len('"messages":')
    assert found[begin : found.index(',"stream":')] == (
        '[{"role":"system","content":"Be brief."},'
        '{"role":"user","content":['
        '{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,' + PHOTO.base64 + '"}},'
        '{"type":"text","text":"[image photo.jpg]\\nWhat is it?"}]},'
        '{"role":"assistant","content":"A fox."},'
        '{"role":"user","content":['
        '{"type":"image_url","image_url":{"url":"data:image/png;base64,' + CHART.base64 + '"}},'
        '{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,' + PHOTO.base64 + '"}},'
        '{"type":"text","text":"And these?"}]}]'
    )


def test_anthropics_wire_has_them_as_blocks_before_the_words() -> None:
    assert PHOTO is not None
    found = body("anthropic", *TALK[:3])
    begin = found.index('"messages":') + len('"messages":')
    assert found[begin : found.index(',"stream":')] == (
        '[{"role":"user","content":['
        '{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"'
        + PHOTO.base64
        + '"}},{"type":"text","text":"[image photo.jpg]\\nWhat is it?"}]},'
        '{"role":"assistant","content":"A fox."}]'
    )


def test_where_two_messages_of_a_person_are_one_turn_no_image_is_lost() -> None:
    assert PHOTO is not None
    assert CHART is not None
    plain = ChatMessage(Role.USER, "first")
    for said in ((plain, ASKED), (ASKED, plain), (ASKED, TALK[3])):
        found = body("anthropic", *said)
        assert found.count('"role":"user"') == 1
        for picture in (one for message in said for one in message.pictures):
            assert picture.base64 in found
    assert '"content":"first\\n\\nfirst"' in body("anthropic", plain, plain)


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
async def test_the_bytes_on_the_wire_are_those_of_the_permit(wire: str) -> None:
    async with Cloud(dialect=wire) as cloud:
        made = backend(cloud)
        asked = replace(request(), messages=TALK)
        outgoing = made.compose(asked)
        await events(made, asked)
        [got] = cloud.got
    assert got.body == outgoing.body
    pictures = [one for message in TALK for one in message.pictures]
    bare = len(outgoing.body) - sum(len(one.base64) for one in pictures)
    assert most_tokens(outgoing, pictures) == bare + 50_000 * len(pictures)


def test_a_server_of_ones_own_is_given_them_as_openais_wire_has_them() -> None:
    assert PHOTO is not None
    own = OwnRoute("gpu", endpoint("http://127.0.0.1:9/v1"), "m", images=True)
    route = own.declare(Place.THIS_NETWORK, "2026-11-28").route
    assert route.images
    made = RemoteBackend(
        route, own.endpoint.address, "/v1", NearDoor(), SystemClock(), window_tokens=None
    )
    sent = made.compose(Generation("t1", "c1", (ASKED,), Sampling())).body.decode()
    assert f'"url":"data:image/jpeg;base64,{PHOTO.base64}"' in sent


def test_an_estimate_counts_pixels() -> None:
    bare = ChatMessage(Role.USER, "words")
    seeing = replace(bare, pictures=TALK[3].pictures)
    assert Estimate().tokens([seeing]) - Estimate().tokens([bare]) == 2 * 85
