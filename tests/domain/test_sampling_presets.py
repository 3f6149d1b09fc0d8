"""Presets of sampling: what each value may be, and what is changed by it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import UsageError
from assistant.domain.prompt import Sampling
from assistant.domain.sampling_presets import (
    ABOUT,
    KEYS,
    Preset,
    Value,
    allowed,
    checked,
    differing,
    preset_of,
    shown,
    typed,
    unfit_name,
    with_value,
)

BASE = Sampling()


def test_every_value_is_explained() -> None:
    assert set(ABOUT) == set(KEYS)
    assert all(allowed(key) and shown(BASE, key) for key in KEYS)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("temperature", "0.2", 0.2),
        ("temperature", "1", 1.0),
        ("top_k", " 40 ", 40),
        ("seed", "7", 7),
        ("seed", "random", None),
        ("max_tokens", "0", None),
        ("max_tokens", "200", 200),
        ("stop", 'END "two words"', ("END", "two words")),
        ("stop", r"'\n\n'", ("\n\n",)),
        ("stop", "none", ()),
    ],
)
def test_what_is_typed_is_taken(key: str, text: str, value: Value) -> None:
    assert typed(key, text) == value


@pytest.mark.parametrize(
    ("key", "text", "wrong"),
    [
        ("temperature", "2.1", "temperature must be from 0 to 2, not 2.1"),
        ("temperature", "nan", "temperature must be from 0 to 2"),
        ("temperature", "warm", "temperature must be a number, not 'warm' (from 0 to 2)"),
        ("temperature", "none", "temperature must be a number"),
        ("top_k", "1.5", "top_k must be a whole number"),
        ("repeat_penalty", "0", "repeat_penalty must be above 0, up to 2"),
        ("seed", "-1", "seed must be from 0 to 4,294,967,295, or random"),
        ("stop", '"open', "stop: No closing quotation"),
        ("stop", "1 2 3 4 5 6 7 8 9", "stop must be up to 8 texts, not 9"),
        ("warmth", "1", "there is no value 'warmth'"),
    ],
)
def test_what_cannot_be_is_said(key: str, text: str, wrong: str) -> None:
    with pytest.raises(UsageError) as error:
        typed(key, text)
    assert wrong in str(error.value)


@pytest.mark.parametrize("value", [True, "0.2", [""], ["a", 1], 3])
def test_a_list_of_texts_is_one(value: object) -> None:
    with pytest.raises(UsageError):
        checked("stop", value)


def test_a_preset_changes_what_it_says_and_nothing_else() -> None:
    preset = Preset("precise", {"temperature": 0.2, "stop": ("END",)})
    assert preset.over(BASE) == replace(BASE, temperature=0.2, stop=("END",))
    assert differing(preset.over(BASE), BASE) == ("temperature", "stop")
    assert with_value(preset.over(BASE), "temperature", 0.7) == replace(BASE, stop=("END",))


@given(
    st.lists(
        st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1, max_size=12),
        max_size=8,
    )
)
def test_stops_that_are_shown_can_be_typed_again(texts: list[str]) -> None:
    stops = tuple(" ".join(text.split()).replace("\\", "") for text in texts)
    wanted = replace(BASE, stop=tuple(text for text in stops if text))
    again = shown(wanted, "stop")
    assert typed("stop", again) == wanted.stop or wanted.stop in (("none",), ("random",), ("—",))


def test_a_preset_of_ones_own_says_what_differs_and_makes_it_again() -> None:
    sampling = replace(BASE, temperature=0.4, stop=("END",))
    kept = preset_of("mine", sampling, BASE)
    assert (kept.values, kept.own) == ({"temperature": 0.4, "stop": ("END",)}, True)
    assert kept.over(BASE) == sampling
    assert kept.words == "temperature 0.4, stop END"
    with pytest.raises(UsageError, match="as the settings say"):
        preset_of("mine", BASE, BASE)


@pytest.mark.parametrize("name", ["", "A", "-a", "a b", "a" * 33, "off", "settings", "default"])
def test_what_cannot_name_a_preset(name: str) -> None:
    assert unfit_name(name)


def test_a_seed_may_be_random_in_a_file() -> None:
    assert checked("seed", "random") is None
