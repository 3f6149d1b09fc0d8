"""What is remembered of a server between runs; a file that cannot be used is no harm."""

import stat
from pathlib import Path

import pytest

from assistant.backends.hailo.budget import Pace, first_pace
from assistant.backends.hailo.notebook import FILE, Memory, Notebook
from assistant.backends.hailo.wordings import WORDINGS

HERE = "127.0.0.1:8000"


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    book = Notebook(tmp_path / "state")
    assert book.memory(HERE) is None
    assert book.pace("m:1.5b") == first_pace("m:1.5b")
    book.keep_memory(HERE, Memory("m:1.5b", 3, True, True))
    book.keep_memory("127.0.0.1:9", Memory())
    book.keep_pace("m:1.5b", Pace(123.456))
    again = Notebook(tmp_path / "state")
    assert again.memory(HERE) == Memory("m:1.5b", 3, True, True)
    assert again.memory("127.0.0.1:9") == Memory()
    assert again.pace("m:1.5b") == Pace(123.5)
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert [path.name for path in (tmp_path / "state").iterdir()] == [FILE]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"servers":3,"models":[]}',
        '{"servers":{"127.0.0.1:8000":{"model":1}},"models":{"m:3b":{"prefill_tokens_per_s":-4}}}',
        '{"servers":{"127.0.0.1:8000":[]},"models":{"m:3b":{"prefill_tokens_per_s":"x"}}}',
        '{"models":{"m:3b":{"prefill_tokens_per_s":NaN}}}',
        "[" * 100_000,
        "\udcff",
    ],
)
def test_a_file_that_is_none_starts_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_bytes(text.encode(errors="surrogateescape"))
    book = Notebook(tmp_path)
    assert book.memory(HERE) is None
    assert book.pace("m:3b") == first_pace("m:3b")
    book.keep_memory(HERE, Memory("m:3b", 1, True, True))
    assert Notebook(tmp_path).memory(HERE) == Memory("m:3b", 1, True, True)


def test_where_nothing_can_be_written_it_is_kept_in_mind(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    book = Notebook(blocked)
    book.keep_memory(HERE, Memory("m", 2, True, True))
    assert book.memory(HERE) == Memory("m", 2, True, True)
    blocked.unlink()
    book.keep_pace("m", Pace(50))
    assert Notebook(blocked).memory(HERE) == Memory("m", 2, True, True)


def test_another_wording_follows_whatever_was_not_sure() -> None:
    sure = Memory("m", 3, True, True)
    assert sure.next_wording("m") == 3
    assert sure.next_wording("other") == 4
    assert sure.asked("m", 3).next_wording("m") == 4
    assert Memory("m", WORDINGS - 1).next_wording("m") == 0
    assert Memory().next_wording("m") == 0


def test_loading_another_model_makes_the_memory_unsure() -> None:
    sure = Memory("m", 3, True, True)
    assert sure.loading("m") == Memory("m", 3, True, False)
    assert sure.loading("other") == Memory("other", 3, False, False)
