"""A person's own presets from the sheet of the sampling: kept, taken away, and brought back."""

import asyncio
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.sampling_presets import (
    NAME_WISH,
    Preset,
    differing,
    preset_of,
    shown,
    unfit_name,
)
from assistant.tui.tuning import Tuning

if TYPE_CHECKING:
    from assistant.domain.prompt import Sampling
    from assistant.ports.words import Presets
    from assistant.tui.screens.chat import ChatScreen
    from assistant.tui.turn import Chat


async def show(screen: "ChatScreen", chat: "Chat") -> None:
    """Opens the sheet with every value of the sampling of `chat`; from a worker."""
    from assistant.tui.screens.sampling import SamplingScreen

    tuning = Tuning(screen, chat)
    await screen.app.push_screen_wait(SamplingScreen(tuning, OwnPresets(screen, tuning)))


class OwnPresets:
    """Changes the person's presets; methods run in a worker and raise AssistantErrors. What they give is said; "" is nothing."""

    def __init__(self, screen: "ChatScreen", tuning: Tuning) -> None:
        """`tuning` is of the chat whose sampling is kept."""
        self._screen = screen
        self._tuning = tuning
        self._before: tuple[str, Preset | None] | None = None

    async def save(self) -> str:
        """Asks for a name and keeps what the next reply is made with under it. Raises: UsageError where all is as the settings say."""
        from assistant.tui.screens.one_line import LineScreen

        sampling, own = self._tuning.sampling, await self._own()
        says = ", ".join(f"{key} {shown(sampling, key)}" for key in differing(sampling, self._base))
        preset_of("", sampling, self._base)
        about = f"It says {says}. Its name: {NAME_WISH}."
        usual = self._tuning.preset if self._tuning.preset in own else ""
        sheet = LineScreen("Keep as a preset of yours", about, usual, unfit_name)
        name = await self._screen.app.push_screen_wait(sheet)
        if not name or not await self._may_replace(name):
            return ""
        old = own.get(name)
        await self._keep(preset_of(name, sampling, self._base, old.about if old else ""))
        self._before = (name, old)
        await self._tuning.take(name, sampling)
        return f"{name} is kept" + (": [[sampling.undo u]] brings the old one back" if old else "")

    async def remove(self) -> str:
        """Asks which of the person's own presets goes, and takes it away. Raises: UsageError where there is none."""
        from assistant.tui.screens.pick import PickScreen

        own = await self._own()
        if not own:
            raise UsageError(
                "there is no preset of yours", "[[sampling.save s]] keeps the values here as one"
            )
        rows = [(one.name, f"{one.name} · {one.words}") for one in own.values()]
        name = await self._screen.app.push_screen_wait(PickScreen("Delete a preset of yours", rows))
        if not name:
            return ""
        await asyncio.to_thread(self._presets().remove, name)
        self._before = (name, own[name])
        await self._tuning.name_again()
        return f"{name} is gone: [[sampling.undo u]] brings it back"

    async def undo(self) -> str:
        """The person's presets are as they were before the last change made here. Raises: UsageError where there was none."""
        if self._before is None:
            raise UsageError(
                "nothing was kept or deleted here", "so there is nothing to bring back"
            )
        name, old = self._before
        now = (await self._own()).get(name)
        if old is None:
            await asyncio.to_thread(self._presets().remove, name)
        else:
            await self._keep(old)
        self._before = (name, now)
        await self._tuning.name_again()
        return f"{name} is as it was" if old else f"{name} is gone again"

    @property
    def _base(self) -> "Sampling":
        return self._tuning.base

    async def _own(self) -> dict[str, Preset]:
        return {one.name: one for one in await self._tuning.presets() if one.own}

    async def _may_replace(self, name: str) -> bool:
        found = next((one for one in await self._tuning.presets() if one.name == name), None)
        if found is None:
            return True
        whose = "your" if found.own else "the shipped"
        return await self._screen.ask_yes(
            f"There is a preset {name}", f"take the place of {whose} {name} · {found.words}"
        )

    async def _keep(self, preset: Preset) -> None:
        await asyncio.to_thread(self._presets().keep, preset)

    def _presets(self) -> "Presets":
        if self._screen.services.words is None:
            raise UsageError("presets cannot be kept here")
        return self._screen.services.words().presets
