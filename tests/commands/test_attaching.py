"""What `--attach` makes of a prompt."""

from pathlib import Path

import pytest

from assistant.commands.attaching import with_attachments
from assistant.domain.attachments import parted
from assistant.domain.errors import AttachmentError
from assistant.domain.sensitivity import Label
from assistant.storage.attachments import DiskAttachments


def test_files_go_before_the_question_and_their_labels_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("first\n")
    (tmp_path / "b.txt").write_bytes(b"caf\xe9\n")
    disk = DiskAttachments(tmp_path, tmp_path)
    rules = ("~/b.txt=local-only",)
    text, label = with_attachments("why?", Label.PUBLIC, ["a.txt", "b.txt"], rules, disk)
    own, found = parted(text)
    assert (own, [one.text for one in found]) == ("why?", ["first\n", "café\n"])
    assert label is Label.LOCAL_ONLY
    assert capsys.readouterr().err.splitlines() == [
        "attached a.txt · 6 bytes · ~2 tokens",
        "attached b.txt · 6 bytes · ~2 tokens · read as windows-1252 · local-only",
    ]
    assert with_attachments("why?", Label.PUBLIC, ["a.txt"], rules, disk)[1] is Label.PUBLIC


def test_more_than_a_message_may_hold_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x" * 1_000_000)
    disk = DiskAttachments(tmp_path, tmp_path)
    with pytest.raises(AttachmentError, match=r"has more than 2\.0 MB"):
        with_attachments("why?", Label.PUBLIC, ["a", "a"], (), disk)
