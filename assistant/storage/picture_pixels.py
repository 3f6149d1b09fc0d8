"""Makes a picture small: a program of its own, because a picture is hostile. The file comes on stdin, a line and pixels go out.

It has no more time, memory and processes than it is given here, and may not open a connection, write or start anything.
"""

import io
import sys
import warnings
from typing import Final

from PIL import Image, ImageOps

from assistant.domain.thumbnail import MOST_COLUMNS, MOST_ROWS
from assistant.storage import bounded

MOST_PIXELS: Final = 50_000_000
_CPU_S: Final = 8
_MEMORY_BYTES: Final = 1_000_000_000
_GREY: Final = (128, 128, 128)
_PLAIN: Final = ("RGB", "RGBA", "L", "LA")
_LIES_DOWN: Final = (5, 6, 7, 8)
"""Values of a JPEG's orientation with which its width is the height of what is seen."""
_ORIENTATION: Final = 0x0112


def main() -> None:
    """Prints `WIDTH HEIGHT` and the pixels, three bytes each; or `problem` and a word.

    The arguments: the format that the file is said to be, and the columns that there are.
    """
    bounded.bound(_CPU_S, _MEMORY_BYTES)
    raw = sys.stdin.buffer.read()
    kind, columns = sys.argv[1].upper(), min(max(int(sys.argv[2]), 1), MOST_COLUMNS)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    bounded.only_read()
    try:
        said = _small(raw, kind, columns)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        said = b"problem large\n"
    except MemoryError:
        said = b"problem memory\n"
    except Exception:  # noqa: BLE001 - what a hostile file makes a decoder raise is not foreseeable; it has no pixels then
        said = b"problem broken\n"
    sys.stdout.buffer.write(said)


def _small(raw: bytes, kind: str, columns: int) -> bytes:
    # Only the decoder of that format looks at the bytes, whatever else they could pass for.
    with Image.open(io.BytesIO(raw), formats=[kind]) as found:
        turned = kind == "JPEG" and found.getexif().get(_ORIENTATION) in _LIES_DOWN
        width, height = _fitted(found.height, found.width, columns) if turned else _fitted(*found.size, columns)  # fmt: skip
        size = (height, width) if turned else (width, height)
        # A decoder of JPEG can leave out most of the work.
        found.draft(None, (size[0] * 2, size[1] * 2))
        picture = _plain(found)
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        if kind == "JPEG":
            picture.info["exif"] = found.info.get("exif", b"")
            picture = ImageOps.exif_transpose(picture)
        seen = Image.new("RGB", picture.size, _GREY)
        alpha = picture.convert("RGBA") if picture.mode in ("RGBA", "LA") else None
        seen.paste(picture.convert("RGB"), mask=alpha)
    return f"{seen.width} {seen.height}\n".encode() + seen.tobytes()


def _plain(found: Image.Image) -> Image.Image:
    """In a mode whose pixels can be mixed."""
    if found.mode.startswith("I"):
        # Sixteen bits of grey, which a plain conversion would cut off instead of dividing.
        found = found.convert("I").point(lambda value: value * (1 / 256))
        return found.convert("L")
    if found.mode in _PLAIN and not found.has_transparency_data:
        return found
    return found.convert("RGBA" if found.has_transparency_data else "RGB")


def _fitted(width: int, height: int, columns: int) -> tuple[int, int]:
    """The size in which it is drawn: its proportion kept, never larger than it is, an even number of rows."""
    scale = min(columns / width, 2 * MOST_ROWS / height, 1.0)
    return max(round(width * scale), 1), max(round(height * scale / 2), 1) * 2


if __name__ == "__main__":
    main()
