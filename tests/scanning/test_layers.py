"""The readings of a text: what each shows, and that its parts are traced back to where they stand."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.findings import Layer
from assistant.scanning.layers import Reading, readings

PIECES = st.sampled_from(
    ["\x1b[31m", "\u200b", "\xa0", "“", "%41%42", "\\n", "\\u0041", "&amp;", "QUtJQUlPU0ZPRE5ON0VY", "x" * 3000, "é", "\n"]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=10).map("".join)


def read(text: str) -> list[Reading]:
    return list(readings(text.encode("utf-8", "replace"), lambda: None))


def shown(text: str, layer: Layer) -> list[str]:
    """The readings of one layer, without the text itself."""
    return [r.data.decode("utf-8", "replace") for r in read(text)[1:] if r.layer is layer]


@given(TEXTS)
def test_every_part_of_every_reading_is_traced_to_a_part_of_the_text(text: str) -> None:
    data = text.encode("utf-8", "replace")
    for reading in read(text):
        for start in range(0, len(reading.data), 7):
            begin, end = reading.origin(start, min(start + 3, len(reading.data)))
            assert 0 <= begin < end <= len(data)


@given(TEXTS)
def test_what_a_reading_copies_is_traced_to_itself(text: str) -> None:
    data = text.encode("utf-8", "replace")
    for reading in read(text):
        for piece, after in zip(reading.pieces, reading.pieces[1:], strict=False):
            if piece.copied:
                begin, end = (
                    reading.origin(piece.start, after.start)
                    if after.start > piece.start
                    else (0, 0)
                )
                assert reading.data[piece.start : after.start] == data[begin:end]


def test_an_ordinary_text_has_one_reading() -> None:
    assert [r.data for r in read("Just a question, isn't it?")] == [b"Just a question, isn't it?"]


def test_what_shows_nothing_is_taken_out_and_also_parted() -> None:
    assert shown("a\u200bb \x1b[1;31mc\x1b[0md\x00", Layer.PLAIN) == ["ab cd", "a b  c d "]


def test_look_alikes_become_ascii() -> None:
    assert shown("ＡＫ１\xa0‐ “x”", Layer.PLAIN) == ['AK1 - "x"']


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (quote("päss: a/b", safe=""), "päss: a/b"),
        (json.dumps('say "é"\n\\'), '"say "é"\n\\"'),
        (r"\x41\u0042\/", "AB/"),
        ("a &amp;&#65;&#x42;&lt;", "a &AB<"),
    ],
)
def test_escapes_are_undone_once(text: str, plain: str) -> None:
    assert shown(text, Layer.ESCAPED) == [plain]


SAID = "Aktenzeichen: ürgent 42"


@pytest.mark.parametrize(
    "code",
    [
        base64.b64encode(SAID.encode()).decode(),
        base64.b64encode(SAID.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(("~~~???" + SAID).encode()).decode(),
        base64.b64encode(SAID.encode("utf-16-le").replace(b"\xfc\x00", b"u\x00")).decode(),
        SAID.encode().hex(),
        SAID.encode().hex().upper(),
        base64.encodebytes((SAID * 9).encode()).decode(),
    ],
)
def test_what_is_encoded_is_read(code: str) -> None:
    [text] = shown(f"see {code} there", Layer.ENCODED)
    assert "Aktenzeichen" in text


def test_what_is_encoded_within_a_path_is_read() -> None:
    code = base64.b64encode(SAID.encode()).decode()
    assert any("Aktenzeichen" in text for text in shown(f"/static/{code}", Layer.ENCODED))


def test_names_and_bytes_are_not_taken_for_text() -> None:
    names = "test_the_contracts_catch_a_trespasser https://example.org/some/long/path-with-words/and/more"
    assert not shown(names, Layer.ENCODED)
    assert not shown(base64.b64encode(bytes(range(128, 228))).decode(), Layer.ENCODED)


def test_far_from_a_change_nothing_is_read_twice() -> None:
    [escaped] = shown("x" * 100_000 + "%41" + "y" * 100_000, Layer.ESCAPED)
    assert "xAy" in escaped
    assert len(escaped) < 5000
