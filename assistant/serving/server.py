"""Serves the screen with textual-serve: one process of the program for each page, behind the guard."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiohttp import web
from textual_serve.server import Server

from assistant.serving.guard import COOKIE, Guard, authority, is_everywhere, is_loopback
from assistant.serving.page import headers, page, refusal
from assistant.serving.pages import PageProgram, cells

MOST_PAGES: Final = 4
"""Pages that are open at the same time: each is a whole program, with a model of its own."""

MOST_BYTES: Final = 1 << 20
"""Of one message of a page: what is pasted comes in one."""

SHUTDOWN_S: Final = 5.0
"""How long open pages may take to end when the server does."""

_FONT_SIZES: Final = (6, 64)
_ASK: Final = "Open the address that `assistant serve` printed: it has the token."

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def machine_names() -> tuple[str, str]:
    """What this machine is called, in lower case: its own name, and the one by which others of its network find it (mDNS)."""
    own = os.uname().nodename.lower()
    return own, own if "." in own else f"{own}.local"


class ScreenServer(Server):
    """Shows what `command` draws, to who has the token."""

    def __init__(
        self,
        command: Sequence[str],
        host: str,
        port: int,
        say: Callable[[str], None],
        names: Sequence[str] = (),
    ) -> None:
        """Listens on `host` and `port` once it serves; `say` prints a line for the person. `names` are others that lead here."""
        super().__init__("", host, port, title="assistant")
        self._argv = tuple(command)
        known = {"127.0.0.1", "localhost", "::1", *(name.lower() for name in names)}
        if not is_loopback(host):
            known |= {host.lower(), *machine_names()}
        self.guard = Guard(frozenset(known), any_address=is_everywhere(host))
        self._say = say
        self._open = 0

    @property
    def address(self) -> str:
        """Where a browser finds it, with the token."""
        host = machine_names()[-1] if is_everywhere(self.host) else self.host
        return f"http://{authority(host, self.port)}/?token={self.guard.token}"

    def serve(self, debug: bool = False) -> None:  # noqa: ARG002 - textual-serve's signature
        """Serves until Ctrl+C or SIGTERM. Raises: OSError where it cannot listen."""
        # Nothing is logged: an address holds the token.
        logging.disable(logging.INFO)
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, over.set)
        runner = web.AppRunner(await self._make_app(), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port, shutdown_timeout=SHUTDOWN_S).start()
            self._say(f"The chat is at {self.address}")
            where = "on this machine" if is_loopback(self.host) else "and reaches this machine"
            self._say(
                f"Whoever has this address {where} can read and write your chats. Ctrl+C ends it."
            )
            await over.wait()
        finally:
            await runner.cleanup()

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._guarded], client_max_size=1 << 16)
        app.add_routes(
            [
                web.get("/", self.handle_index, name="index"),
                web.get("/ws", self.handle_websocket, name="websocket"),
                web.get("/download/{key}", self.handle_download, name="download"),
                web.static("/static", self.statics_path, name="static"),
            ]
        )
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Nothing is answered, not even a picture, before it is clear who asks."""
        if not self.guard.named(request.headers):
            return self._refuse("This server has another name.")
        if self.guard.knows(request.query.get("token")) and request.path == "/":
            return self._welcome()
        if not self.guard.knows(request.cookies.get(COOKIE)):
            return self._refuse(_ASK)
        if request.path == "/ws" and not self.guard.own_page(request.headers):
            return self._refuse("Only this server's own page may do that.")
        answer = await handler(request)
        if not answer.prepared:
            answer.headers.update(headers(self._socket_of(request)))
        return answer

    def _welcome(self) -> web.Response:
        """The token becomes a cookie that no script can read, and leaves the address."""
        answer = web.Response(status=303, headers={"Location": "/", **headers("")})
        answer.set_cookie(COOKIE, self.guard.token, httponly=True, samesite="Strict", path="/")
        return answer

    def _refuse(self, why: str) -> web.Response:
        return web.Response(
            status=403, text=refusal(why), content_type="text/html", headers=headers("")
        )

    def _socket_of(self, request: web.Request) -> str:
        return f"ws://{request.host}/ws"

    async def handle_index(self, request: web.Request) -> web.Response:
        """The terminal's page."""
        low, high = _FONT_SIZES
        asked = request.query.get("fontsize", "")
        size = min(high, max(low, int(asked))) if asked.isdecimal() and len(asked) < 4 else 16
        text = page(self._socket_of(request), size)
        return web.Response(text=text, content_type="text/html")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Starts the program for a page, and ends it with the page."""
        if self._open >= MOST_PAGES:
            raise web.HTTPServiceUnavailable(text=f"{MOST_PAGES} pages are open already: close one")
        line = web.WebSocketResponse(heartbeat=15, max_msg_size=MOST_BYTES)
        await line.prepare(request)
        program = PageProgram(self._argv, line, self.download_manager)
        self._open += 1
        try:
            width, height = request.query.get("width"), request.query.get("height")
            await program.start(cells(width, 80), cells(height, 24))
            await self._process_messages(line, program)
        finally:
            self._open -= 1
            await program.stop()
        return line
