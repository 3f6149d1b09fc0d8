"""Ends what journals that a test left open keep running: the thread of each holds it, and the screen over it, to the end."""

from assistant.storage import syncing

_running: set[syncing.Syncing] = set()


class Syncing(syncing.Syncing):
    """As that of the program, and known as long as its thread may run."""

    def quick(self) -> None:
        _running.add(self)
        super().quick()

    def close(self) -> None:
        super().close()
        _running.discard(self)


def end() -> None:
    """Ends every thread; what is due is not waited for, as nobody reads the file any more."""
    for running in list(_running):
        running.durable()
        running.close()
