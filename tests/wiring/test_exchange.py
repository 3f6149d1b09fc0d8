"""Paths that lead nowhere, for files out and in: each is said in words."""

import asyncio
import os
from pathlib import Path

import pytest

from assistant.domain.errors import StorageError, UsageError
from assistant.domain.sensitivity import Label
from assistant.storage.paths import Places
from assistant.wiring.exchange import ExchangeDesk
from tests.tui.fake_services import stage


@pytest.fixture
def desk(tmp_path: Path) -> ExchangeDesk:
    on = stage(tmp_path)
    asyncio.run(on.services.engine.start_conversation("", "A talk", "c1"))
    return ExchangeDesk(Places(tmp_path, tmp_path, tmp_path, tmp_path), on.journal, on.clock)


def test_a_file_goes_out_and_comes_in_again(desk: ExchangeDesk, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    path = desk.keep("c1", "jsonl", Label.LOCAL_ONLY, tmp_path / "out")
    assert path.parent == tmp_path / "out"
    assert desk.bring(path)[-1].startswith("0 new conversations")


@pytest.mark.parametrize("name", ["~nosuchuser/x.json", f"{'a' * 300}.json", "no/such/folder/x.json"])  # fmt: skip
def test_where_nothing_can_be_written(desk: ExchangeDesk, tmp_path: Path, name: str) -> None:
    place = Path(name) if name.startswith("~") else tmp_path / name
    with pytest.raises(StorageError, match="cannot be written"):
        desk.keep("c1", "json", Label.LOCAL_ONLY, place)


@pytest.mark.parametrize("name", ["~nosuchuser/x.json", "a" * 300, "none.json"])
def test_what_cannot_be_read(desk: ExchangeDesk, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        desk.bring(Path(name))


def test_a_pipe_is_not_waited_for(desk: ExchangeDesk, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(UsageError, match="it is a pipe, and no file"):
        desk.bring(tmp_path / "pipe.json")
