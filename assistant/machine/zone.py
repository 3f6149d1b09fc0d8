"""The wall clock of this machine: what it shows at any moment, summer time included."""

import time
from datetime import UTC, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING = timedelta()
_SET_BACK_S = (3600, 1800, 7200)
"""By so much clocks are set back somewhere."""


class MachineZone(tzinfo):
    """The zone that the system is set to. `datetime.fromtimestamp(seconds, MachineZone())` is a moment in it."""

    def fromutc(self, moment: datetime) -> datetime:
        """The wall clock at a moment that is given in UTC."""
        seconds = (moment.replace(tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
        local = time.localtime(seconds)
        wall = datetime(*local[:6], moment.microsecond)  # noqa: DTZ001 - its zone is put in below
        # The second time that the clock shows this, after it was set back.
        fold = int(any(time.localtime(seconds - back)[:6] == local[:6] for back in _SET_BACK_S))
        return wall.replace(tzinfo=self, fold=fold)

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """How far the wall clock is before UTC."""
        if moment is None:
            return _NOTHING
        wall = moment.replace(tzinfo=UTC)
        stamp = (wall - _EPOCH) // timedelta(seconds=1)
        return timedelta(seconds=time.localtime(self._seconds(stamp, moment.fold)).tm_gmtoff)

    def dst(self, moment: datetime | None) -> timedelta | None:  # noqa: ARG002 - the signature of tzinfo
        """Unknown: what counts is the offset."""
        return None

    def tzname(self, moment: datetime | None) -> str | None:
        """The system's own short name."""
        return None if moment is None else time.tzname[0]

    def _seconds(self, wall: int, fold: int) -> int:
        """Unix seconds at which the wall clock shows `wall` (its reading as if it were UTC): of two, the first or the second."""
        offsets = {time.localtime(wall + day).tm_gmtoff for day in (-86_400, 86_400)}
        fitting = sorted(
            wall - offset for offset in offsets if time.localtime(wall - offset).tm_gmtoff == offset
        )
        # A reading that the clock skipped fits none: it counts by the offset of the day before.
        return (
            fitting[-1 if fold else 0]
            if fitting
            else wall - time.localtime(wall - 86_400).tm_gmtoff
        )
