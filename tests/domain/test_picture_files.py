"""What is kept of a picture file, what is dropped, and what hostile headers come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.picture_files import MOST_SIDE, cleaned, kind_of
from assistant.domain.picture_parts import NoPictureError
from tests.picture_maker import (
    GIF,
    JPEG,
    PROGRESSIVE,
    WEBP,
    WEBP_CLEAR,
    WEBP_LOSSLESS,
    WEBP_MOVES,
    chunk,
    png,
)

TEXTS = (
    chunk(b"tEXt", b"Author\0Secret")
    + chunk(b"zTXt", b"a\0\0Secret")
    + chunk(b"iTXt", b"XML\0\0\0\0\0Secret")
    + chunk(b"eXIf", b"MM\0*Secret")
    + chunk(b"tIME", b"\x07\xea\x0b\x1c\x07\x1e\0")
    + chunk(b"iCCP", b"Secret\0\0x")
    + chunk(b"prVt", b"Secret")
)
FILES = (
    png(before=TEXTS, after=TEXTS) + b"Secret",
    JPEG + b"Secret",
    PROGRESSIVE,
    WEBP,
    WEBP_LOSSLESS,
    WEBP_CLEAR,
    GIF,
)
ORIENTED = bytes.fromhex("ffe100224578696600004d4d002a00000008000101120003000000010006000000000000")


def wrong(raw: bytes) -> str:
    with pytest.raises(NoPictureError) as caught:
        cleaned(raw)
    return str(caught.value)


@pytest.mark.parametrize(
    ("raw", "kind"), zip(FILES, ("png", "jpeg", "jpeg", "webp", "webp", "webp", "gif"), strict=True)
)
def test_a_picture_stays_and_what_stands_beside_it_does_not(raw: bytes, kind: str) -> None:
    found = cleaned(raw)
    assert (found.kind, found.width, found.height) == (kind, 8, 6)
    assert b"Secret" not in found.raw
    assert cleaned(found.raw) == found


def test_what_is_plain_already_is_left_as_it_is() -> None:
    for raw in (png(), PROGRESSIVE, WEBP_LOSSLESS, WEBP_CLEAR):
        assert cleaned(raw).raw == raw


def test_a_png_keeps_what_changes_its_looks_and_no_more_of_it() -> None:
    looks = chunk(b"gAMA", b"\0\0\xb1\x8f") + chunk(b"sRGB", b"\0") + chunk(b"tRNS", b"\0\x7f")
    assert cleaned(png(before=looks)).raw == png(before=looks)
    # Twice, or longer than it can be, it could hold anything.
    assert cleaned(png(before=looks + chunk(b"gAMA", b"Secr"))).raw == png(before=looks)
    assert cleaned(png(before=chunk(b"cHRM", b"Secret" * 9))).raw == png()


def test_a_jpeg_keeps_which_way_up_it_is_and_nothing_else_of_the_camera() -> None:
    found = cleaned(JPEG)
    assert ORIENTED in found.raw
    assert found.raw.count(b"Exif") == 1
    little = bytes.fromhex("49492a00080000000100120103000100000008000000")
    exif = b"Exif\0\0" + little + b"\0\0\0\0"
    turned = JPEG[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + PROGRESSIVE[2:]
    assert b"\x01\x12\0\x03\0\0\0\x01\0\x08" in cleaned(turned).raw


def test_an_upright_jpeg_tells_no_orientation() -> None:
    upright = JPEG.replace(
        bytes.fromhex("01120003000000010006"), bytes.fromhex("01120003000000010001")
    )
    assert b"Exif" not in cleaned(upright).raw
    nowhere = JPEG.replace(b"MM\0*", b"XX\0*")
    assert b"Exif" not in cleaned(nowhere).raw


def test_a_jpeg_in_other_colours_says_so_still() -> None:
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\x40\0\0\0\x02"
    found = cleaned(PROGRESSIVE[:2] + adobe + PROGRESSIVE[20:]).raw
    assert found.startswith(b"\xff\xd8\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x02\xff\xdb")
    assert cleaned(found).raw == found


def test_of_an_animation_the_first_frame_is_kept() -> None:
    frames = (
        chunk(b"acTL", b"\0\0\0\x02\0\0\0\0") + chunk(b"fcTL", b"\0" * 26),
        chunk(b"fdAT", b"\0\0\0\x02Secret"),
    )
    assert cleaned(png(before=frames[0], after=frames[1])).raw == png()
    once = cleaned(GIF).raw
    frame = GIF[GIF.index(b"!\xf9") : -1]
    assert cleaned(GIF[:-1] + frame.replace(b"\xf9\x04\x01", b"\xf9\x04\x00") + b";").raw == once
    assert wrong(WEBP_MOVES) == "it moves; attach a still one"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "it is no PNG, JPEG, WebP or GIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "it is no PNG, JPEG, WebP or GIF"),
        (png()[:-12], "it ends too early"),
        (png(0, 6), "it has 0 x 6 pixels; a side may have 1 to 8,000"),
        (png(MOST_SIDE + 1, 1), "it has 8,001 x 1 pixels; a side may have 1 to 8,000"),
        (png(before=chunk(b"IHDR", b"\0" * 13)), "it does not begin as it should"),
        (png(before=chunk(b"XXXX", b"")), "it holds a part that is not read here"),
        (png().replace(b"IDAT", b"IDAX"), "it is damaged"),
        (png()[:8] + chunk(b"IHDR", b"\0") + chunk(b"IEND", b""), "it does not begin as it should"),
        (png()[:33] + chunk(b"IEND", b""), "there is no picture in it"),
        (png()[:33] + chunk(b"IDAT", b"") + chunk(b"IEND", b"x"), "its end is none"),
        (png()[:8] + b"\xff\xff\xff\xffIHDR", "its parts do not follow each other"),
        (b"\xff\xd8\xff\xd9", "there is no picture in it"),
        (b"\xff\xd8\xff\xe0\0\0", "a part of it has no length"),
        (b"\xff\xd8\xff\xff\xff", "it ends too early"),
        (JPEG[:-40], "it ends too early"),
        (JPEG.replace(b"\xff\xc0", b"\xff\xc9"), "it is coded in a way that is not read here (part c9)"),
        (JPEG.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"), "it is coded in a way that is not read here"),
        (JPEG.replace(b"\xff\xfe\0\x10", b"\xff\xfe\0\x0e"), "its parts do not follow each other"),
        (PROGRESSIVE[:-2] + JPEG[JPEG.index(b"\xff\xc0") :], "it holds more than one picture"),
        (GIF[:20], "it ends too early"),
        (GIF[:25] + b";", "there is no picture in it"),
        (WEBP[:40], "it ends too early"),
        (WEBP.replace(b"VP8 ", b"VP9 "), "there is no picture in it, or one of another size"),
        (WEBP.replace(b"\x07\0\0\x05\0\0", b"\x08\0\0\x05\0\0"), "there is no picture in it, or one of another size"),
        (WEBP_LOSSLESS.replace(b"\x2f", b"\x2e", 1), "there is no picture in it"),
        (WEBP.replace(b"\x9d\x01\x2a", b"\x9d\x01\x2b"), "there is no picture in it"),
    ],
)  # fmt: skip
def test_what_is_no_picture_says_why(raw: bytes, why: str) -> None:
    assert wrong(raw) == why


@given(st.sampled_from(FILES), st.data())
def test_no_bytes_break_it_and_what_comes_out_goes_in_again(
    raw: bytes, data: st.DataObject
) -> None:
    changed = bytearray(raw)
    for _ in range(data.draw(st.integers(0, 4))):
        changed[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    hurt = bytes(changed[: data.draw(st.integers(0, len(raw)))]) + data.draw(st.binary(max_size=9))
    try:
        found = cleaned(hurt)
    except NoPictureError:
        return
    assert cleaned(found.raw) == found


def test_the_kind_is_told_by_the_first_bytes_alone() -> None:
    assert [kind_of(raw[:12]) for raw in (png(), JPEG, WEBP, GIF)] == ["png", "jpeg", "webp", "gif"]
    assert kind_of(b"RIFF\0\0\0\0WAVE") == kind_of(b"%PDF-1.7") == ""
