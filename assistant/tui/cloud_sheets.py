"""The sheets of the cloud: grants, outbox, keys; and the one key that takes everything back."""

import asyncio
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError
from assistant.tui.services import KeyDesk, Services

if TYPE_CHECKING:
    from textual.app import App

    from assistant.domain.cloud_setup import CloudSetup
    from assistant.domain.secret import Secret
    from assistant.tui.screens.chat import ChatScreen

NO_ROUTE = "no cloud route is set up that takes a key: assistant routes add"
NO_STORE = "no store for keys can be used here: assistant doctor says why"


class CloudSheets:
    """Opens them over the chat, one at a time; errors are told, never raised."""

    def __init__(self, app: "App[int]", chat: "ChatScreen", services: Services) -> None:
        self._app = app
        self._chat = chat
        self._services = services

    async def consent(self) -> None:
        """The grants, and from there the outbox."""
        from assistant.tui.screens.grants import GrantsScreen

        screen = GrantsScreen(self._services.engine, self._services.clock.now_ms)
        if await self._app.push_screen_wait(screen) == "outbox":
            await self.outbox()
        await self._chat.desk.sending.look()
        self._chat.face.bearings_changed()

    async def outbox(self) -> None:
        """All that ever left."""
        from assistant.tui.screens.outbox import OutboxScreen

        if self._services.outbox is not None:
            await self._app.push_screen_wait(OutboxScreen(self._services.outbox()))

    async def panic(self) -> None:
        """Takes every grant back, drops every connection, and stays offline until it is lifted."""
        try:
            await self._services.engine.panic()
        except AssistantError as error:
            self._chat.tell(str(error), error=True)
        else:
            self._chat.tell(
                "offline: every grant is taken back, nothing leaves · [[everywhere.cloud_consent f4]], then [[grants.lift l]], lifts it"
            )
        await self._chat.desk.sending.look()
        self._chat.face.bearings_changed()

    async def key(self) -> None:
        """Asks for the key of a cloud route."""
        from assistant.tui.screens.secret import SecretScreen

        desk = self._services.keys
        if desk is None or not await self.unlock():
            return
        try:
            setup = await self._chosen(desk)
            if setup is None:
                return
            about = f"For {setup.endpoint.address if setup.endpoint else setup.id} alone. It goes to: {desk.kept_in()}."
            key = await self._app.push_screen_wait(SecretScreen(f"Key of {setup.id}", about))
            if key is not None:
                await asyncio.to_thread(desk.keep, setup, key)
                self._chat.tell(f"the key of {setup.id} is kept in: {desk.kept_in()}")
        except AssistantError as error:
            self._chat.tell(str(error), error=True)

    async def open_store(self) -> None:
        """Unlocks the keys, and says where they are."""
        desk = self._services.keys
        if desk is not None and await self.unlock(to_read=True):
            where = await asyncio.to_thread(desk.kept_in)
            self._chat.tell(f"keys are kept in: {where}" if where else NO_STORE)

    async def unlock(self, *, to_read: bool = False) -> bool:
        """Asks for the passphrase of the app's own store where it is needed; gives whether keys can be kept, or with `to_read` read."""
        desk = self._services.keys
        if desk is None:
            return False
        while needed := await asyncio.to_thread(desk.needs, to_read=to_read):
            passphrase = await self._passphrase(needed)
            if passphrase is None:
                return False
            try:
                await asyncio.to_thread(desk.unlock, passphrase)
            except AssistantError as error:
                self._chat.tell(str(error), error=True)
        return True

    async def _passphrase(self, needed: str) -> "Secret | None":
        from assistant.tui.screens.secret import SecretScreen

        about = "It opens the keys of cloud routes, for this run of the program."
        if needed == "new":
            about = (
                "No key ring can be used here, so keys are kept in a file that a passphrase opens. Choose one of 12 characters "
                "or more. It cannot be brought back: who forgets it gives the keys anew."
            )
        return await self._app.push_screen_wait(SecretScreen("Passphrase", about))

    async def _chosen(self, desk: KeyDesk) -> "CloudSetup | None":
        """The route to give a key to: the only one, else the one that the person picks."""
        setups = await asyncio.to_thread(desk.setups)
        if not setups:
            self._chat.tell(NO_ROUTE, error=True)
            return None
        if len(setups) == 1:
            return setups[0]
        from assistant.tui.screens.pick import PickScreen

        rows = [(one.id, f"{one.id} · {one.model}") for one in setups]
        picked = await self._app.push_screen_wait(PickScreen("Whose key?", rows))
        return next((one for one in setups if one.id == picked), None)
