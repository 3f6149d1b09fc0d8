"""Asks the program that reads PDFs for the text of one, and ends it where it takes too long."""

import json
from dataclasses import dataclass
from typing import Final

from assistant.domain.errors import AttachmentError
from assistant.domain.fields import Fields
from assistant.storage import pdf_text, reading_apart

MOST_PDF_BYTES: Final = 50_000_000
TIMEOUT_S: Final = 30.0

_PROGRAM: Final = reading_apart.program(pdf_text.__name__)
_LATE: Final = "its text was not read; attach fewer pages"


@dataclass(frozen=True, slots=True)
class PdfText:
    """The text of the first `read` of so many `pages`."""

    text: str
    pages: int
    read: int


def text_of(raw: bytes, name: str, timeout_s: float = TIMEOUT_S) -> PdfText:
    """The text of the PDF `raw`; `name` is for the error. Blocks for up to `timeout_s`. Raises: AttachmentError."""
    said = reading_apart.printed(_PROGRAM, raw, name, timeout_s, _LATE)
    return _answer(said, name)


def _answer(printed: bytes, name: str) -> PdfText:
    """What the program said. Raises: AttachmentError; nothing at all was said where it was ended or ran out of its bounds."""
    try:
        said = Fields(json.loads(printed))
        problem = said.text("problem") if said.holds("problem") else ""
        found = (
            None if problem else PdfText(said.text("text"), said.whole("pages"), said.whole("read"))
        )
    except ValueError:
        problem, found = "memory", None
    if found is None:
        raise AttachmentError(f"{name}: {_PROBLEMS.get(problem, problem)}", "save it as text")
    if not found.text.strip():
        raise AttachmentError(
            f"{name}: no text in its {found.pages:,} pages; they may be scanned pictures",
            "a program for OCR can add a text",
        )
    return found


_PROBLEMS: Final = {
    "broken": "it is not a PDF, or a broken one",
    "encrypted": "it is locked with a password",
    "long": f"a page of it has more than {pdf_text.MOST_CHARACTERS:,} letters",
    "memory": "it takes more memory or time than a PDF is given here",
}
