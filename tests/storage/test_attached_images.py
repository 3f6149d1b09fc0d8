"""An image through all that keeps a message: read from the disk, found by its name, exported and brought back."""

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.domain.attachments import Attachment, compose
from assistant.domain.errors import AttachmentError
from assistant.domain.pictures import MOST_PICTURE_BYTES
from assistant.domain.sensitivity import Label
from assistant.storage import exports
from assistant.storage.attachments import DiskAttachments
from assistant.storage.database import in_memory
from assistant.storage.exports import Form
from assistant.storage.imports.bringing import bring_in
from assistant.storage.journal import SqliteJournal
from assistant.storage.transfer import chosen, documents
from tests.fakes import NOW_MS, started, whole_turn
from tests.finding import found, hits
from tests.picture_maker import GIF, JPEG, WEBP, chunk, image, png

PHOTO = image("beach <b>.jpg", JPEG)
TEXT = compose("Which island?", [PHOTO])


@pytest.fixture
def disk(tmp_path: Path) -> DiskAttachments:
    return DiskAttachments(tmp_path, tmp_path)


@pytest.fixture
def journal() -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(in_memory(NOW_MS))) as made:
        made.append(started("c1", "A title"))
        for event in whole_turn("t1", TEXT, "Crete."):
            made.append(event)
        yield made


def refused(disk: DiskAttachments, name: str) -> str:
    with pytest.raises(AttachmentError) as caught:
        disk.take(name, ())
    return str(caught.value)


@pytest.mark.parametrize(("raw", "kind"), [(png(), "png"), (JPEG, "jpeg"), (WEBP, "webp"), (GIF, "gif")])  # fmt: skip
def test_an_image_is_known_by_its_bytes_whatever_it_is_called(
    disk: DiskAttachments, tmp_path: Path, raw: bytes, kind: str
) -> None:
    (tmp_path / "x.txt").write_bytes(raw)
    taken = disk.take("x.txt", ("~/=local-only",))
    assert taken.attachment == image("x.txt", raw)
    assert taken.attachment.kind == kind
    assert taken.attachment.picture is not None
    assert taken.label is Label.LOCAL_ONLY


def test_what_stands_beside_it_is_left_out_and_that_is_said(
    disk: DiskAttachments, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(png(before=chunk(b"tEXt", b"GPS\0Secret")))
    assert disk.take("a.png", ()).said == "left out: 22 bytes beside the image"
    (tmp_path / "a.png").write_bytes(png())
    assert disk.take("a.png", ()).said == ""


def test_what_is_too_large_or_broken_is_refused(disk: DiskAttachments, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG[:3] + bytes(MOST_PICTURE_BYTES))
    said = refused(disk, "a.jpg")
    assert "a.jpg has 1.4 MB; at most 1.4 MB can be attached (make it smaller" in said
    (tmp_path / "a.jpg").write_bytes(JPEG[:90])
    assert "a.jpg is no image that can be attached: it ends too early (attach a PNG" in refused(
        disk, "a.jpg"
    )


def test_a_folder_leaves_images_out(disk: DiskAttachments, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/a.png").write_bytes(png())
    (tmp_path / "d/b.txt").write_text("words")
    assert disk.take("d", ()).said == "1 file, 1 left out"


def test_an_image_is_found_by_its_name_and_never_by_its_base64(journal: SqliteJournal) -> None:
    assert found(journal, "beach jpg") == found(journal, "island") == ["q-t1"]
    # `AAD` and its like stand between the strokes of base64, as words.
    parts = {part for part in PHOTO.text.replace("+", "/").split("/") if len(part) > 1}
    assert len(parts) > 5
    assert [part for part in parts if found(journal, f"{part} ")] == []
    [hit] = hits(journal, "island")
    assert hit.excerpt.startswith("[image beach <b>.jpg, 8 x 6, ")
    assert hit.marks


def written(journal: SqliteJournal, form: Form) -> str:
    return "".join(f"{line}\n" for line in exports.lines(journal.database, ["c1"], form))


@pytest.mark.parametrize("form", list(Form))
def test_an_export_brings_it_back_as_it_was(journal: SqliteJournal, form: Form) -> None:
    raw = written(journal, form)
    with closing(SqliteJournal(in_memory(NOW_MS))) as other:
        bring_in(other.database, io.BytesIO(raw.encode()))
        names = chosen(other.database)
        assert list(documents(other.database, names)) == list(documents(journal.database, ["c1"]))
        assert found(other, "beach") == ["q-t1"]


def test_markdown_has_a_line_for_it_and_html_shows_it(journal: SqliteJournal) -> None:
    lines = written(journal, Form.MARKDOWN).splitlines()
    [line] = [line for line in lines if line.startswith("[image")]
    assert line.startswith("[image beach <b>.jpg, 8 x 6, ")
    assert [line for line in lines if PHOTO.text in line and not line.startswith("<!--")] == []
    page = written(journal, Form.HTML)
    assert f'<img src="data:image/jpeg;base64,{PHOTO.text}" alt="beach &lt;b&gt;.jpg">' in page
    assert "default-src 'none'; img-src data:;" in page.replace("&#x27;", "'")


def test_what_only_says_that_it_is_an_image_makes_no_tag() -> None:
    with closing(SqliteJournal(in_memory(NOW_MS))) as made:
        made.append(started("c1", "A title"))
        forged = Attachment("x", "png", '"><script>alert(1)</script>')
        for event in whole_turn("t1", compose("look", [forged]), compose("", [PHOTO])):
            made.append(event)
        assert "<img" not in written(made, Form.HTML)
