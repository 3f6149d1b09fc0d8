"""Themes of one's own: what a colour may be, and whether text can be read on it."""

import pytest

from assistant.domain.themes import OwnTheme, contrast, is_colour, is_name, is_variable


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#123456", "#123456") == 1


@pytest.mark.parametrize(("text", "holds"), [("#abc", True), ("#A1b2C3", True), ("#abcd", False), ("red", False), ("#12345g", False), ("#abc\n", False)])  # fmt: skip
def test_colours(text: str, holds: bool) -> None:
    assert is_colour(text) is holds


def test_names_and_variables() -> None:
    assert is_name("my-paper_2")
    assert not is_name("My paper")
    assert is_variable("footer-key-foreground", "#123")
    assert is_variable("border", "#123 80%")
    assert is_variable("text-muted", "auto 60%")
    assert is_variable("input-cursor-text-style", "bold not underline")
    assert not is_variable("border", "$primary; color: red")
    assert not is_variable("A", "#123")


@pytest.mark.parametrize(("name", "value"), [("scrollbar", "italic"), ("text", "bold"), ("border", "auto"), ("link-style-hover", "#123"), ("panel", "20%"), ("border", "none")])  # fmt: skip
def test_a_value_of_another_kind_is_none(name: str, value: str) -> None:
    assert not is_variable(name, value)


def test_faint_text_is_told_where_it_is_known() -> None:
    faint = {"primary": "#123", "foreground": "#777777", "background": "#888888"}
    assert "contrast of 1." in OwnTheme("a", True, faint).faint
    assert OwnTheme("a", True, {**faint, "foreground": "#000"}).faint == ""
    assert OwnTheme("a", True, {"primary": "#123"}).faint == ""
