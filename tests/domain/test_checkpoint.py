"""The text that is kept elsewhere: read back as it was written, and in no other form."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.audit import Anchor, first_key
from assistant.domain.checkpoint import Checkpoint, checkpoint_text, read_checkpoint
from assistant.domain.errors import CorruptError, UsageError
from tests.audit_maker import FIRST

ANCHOR = Anchor(42, bytes(range(32)))
KEY = FIRST.following()
TEXT = checkpoint_text("pi/audit", ANCHOR, KEY)


def test_the_text_has_the_shape_of_a_checkpoint() -> None:
    note, signed = TEXT.split("\n\n")
    assert note.split("\n") == [
        "pi/audit",
        "42",
        base64.b64encode(ANCHOR.head).decode(),
        "epoch 1",
    ]
    dash, name, signature = signed.rstrip("\n").split(" ")
    assert (dash, name) == ("\u2014", "pi/audit")
    assert len(base64.b64decode(signature)) == 4 + 32


@given(st.integers(0, 10**17), st.binary(min_size=32, max_size=32), st.integers(0, 5))
def test_it_is_read_back(count: int, head: bytes, epochs: int) -> None:
    key = FIRST
    for _ in range(epochs):
        key = key.following()
    written = checkpoint_text("a", Anchor(count, head), key)
    assert read_checkpoint(written, FIRST) == Checkpoint("a", Anchor(count, head), epochs)


def test_no_changed_character_passes() -> None:
    for i, character in enumerate(TEXT):
        for other in {chr(ord(character) ^ 1), "", " ", "\ud800"} - {character}:
            with pytest.raises(CorruptError, match="checkpoint cannot be used"):
                read_checkpoint(TEXT[:i] + other + TEXT[i + 1 :], FIRST)


@given(st.text(max_size=60))
def test_no_other_text_passes(text: str) -> None:
    with pytest.raises(CorruptError):
        read_checkpoint(text, FIRST)
    with pytest.raises(CorruptError):
        read_checkpoint(TEXT + text + "\n", FIRST)


def test_another_key_does_not_sign_it_and_far_epochs_are_not_tried() -> None:
    with pytest.raises(CorruptError, match="signature"):
        read_checkpoint(TEXT, first_key(b"z" * 32))
    with pytest.raises(CorruptError, match="epoch"):
        read_checkpoint(TEXT.replace("epoch 1", "epoch 99999999"), FIRST)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "line\n"])
def test_a_name_that_a_note_cannot_have_is_refused(origin: str) -> None:
    with pytest.raises(UsageError):
        checkpoint_text(origin, ANCHOR, KEY)
