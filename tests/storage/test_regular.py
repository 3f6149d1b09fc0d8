"""What has to be a file, and is a pipe or a folder: said at once, never waited for."""

import os
from pathlib import Path

import pytest

from assistant.domain.errors import SettingsError
from assistant.storage.looks import LooksShelf
from assistant.storage.regular import open_file, read_file


def test_a_file_is_read_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert read_file(tmp_path / "b") == b"text"


def test_what_is_none_says_what_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is a pipe, and no file"):
        open_file(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is a folder"):
        open_file(tmp_path)
    with pytest.raises(OSError, match="it is a device"):
        open_file(Path("/dev/zero"))
    with pytest.raises(OSError, match="this is no path"):
        open_file(Path("a\0b"))
    with pytest.raises(FileNotFoundError):
        open_file(tmp_path / "none")


def test_a_pipe_among_ones_own_files_keeps_no_start_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "keys.toml")
    with pytest.raises(SettingsError, match="it is a pipe, and no file"):
        LooksShelf(tmp_path).keys()
