"""The calm screen: few frames, text by the row, nothing that moves or counts; for slow lines and for who wants it so."""

from textual.screen import UPDATE_PERIOD, Screen

from assistant.domain.settings import Settings

FRAME_S = 1 / 3
"""Between two frames of a calm screen. Frames keep to a beat: of any second, no more than four fall into it."""

FRAMES_PER_SECOND = 3
"""How often a growing reply is drawn at most."""


def pace(screen: Screen[object], *, calm: bool) -> None:
    """Has `screen` drawn on the calm beat, or as quickly as it is used to."""
    # Textual reads its own rate once, from the environment, for all of a process.
    screen._update_timer._interval = FRAME_S if calm else UPDATE_PERIOD


def frames(settings: Settings) -> int:
    """How often a growing reply is drawn in a second."""
    wanted = settings.screen.frames_per_second
    return min(wanted, FRAMES_PER_SECOND) if settings.screen.calm else wanted


class Rows:
    """Holds streamed text back until about a row of it has come: a calm reply grows by rows, not by words."""

    def __init__(self) -> None:
        self._key = ""
        self._held = ""

    def take(self, key: str, text: str, width: int) -> str:
        """What can be shown of the reply `key` now that `text` came: up to a row's end, or a blank where a row is full."""
        if key != self._key:
            self._key, self._held = key, ""
        self._held += text
        end = self._held.rfind("\n") + 1
        if len(self._held) - end > width:
            end = self._held.rfind(" ") + 1 or len(self._held)
        shown, self._held = self._held[:end], self._held[end:]
        return shown
