"""Reads the text of a PDF: a program of its own, because a PDF is hostile. The file comes on stdin, one line of JSON goes out.

It has no more time, memory and processes than it is given here, and may not open a connection, write or start anything.
"""

import io
import json
import sys
from typing import Final

from assistant.storage import bounded

MOST_PAGES: Final = 300
MOST_CHARACTERS: Final = 1_000_000
_CPU_S: Final = 20
_MEMORY_BYTES: Final = 1_000_000_000


def main() -> None:
    """Prints `{"pages": .., "read": .., "text": ..}`, or `{"problem": ..}`."""
    bounded.bound(_CPU_S, _MEMORY_BYTES)
    raw = sys.stdin.buffer.read()
    import pypdf
    from pypdf.errors import PyPdfError

    bounded.only_read()
    try:
        said = _read(pypdf.PdfReader(io.BytesIO(raw)))
    except (PyPdfError, ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError, MemoryError, OSError, NotImplementedError) as error:  # fmt: skip
        # What a hostile file makes a parser raise is not foreseeable; all that matters is that it has no text.
        said = {"problem": "memory" if isinstance(error, MemoryError) else "broken"}
    sys.stdout.write(json.dumps(said))


def _read(reader: "pypdf.PdfReader") -> dict[str, object]:  # type: ignore[name-defined]  # noqa: F821
    if reader.is_encrypted and not reader.decrypt(""):
        return {"problem": "encrypted"}
    pages = len(reader.pages)
    texts: list[str] = []
    for number in range(min(pages, MOST_PAGES)):
        text = reader.pages[number].extract_text().strip()
        if sum(map(len, texts)) + len(text) > MOST_CHARACTERS:
            if not any(texts):
                return {"problem": "long"}
            break
        texts.append(text)
    return {"pages": pages, "read": len(texts), "text": "\n\n".join(text for text in texts if text)}


if __name__ == "__main__":
    main()
