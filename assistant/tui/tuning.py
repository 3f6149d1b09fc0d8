"""How replies in a conversation are made: presets and single values, on record with each change."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.prompt import Sampling
from assistant.domain.sampling_presets import (
    NO_NAMES,
    SETTINGS_WORDS,
    Preset,
    differing,
    shown,
    typed,
    with_value,
)
from assistant.tui.writing import require_in_view

if TYPE_CHECKING:
    from assistant.tui.screens.chat import ChatScreen
    from assistant.tui.turn import Chat


class Tuning:
    """Changes the sampling of one chat, which may be out of view by then. Methods raise AssistantErrors."""

    def __init__(self, screen: "ChatScreen", chat: "Chat") -> None:
        self._screen = screen
        self._chat = chat
        self._engine = screen.engine

    @property
    def base(self) -> Sampling:
        """As the settings say."""
        return self._screen.settings().generation.sampling

    @property
    def preset(self) -> str:
        """The name of the preset that was taken; "" for none."""
        return self._chat.preset

    @property
    def sampling(self) -> Sampling:
        """What the next reply is made with."""
        return self._chat.sampling or self.base

    async def presets(self) -> Sequence[Preset]:
        """All of them. Raises: SettingsError."""
        words = self._screen.services.words
        return () if words is None else await asyncio.to_thread(words().presets.read)

    async def use(self, name: str) -> str:
        """Takes the preset `name`, or the settings' own values for a word of NO_NAMES; says what was done. Raises: UsageError."""
        if name in NO_NAMES:
            await self.take("", None)
            return "replies here are made as the settings say"
        found = await self.presets()
        preset = next((one for one in found if one.name == name), None)
        if preset is None:
            known = ", ".join(one.name for one in found)
            raise UsageError(f"there is no preset {name!r}", f"known: {known}")
        sampling = preset.over(self.base)
        await self.take(preset.name, sampling)
        said = ", ".join(f"{key} {shown(sampling, key)}" for key in preset.values)
        return f"{preset.name}: {said}"

    async def change(self, key: str, text: str) -> str:
        """Sets one value as it was typed; says what was done. Raises: UsageError with what it may be."""
        value = getattr(self.base, key, None) if text in SETTINGS_WORDS else typed(key, text)
        sampling = with_value(self.sampling, key, value)
        if differing(sampling, self.base):
            await self.take(await self._name_of(sampling), sampling)
        else:
            await self.take("", None)
        return f"{key} {shown(sampling, key)} in this chat"

    async def pick(self) -> None:
        """Shows the presets and takes the one that is picked; from a worker. Raises: as `use`."""
        from assistant.tui.screens.pick import PickScreen

        chat = self._chat
        off = "" if chat.sampling else " · in use"
        rows = [("off", f"as the settings say{off}")]
        for one in await self.presets():
            now = " · in use" if one.name == chat.preset else ""
            rows.append((one.name, f"{one.name}{now} · {one.words}"))
        require_in_view(self._screen.desk, chat)
        picked = await self._screen.app.push_screen_wait(PickScreen("Preset of this chat", rows))
        if picked:
            self._screen.tell(await self.use(picked))

    async def take(self, preset: str, sampling: Sampling | None) -> None:
        """Has replies in the chat made so from the next message on. Raises: StorageError."""
        chat = self._chat
        async with chat.recording:
            if chat.conversation:
                await self._engine.tune(chat.conversation, preset, sampling)
            chat.preset, chat.sampling = preset, sampling
        self._screen.face.label()

    async def name_again(self) -> None:
        """The chat goes by the name of the preset that now says what its replies are made with. Raises: as `presets`, `take`."""
        if sampling := self._chat.sampling:
            await self.take(await self._name_of(sampling), sampling)

    async def _name_of(self, sampling: Sampling) -> str:
        """The preset that says just that; "" where none does."""
        found = await self.presets()
        return next((one.name for one in found if one.over(self.base) == sampling), "")
