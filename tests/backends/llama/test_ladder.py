"""The ladder, and what is remembered of it."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.llama.ladder import (
    FILE,
    Rung,
    Standing,
    build,
    keep,
    key,
    remembered,
    standing,
)


def test_each_rung_keeps_the_cautions_of_those_before() -> None:
    facts = [(r.extra_buffers, r.mmap, not r.single_thread) for r in Rung]
    assert facts == [(True,) * 3, (False, True, True), (False, False, True), (False,) * 3]
    assert [r.below() for r in Rung] == [*list(Rung)[1:], None]


@given(st.lists(st.sampled_from([*Rung, "crash"]), max_size=8))
def test_a_standing_holds_only_after_a_passed_test(history: list[Rung | str]) -> None:
    known = Standing()
    for event in history:
        before = known
        if isinstance(event, Rung):
            known = known.passed(event)
            assert known.held
            assert known.rung is event
        else:
            known = known.crashed()
            assert not known.held
            assert list(Rung).index(known.rung) >= list(Rung).index(before.rung)


def test_a_rung_that_passes_but_crashes_in_use_twice_is_left() -> None:
    once = Standing().passed(Rung.DEFAULT).crashed()
    assert once.rung is Rung.DEFAULT
    twice = once.passed(Rung.DEFAULT).crashed()
    assert twice == Standing(Rung.NO_EXTRA_BUFFERS)
    foot = Standing(Rung.ONE_THREAD, held=True, crashes=5).crashed()
    assert foot.rung is Rung.ONE_THREAD


def model(folder: Path) -> Path:
    path = folder / "m.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    return path


def test_what_was_kept_is_remembered_for_this_model_alone(tmp_path: Path) -> None:
    path = model(tmp_path)
    assert remembered(tmp_path / "state", path) is None
    keep(tmp_path / "state", key(path), Standing(Rung.NO_MMAP, held=True))
    keep(tmp_path / "state", "another", Standing())
    assert remembered(tmp_path / "state", path) is Rung.NO_MMAP
    assert sorted(p.name for p in (tmp_path / "state").iterdir()) == [FILE]
    os.utime(path, (1, 1))
    assert remembered(tmp_path / "state", path) is None


def test_an_untested_standing_is_not_remembered_as_one_that_held(tmp_path: Path) -> None:
    path = model(tmp_path)
    keep(tmp_path, key(path), Standing(Rung.NO_MMAP))
    assert remembered(tmp_path, path) is None
    assert standing(tmp_path, key(path)).rung is Rung.NO_MMAP


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        b"{",
        b'{"k": 1}',
        b'{"k": {"rung": "x", "held": 1, "crashes": 0}}',
        b'{"k": {}}',
    ],
)
def test_a_damaged_memory_is_no_memory(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert standing(tmp_path, "k") == Standing()
    keep(tmp_path, "k", Standing(Rung.ONE_THREAD, held=True))
    assert standing(tmp_path, "k").rung is Rung.ONE_THREAD


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    keep(tmp_path / "file" / "state", "k", Standing())
    assert standing(tmp_path / "file" / "state", "k") == Standing()


def test_a_missing_model_has_no_rung(tmp_path: Path) -> None:
    assert remembered(tmp_path, tmp_path / "none.gguf") is None


def test_the_build_names_version_and_libraries() -> None:
    found = build()
    assert found is not None
    version, _, libraries = found.partition("+")
    assert version.count(".") >= 2
    assert len(libraries) == 8
    assert build() == found
