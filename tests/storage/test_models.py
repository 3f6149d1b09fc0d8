"""The shelf: a model is there whole or not at all, and what is listed is what is there."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from assistant.domain.errors import CorruptError, FetchError, ModelError, StorageError, UsageError
from assistant.domain.models import CatalogEntry, FetchProgress, FetchStage
from assistant.ports import Fetched, Models
from assistant.storage.catalog import Catalog
from assistant.storage.models import ModelShelf
from tests.gguf_maker import tiny_gguf

MODEL = tiny_gguf()
SHA256 = hashlib.sha256(MODEL).hexdigest()
TINY = CatalogEntry(
    id="tiny",
    name="Tiny Q4_1",
    source="https",
    repository="org/tiny",
    file="tiny.gguf",
    size_bytes=len(MODEL),
    sha256=SHA256,
    package_sha256=None,
    licence="MIT",
    context_tokens=512,
    memory_bytes=1,
    parameters="1M",
    verified=True,
)
OTHER = replace(TINY, id="other", source="package", sha256="0" * 64)


@dataclass
class FakeFetcher:
    """Puts `data` down as what arrived, or fails."""

    data: bytes = MODEL
    error: Exception | None = None
    calls: int = 0

    async def fetch(
        self, entry: CatalogEntry, folder: Path
    ) -> AsyncGenerator[FetchProgress | Fetched]:
        """See ports.Fetcher."""
        self.calls += 1
        yield FetchProgress(FetchStage.RECEIVE, 1, len(self.data))
        if self.error is not None:
            raise self.error
        path = folder / f"{entry.id}.part"
        path.write_bytes(self.data)
        yield Fetched(path, hashlib.sha256(self.data).hexdigest(), "a \x1b[31mhost")


@pytest.fixture
def fetcher() -> FakeFetcher:
    """What serves both sources."""
    return FakeFetcher()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the models are; not there at the start."""
    return tmp_path / "data" / "models"


@pytest.fixture
def shelf(folder: Path, fetcher: FakeFetcher) -> ModelShelf:
    """A shelf with nothing on it."""
    catalog = Catalog("https://models.example", ("models.example",), TINY, (TINY, OTHER))
    makers = {"https": lambda: fetcher, "package": lambda: fetcher}
    return ModelShelf(folder, lambda: catalog, makers, lambda: 5_000_000_000)


def a_file(tmp_path: Path, name: str = "My Model.gguf", data: bytes = MODEL) -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


async def pull(shelf: ModelShelf, model: str = "tiny") -> list[FetchProgress]:
    return [step async for step in shelf.fetch(model)]


def files(folder: Path) -> set[str]:
    """Everything under the shelf but locks and the list."""
    names = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    return {name for name in names if not name.endswith(("lock", "installed.json"))}


def test_an_empty_shelf(shelf: ModelShelf) -> None:
    port: Models = shelf
    assert port.installed() == []
    assert port.starter() is TINY
    assert port.catalog() == (TINY, OTHER)
    assert port.available_bytes() == 5_000_000_000


async def test_a_fetched_model_is_listed_and_in_use(shelf: ModelShelf, folder: Path) -> None:
    steps = await pull(shelf)
    (model,) = shelf.installed()
    assert steps[-1] == FetchProgress(FetchStage.DONE, len(MODEL), len(MODEL), installed=model)
    assert model.id == "tiny"
    assert model.name == "Tiny Q4_1"
    assert model.in_use
    assert model.path == str(folder / "tiny.gguf")
    assert model.licence == "MIT"
    assert model.origin == "a ␛[31mhost"
    assert model.memory_bytes == len(MODEL) + 256 * 512 + 400_000_000
    assert files(folder) == {"tiny.gguf"}
    assert (folder / "installed.json").stat().st_mode & 0o777 == 0o600


async def test_what_is_here_is_not_fetched_again(shelf: ModelShelf, fetcher: FakeFetcher) -> None:
    await pull(shelf)
    assert [step.stage for step in await pull(shelf)] == [FetchStage.DONE]
    assert fetcher.calls == 1


async def test_what_was_cut_since_is_fetched_again(
    shelf: ModelShelf, fetcher: FakeFetcher, folder: Path
) -> None:
    await pull(shelf)
    os.truncate(folder / "tiny.gguf", 9)
    await pull(shelf)
    assert (fetcher.calls, (folder / "tiny.gguf").read_bytes()) == (2, MODEL)


def test_what_was_cut_since_is_mended_by_the_same_file(shelf: ModelShelf, tmp_path: Path) -> None:
    data = tiny_gguf({"general.name": "Mine"})
    path = Path(shelf.add(a_file(tmp_path, "mine.gguf", data)).model.path)
    os.truncate(path, 9)
    assert shelf.add(a_file(tmp_path, "again.gguf", data)).model.path == str(path)
    assert path.read_bytes() == data


