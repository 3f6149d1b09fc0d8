"""Room on the disk, and what a disk that refuses means for a person."""

import errno
from typing import Final

from assistant.domain.errors import FullDiskError, StorageError

RESERVE_BYTES: Final = 200_000_000
"""Room that a download leaves on the disk, so that the journal can go on."""


def check_room(need_bytes: int, free_bytes: int, where: str) -> None:
    """Raises: FullDiskError where `need_bytes` do not fit into `free_bytes` with the reserve kept."""
    if need_bytes + RESERVE_BYTES > free_bytes:
        raise FullDiskError(
            f"{where} has {megabytes(free_bytes)} free; this needs {megabytes(need_bytes)}"
            f" and {megabytes(RESERVE_BYTES)} to spare",
            "make room, then run it again",
        )


def disk_error(error: OSError, where: str) -> StorageError:
    """What a failed write to `where` means for a person."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FullDiskError(f"no room left for {where}", "make room, then run it again")
    if error.errno == errno.EFBIG:
        return StorageError(
            f"{where} cannot grow further: this file system or a limit forbids a file this large",
            "use another disk or file system for the models",
        )
    return StorageError(f"{where} cannot be written: {error.strerror or error}")


def megabytes(size_bytes: int) -> str:
    """`98 MB`, `4.7 GB`: decimal units, as disks are sold."""
    if size_bytes >= 1_000_000_000:
        return f"{size_bytes / 1e9:.1f} GB"
    return f"{size_bytes / 1e6:,.0f} MB"
