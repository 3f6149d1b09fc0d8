"""Reads the text of a PDF: a program of its own, because a PDF is hostile. The file comes on stdin, one line of JSON goes out.

It has no more time, memory and processes than it is given here, and may not open a connection, write or start anything.
"""

import io
import json
import resource
import sys
from typing import Final

MOST_PAGES: Final = 300
MOST_CHARACTERS: Final = 1_000_000
_CPU_S: Final = 20
_MEMORY_BYTES: Final = 1_000_000_000
_FORBIDDEN: Final = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "ctypes.", "shutil.")  # fmt: skip


def main() -> None:
    """Prints `{"pages": .., "read": .., "text": ..}`, or `{"problem": ..}`."""
    _bound()
    raw = sys.stdin.buffer.read()
    import pypdf
    from pypdf.errors import PyPdfError

    sys.addaudithook(_refuse)
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


def _bound() -> None:
    for what, most in (
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (most, most))


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    """Reading is for late imports alone; what asks for more is not a reader."""
    writes = event == "open" and arguments[1] not in ("r", "rb", None)
    if writes or event.startswith(_FORBIDDEN):
        raise OSError(event)


if __name__ == "__main__":
    main()
