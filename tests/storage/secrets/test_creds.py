"""systemd-creds, by a program that stands for it: how it is called, and what is made of each way in which it fails."""

import json
import os
from pathlib import Path

import pytest

from assistant.domain.errors import SecretsError, StorageError
from assistant.domain.secret import Secret
from assistant.storage.secrets.creds import SystemdCreds
from tests.storage.secrets.fake_creds import install
from tests.storage.secrets.stage import KEY, revealed


def store_in(tmp_path: Path, version: int = 257, mode: str = "works") -> SystemdCreds:
    """A store whose program is the stand-in."""
    programs = install(tmp_path / "programs", version, mode)
    environment = {"HOME": "/h", "ASSISTANT_KEY_A": KEY, "SYSTEMD_LOG_LEVEL": "debug"}
    return SystemdCreds(tmp_path / "keys", environment, programs=programs, timeout_s=20)


def test_an_entry_is_kept_read_replaced_and_dropped(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.problem() == ""
    assert store.get("key-a") is None
    store.put("key-a", Secret("one"))
    store.put("key-a", Secret(KEY))
    assert revealed(store.get("key-a")) == KEY
    file = tmp_path / "keys" / "key-a.cred"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]
    assert KEY.encode() not in file.read_bytes()
    store.drop("key-a")
    store.drop("key-a")
    assert store.get("key-a") is None


def test_the_program_gets_no_key_in_its_arguments_no_terminal_and_little_environment(
    tmp_path: Path,
) -> None:
    store = store_in(tmp_path)
    store.put("key-a", Secret(KEY))
    store.get("key-a")
    lines = (tmp_path / "programs" / "calls").read_text().splitlines()
    calls = [json.loads(line) for line in lines]
    assert calls[-1]["arguments"] == ["--user", "--name=key-a", "decrypt", "-", "-"]
    assert KEY not in "".join(lines)
    assert not any(call["terminal"] for call in calls)
    names = {name for call in calls for name in call["environment"]}
    assert names == {"PATH", "LC_ALL", "HOME"}


@pytest.mark.parametrize("version", [0, 252, 255])
def test_an_old_systemd_is_not_used(tmp_path: Path, version: int) -> None:
    store = store_in(tmp_path, version)
    assert store.problem() == f"systemd {version} is older than 256"
    with pytest.raises(SecretsError, match="older than 256"):
        store.put("key-a", Secret(KEY))
    assert not (tmp_path / "keys").exists()


def test_one_that_does_not_work_is_found_out_by_a_trial(tmp_path: Path) -> None:
    store = store_in(tmp_path, mode="fails")
    assert store.problem() == "Failed to connect to the service."
    assert not store.silent()


def test_one_that_hangs_costs_its_bound(tmp_path: Path) -> None:
    programs = install(tmp_path / "programs", mode="hangs")
    store = SystemdCreds(tmp_path / "keys", {}, programs=programs, timeout_s=0.5)
    assert store.problem() == "it took longer than 0.5 s"


def test_none_is_said_to_be_none(tmp_path: Path) -> None:
    store = SystemdCreds(tmp_path, {}, programs=str(tmp_path))
    assert store.problem() == "it is not installed"


def test_a_file_that_was_changed_cut_or_swapped_is_not_used(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.put("key-a", Secret(KEY))
    store.put("key-b", Secret("another"))
    a, b = (tmp_path / "keys" / f"key-{name}.cred" for name in "ab")
    whole = a.read_bytes()
    for wrong in (b.read_bytes(), whole[: len(whole) // 2], b"", b"\xff\xfe", b"A" * 2_000_000):
        a.write_bytes(wrong)
        with pytest.raises(SecretsError):
            store.get("key-a")
        assert a.read_bytes() == wrong


def test_a_file_of_another_machine_is_not_decrypted(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.put("key-a", Secret(KEY))
    (tmp_path / "programs" / "host.key").write_bytes(os.urandom(32))
    with pytest.raises(SecretsError, match="Bad message"):
        store.get("key-a")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    (tmp_path / "keys").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="cannot be written"):
        store.put("key-a", Secret(KEY))
