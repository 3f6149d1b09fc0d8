"""The program behind one page: started without a shell, and ended with it."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

_LEAST, _MOST = 10, 1_000
"""Columns and rows that a browser may ask for."""


def cells(asked: str | None, usual: int) -> int:
    """A width or a height as a query has it, within bounds."""
    if asked is None or not asked.isdecimal() or len(asked) > 4:
        return usual
    return min(_MOST, max(_LEAST, int(asked)))


class PageProgram(AppService):
    """Runs `command` for the page at the other end of `line`."""

    def __init__(
        self, command: Sequence[str], line: web.WebSocketResponse, downloads: DownloadManager
    ) -> None:
        """Starts nothing yet."""

        async def close() -> None:
            await line.close()

        super().__init__(
            "",
            write_bytes=line.send_bytes,
            write_str=line.send_str,
            close=close,
            download_manager=downloads,
        )
        self._argv = tuple(command)

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        environment = self._build_environment(width=width, height=height)
        self._process = process = await asyncio.create_subprocess_exec(
            *self._argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment
        )
        assert process.stdin is not None
        self._stdin = process.stdin
        return process
