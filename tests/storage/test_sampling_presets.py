"""Presets on disk: shipped ones, the person's own, and what is wrong with those."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import SettingsError, UsageError
from assistant.domain.prompt import Sampling
from assistant.domain.sampling_presets import Preset, differing
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


OWN = "# mine\n[a]\ntemperature = 0.5 # mild\n\n# the other\n[b]\ntop_k = 3\n"


def test_a_kept_one_takes_the_place_of_its_name_and_leaves_the_rest_as_it_is(
    tmp_path: Path,
) -> None:
    store = presets(tmp_path, OWN)
    store.keep(Preset("b", {"seed": None, "max_tokens": None}, "B", own=True))
    store.keep(Preset("c", {"stop": ("x", "y")}, own=True))
    text = (tmp_path / "presets.toml").read_text(encoding="utf-8")
    assert text.startswith("# mine\n[a]\ntemperature = 0.5 # mild\n\n# the other\n[b]\n")
    found = {one.name: one for one in store.read() if one.own}
    assert found["b"] == Preset("b", {"seed": None, "max_tokens": None}, "B", own=True)
    assert found["c"].values == {"stop": ("x", "y")}
    store.remove("b")
    assert [one.name for one in store.read() if one.own] == ["a", "c"]


def test_a_shipped_one_is_there_again_when_the_own_one_of_its_name_goes(tmp_path: Path) -> None:
    store = TomlPresets(tmp_path / "presets.toml")
    store.keep(Preset("precise", {"seed": 1}, own=True))
    assert next(one for one in store.read() if one.name == "precise").values == {"seed": 1}
    store.remove("precise")
    assert not next(one for one in store.read() if one.name == "precise").own


def test_a_file_with_a_fault_is_not_written_over(tmp_path: Path) -> None:
    text = "[a]\nwarmth = 1\n"
    store = presets(tmp_path, text)
    with pytest.raises(SettingsError):
        store.keep(Preset("b", {"seed": 1}, own=True))
    with pytest.raises(UsageError):
        store.keep(Preset("off", {"seed": 1}, own=True))
    assert (tmp_path / "presets.toml").read_text(encoding="utf-8") == text


@given(
    st.builds(
        Sampling,
        temperature=st.floats(0, 2),
        top_k=st.integers(0, 1000),
        seed=st.none() | st.integers(0, 2**32 - 1),
        max_tokens=st.none() | st.integers(1, 100_000),
        stop=st.lists(st.text(min_size=1, max_size=20), max_size=8).map(tuple),
    )
)
def test_what_is_kept_is_read_back_equal(sampling: Sampling) -> None:
    base = replace(Sampling(), seed=3, max_tokens=9)
    values = {key: getattr(sampling, key) for key in differing(sampling, base)}
    with tempfile.TemporaryDirectory() as folder:
        store = TomlPresets(Path(folder) / "presets.toml")
        store.keep(Preset("mine", values, own=True))
        assert store.read()[-1].over(base) == sampling