async def test_an_unknown_id_is_a_usage_error(shelf: ModelShelf) -> None:
    with pytest.raises(UsageError, match="no model 'nope'"):
        await pull(shelf, "nope")


async def test_a_failed_download_installs_nothing(
    shelf: ModelShelf, fetcher: FakeFetcher, folder: Path
) -> None:
    fetcher.error = FetchError("cut")
    with pytest.raises(FetchError):
        await pull(shelf)
    assert shelf.installed() == []
    fetcher.error = None
    assert (await pull(shelf))[-1].installed is not None


@pytest.mark.parametrize("data", [MODEL[:-5], b"<!DOCTYPE html>" * 9, b""])
async def test_an_alien_or_cut_download_is_thrown_away(
    shelf: ModelShelf, fetcher: FakeFetcher, folder: Path, data: bytes
) -> None:
    fetcher.data = data
    with pytest.raises(ModelError, match=r"tiny\.gguf"):
        await pull(shelf)
    assert shelf.installed() == []
    assert files(folder) == set()


async def test_a_second_pull_at_once_says_so(shelf: ModelShelf) -> None:
    async with aclosing(shelf.fetch("tiny")) as first:
        await anext(first)
        with pytest.raises(StorageError, match="already being worked on"):
            await pull(shelf)
        # Another model is another matter.
        assert (await pull(shelf, "other"))[-1].installed is not None
    assert (await pull(shelf))[-1].installed is not None


def test_a_pull_in_another_process_is_seen(shelf: ModelShelf, folder: Path) -> None:
    (folder / "incoming").mkdir(parents=True)
    script = (
        "import fcntl, sys\n"
        "lock = open(sys.argv[1], 'a')\n"
        "fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    argv = [sys.executable, "-c", script, str(folder / "incoming" / "tiny.lock")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(StorageError, match="already being worked on"):
            shelf.add(a_file(folder.parent))
        other.communicate()
    assert shelf.add(a_file(folder.parent)).model.in_use


def test_any_gguf_file_can_be_added(shelf: ModelShelf, tmp_path: Path, folder: Path) -> None:
    data = tiny_gguf({"general.name": "Mine"})
    source = a_file(tmp_path, "My Model (v2).GGUF", data)
    added = shelf.add(source)
    assert added.linked
    assert added.model.id == "my-model-v2"
    assert added.model.name == "Mine"
    assert added.model.licence == "apache-2.0"
    assert added.model.origin == "the file My Model (v2).GGUF"
    assert added.model.sha256 == hashlib.sha256(data).hexdigest()
    assert Path(added.model.path).read_bytes() == data
    assert files(folder) == {"my-model-v2.gguf"}
    source.unlink()
    assert Path(added.model.path).read_bytes() == data


def test_where_no_link_can_be_made_the_file_is_copied(
    shelf: ModelShelf, tmp_path: Path, folder: Path
) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    source = a_file(memory, f"{os.getpid()}-tiny.gguf")
    try:
        added = shelf.add(source)
    finally:
        source.unlink()
    assert not added.linked
    assert files(folder) == {"tiny.gguf"}


def test_a_known_file_gets_its_name_from_the_catalogue(shelf: ModelShelf, tmp_path: Path) -> None:
    model = shelf.add(a_file(tmp_path, "download(1).gguf")).model
    assert (model.id, model.name, model.licence) == ("tiny", "Tiny Q4_1", "MIT")


def test_the_same_file_twice_is_one_model(shelf: ModelShelf, tmp_path: Path) -> None:
    first = shelf.add(a_file(tmp_path, "a.gguf")).model
    assert shelf.add(a_file(tmp_path, "b.gguf")).model == first
    assert len(shelf.installed()) == 1


def test_two_files_of_one_name_are_two_models(shelf: ModelShelf, tmp_path: Path) -> None:
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        shelf.add(a_file(folder, "m.gguf", tiny_gguf({"general.name": f"n{number}"})))
    assert [model.id for model in shelf.installed()] == ["m", "m-2", "m-3"]


def test_a_file_that_lies_on_the_shelf_already_can_be_added(
    shelf: ModelShelf, folder: Path
) -> None:
    folder.mkdir(parents=True)
    shelf.add(a_file(folder, "tiny.gguf"))
    assert files(folder) == {"tiny.gguf"}
    assert Path(shelf.installed()[0].path).read_bytes() == MODEL


@pytest.mark.parametrize("data", [b"", b"GGUF", b"PK\x03\x04" * 40, MODEL[:-1], MODEL[:100]])
def test_a_bad_file_is_not_added(
    shelf: ModelShelf, tmp_path: Path, folder: Path, data: bytes
) -> None:
    with pytest.raises(ModelError, match="bad"):
        shelf.add(a_file(tmp_path, "bad.gguf", data))
    assert shelf.installed() == []
    assert not folder.exists()


def test_what_is_no_file_is_said(shelf: ModelShelf, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing.gguf", tmp_path, tmp_path / "pipe"):
        with pytest.raises(UsageError, match="is no file"):
            shelf.add(path)


async def test_another_model_can_be_chosen(shelf: ModelShelf) -> None:
    await pull(shelf, "tiny")
    await pull(shelf, "other")
    assert [m.id for m in shelf.installed() if m.in_use] == ["tiny"]
    assert shelf.use("other").in_use
    assert [m.id for m in shelf.installed() if m.in_use] == ["other"]
    with pytest.raises(UsageError, match="installed: tiny, other"):
        shelf.use("nope")


async def test_a_removed_model_is_gone_and_the_last_one_answers(
    shelf: ModelShelf, folder: Path
) -> None:
    await pull(shelf, "tiny")
    await pull(shelf, "other")
    assert shelf.remove("tiny").id == "tiny"
    assert files(folder) == {"other.gguf"}
    (left,) = shelf.installed()
    assert left.in_use
    with pytest.raises(UsageError):
        shelf.remove("tiny")


async def test_a_file_that_went_away_is_not_listed(shelf: ModelShelf, folder: Path) -> None:
    await pull(shelf)
    (folder / "tiny.gguf").unlink()
    assert shelf.installed() == []
    assert (await pull(shelf))[-1].installed is not None


ROW = {
    "id": "tiny",
    "name": "Tiny",
    "file": "tiny.gguf",
    "size_bytes": 9,
    "sha256": "ab",
    "origin": "here",
    "licence": "MIT",
    "context_tokens": 512,
    "architecture": "llama",
    "kv_bytes_per_token": None,
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"version": 2}',
        '{"version": 1, "models": [{}], "in_use": null}',
        '{"version": 1, "models": [], "in_use": 3}',
        json.dumps({"version": 1, "models": [ROW | {"size_bytes": "9"}], "in_use": None}),
        json.dumps({"version": 1, "models": [ROW | {"file": "../tiny.gguf"}], "in_use": None}),
    ],
)
def test_a_damaged_list_is_said_and_left_alone(
    shelf: ModelShelf, folder: Path, tmp_path: Path, text: str
) -> None:
    folder.mkdir(parents=True)
    (folder / "installed.json").write_text(text)
    with pytest.raises(CorruptError, match=r"installed\.json is damaged"):
        shelf.installed()
    with pytest.raises(CorruptError):
        shelf.add(a_file(tmp_path))
    assert (folder / "installed.json").read_text() == text
    assert files(folder) == set()


