"""The library on disk: own files before shipped ones, broken ones said, the others used."""

from pathlib import Path

from assistant.storage import shipped
from assistant.storage.prompts import SHIPPED, PromptFiles


def shelf_of(folder: Path, **files: str) -> PromptFiles:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return PromptFiles(folder)


def test_the_shipped_ones_can_all_be_used() -> None:
    shelf = PromptFiles(Path("/nonexistent")).read()
    assert not shelf.errors
    assert {one.name for one in shelf.prompts} == {path.stem for path in shipped.folder(SHIPPED)}
    assert len(shelf.prompts) >= 8
    assert all(len(one.body) < 500 for one in shelf.prompts), "a small model reads them"


def test_an_own_file_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path / "p", summarise="Mine: {{input}}").read()
    found = [one for one in shelf.prompts if one.name == "summarise"]
    assert [one.body for one in found] == ["Mine: {{input}}"]


def test_a_broken_own_file_is_said_and_the_shipped_one_does_not_step_in(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path / "p", summarise="{{what}}", mine="Be brief.").read()
    assert shelf.named("summarise") is None
    assert shelf.named("mine") is not None
    assert shelf.named("translate") is not None
    [error] = shelf.errors
    assert error.startswith("p/summarise.md, line 1: there is no variable 'what'")


def test_what_is_no_text_or_no_file_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    files = shelf_of(folder)
    (folder / "latin.md").write_bytes(b"one\n\xff")
    (folder / "dir.md").mkdir()
    (folder / "two words.md").write_text("x")
    (folder / "esc\x1b[31m.md").write_text("x")
    (folder / "note.txt").write_text("left alone")
    errors = files.read().errors
    assert "p/dir.md is not a file (take it away)" in errors
    assert "p/latin.md, line 2: not UTF-8 (save it as UTF-8)" in errors
    assert any("'two words' cannot name a prompt" in error for error in errors)
    assert len(errors) == 4
    assert not any("\x1b" in error for error in errors)
