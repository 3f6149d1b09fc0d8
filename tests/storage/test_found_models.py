"""Models of Ollama and LM Studio are found and used where they lie, and stay theirs."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from assistant.domain.errors import ModelError, UsageError
from assistant.storage.catalog import Catalog
from assistant.storage.found_models import IN_PARTS, NO_TEXT, find
from assistant.storage.models import ModelShelf
from tests.gguf_maker import tiny_gguf
from tests.storage.test_models import OTHER, TINY

MODEL = tiny_gguf({"general.name": "Theirs"})
LAYER = "application/vnd.ollama.image.model"


def in_ollama(store: Path, *name: str, model: bytes = MODEL, also: str = "") -> Path:
    """A model in a store of Ollama's; gives its file."""
    digest = hashlib.sha256(model).hexdigest()
    layers = [{"mediaType": LAYER, "digest": f"sha256:{digest}", "size": len(model)}]
    if also:
        layers.append({"mediaType": also, "digest": "sha256:" + "0" * 64, "size": 1})
    manifest = store.joinpath("manifests", *name)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
    blob = store / "blobs" / f"sha256-{digest}"
    blob.parent.mkdir(exist_ok=True)
    blob.write_bytes(model)
    return blob


LIBRARY = ("registry.ollama.ai", "library")


def test_each_is_called_as_its_program_calls_it(tmp_path: Path) -> None:
    home, root = tmp_path / "home", tmp_path / "root"
    system = root / "usr/share/ollama/.ollama/models"
    in_ollama(home / ".ollama/models", *LIBRARY, "llama3.2", "1b")
    in_ollama(system, "registry.ollama.ai", "me", "mine", "latest", model=MODEL + b"x")
    in_ollama(
        tmp_path / "own",
        "hf.co",
        "org",
        "m-GGUF",
        "Q4",
        model=MODEL + b"y",
        also="application/vnd.ollama.image.projector",
    )
    studio = home / ".lmstudio/models/org/m"
    studio.mkdir(parents=True)
    for name in ("a.gguf", "b-00001-of-00002.gguf", "mmproj-a.gguf", "readme.md"):
        (studio / name).write_bytes(b"GGUF")
    found = find(home, root, {"OLLAMA_MODELS": str(tmp_path / "own")})
    assert [(one.name, one.note, one.why_not) for one in found] == [
        ("ollama:hf.co/org/m-GGUF:Q4", "without its part that reads images", ""),
        ("ollama:llama3.2:1b", "", ""),
        ("ollama:me/mine:latest", "", ""),
        ("lmstudio:org/m/a", "", ""),
        ("lmstudio:org/m/b-00001-of-00002", "", IN_PARTS),
        ("lmstudio:org/m/mmproj-a", "", NO_TEXT),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "manifest",
    [
        "no json",
        "[]",
        '{"layers": {}}',
        '{"layers": [{"mediaType": "' + LAYER + '", "digest": "sha256:../../../etc/passwd"}]}',
        '{"layers": [{"mediaType": "' + LAYER + '", "digest": "sha256:' + "1" * 64 + '"}]}',
        "[" * 100_000,
        " " * 2_000_000 + "{}",
    ],
)
def test_what_is_no_manifest_offers_nothing(tmp_path: Path, manifest: str) -> None:
    path = tmp_path.joinpath(".ollama/models/manifests", *LIBRARY, "m", "latest")
    path.parent.mkdir(parents=True)
    path.write_text(manifest)
    assert not find(tmp_path, tmp_path, {})
    assert not find(None, tmp_path, {"OLLAMA_MODELS": "relative"})


@given(st.recursive(st.none() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.sampled_from(["layers", "digest", "mediaType"]), v)))  # fmt: skip
@tried(max_examples=20)
def test_no_manifest_breaks_the_look(value: object) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder).joinpath(".ollama/models/manifests", *LIBRARY, "m", "latest")
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(value))
        assert not find(Path(folder), Path(folder), {})


@pytest.fixture
def shelf(tmp_path: Path) -> ModelShelf:
    """Looks into the home in `tmp_path`."""
    return make_shelf(tmp_path)


def make_shelf(tmp_path: Path) -> ModelShelf:
    return ModelShelf(
        tmp_path / "models",
        lambda: Catalog("", (), TINY, (TINY, OTHER)),
        {},
        lambda: None,
        find=lambda: find(tmp_path, tmp_path, {}),
    )


def put(tmp_path: Path, model: bytes = MODEL) -> Path:
    return in_ollama(tmp_path / ".ollama/models", *LIBRARY, "theirs", "1b", model=model)


def test_it_is_used_where_it_lies_and_removing_it_leaves_the_file(
    tmp_path: Path, shelf: ModelShelf
) -> None:
    blob = put(tmp_path)
    assert [one.name for one in shelf.found()] == ["ollama:theirs:1b"]
    model = shelf.add_found("ollama:theirs:1b")
    assert (model.path, model.elsewhere, model.in_use) == (str(blob), True, True)
    assert (model.id, model.name) == ("theirs-1b", "Theirs")
    assert not list((tmp_path / "models").glob("*.gguf"))
    assert not shelf.found()
    assert make_shelf(tmp_path).installed() == [model]
    assert shelf.add_found("ollama:theirs:1b") == model, "twice is once"
    shelf.remove(model.id)
    assert blob.read_bytes() == MODEL
    assert not shelf.installed()


def test_one_that_vanished_says_so_and_may_come_back(tmp_path: Path, shelf: ModelShelf) -> None:
    blob = put(tmp_path)
    model = shelf.add_found("ollama:theirs:1b")
    blob.rename(tmp_path / "away")
    [found] = shelf.installed()
    assert (found.id, found.gone, found.in_use) == (model.id, True, True)
    shelf.use(model.id)
    (tmp_path / "away").rename(blob)
    assert not shelf.installed()[0].gone


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (lambda blob: blob.write_bytes(MODEL + b"more"), ModelError, "does not match its hash"),
        (lambda blob: blob.write_bytes(b"rubbish"), ModelError, "is no model"),
        (lambda blob: blob.unlink(), UsageError, "was found"),
    ],
)
def test_what_is_not_what_it_is_called_is_not_taken(
    tmp_path: Path,
    shelf: ModelShelf,
    spoil: Callable[[Path], object],
    error: type[Exception],
    says: str,
) -> None:
    spoil(put(tmp_path))
    with pytest.raises(error, match=says):
        shelf.add_found("ollama:theirs:1b")
    assert not shelf.installed()


def test_what_reads_images_or_lies_in_parts_is_not_taken(tmp_path: Path, shelf: ModelShelf) -> None:
    put(tmp_path, tiny_gguf({"general.architecture": "clip"}))
    with pytest.raises(ModelError, match="clip"):
        shelf.add_found("ollama:theirs:1b")
    part = tmp_path / ".lmstudio/models/o/m/x-00001-of-00002.gguf"
    part.parent.mkdir(parents=True)
    part.write_bytes(MODEL)
    with pytest.raises(UsageError, match="several files"):
        shelf.add_found("lmstudio:o/m/x-00001-of-00002")
