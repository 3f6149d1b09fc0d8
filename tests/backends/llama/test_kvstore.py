"""KV states on disk: private, bounded, forgotten when asked, tried once."""

import os
import stat
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.llama.client import LlamaBackend
from assistant.backends.llama.kvstore import StateFiles, forget, sweep
from assistant.domain.errors import ModelError
from assistant.domain.places import Place, Route
from assistant.domain.settings import EngineSettings

MAGIC = 0x67677371


def state(tokens: list[int], size_bytes: int = 0) -> bytes:
    """What llama.cpp writes: magic, version, tokens, and the state itself."""
    head = struct.pack("=III", MAGIC, 3, len(tokens)) + struct.pack(f"={len(tokens)}i", *tokens)
    return head.ljust(size_bytes, b"\0")


def writes(data: bytes) -> Callable[[Path], bool]:
    def write(path: Path) -> bool:
        path.write_bytes(data)
        return True

    return write


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*")) if folder.exists() else []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "kv"


@pytest.fixture
def store(folder: Path) -> StateFiles:
    return StateFiles(folder, "k1", 1000)


def test_a_state_comes_back(store: StateFiles, folder: Path) -> None:
    assert store.tokens("a") == []
    assert store.save("a", 100, writes(state([1, 2, 3], 100)))
    assert store.tokens("a") == [1, 2, 3]
    assert store.load("a", lambda path: path.read_bytes().startswith(state([1, 2, 3], 100)))
    assert store.tokens("a") == [1, 2, 3]
    assert len(files(folder)) == 1


def test_nobody_else_may_read_it_and_its_name_tells_nothing(
    store: StateFiles, folder: Path
) -> None:
    store.save("my diary", 10, writes(state([1])))
    (path,) = files(folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "diary" not in path.name


def test_a_state_fits_one_model_only(store: StateFiles, folder: Path) -> None:
    store.save("a", 10, writes(state([1])))
    assert StateFiles(folder, "k2", 1000).tokens("a") == []


def test_a_file_that_killed_its_reader_is_not_tried_again(store: StateFiles) -> None:
    store.save("a", 10, writes(state([1])))

    def dies(_: Path) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.load("a", dies)
    assert store.tokens("a") == []
    assert not store.load("a", lambda _: True)


def test_a_file_that_cannot_be_read_is_removed(store: StateFiles, folder: Path) -> None:
    store.save("a", 10, writes(state([1])))
    assert not store.load("a", lambda _: False)
    assert files(folder) == []


@pytest.mark.parametrize("data", [b"", b"xx", b"\0" * 12, struct.pack("=III", MAGIC, 3, 2**31)])
def test_a_damaged_file_holds_no_tokens(store: StateFiles, folder: Path, data: bytes) -> None:
    store.save("a", 10, writes(data))
    assert store.tokens("a") == []


@given(cut=st.integers(0, 119), flipped=st.integers(0, 119))
def test_a_file_that_is_not_what_was_written_is_not_read(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flipped: int
) -> None:
    folder = tmp_path_factory.mktemp("kv")
    store = StateFiles(folder, "k1", 1000)
    store.save("a", 100, writes(state([1], 100)))
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[flipped] ^= 1
    for data in (whole[:cut], bytes(damaged), bytes(len(whole))):
        path.write_bytes(data)
        assert not store.load("a", lambda _: True)
        assert not path.exists()
    path.write_bytes(whole)
    assert store.load("a", lambda _: True)


def test_a_failed_write_leaves_the_old_state(store: StateFiles, folder: Path) -> None:
    store.save("a", 10, writes(state([1])))

    def half(path: Path) -> bool:
        path.write_bytes(b"half")
        return False

    def full(_: Path) -> bool:
        raise OSError("no space left on device")

    assert not store.save("a", 10, half)
    assert not store.save("a", 10, full)
    assert store.tokens("a") == [1]
    assert len(files(folder)) == 1


def test_what_a_dead_worker_left_is_swept_out(store: StateFiles, folder: Path) -> None:
    folder.mkdir(parents=True)
    old, young = folder / "x.kv.1.new", folder / "y.kv.2.trying"
    old.touch()
    young.touch()
    sweeper = StateFiles(folder, "k1", 1000, stale_s=0.0)
    sweeper.save("a", 10, writes(state([1])))
    assert [path.suffix for path in files(folder)] == [".kv"]
    young.touch()
    store.save("b", 10, writes(state([1])))
    assert young in files(folder)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(16, 1500)), max_size=15))
def test_the_folder_never_outgrows_its_bound_and_the_oldest_goes(
    tmp_path_factory: pytest.TempPathFactory, saves: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("kv")
    store = StateFiles(folder, "k1", 2000)
    recent: list[int] = []
    for now, (name, size) in enumerate(saves):
        if store.save(str(name), size, writes(state([name], size))):
            recent = [*(n for n in recent if n != name), name]
            newest = max(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
            os.utime(newest, (now, now))
        assert sum(path.stat().st_size for path in folder.iterdir()) <= 2000
    held = [n for n in recent if store.tokens(str(n))]
    assert held == recent[len(recent) - len(held) :]


def test_no_room_at_all_keeps_nothing(folder: Path) -> None:
    assert not StateFiles(folder, "k1", 0).save("a", 10, writes(state([1])))
    assert not folder.exists()


def test_a_forgotten_conversation_leaves_no_file(store: StateFiles, folder: Path) -> None:
    store.save("a", 10, writes(state([1])))
    StateFiles(folder, "k2", 1000).save("a", 10, writes(state([1])))
    store.save("b", 10, writes(state([2])))

    def forgets(_: Path) -> bool:
        forget(folder, "a")
        return True

    assert store.load("a", forgets)
    assert store.tokens("a") == []
    assert store.tokens("b") == [2]
    assert len(files(folder)) == 1
    forget(folder / "none", "a")


def test_a_sweep_takes_what_is_gone_and_asks_only_where_there_is_something(
    store: StateFiles, folder: Path
) -> None:
    def nobody() -> list[str]:
        raise AssertionError("asked")

    sweep(folder, nobody)
    folder.mkdir(parents=True)
    sweep(folder, nobody)
    store.save("a", 10, writes(state([1])))
    StateFiles(folder, "k2", 1000).save("a", 10, writes(state([1])))
    store.save("b", 10, writes(state([2])))
    sweep(folder, lambda: ["a", "c"])
    assert (store.tokens("a"), store.tokens("b")) == ([], [2])
    assert len(files(folder)) == 1


async def test_a_start_leaves_nothing_of_what_is_gone(tmp_path: Path) -> None:
    store = StateFiles(tmp_path / "cache" / "kv", "k1", 1000)
    store.save("a", 10, writes(state([1])))
    store.save("b", 10, writes(state([2])))
    backend = LlamaBackend(
        Route("cpu", Place.THIS_MACHINE, "llama", "toy"),
        tmp_path / "none.gguf",
        EngineSettings(),
        tmp_path / "state",
        tmp_path / "cache",
        gone=lambda: ["a"],
    )
    with pytest.raises(ModelError):
        await backend.load()
    assert (store.tokens("a"), store.tokens("b")) == ([], [2])
