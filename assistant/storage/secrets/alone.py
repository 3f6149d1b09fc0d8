"""One writer at a time, over threads and programs: in a folder that is made where it is not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.storage import atomic
from assistant.storage.model_index import exclusive


@contextmanager
def alone(file: Path, what: str) -> Iterator[None]:
    """Holds the lock beside `file`, and waits for it; `what` names the file's content. Raises: StorageError."""
    try:
        file.parent.mkdir(0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise atomic.storage_error(error, file) from error
    with exclusive(file.with_suffix(".lock"), what, wait=True):
        yield
