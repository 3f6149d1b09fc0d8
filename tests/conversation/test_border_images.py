"""Images at the border: none leaves but by a yes to its very bytes, none goes where it is not taken, and none is a text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from assistant.domain.attachments import Attachment, compose
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.decisions import Verdict
from assistant.domain.departure import Departure, PriceBound
from assistant.domain.errors import RouteError, UsageError
from assistant.domain.events import Asked
from assistant.domain.permit import Outgoing
from assistant.domain.places import Address
from assistant.domain.prompt import ChatMessage, Finish, Role
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span, Terms
from assistant.ports import Generation
from tests.conversation.border_doubles import (
    CLOUD,
    SETUP,
    CloudScripted,
    Rig,
    Town,
    follow,
    local,
    prompt,
)
from tests.picture_maker import image, png

ONCE = Terms(Span.ONCE)
PHOTO = image()
OTHER = image("other.png", png(9, 9))
ASKED = prompt(compose("What is it?", [PHOTO]))
SECRET = "AKIAZ7Q4XW2MBV5KTLRE"


@dataclass
class SeeingTown(Town):
    """Has the route set up as one that takes images; keeps what was asked to be priced."""

    images: bool = True
    priced: int = 0

    def setup(self, route: str) -> CloudSetup | None:
        found = super().setup(route)
        return None if found is None else replace(found, images=self.images)

    def bound(self, setup: CloudSetup, input_tokens: int, reply_tokens: int) -> PriceBound | None:
        self.priced = input_tokens
        return PriceBound(Decimal("0.5"), "EUR", "2026-11-01")


@dataclass
class Seeing(CloudScripted):
    """Puts the images of a message before its words, as a wire does."""

    def compose(self, request: Generation) -> Outgoing:
        words = [
            "".join([*(one.base64 for one in m.pictures), f"{m.role}:{m.text}"])
            for m in request.messages
        ]
        return Outgoing(Address("api.example", 443, secure=True), "/v1", "|".join(words).encode())

    def estimate(self, messages: Sequence[ChatMessage]) -> int:
        return super().estimate(messages) + sum(100 * len(m.pictures) for m in messages)


def rig(town: SeeingTown | None = None) -> Rig:
    cloud = Seeing(route=replace(CLOUD, images=True), setup=replace(SETUP, images=True))
    return Rig(town=town or SeeingTown(), cloud=cloud)


def departure(of: Rig, text: str, parent: str | None = None, system: str = "") -> Departure:
    proposal = of.engine.propose(replace(prompt(text, parent), system=system), CLOUD.id)
    assert proposal.considered is not None
    return proposal.considered.departure


async def test_a_yes_to_its_message_lets_an_image_leave_to_the_byte() -> None:
    one = rig()
    proposal = one.engine.propose(ASKED, CLOUD.id)
    assert proposal.decision.verdict is Verdict.ASK
    await one.engine.grant(proposal, ONCE, "key o")
    record, _ = await follow(one, proposal)
    assert record.finish is Finish.STOP
    [request] = one.cloud.requests
    [said] = request.messages
    assert (said.text, said.pictures) == ("[image photo.png]\nWhat is it?", (PHOTO.picture,))
    assert proposal.considered is not None
    assert one.cloud.compose(request).body == proposal.considered.departure.outgoing.body
    # What is on record is the message as it was written.
    assert one.journal.path(_question(one))[0].text == ASKED.text


def _question(of: Rig) -> str:
    return next(e.message.id for e in of.journal.events if isinstance(e, Asked))


async def test_the_record_of_a_yes_says_that_an_image_left_beside_what_was_found() -> None:
    one = rig()
    for text in ("Hello", "mail anna@example.org"):
        proposal = one.engine.propose(prompt(compose(text, [PHOTO])), CLOUD.id)
        await one.engine.grant(proposal, ONCE, "key o")
    await one.engine.grant(one.engine.propose(prompt(), CLOUD.id), ONCE, "key o")
    recorded = [grant.reach.categories for grant in one.consents.grants.values()]
    assert recorded == [("image",), ("email", "image"), ()]


@pytest.mark.parametrize("span", [Span.WHILE, Span.CONVERSATION, Span.UNTIL])
async def test_no_yes_to_more_than_one_message_can_be_given_to_an_image(span: Span) -> None:
    one = rig()
    proposal = one.engine.propose(ASKED, CLOUD.id)
    with pytest.raises(UsageError) as caught:
        await one.engine.grant(proposal, Terms(span, until_ms=1), "key c")
    assert caught.value.message == "an image leaves by a yes to its one message"
    assert caught.value.hint == "say yes once"
    assert not one.consents.grants


async def test_a_standing_grant_covers_no_image_now_or_from_before() -> None:
    one = rig()
    await one.engine.grant(
        one.engine.propose(prompt(), CLOUD.id), Terms(Span.CONVERSATION), "key c"
    )
    proposal = one.engine.propose(ASKED, CLOUD.id)
    assert proposal.decision.verdict is Verdict.ASK
    assert "grant_pictures" in [reason.code for reason in proposal.decision.reasons]
    assert (await follow(one, proposal))[0].finish is Finish.FAILED
    assert not one.cloud.requests
    before = await local(one, "words", None)
    assert one.engine.propose(prompt("more", before), CLOUD.id).decision.verdict is Verdict.ALLOW


async def test_an_image_from_before_leaves_again_with_a_later_message_and_needs_its_yes() -> None:
    one = rig()
    first = one.engine.propose(ASKED, CLOUD.id)
    await one.engine.grant(first, ONCE, "key o")
    _, events = await follow(one, first)
    head = next(event.reply for event in events if isinstance(event, Asked))
    await one.engine.grant(
        one.engine.propose(prompt("other talk"), CLOUD.id), Terms(Span.CONVERSATION), "key c"
    )
    later = one.engine.propose(prompt("And now?", head), CLOUD.id)
    assert later.decision.verdict is Verdict.ASK
    assert later.considered is not None
    assert later.considered.request.pictures == 1
    assert later.considered.departure.pictures == (PHOTO.picture,)


def test_what_leaves_has_each_message_with_its_own_images_and_the_system_prompt_with_none() -> None:
    found = departure(rig(), compose("Which?", [PHOTO, OTHER]), system="Be brief.")
    assert [(one.role, one.pictures) for one in found.leaves] == [
        (Role.SYSTEM, ()),
        (Role.USER, (PHOTO.picture, OTHER.picture)),
    ]
    assert found.leaves[1].original == "[image photo.png]\n[image other.png]\nWhich?"


def test_the_price_is_bound_by_pixels_and_not_by_the_length_of_base64() -> None:
    town = SeeingTown()
    found = departure(rig(town), ASKED.text)
    bare = len(found.outgoing.body) - len(PHOTO.text)
    assert town.priced == found.most_input_tokens == bare + 50_000
    assert found.input_tokens > 100


def test_base64_is_not_looked_through_and_the_words_beside_it_are() -> None:
    found = departure(rig(), compose(f"my key {SECRET}", [PHOTO]))
    [leaving] = found.leaves
    assert SECRET not in leaving.text
    assert leaving.pictures == (PHOTO.picture,)
    # What only says that it is an image is a text like any other.
    forged = Attachment("a.png", "png", SECRET)
    [text] = departure(rig(), compose("look", [forged])).leaves
    assert (text.pictures, text.redacted) == ((), True)
    assert SECRET not in text.text


@pytest.mark.parametrize("route", ["cpu", CLOUD.id])
def test_a_route_that_takes_none_refuses_an_image_before_anything_is_recorded(route: str) -> None:
    blind = Rig()
    with pytest.raises(UsageError, match=f"{route} takes no images"):
        blind.engine.propose(ASKED, route)
    assert not blind.journal.events


def test_a_route_is_not_set_up_as_it_was_where_it_takes_images_no_more() -> None:
    one = rig(SeeingTown(images=False))
    with pytest.raises(RouteError, match="not set up as it was"):
        one.engine.propose(ASKED, CLOUD.id)


async def test_older_images_stay_where_the_route_takes_none_and_it_is_said() -> None:
    one = rig()
    first = one.engine.propose(ASKED, CLOUD.id)
    await one.engine.grant(first, ONCE, "key o")
    _, events = await follow(one, first)
    head = next(event.reply for event in events if isinstance(event, Asked))
    after = one.engine.propose(prompt("And here?", head), "cpu")
    assert after.images_left_out == 1
    assert one.engine.propose(prompt("And there?", head), CLOUD.id).images_left_out == 0
    await follow(one, after)
    [request] = one.local.requests
    assert [m.text for m in request.messages if m.role is Role.USER] == [
        "[image photo.png, not sent: this route takes no images]\nWhat is it?",
        "And here?",
    ]
    assert all(m.pictures == () for m in request.messages)
    await one.engine.prefill(prompt("typed", head))
    assert all(PHOTO.text not in m.text for r in one.local.prefilled for m in r.messages)


def test_a_local_only_image_never_leaves() -> None:
    one = rig()
    proposal = one.engine.propose(replace(ASKED, label=Label.LOCAL_ONLY), CLOUD.id)
    assert proposal.decision.verdict is Verdict.DENY
