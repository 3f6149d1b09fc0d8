"""Whatever a person's theme may say of a finer colour or style, every style sheet here can be read with it."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from textual.app import App
from textual.css.stylesheet import Stylesheet
from textual.widget import Widget

from assistant.domain.themes import is_variable
from assistant.tui import screens, widgets


def sheets() -> list[str]:
    """The styles of every widget of Textual's and of ours."""
    for room in (screens, widgets):
        for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            importlib.import_module(found.name)
    kinds = {*descend(Widget), App}
    texts = [vars(one).get(name, "") for one in kinds for name in ("DEFAULT_CSS", "CSS")]
    return [text for text in texts if isinstance(text, str) and text]


def descend(kind: type[Widget]) -> Iterator[type[Widget]]:
    yield kind
    for one in kind.__subclasses__():
        yield from descend(one)


@pytest.mark.parametrize("value", ["#fff", "#1e66f5 40%", "auto", "auto 80%", "bold", "not bold dim ", "none"])  # fmt: skip
def test_every_kind_of_value(value: str) -> None:
    shipped = App[None]().get_css_variables()
    taken = {name: value for name in shipped if is_variable(name, value)}
    assert taken
    for text in sheets():
        sheet = Stylesheet(variables={**shipped, **taken})
        sheet.add_source(text, is_default_css=True)
        sheet.parse()
