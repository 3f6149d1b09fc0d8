"""The text of PDFs, read by a program that is bounded and can be killed."""

import io
import sys
from pathlib import Path

import pypdf
import pytest
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from assistant.domain.errors import AttachmentError
from assistant.storage import pdf_reader
from assistant.storage.attachments import DiskAttachments
from assistant.storage.pdf_reader import text_of


def pdf(*pages: str, password: str = "") -> bytes:
    """A PDF with a text on each page."""
    writer = pypdf.PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for text in pages:
        page = writer.add_blank_page(200, 200)
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 10 100 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_the_text_of_its_pages(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf("first page", "second page"))
    attachment = DiskAttachments(tmp_path, tmp_path).take("a.pdf", ()).attachment
    assert (attachment.name, attachment.kind) == ("a.pdf", "pdf")
    assert attachment.text == "first page\n\nsecond page"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (pdf("", ""), "no text in its 2 pages"),
        (pdf("x", password="p"), "locked with a password"),
        (b"%PDF-1.7\nnothing", "a broken one"),
        (pdf("word " * 210_000, "more"), "a page of it has more than 1,000,000 letters"),
    ],
    # Its bytes differ from one run to the next, which two processes that share the tests must not see.
    ids=["empty", "locked", "broken", "long"],
)
def test_what_has_no_text_says_why(raw: bytes, says: str) -> None:
    with pytest.raises(AttachmentError, match=says):
        text_of(raw, "a.pdf")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("while True: pass", "not read within 0.5 s"),
        ("raise SystemExit(1)", "more memory or time"),
        ("print('no json')", "more memory or time"),
        ("print('{\"text\": 3}')", "more memory or time"),
    ],
)
def test_a_reader_that_hangs_or_dies_is_told(
    monkeypatch: pytest.MonkeyPatch, code: str, says: str
) -> None:
    monkeypatch.setattr(pdf_reader, "_PROGRAM", (sys.executable, "-c", code))
    with pytest.raises(AttachmentError, match=says):
        text_of(b"%PDF-", "a.pdf", timeout_s=0.5 if "while" in code else 30)
