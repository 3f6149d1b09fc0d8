"""The models of a HAT are found in hailo-ollama's store, old and new manifests alike."""

import json
from pathlib import Path

import pytest

from assistant.domain.hat import StoredModel
from assistant.machine.hat_store import empty_store, stored_models

DIGEST = "ab" * 32


def manifest(data: Path, name: str, tag: str, content: object) -> None:
    path = data / "hailo-ollama/models/manifests" / name / tag / "manifest.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))


def blob(data: Path, name: str, content: str = "HEF") -> str:
    path = data / "hailo-ollama/models/blob" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return str(path)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own"


def environment(own: Path) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(own), "HOME": "/nonexistent"}


def test_a_manifest_names_its_file_by_hash_or_by_name(tmp_path: Path, own: Path) -> None:
    system = tmp_path / "usr/share"
    manifest(system, "qwen2", "1.5b", {"hef_h10h": DIGEST})
    manifest(system, "qwen3", "1.7b", {"hef_filename": "Qwen3.hef"})
    manifest(system, "llama3.2", "1b", {"hef_filename": "NotPulled.hef"})
    old, new = blob(own, f"sha256_{DIGEST}"), blob(own, "Qwen3.hef")
    assert stored_models(tmp_path, environment(own)) == (
        StoredModel("qwen2:1.5b", old),
        StoredModel("qwen3:1.7b", new),
    )


@pytest.mark.parametrize(
    "content",
    [[], {"hef_h10h": "../../etc/passwd"}, {"hef_filename": "../x"}, {"hef_filename": 3}, "x", {}],
)
def test_a_manifest_that_names_no_file_of_the_store_is_passed_over(
    tmp_path: Path, own: Path, content: object
) -> None:
    manifest(own, "odd", "1b", content)
    blob(own, "x")
    (own / "hailo-ollama/models/x").write_text("outside")
    assert stored_models(tmp_path, environment(own)) == ()


def test_broken_manifests_and_empty_files_are_passed_over(tmp_path: Path, own: Path) -> None:
    manifest(own, "cut", "1b", {})
    (own / "hailo-ollama/models/manifests/cut/1b/manifest.json").write_bytes(b'{"hef_h10h": "\xff')
    manifest(own, "empty", "1b", {"hef_h10h": DIGEST})
    blob(own, f"sha256_{DIGEST}", "")
    assert stored_models(tmp_path, environment(own)) == ()


def test_a_folder_of_the_user_gives_its_files_by_name(tmp_path: Path, own: Path) -> None:
    folder = tmp_path / "hef"
    folder.mkdir()
    (folder / "Qwen2-1.5B-Instruct.hef").write_text("HEF")
    (folder / "notes.txt").write_text("no")
    (model,) = stored_models(tmp_path, environment(own), [folder, tmp_path / "nowhere"])
    assert model == StoredModel("Qwen2-1.5B-Instruct", str(folder / "Qwen2-1.5B-Instruct.hef"))


def test_an_empty_store_of_the_user_hides_that_of_the_package(tmp_path: Path, own: Path) -> None:
    assert empty_store(tmp_path, environment(own)) is None
    (own / "hailo-ollama").mkdir(parents=True)
    assert empty_store(tmp_path, environment(own)) is None
    manifest(tmp_path / "usr/share", "qwen2", "1.5b", {"hef_h10h": DIGEST})
    assert empty_store(tmp_path, environment(own)) == str(own / "hailo-ollama")
    manifest(own, "qwen2", "1.5b", {"hef_h10h": DIGEST})
    assert empty_store(tmp_path, environment(own)) is None
