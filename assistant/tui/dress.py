"""How a person wants the screen: a theme and keys of their own, and calm; read from their files where those are there."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import App
from textual.theme import Theme

from assistant.domain.errors import AssistantError
from assistant.domain.hygiene import one_line
from assistant.domain.settings import Settings
from assistant.domain.themes import OwnTheme
from assistant.tui.keys_now import Keys

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from assistant.ports.looks import Looks, WantedKeys


def theme_of(own: OwnTheme) -> Theme:
    """A theme of the person's as Textual takes it."""
    colour = own.colours.get
    return Theme(
        own.name,
        own.colours["primary"],
        secondary=colour("secondary"),
        warning=colour("warning"),
        error=colour("error"),
        success=colour("success"),
        accent=colour("accent"),
        foreground=colour("foreground"),
        background=colour("background"),
        surface=colour("surface"),
        panel=colour("panel"),
        dark=own.dark,
        variables=dict(own.variables),
    )


class Dress:
    """Dresses one app; a file that cannot be used is said in a line, and what is shipped is used in its place."""

    def __init__(self, app: App[int], looks: "Looks | None") -> None:
        """`looks` are the person's own files (None: there are none)."""
        self._app = app
        self._looks = looks
        self._own: set[str] = set()
        self.keys = Keys()

    def learn_themes(self) -> Sequence[str]:
        """Knows the person's own themes from now on; gives what is wrong with those that cannot be used."""
        if self._looks is None:
            return ()
        found = self._looks.themes()
        problems = list(found.problems)
        for own in found.own:
            if own.name in self._app.available_themes and own.name not in self._own:
                problems.append(f"settings: a theme {own.name!r} is shipped already (rename yours)")
                continue
            self._own.add(own.name)
            self._app.register_theme(theme_of(own))
        return problems

    def wear(self, name: str) -> Sequence[str]:
        """Takes the theme `name`, which may be one of the person's own; gives what is wrong with it."""
        problems: Sequence[str] = ()
        if name not in self._app.available_themes:
            problems = self.learn_themes()
        if name in self._app.available_themes:
            self._app.theme = name
            return ()
        return [*problems, f"there is no theme {one_line(name, 40)!r}; settings has a list"]

    def take_keys(self) -> str:
        """Gives the person's keys to the app; says why not where they cannot be used, "" else."""
        try:
            wanted = self._looks.keys() if self._looks else None
            if wanted is None or not wanted.keys:
                return ""
            self.keys = checked(wanted, type(self._app))
        except AssistantError as error:
            return f"{error}; the usual keys are used"
        self._app.set_keymap(self.keys.keymap)
        return ""


def checked(wanted: "WantedKeys", app: "type[DOMNode]") -> Keys:
    """The keys that a person wants of `app`, where they can live side by side. Raises: SettingsError for the first that cannot."""
    from assistant.domain.keys import problems
    from assistant.tui.keymap import actions

    for problem in problems(actions(app), wanted.keys):
        raise wanted.wrong(problem)
    return Keys(wanted.keys)


def calmed(settings: Settings, *, calm: bool) -> Settings:
    """The settings, calm for this run where that was asked for."""
    return replace(settings, screen=replace(settings.screen, calm=True)) if calm else settings
