"""Presets on disk: shipped ones, the person's own, and what is wrong with those."""

from pathlib import Path

import pytest

from assistant.domain.errors import SettingsError
from assistant.domain.prompt import Sampling
from assistant.storage.sampling_presets import TomlPresets


def presets(folder: Path, text: str) -> TomlPresets:
    (folder / "presets.toml").write_text(text, encoding="utf-8")
    return TomlPresets(folder / "presets.toml")


def test_the_shipped_ones_are_there() -> None:
    found = TomlPresets(Path("/nonexistent/presets.toml")).read()
    names = [one.name for one in found]
    assert names == ["precise", "balanced", "creative", "deterministic", "brief"]
    assert all(one.about and one.over(Sampling()) for one in found)


def test_own_ones_replace_and_follow_them(tmp_path: Path) -> None:
    text = '[precise]\ntemperature = 0\n[mine]\nabout = "Mine"\nseed = 3\nstop = ["END"]\n'
    found = {one.name: one for one in presets(tmp_path, text).read()}
    assert found["precise"].values == {"temperature": 0.0}
    assert found["mine"].values == {"seed": 3, "stop": ("END",)}
    assert list(found)[-1] == "mine"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[a]\ntemperature = 3\n", "line 2: temperature must be from 0 to 2, not 3"),
        ("[a]\nwarmth = 1\n", "line 2: there is no key 'warmth' in [a]"),
        ("[A]\n", "line 1: 'A' cannot name a preset"),
        ("a = 1\n", "[a] is not a table"),
        ("[a]\nstop = [1]\n", "line 2: stop must be a list of texts"),
        ("[a]\nabout = 1\n", "line 2: about must be a text"),
        ("[a\n", "is not TOML"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(SettingsError) as error:
        presets(tmp_path, text).read()
    assert wrong in str(error.value)
    assert "presets.toml" in str(error.value)
