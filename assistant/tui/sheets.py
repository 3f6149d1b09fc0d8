"""The sheets that open over the chat, and the settings of the moment, which they change."""

from collections.abc import Awaitable, Callable

from textual.screen import Screen
from textual.widget import AwaitMount

from assistant.domain.errors import AssistantError
from assistant.tui.calm import frames, pace
from assistant.tui.dress import Dress, calmed
from assistant.tui.keys_now import Keys
from assistant.tui.layout import Wanted
from assistant.tui.legible import legible
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.screens.sheet import SheetScreen
from assistant.tui.services import Services
from assistant.tui.steady import SteadyApp


class SheetApp(SteadyApp):
    """The chat and what opens over it; one sheet of a kind at a time."""

    def __init__(self, services: Services, drawn: Callable[[], object]) -> None:
        """`drawn` is called after the first frame."""
        super().__init__()
        self.animation_level = "none"
        self._services = services
        self._calm = services.calm
        self.settings = calmed(services.settings, calm=self._calm)
        self.dress = Dress(self, services.looks)
        self.wait_to_hear()

        def begin() -> None:
            drawn()
            self.call_later(self.hear)

        self.chat = ChatScreen(services, lambda: self.settings, begin)

    def _get_screen(self, screen: Screen[object] | str) -> tuple[Screen[object], AwaitMount]:
        """Every screen that opens keeps the pace."""
        found, mounted = super()._get_screen(screen)
        if self.settings.screen.calm:
            pace(found, calm=True)
        return found, mounted

    def get_css_variables(self) -> dict[str, str]:
        """The theme's colours, those of the places never too faint to be read."""
        return legible(super().get_css_variables())

    def get_default_screen(self) -> Screen[None]:
        """The chat."""
        return self.chat

    @property
    def keys_now(self) -> Keys:
        """The keys as they are now."""
        return self.dress.keys

    def change(self, key: str, value: str | int | float | bool) -> str:
        """Writes one setting and follows it; returns what is wrong with it, "" where nothing is."""
        if key == "screen.theme" and value not in self.available_themes:
            return f"there is no theme {value!r}"
        try:
            settings = self._services.settings_store.change(key, value)
        except AssistantError as error:
            return str(error)
        # What was asked for in this run alone ends where the person says otherwise.
        self._calm = self._calm and key != "screen.calm"
        self.settings = calmed(settings, calm=self._calm)
        shown = self.settings.screen
        if key == "screen.theme":
            self.theme = shown.theme
        elif key in ("screen.panel", "screen.chats"):
            self.chat.columns.want(Wanted(shown.chats, shown.panel))
        self.follow_calm()
        return ""

    def follow_calm(self) -> None:
        """Draws as often as the settings of the moment want."""
        calm, transcript = self.settings.screen.calm, self.chat.transcript
        transcript.frames_per_second, transcript.calm = frames(self.settings), calm
        for screen in self.screen_stack:
            pace(screen, calm=calm)

    def action_calm(self) -> None:
        """The calm screen, or the usual one."""
        wrong = self.change("screen.calm", not self.settings.screen.calm)
        calm = self.settings.screen.calm
        self.chat.tell(wrong or ("calm: few frames, nothing moves" if calm else "not calm"))

    def action_themes(self) -> None:
        """All themes, each tried on as it is chosen."""
        from assistant.tui.screens.themes import ThemeScreen

        for problem in self.dress.learn_themes():
            self.chat.tell(problem, error=True)
        self._open(ThemeScreen(lambda name: self.change("screen.theme", name)))

    def action_help(self) -> None:
        """All keys."""
        from assistant.tui.screens.help import HelpScreen

        self._open(HelpScreen(self.dress.keys))

    def action_hat(self) -> None:
        """What the HAT can do, and what mends it."""
        from assistant.tui.screens.hat import HatScreen

        self._open(HatScreen(self.chat.desk.bearings))

    def action_costs(self) -> None:
        """What it cost here and in the cloud, and what it would have cost elsewhere."""
        from assistant.tui.screens.costs import CostsScreen

        ledger, desk = self._services.ledger, self._services.cost_desk
        if ledger is not None and desk is not None:
            self._open(CostsScreen(ledger, desk, self.action_tco))

    def action_settings(self) -> None:
        """The settings; what a loaded model or a route does not follow is looked at again."""
        from assistant.tui.screens.settings import SettingsScreen

        self._open(SettingsScreen(self.settings, self.change), self._follow)

    def action_tco(self) -> None:
        """What a workload costs over years, here and in the cloud."""
        from assistant.tui.screens.tco import open_tco

        open_tco(self, self._services.comparing)

    def action_fetch(self) -> None:
        """The first run's screen: which model, from where, how large."""
        from assistant.tui.screens.fetch import FetchScreen

        self._open(FetchScreen(self._services), self._follow)

    def action_exchange(self, verb: str) -> None:
        """Writes the conversation in view into a file (`export`), or takes in those of one (`import`)."""
        from assistant.tui import exchanging

        if self._services.exchange is not None:
            desk, chat = self._services.exchange(), self.chat
            work = exchanging.bring if verb == "import" else exchanging.export
            chat.run_worker(work(chat, desk))

    def _open(
        self,
        screen: SheetScreen[bool],
        then: Callable[[bool | None], Awaitable[None]] | None = None,
    ) -> None:
        """One of a kind at a time: the keys work there too."""
        if not isinstance(self.screen, type(screen)):
            self.push_screen(screen, then)

    async def _follow(self, changed: bool | None) -> None:
        if changed:
            self.chat.run_worker(self._warm())

    async def _warm(self) -> None:
        """Looks again, and loads what answers now."""
        await self.chat.desk.bearings.look()
        await self.chat.desk.bearings.warm()
