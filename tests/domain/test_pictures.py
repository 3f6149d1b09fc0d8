"""A picture as an attachment: what counts as one, what it is said to take, and what a message with it reads like."""

from base64 import b64decode, b64encode
from string import ascii_lowercase, ascii_uppercase, digits

import pytest

from assistant.domain.attachments import Attachment, compose, described, headline, parted
from assistant.domain.errors import UsageError
from assistant.domain.pictured import given, left_out, pictures_in, readable, require_taken
from assistant.domain.pictures import MOST_PICTURE_BYTES, Picture, encoded, picture_in
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Message, Role
from assistant.domain.sensitivity import Label
from tests.picture_maker import JPEG, image, png

PHOTO = image()
NOTES = Attachment("notes.txt", "text", "words\n")
TEXT = compose("What is it?", [PHOTO, NOTES])
BLIND = Route("cpu", Place.THIS_MACHINE, "llama", "small")
SEEING = Route("far", Place.CLOUD, "cloud", "big", images=True)


def message(text: str, role: Role = Role.USER) -> Message:
    return Message("m1", "c1", None, role, text, Label.NORMAL, "t1", 0)


def test_it_is_one_more_attachment_in_the_text() -> None:
    assert parted(TEXT) == ("What is it?", (PHOTO, NOTES))
    assert PHOTO.lines == 1
    assert headline(compose("", [PHOTO])) == "photo.png"


def test_its_size_is_that_of_the_file_and_its_tokens_are_of_its_pixels() -> None:
    picture = image("a.png", png(1024, 768)).picture
    assert picture is not None
    assert picture.size_bytes == len(b64decode(picture.base64))
    assert (picture.media_type, picture.pixels, picture.tokens) == ("image/png", "1024 x 768", 1049)
    assert described(PHOTO) == f"photo.png · 8 x 6 · {len(png())} bytes · ~85 tokens"
    large = image("a.png", png(8000, 8000)).picture
    assert large is not None
    assert large.tokens == 4_800
    assert {Picture("", "", encoded(b"x" * n), 1, 1).size_bytes - n for n in range(9)} == {0}


def test_the_bound_fits_into_a_message() -> None:
    assert len(encoded(bytes(MOST_PICTURE_BYTES))) < 1_900_000


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("png", "not base64"),
        ("png", encoded(JPEG)),
        ("jpeg", encoded(png())),
        # What stands beside a picture would leave unseen.
        ("jpeg", encoded(JPEG)),
        ("png", encoded(png() + b"AKIA")),
        ("png", encoded(png()) + "\n"),
        ("png", encoded(png())[:-4]),
        ("png", ""),
        ("png", "é"),
        ("text", encoded(png())),
    ],
)
def test_what_only_says_that_it_is_a_picture_is_a_text(kind: str, text: str) -> None:
    one = Attachment("x", kind, text)
    assert one.picture is None
    whole = compose("look", [one])
    assert readable(whole) == whole
    assert given([message(whole)], True) == [message(whole)]


def test_base64_is_written_in_one_way_alone() -> None:
    # Other bits at the end of base64 make the same bytes.
    raw = next(file for n in range(8, 14) if len(file := png(n)) % 3)
    text = b64encode(raw).decode()
    at = len(text.rstrip("=")) - 1
    letters = ascii_uppercase + ascii_lowercase + digits + "+/"
    other = text[:at] + letters[letters.index(text[at]) + 1] + text[at + 1 :]
    assert b64decode(other, validate=True) == raw
    assert picture_in("x", "png", other) is None
    assert picture_in("x", "png", text) is not None


def test_a_person_reads_a_line_for_it() -> None:
    assert readable(TEXT) == (
        "--- attachment 1 of 1: notes.txt (text, 6 bytes, 1 line) ---\nwords\n\n--- end of attachment 1 ---\n"
        f"[image photo.png, 8 x 6, {len(png())} bytes]\nWhat is it?"
    )
    assert readable(compose("", [PHOTO])) == f"[image photo.png, 8 x 6, {len(png())} bytes]\n"
    assert readable("plain") == "plain"
    notes = compose("", [NOTES])
    assert readable(notes) == notes


def test_a_route_that_takes_it_is_given_it_beside_the_words() -> None:
    [seen] = given([message(compose("What is it?", [PHOTO]))], True)
    assert seen.text == "[image photo.png]\nWhat is it?"
    assert seen.pictures == (PHOTO.picture,)


def test_a_route_that_takes_none_is_given_its_name_and_told_so() -> None:
    [seen] = given([message(compose("What is it?", [PHOTO]))], False)
    assert seen.text == "[image photo.png, not sent: this route takes no images]\nWhat is it?"
    assert seen.pictures == ()
    assert pictures_in(seen.text) == ()


@pytest.mark.parametrize("takes", [True, False])
def test_a_models_words_are_never_a_picture(takes: bool) -> None:
    reply = message(compose("here", [PHOTO]), Role.ASSISTANT)
    assert given([reply], takes) == [reply]


def test_a_route_takes_none_where_nobody_said_that_it_does() -> None:
    assert not BLIND.images
    with pytest.raises(
        UsageError, match="cpu takes no images, and this message has an image"
    ) as one:
        require_taken(compose("", [PHOTO]), BLIND)
    assert "--images" in one.value.hint
    with pytest.raises(UsageError, match="this message has 2 images"):
        require_taken(compose("", [PHOTO, PHOTO]), BLIND)
    require_taken(TEXT, SEEING)
    require_taken("words", BLIND)


def test_what_stays_of_what_was_said_is_counted() -> None:
    path = [message(TEXT), message(TEXT, Role.ASSISTANT), message("words")]
    assert (left_out(path, BLIND), left_out(path, SEEING)) == (1, 0)
