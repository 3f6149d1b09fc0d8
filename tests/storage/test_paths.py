"""The places: where the platform says, private, and not the end of the program where they cannot be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.storage import paths


def test_xdg_is_honoured(home: Path) -> None:
    places = paths.find()
    assert places.settings_file == home / "config" / "assistant" / "settings.toml"
    assert places.journal_file == home / "data" / "assistant" / "journal.db"
    assert places.state == home / "state" / "assistant"
    assert places.cache == home / "cache" / "assistant"


def test_without_xdg_home_holds_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.delenv(f"XDG_{name}_HOME")
    places = paths.find()
    assert places.data == home / ".local" / "share" / "assistant"
    assert places.config == home / ".config" / "assistant"


def test_a_relative_xdg_folder_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "here/and/there")
    assert paths.find().data == home / ".local" / "share" / "assistant"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without a home")
def test_a_user_without_a_home_is_told() -> None:
    script = (
        "import os, pwd; from assistant.storage import paths\n"
        "os.environ.pop('HOME'); os.setuid(54321)\n"
        "try: paths.find()\n"
        "except Exception as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": "/", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout == "storage: this user has no home folder (set HOME)\n", done.stderr


def test_the_folders_are_private(home: Path) -> None:
    loose = home / "data" / "assistant"
    loose.mkdir(0o755, parents=True)
    places = paths.find()
    assert paths.make(places) == ()
    for folder in (places.config, places.data, places.state, places.cache):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_file_in_a_folders_place_is_told_with_what_it_costs(home: Path) -> None:
    (home / "config").write_text("in the way")
    [problem] = paths.make(paths.find())
    assert "config/assistant cannot be written" in str(problem)
    assert "settings cannot be changed" in str(problem)
    assert os.access(home / "data" / "assistant", os.W_OK)
