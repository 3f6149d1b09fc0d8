"""Previews of pictures, decoded by a program that is bounded and can be killed: what they show, and what a hostile file comes to."""

import io
import sys
import zlib
from base64 import b64encode
from pathlib import Path

import pytest
from PIL import Image

from assistant.domain.errors import AttachmentError
from assistant.domain.picture_files import cleaned
from assistant.domain.pictures import Picture
from assistant.domain.thumbnail import Thumbnail
from assistant.storage import thumbnails
from assistant.storage.attachments import DiskAttachments
from assistant.storage.thumbnails import thumbnail
from tests.picture_maker import GIF, JPEG, PROGRESSIVE, WEBP, WEBP_LOSSLESS, chunk, png

RED, BLUE, GREY = (255, 0, 0), (0, 0, 255), (128, 128, 128)


def picture(raw: bytes, kind: str = "png") -> Picture:
    return Picture(f"a.{kind}", kind, b64encode(raw).decode(), 1, 1)


def saved(image: Image.Image, kind: str = "png", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind.upper(), **options)
    return out.getvalue()


def two_halves(width: int, height: int) -> Image.Image:
    """Red at the left, blue at the right."""
    found = Image.new("RGB", (width, height), RED)
    found.paste(BLUE, (width // 2, 0, width, height))
    return found


def pixel(small: Thumbnail, x: int, y: int) -> tuple[int, ...]:
    at = 3 * (y * small.width + x)
    return tuple(small.rgb[at : at + 3])


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 12 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif"])
def test_each_kind_is_seen_in_its_proportion(kind: str) -> None:
    small = thumbnail(picture(saved(two_halves(640, 320), kind), kind), 40)
    assert (small.width, small.height) == (40, 20)
    assert near(pixel(small, 2, 10), RED)
    assert near(pixel(small, 37, 10), BLUE)


@pytest.mark.parametrize(
    ("size", "columns", "becomes"),
    [
        ((400, 400), 60, (40, 40)),
        ((8, 6), 60, (8, 6)),
        ((300, 1), 30, (30, 2)),
        ((1, 300), 60, (1, 40)),
        ((60, 31), 60, (60, 32)),
        ((4_000, 1_000), 600, (60, 16)),
    ],
)
def test_it_is_never_larger_than_it_is_nor_than_there_is_room(
    size: tuple[int, int], columns: int, becomes: tuple[int, int]
) -> None:
    small = thumbnail(picture(png(*size)), columns)
    assert (small.width, small.height) == becomes


def test_a_jpeg_that_lies_on_its_side_stands_up() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    raw = cleaned(saved(two_halves(400, 200), "jpeg", exif=exif)).raw
    small = thumbnail(picture(raw, "jpeg"), 60)
    assert (small.width, small.height) == (20, 40)
    assert near(pixel(small, 10, 3), RED)
    assert near(pixel(small, 10, 36), BLUE)


def test_what_is_clear_stands_on_grey_and_sixteen_bits_of_grey_are_grey() -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    clear.putpixel((0, 0), (*BLUE, 255))
    small = thumbnail(picture(saved(clear)), 60)
    assert pixel(small, 0, 0) == BLUE
    assert pixel(small, 3, 3) == GREY
    deep = thumbnail(picture(saved(Image.new("I;16", (4, 4), 0x8000))), 60)
    assert pixel(deep, 1, 1) == GREY


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_every_way_in_which_a_png_keeps_its_pixels_is_read(mode: str) -> None:
    small = thumbnail(picture(saved(Image.new("RGB", (6, 6), (255, 255, 255)).convert(mode))), 60)
    assert pixel(small, 5, 5) == (255, 255, 255)


@pytest.mark.parametrize(
    ("raw", "kind"), [(JPEG, "jpeg"), (PROGRESSIVE, "jpeg"), (GIF, "gif"), (WEBP, "webp"), (WEBP_LOSSLESS, "webp")]
)  # fmt: skip
def test_what_was_cleaned_is_still_a_picture(raw: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(raw)
    disk = DiskAttachments(tmp_path, tmp_path)
    found = disk.take("a", ()).attachment.picture
    assert found is not None
    assert {disk.preview(found, 60).width, disk.preview(found, 60).height} == {8, 6}


def bomb() -> bytes:
    """8,000 x 7,000 pixels in some 55 kB."""
    size = (8_000).to_bytes(4, "big") + (7_000).to_bytes(4, "big") + b"\x08\0\0\0\0"
    pack = zlib.compressobj(9)
    body = b"".join(pack.compress(bytes(8_001)) for _ in range(7_000)) + pack.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("raw", "kind", "says"),
    [
        (bomb(), "png", "more pixels than are decoded"),
        (saved(two_halves(640, 320))[:900], "png", "broken, or not what it says"),
        (saved(two_halves(640, 320), "jpeg")[:900], "jpeg", "broken, or not what it says"),
        (saved(two_halves(64, 32), "jpeg"), "png", "broken, or not what it says"),
        (saved(two_halves(64, 32), "bmp"), "png", "broken, or not what it says"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "gif", "broken, or not what it says"),
        (b"", "webp", "broken, or not what it says"),
    ],
    ids=["bomb", "cut png", "cut jpeg", "jpeg as png", "bmp as png", "postscript", "nothing"],
)
def test_what_is_no_sound_picture_of_its_kind_says_so(raw: bytes, kind: str, says: str) -> None:
    with pytest.raises(AttachmentError, match=rf"a\.{kind}: no preview: .*{says}"):
        thumbnail(picture(raw, kind), 60)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("while True: pass", "not decoded within 0.5 s"),
        ("raise SystemExit(1)", "more memory or time"),
        ("print('4 4')", "more memory or time"),
        ("print('999999 2')", "more memory or time"),
        ("print('problem unheard')", "more memory or time"),
    ],
)
def test_a_decoder_that_hangs_dies_or_says_nonsense_is_told(
    monkeypatch: pytest.MonkeyPatch, code: str, says: str
) -> None:
    monkeypatch.setattr(thumbnails, "_PROGRAM", (sys.executable, "-c", code))
    with pytest.raises(AttachmentError, match=says):
        thumbnail(picture(png()), 60, timeout_s=0.5 if "while" in code else 30)


def test_the_largest_that_is_decoded_fits_into_its_bounds() -> None:
    raw = saved(Image.new("RGBA", (7_000, 7_000), (*BLUE, 128)), compress_level=1)
    assert pixel(thumbnail(picture(raw), 60, timeout_s=60), 5, 5) == (64, 64, 192)
