"""What is read of the machine: under ASSISTANT_SYSROOT, and never relied on."""

import os
from pathlib import Path

import pytest

from assistant.backends.llama.identity import machine, physical_cores


def topology(root: Path, siblings: dict[int, str]) -> None:
    for cpu, text in siblings.items():
        folder = root / f"sys/devices/system/cpu/cpu{cpu}/topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(text)


def test_hardware_threads_of_one_core_count_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_SYSROOT", str(tmp_path))
    usable = sorted(os.sched_getaffinity(0))
    topology(tmp_path, dict.fromkeys(usable, "0-99\n"))
    assert physical_cores() == 1


def test_without_a_topology_every_usable_processor_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_SYSROOT", str(tmp_path))
    assert physical_cores() == len(os.sched_getaffinity(0))


def test_another_processor_is_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_SYSROOT", str(tmp_path))
    unknown = machine()
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("flags : avx2\nflags : avx2\ncpu MHz : 800\n")
    plain = machine()
    (tmp_path / "proc/cpuinfo").write_text("flags : avx2\ncpu MHz : 3600\n")
    assert machine() == plain
    (tmp_path / "proc/cpuinfo").write_text("flags : avx2 amx_tile\n")
    assert len({unknown, plain, machine()}) == 3