def forbid_listing(folder: Path) -> None:
    """Puts the list where nothing can be written, even by root."""
    folder.mkdir(parents=True)
    (folder / "installed.json").symlink_to("/proc/nowhere/installed.json")


async def test_a_model_that_cannot_be_listed_goes_back_to_where_it_arrived(
    shelf: ModelShelf, folder: Path
) -> None:
    forbid_listing(folder)
    with pytest.raises(StorageError, match="cannot be written"):
        await pull(shelf)
    assert files(folder) == {"incoming/tiny.part"}


def test_a_folder_that_cannot_be_made_is_said(
    shelf: ModelShelf, folder: Path, tmp_path: Path
) -> None:
    folder.parent.parent.mkdir(exist_ok=True)
    folder.parent.write_text("a file in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        shelf.add(a_file(tmp_path))


def test_two_processes_add_at_once_and_none_is_lost(
    shelf: ModelShelf, folder: Path, tmp_path: Path
) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from assistant.storage.catalog import Catalog\n"
        "from assistant.storage.models import ModelShelf\n"
        "from tests.storage.test_models import TINY\n"
        "shelf = ModelShelf(Path(sys.argv[1]), lambda: Catalog('', (), TINY, ()), {}, lambda: None)\n"
        "for name in sys.argv[2:]:\n"
        "    shelf.add(Path(name))\n"
    )
    batches = []
    for part in range(2):
        names = [f"{part}-{n}.gguf" for n in range(8)]
        batches.append([str(a_file(tmp_path, n, tiny_gguf({"general.name": n}))) for n in names])
    children = [
        subprocess.Popen([sys.executable, "-c", script, str(folder), *names]) for names in batches
    ]
    assert [child.wait(30) for child in children] == [0, 0]
    assert len(shelf.installed()) == 16


def test_the_list_is_plain_json(shelf: ModelShelf, tmp_path: Path, folder: Path) -> None:
    shelf.add(a_file(tmp_path))
    table = json.loads((folder / "installed.json").read_text())
    assert table["in_use"] == "tiny"
    assert table["models"][0]["kv_bytes_per_token"] == 256
