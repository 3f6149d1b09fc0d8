"""Where no closed network can be made it is said why, and what helps; nothing is ever taken for a zero."""

from pathlib import Path

import pytest

from assistant.domain.errors import SelftestError
from assistant.proof import closed
from assistant.proof.closed import advice, closed_network, environment


def lock(folder: Path, name: str, value: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True)
    file.write_text(f"{value}\n")
    return folder


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("kernel/unprivileged_userns_clone", "0", "unprivileged_userns_clone=1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "unprivileged_userns=0"),
        ("user/max_user_namespaces", "0", "max_user_namespaces=10000"),
        ("user/max_net_namespaces", "0", "max_net_namespaces=10000"),
        ("kernel/unprivileged_userns_clone", "1", "sudo assistant selftest egress"),
        ("kernel/something_else", "0", "sudo assistant selftest egress"),
    ],
)
def test_the_lock_is_found_and_what_lifts_it(
    tmp_path: Path, name: str, value: str, says: str
) -> None:
    assert says in advice(lock(tmp_path, name, value))


def stand_in(folder: Path, script: str) -> str:
    """A PATH on which `unshare` is `script`."""
    program = folder / "unshare"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(folder)


def test_a_kernel_that_refuses_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = stand_in(tmp_path, "echo unshare failed: Operation not permitted >&2; exit 1")
    monkeypatch.setenv("PATH", refusing)
    with (
        pytest.raises(SelftestError, match="Operation not permitted") as caught,
        closed_network(tmp_path),
    ):
        pass
    assert caught.value.exit_code == 4
    assert caught.value.hint


def test_a_far_end_that_dies_at_once_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying = stand_in(tmp_path, 'case "$*" in *far_end*) exit 1;; *) exit 0;; esac')
    monkeypatch.setenv("PATH", dying)
    with pytest.raises(SelftestError, match="its far end is gone"), closed_network(tmp_path):
        pass


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ('{"problem": "RTNETLINK answers: Operation not supported"}', "Operation not supported"),
        ('{"near": null}', "its far end said"),
    ],
)
def test_what_the_far_end_says_instead_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, match: str
) -> None:
    speaking = stand_in(tmp_path, f"case \"$*\" in *far_end*) echo '{said}';; esac")
    monkeypatch.setenv("PATH", speaking)
    with pytest.raises(SelftestError, match=match), closed_network(tmp_path):
        pass


def test_a_program_that_is_missing_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(closed, "_SYSTEM_FOLDERS", str(tmp_path))
    with pytest.raises(SelftestError, match="unshare is missing") as caught, closed_network(tmp_path):  # fmt: skip
        pass
    assert "apt install util-linux" in caught.value.hint


def test_the_folders_of_the_system_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/somewhere")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("ASSISTANT_KEY_OPENAI_EU", "sk-canary")
    found = environment({"EXTRA": "1"})
    assert "sk-canary" not in found.values()
    assert found["PATH"].startswith("/somewhere:")
    assert (Path(found["PYTHONPATH"]) / "assistant" / "proof").is_dir()
    assert found["EXTRA"] == "1"
