"""The person's own themes and keys: what is wrong is said with file and line, and the others work."""

from pathlib import Path

import pytest

from assistant.domain.errors import SettingsError
from assistant.domain.keys import Problem
from assistant.ports.looks import Themes
from assistant.storage.looks import LooksShelf, read_theme

GOOD = """name = "paper"
dark = false
primary = "#1e5fb4"
success = "#2a7d2e"
[variables]
border = "#123 80%"
"""


def shelf(folder: Path, **files: str) -> LooksShelf:
    (folder / "themes").mkdir()
    for name, text in files.items():
        (folder / "themes" / f"{name}.toml").write_text(text)
    return LooksShelf(folder)


def test_without_files_there_is_nothing(tmp_path: Path) -> None:
    looks = LooksShelf(tmp_path)
    assert looks.themes() == Themes()
    assert looks.keys() is None


def test_a_broken_theme_is_a_line_and_the_others_work(tmp_path: Path) -> None:
    found = shelf(
        tmp_path, a=GOOD, b='primary = "blue"', c=GOOD, d='primary = "#123"\nprimry = "#123"'
    ).themes()
    assert [theme.name for theme in found.own] == ["paper"]
    assert not found.own[0].dark
    assert found.own[0].colours == {"primary": "#1e5fb4", "success": "#2a7d2e"}
    assert found.own[0].variables == {"border": "#123 80%"}
    blue, twice, typo = found.problems
    assert "b.toml, line 1: primary must be a colour, not 'blue' (such as" in blue
    assert "c.toml: there is a theme 'paper' already" in twice
    assert "d.toml, line 2: there is no key 'primry' in a theme (did you mean primary?)" in typo


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "My Paper"\nprimary = "#123"', 'line 1: name must be small letters'),
        ('dark = "yes"\nprimary = "#123"', "line 1: dark must be true or false"),
        ("dark = true", "a theme has a primary colour"),
        ('primary = "#123"\nvariables = 3', "line 2: variables is a table"),
        ('primary = "#123"\n[variables]\nborder = "$x"', "line 3: border cannot be '$x'"),
        ('primary = "#123"\n[variables]\ntext = "bold"', r"line 3: text cannot be 'bold' \(a colour"),
        ('primary = "#123"\n[variables]\nlink-style = "#123"', r"line 3: .*'#123' \(such as .bold"),
        ("primary = ", "is not TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_theme_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=said.replace("$", r"\$")):
        read_theme(file)


def test_a_theme_is_called_by_its_file_where_it_has_no_name(tmp_path: Path) -> None:
    file = tmp_path / "night.toml"
    file.write_text('primary = "#123"')
    assert read_theme(file).name == "night"
    with pytest.raises(SettingsError, match="is no theme"):
        read_theme(tmp_path)


def test_keys_are_read_by_place_and_action(tmp_path: Path) -> None:
    text = '[everywhere]\ncosts = "f10"\n\n[composer]\nsubmit = ["ctrl+j", "f12"]\n'
    (tmp_path / "keys.toml").write_text(text)
    keys = LooksShelf(tmp_path).keys()
    assert keys is not None
    assert keys.keys == {"everywhere.costs": ("f10",), "composer.submit": ("ctrl+j", "f12")}
    error = keys.wrong(Problem("composer.submit", "it is wrong", "mend it"))
    assert str(error).endswith("keys.toml, line 5: it is wrong (mend it)")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('costs = "f10"', "line 1: 'costs' is no place"),
        ("[everywhere]\ncosts = 3", "line 2: costs must be a key"),
        ('[everywhere]\ncosts = ["f10", ""]', "line 2: costs must be a key"),
    ],
)
def test_keys_that_are_none_are_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "keys.toml").write_text(text)
    with pytest.raises(SettingsError, match=said):
        LooksShelf(tmp_path).keys()
