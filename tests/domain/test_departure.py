"""What would leave with a send: the label over all of it, what stands in the way, and what was found."""

from dataclasses import replace

import pytest

from assistant.domain.departure import (
    STOP,
    USUAL_CHOICE,
    Choice,
    Departure,
    Leaving,
    Stay,
    Staying,
    most_tokens,
)
from assistant.domain.findings import Finding, Kind, Scan, ScanVerdict
from assistant.domain.permit import Outgoing
from assistant.domain.places import Address
from assistant.domain.prompt import ChatMessage, Role
from assistant.domain.redaction import NO_PLACEHOLDERS
from assistant.domain.rules import Content
from assistant.domain.sensitivity import Label
from tests.conversation.border_doubles import SETUP
from tests.picture_maker import image, png

OUTGOING = Outgoing(Address("api.example", 443, secure=True), "/v1/chat/completions", b"x" * 9)
SAID = Leaving("m2", Role.USER, "Hello", "Hello", Label.PUBLIC)
NORMAL = Leaving("m1", Role.USER, "Hi", "Hi", Label.NORMAL)
WARD = Staying("m0", Role.USER, "the ward", Label.LOCAL_ONLY, Stay.LABEL)
OLD = Staying("m0", Role.USER, "long ago", Label.LOCAL_ONLY, Stay.WINDOW)
OWN = Staying("m2", Role.USER, "the ward", Label.LOCAL_ONLY, Stay.LABEL)


def departure(
    leaves: tuple[Leaving, ...] = (SAID,),
    stays: tuple[Staying, ...] = (),
    leave_out: bool = False,
    scan: Scan | None = None,
) -> Departure:
    choice = Choice(leave_out=leave_out)
    return Departure(
        SETUP, "m2", choice, leaves, stays, OUTGOING, scan, NO_PLACEHOLDERS, 1200, 512, None
    )


@pytest.mark.parametrize(
    ("of", "label", "tainted"),
    [
        (departure(), Label.PUBLIC, False),
        (departure((SAID, NORMAL)), Label.NORMAL, False),
        # A local-only message stops the send; left out it does not.
        (departure(stays=(WARD,)), Label.LOCAL_ONLY, True),
        (departure(stays=(WARD,), leave_out=True), Label.PUBLIC, True),
        # What the window does not take stays without a word in the matter.
        (departure(stays=(OLD,)), Label.PUBLIC, False),
        (departure(stays=(OLD, WARD)), Label.LOCAL_ONLY, True),
        # The message itself is never left out, and then nothing can be done about it.
        (departure((), (OWN,)), Label.LOCAL_ONLY, False),
        (departure((), (OWN,), leave_out=True), Label.LOCAL_ONLY, False),
        (departure((), (WARD, OWN), leave_out=True), Label.LOCAL_ONLY, False),
        (departure((), (replace(OWN, why=Stay.WINDOW),), leave_out=True), Label.PUBLIC, False),
    ],
)
def test_the_label_is_that_of_all_that_leaves_or_stands_in_the_way(
    of: Departure, label: Label, tainted: bool
) -> None:
    assert (of.label, of.tainted) == (label, tainted)


def test_where_a_reply_ends_is_the_persons_own_and_what_a_wire_adds_is_nobodys() -> None:
    assert replace(departure(), besides=((STOP, "the end"),)).label is Label.NORMAL
    assert replace(departure(), besides=(("user", "the end"),)).label is Label.PUBLIC
    assert replace(departure(stays=(WARD,)), besides=((STOP, "."),)).label is Label.LOCAL_ONLY


def test_what_is_kept_back_shows_as_such() -> None:
    assert not SAID.redacted
    assert replace(SAID, text="⟦name-1⟧").redacted


def test_it_says_what_was_found_how_much_it_is_and_which_bytes() -> None:
    found = Finding("card", Kind.CARD, ScanVerdict.WARN, 0, 4)
    assert departure(scan=Scan((found,), 1.0)).content is Content.WARN
    assert departure(scan=None).content is Content.UNSCANNED
    # No tokenizer makes more tokens of them than there are bytes, whatever the estimate says.
    assert (departure().most_input_tokens, departure().tokens) == (9, 9 + 512)
    assert departure().sheet == OUTGOING.digest


def test_an_image_counts_as_what_no_provider_counts_above_in_the_place_of_its_bytes() -> None:
    found, other = image().picture, image("other.png", png(9, 9)).picture
    assert found is not None
    assert other is not None
    one = replace(SAID, pictures=(found,))
    of = replace(departure((one, NORMAL, replace(NORMAL, pictures=(other, found)))), message="m2")
    assert of.pictures == (found, other, found)
    words = "".join((found.base64, "ab", other.base64, "c", found.base64, "d", found.base64))
    of = replace(of, outgoing=replace(OUTGOING, body=words.encode()))
    # The last one stands there as a text, and counts as one.
    assert of.most_input_tokens == 3 * 50_000 + len("abcd") + len(found.base64)
    assert most_tokens(of.outgoing) == len(words)
    assert of.tokens == of.most_input_tokens + 512


def test_a_model_is_given_the_words_that_leave_and_the_images_beside_them() -> None:
    found = image().picture
    assert found is not None
    leaving = replace(SAID, text="⟦name-1⟧", pictures=(found,))
    assert leaving.spoken == ChatMessage(Role.USER, "⟦name-1⟧", (found,))
    assert SAID.spoken == ChatMessage(Role.USER, "Hello")
    assert departure().pictures == ()


def test_unless_it_is_said_otherwise_warnings_are_kept_back_and_nothing_is_left_out() -> None:
    assert Choice(ScanVerdict.WARN, leave_out=False) == USUAL_CHOICE
