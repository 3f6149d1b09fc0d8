"""The wall around the program, raised once at its very start; what it turned away is kept in a file."""

from datetime import UTC, datetime
from pathlib import Path

from assistant.outbound.wall import raise_wall

LOG = "wall.log"
"""Its name in the state folder; `doctor` tells how many lines it has."""

_MOST_BYTES = 1_000_000


def stand() -> None:
    """From now on this process reaches nothing that the door has not just opened."""
    raise_wall(_keep)


def turned_away(state: Path) -> int | None:
    """How many attempts are in the file in the folder `state`; None where it cannot be read."""
    try:
        with (state / LOG).open("rb") as log:
            return sum(1 for _ in log)
    except FileNotFoundError:
        return 0
    except OSError:
        return None


def _keep(event: str, address: str) -> None:
    """Runs in whichever thread reached out. Where nothing can be written the attempt is refused all the same."""
    from assistant.domain.hygiene import one_line
    from assistant.storage import paths

    line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {event} {one_line(address, 120)}\n"
    try:
        path = paths.find().state / LOG
        if not path.exists() or path.stat().st_size < _MOST_BYTES:
            with path.open("a", encoding="utf-8") as log:
                log.write(line)
    except OSError:
        return
