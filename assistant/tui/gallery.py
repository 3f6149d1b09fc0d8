"""Small pictures of the images in view: made one after the other beside the screen, a few of them kept."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Final

from textual.screen import Screen

from assistant.domain.errors import AttachmentError
from assistant.domain.hygiene import one_line
from assistant.tui.half_blocks import FEW_COLOURS, NO_TEXT, READING

if TYPE_CHECKING:
    from assistant.domain.pictures import Picture
    from assistant.domain.thumbnail import Thumbnail
    from assistant.ports.attaching import Attaching

KEPT: Final = 16
_COLOURFUL: Final = ("truecolor", "256")
_Key = tuple[bytes, int]


class Gallery:
    """Gives what to show of an image at once, and says when there is more to show."""

    def __init__(self, attaching: "Callable[[], Attaching] | None", screen: Screen[None]) -> None:
        """`attaching` makes what decodes (None: nothing can); `screen` knows the terminal, and runs what takes a while."""
        self._attaching = attaching
        self._screen = screen
        self._seen: OrderedDict[_Key, Thumbnail | str] = OrderedDict()
        self._wanted: dict[_Key, Picture] = {}
        self.arrived: list[Callable[[], object]] = []
        """Called whenever another one can be shown, or it is known why not."""

    def shown(self, picture: "Picture", columns: int) -> "Thumbnail | str":
        """The picture in at most so many columns; in words why there is none, or that it is read (`READING`)."""
        if self._attaching is None:
            return NO_TEXT
        if not self._colourful:
            return FEW_COLOURS
        key = (hashlib.sha256(picture.base64.encode("ascii")).digest(), columns)
        if (found := self._seen.get(key)) is not None:
            self._seen.move_to_end(key)
            return found
        if key not in self._wanted:
            self._wanted[key] = picture
            if len(self._wanted) == 1:
                self._start(self._read(self._attaching()))
        return READING

    @property
    def _colourful(self) -> bool:
        app = self._screen.app
        return not app.no_color and app.console.color_system in _COLOURFUL

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._screen.run_worker(work, group="gallery")

    async def _read(self, disk: "Attaching") -> None:
        """One at a time: each takes a process with much memory."""
        while self._wanted:
            key, picture = next(iter(self._wanted.items()))
            seen: Thumbnail | str
            try:
                seen = await asyncio.to_thread(disk.preview, picture, key[1])
            except AttachmentError as error:
                # It stands below the image's name.
                seen = one_line(error.message.removeprefix(f"{picture.name}: "), 400)
            del self._wanted[key]
            self._seen[key] = seen
            while len(self._seen) > KEPT:
                self._seen.popitem(last=False)
            for call in tuple(self.arrived):
                call()
