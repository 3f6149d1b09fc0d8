"""Draws a screen as often as a test looks at it, not sixty times a second: nobody sees the frames between two steps."""

from typing import Any
from weakref import WeakSet

import pytest
from textual.app import App
from textual.screen import Screen

_draw = Screen._compositor_refresh
_picture = App.export_screenshot
_owed = WeakSet[Screen[Any]]()


def put(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes its place for one test: a screen without a terminal owes its frame until `pay`."""
    _owed.clear()
    monkeypatch.setattr(Screen, "_compositor_refresh", _owe)
    monkeypatch.setattr(App, "export_screenshot", _paid_picture)


def pay() -> None:
    """Draws what is owed; raises what the widgets raise."""
    owed = [screen for screen in _owed if screen.is_current]
    _owed.clear()
    for screen in owed:
        _draw(screen)


def _owe(screen: Screen[Any]) -> None:
    """As Textual's `_compositor_refresh`, without the drawing: the compositor remembers what has changed."""
    app = screen.app
    if not app.is_headless or screen is not app.screen:
        _draw(screen)
        return
    screen._dirty_widgets.clear()
    _owed.add(screen)
    app._update_mouse_over(screen)


def _paid_picture(app: App[Any], *, title: str | None = None, simplify: bool = False) -> str:
    """As Textual's, which knows what lies below a sheet from the frame before alone."""
    pay()
    return _picture(app, title=title, simplify=simplify)
