"""A quick commit reaches the disk soon, in one go with those around it."""

import threading

import pytest

from assistant.storage.syncing import WITHIN_S, Syncing


class Disk:
    """Counts what it was asked to keep; may be broken."""

    def __init__(self, *, broken: bool = False) -> None:
        self.syncs = 0
        self.synced = threading.Event()
        self._broken = broken

    def sync(self) -> None:
        self.syncs += 1
        self.synced.set()
        if self._broken:
            raise OSError(5, "Input/output error")


def test_a_power_cut_costs_less_than_a_second() -> None:
    """The text was held back for one flush at most before its commit, then for WITHIN_S."""
    longest_flush_s = 0.25
    assert WITHIN_S + longest_flush_s < 0.8


def test_many_quick_commits_are_one_sync() -> None:
    disk = Disk()
    syncing = Syncing(disk.sync, within_s=0.02)
    for _ in range(50):
        syncing.quick()
    assert disk.synced.wait(10)
    syncing.close()
    assert 1 <= disk.syncs < 50


def test_the_sync_comes_though_nothing_follows() -> None:
    disk = Disk()
    syncing = Syncing(disk.sync, within_s=0.01)
    syncing.quick()
    assert disk.synced.wait(10), "a reply that stalls is on the disk all the same"
    syncing.close()


def test_the_end_takes_what_is_due_with_it() -> None:
    disk = Disk()
    syncing = Syncing(disk.sync, within_s=3600)
    syncing.quick()
    syncing.close()
    assert disk.syncs == 1
    syncing.close()


def test_a_durable_commit_covers_the_quick_ones_before_it() -> None:
    disk = Disk()
    syncing = Syncing(disk.sync, within_s=3600)
    syncing.quick()
    syncing.durable()
    syncing.close()
    assert disk.syncs == 0


def test_a_broken_disk_is_told_once_at_the_next_write() -> None:
    disk = Disk(broken=True)
    syncing = Syncing(disk.sync, within_s=0.0)
    syncing.quick()
    assert disk.synced.wait(10)
    syncing.close()
    with pytest.raises(OSError, match="Input/output error"):
        syncing.check()
    syncing.check()
