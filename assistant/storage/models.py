"""The shelf of model files: what is here, what can be had, and how a file gets here whole or not at all."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assistant.domain.disk import check_room, disk_error
from assistant.domain.errors import ModelError, StorageError, UsageError
from assistant.domain.hygiene import one_line
from assistant.domain.models import (
    CONTEXT_TOKENS,
    CatalogEntry,
    FetchProgress,
    FetchStage,
    FoundModel,
    InstalledModel,
    memory_need,
)
from assistant.ports import Fetched, Fetcher
from assistant.storage import atomic
from assistant.storage.model_index import Index, IndexFile, Shelved, exclusive

if TYPE_CHECKING:
    from assistant.domain.gguf import GgufFacts
    from assistant.storage.catalog import Catalog

_BLOCK_BYTES: Final = 1 << 20
_UNKNOWN: Final = "unknown"
_NO_TEXT: Final = ("clip",)
"""Architectures of files that only serve another model."""


@dataclass(frozen=True, slots=True)
class Added:
    """A model that came from a file; `linked` says that both names share one file on the disk."""

    model: InstalledModel
    linked: bool


class ModelShelf:
    """Implements ports.Models over a folder. What arrives is checked before it gets its name."""

    def __init__(
        self,
        folder: Path,
        catalog: Callable[[], "Catalog"],
        fetchers: Mapping[str, Callable[[], Fetcher]],
        available_bytes: Callable[[], int | None],
        context_tokens: int = CONTEXT_TOKENS,
        find: Callable[[], Sequence[FoundModel]] = tuple,
    ) -> None:
        """`catalog` reads the list, `fetchers` make what serves a source, each only once it is needed: a start pays nothing for them.

        `context_tokens` as the engine is set (0: what the model was trained for). `find` looks for models of other programs.
        """
        self._folder = folder
        self._incoming = folder / "incoming"
        self._catalog = catalog
        self._fetchers = fetchers
        self._available_bytes = available_bytes
        self._context_tokens = context_tokens
        self._find = find
        self._index = IndexFile(folder)

    def catalog(self) -> tuple[CatalogEntry, ...]:
        """What can be had."""
        return self._catalog().entries

    def starter(self) -> CatalogEntry:
        """The small model that the package index carries, offered at the first run."""
        return self._catalog().starter

    def available_bytes(self) -> int | None:
        """Memory that a model could take now; None where it cannot be read."""
        return self._available_bytes()

    def installed(self) -> Sequence[InstalledModel]:
        """What is on this disk, as it came in. Raises: StorageError."""
        index = self._index.read()
        return [self._installed(model, index) for model in index.models]

    def use(self, model: str) -> InstalledModel:
        """Makes `model` the one that answers. Raises: UsageError where it is not installed, StorageError."""
        with self._index.change() as box:
            shelved = self._required(box[0], model)
            box[0] = box[0].using(model)
            return self._installed(shelved, box[0])

    def remove(self, model: str) -> InstalledModel:
        """Deletes an installed model's file and returns what it was; that of another program stays. Raises: UsageError, StorageError."""
        with self._index.change() as box:
            gone = self._installed(self._required(box[0], model), box[0])
            try:
                if not gone.elsewhere:
                    Path(gone.path).unlink(missing_ok=True)
            except OSError as error:
                raise disk_error(error, gone.path) from error
            box[0] = box[0].without(model)
            return gone

    async def fetch(self, model: str) -> AsyncGenerator[FetchProgress]:
        """Fetches a catalogue entry and installs it; see ports.Models. Raises: ModelError too, for a file that is no model."""
        entry = next((e for e in self.catalog() if e.id == model), None)
        if entry is None:
            raise UsageError(f"the catalogue has no model {model!r}", "assistant models list")
        make_fetcher = self._fetchers.get(entry.source)
        if make_fetcher is None:
            raise UsageError(f"nothing here fetches {entry.source!r} models")
        here = self._already_here(entry)
        if here is not None:
            yield here
            return
        self._make_folders()
        with exclusive(self._incoming / f"{entry.id}.lock", f"the download of {entry.id}"):
            async with aclosing(make_fetcher().fetch(entry, self._incoming)) as steps:
                async for step in steps:
                    if isinstance(step, Fetched):
                        yield await asyncio.to_thread(self._shelve_fetched, entry, step)
                    else:
                        yield step

    def add(self, file: Path) -> Added:
        """Takes any GGUF file in: checks it, hashes it, links it where both are on one disk, else copies it. Blocks.

        Raises: ModelError where it is no sound model, UsageError where it cannot be read, StorageError.
        """
        facts = inspect(file)
        self._make_folders()
        sha256 = _sha256(file)
        index = self._index.read()
        twin = next((m for m in index.models if m.sha256 == sha256), None)
        here = self._installed(twin, index) if twin else None
        if here and _is_whole(here):
            return Added(here, linked=False)
        entry = next((e for e in self.catalog() if e.sha256 == sha256), None)
        known = here or entry
        name = known.id if known else _free_id(file.stem, {m.id for m in index.models})
        with exclusive(self._incoming / f"{name}.lock", f"the model {name}"):
            fresh = self._incoming / f"{name}.part"
            try:
                linked = self._bring(file, fresh, facts.size_bytes, sha256)
                model = self._shelve(name, entry, fresh, sha256, f"the file {file.name}")
            finally:
                fresh.unlink(missing_ok=True)
        return Added(model, linked)

    def found(self) -> Sequence[FoundModel]:
        """Models of other programs on this disk that are not in the list yet. Raises: StorageError."""
        known = {model.lies_at for model in self._index.read().models}
        return [model for model in self._find() if model.path not in known]

    def add_found(self, name: str) -> InstalledModel:
        """Lists a model of another program, which is used where it lies: no second copy. Blocks while it is hashed.

        Raises: UsageError where there is none of that name, or it cannot be used; ModelError where it is no sound model; StorageError.
        """
        one = next((model for model in self._find() if model.name == name), None)
        if one is None:
            raise UsageError(f"no model {name!r} was found", "assistant models list")
        if one.why_not:
            raise UsageError(f"{name}: {one.why_not}")
        facts = inspect(Path(one.path), name)
        if facts.architecture in _NO_TEXT:
            raise ModelError(f"{name} is no model that answers: {facts.architecture}")
        sha256 = _hashed(one)
        with self._index.change() as box:
            taken = next((m for m in box[0].models if m.lies_at == one.path), None)
            fresh = (
                taken.id
                if taken
                else _free_id(name.partition(":")[2], {m.id for m in box[0].models})
            )
            entry = next((e for e in self.catalog() if e.sha256 == sha256), None)
            shelved = _described(fresh, entry, facts, sha256, f"{name}, where it lies")
            shelved = replace(shelved, lies_at=one.path)
            box[0] = box[0].with_model(shelved)
        return self._installed(shelved, box[0])

    def _bring(self, file: Path, fresh: Path, size_bytes: int, sha256: str) -> bool:
        """Puts `file` at `fresh` too; True where both are one file now."""
        fresh.unlink(missing_ok=True)
        try:
            os.link(file.resolve(), fresh)
        except OSError:
            # Another disk, or a file system without hard links: a copy does the same and costs room.
            check_room(size_bytes, shutil.disk_usage(self._incoming).free, str(self._incoming))
        else:
            return True
        try:
            shutil.copyfile(file, fresh)
            _sync(fresh)
        except OSError as error:
            raise disk_error(error, str(fresh)) from error
        if _sha256(fresh) != sha256:
            raise StorageError(f"{file} changed while it was copied", "add it again")
        return False

    def _already_here(self, entry: CatalogEntry) -> FetchProgress | None:
        model = next((m for m in self.installed() if m.id == entry.id), None)
        if model is None or model.sha256 != entry.sha256 or not _is_whole(model):
            return None
        return FetchProgress(FetchStage.DONE, model.size_bytes, model.size_bytes, installed=model)

    def _shelve_fetched(self, entry: CatalogEntry, fetched: Fetched) -> FetchProgress:
        try:
            model = self._shelve(entry.id, entry, fetched.path, fetched.sha256, fetched.origin)
        except ModelError:
            fetched.path.unlink(missing_ok=True)
            raise
        return FetchProgress(FetchStage.DONE, model.size_bytes, model.size_bytes, installed=model)

    def _shelve(
        self, name: str, entry: CatalogEntry | None, fresh: Path, sha256: str, origin: str
    ) -> InstalledModel:
        """Checks the file at `fresh`, moves it to its place and lists it; moves it back where it cannot be listed."""
        facts = inspect(fresh, f"{name}.gguf")
        shelved = _described(name, entry, facts, sha256, origin)
        place = self._folder / shelved.file
        try:
            with self._index.change() as box:
                fresh.replace(place)
                atomic.sync_folder(self._folder)
                box[0] = box[0].with_model(shelved)
        except StorageError:
            if not fresh.exists():
                place.replace(fresh)
            raise
        except OSError as error:
            raise disk_error(error, str(place)) from error
        return self._installed(shelved, box[0])

    def _installed(self, model: Shelved, index: Index) -> InstalledModel:
        context = min(self._context_tokens or model.context_tokens, model.context_tokens)
        return InstalledModel(
            id=model.id,
            name=model.name,
            path=str(model.path(self._folder)),
            size_bytes=model.size_bytes,
            sha256=model.sha256,
            origin=model.origin,
            licence=model.licence,
            context_tokens=model.context_tokens,
            memory_bytes=memory_need(model.size_bytes, model.kv_bytes_per_token or 0, context),
            architecture=model.architecture,
            in_use=index.in_use == model.id,
            elsewhere=bool(model.lies_at),
            gone=bool(model.lies_at) and not Path(model.lies_at).is_file(),
        )

    def _required(self, index: Index, model: str) -> Shelved:
        shelved = index.find(model)
        if shelved is None:
            known = ", ".join(m.id for m in index.models) or "none"
            raise UsageError(f"no model {model!r} is installed (installed: {known})")
        return shelved

    def _make_folders(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._incoming.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise disk_error(error, str(self._incoming)) from error


def _described(
    name: str, entry: CatalogEntry | None, facts: "GgufFacts", sha256: str, origin: str
) -> Shelved:
    """The row of a model in the list."""
    return Shelved(
        id=name,
        name=entry.name if entry else facts.name,
        file=f"{name}.gguf",
        size_bytes=facts.size_bytes,
        sha256=sha256,
        origin=one_line(origin, 200),
        licence=(entry.licence if entry else facts.licence) or _UNKNOWN,
        context_tokens=facts.context_tokens or CONTEXT_TOKENS,
        architecture=facts.architecture,
        kv_bytes_per_token=facts.kv_bytes_per_token,
    )


def _hashed(model: FoundModel) -> str:
    """The file's hash. Raises: ModelError where it is not what the other program calls it, UsageError where it cannot be read."""
    try:
        sha256 = _sha256(Path(model.path))
    except OSError as error:
        raise UsageError(f"{model.path} cannot be read: {error.strerror or error}") from error
    if model.sha256 not in (None, sha256):
        raise ModelError(
            f"{model.name} is damaged: its file does not match its hash", "pull it again"
        )
    return sha256


def inspect(file: Path, called: str = "") -> "GgufFacts":
    """What the GGUF file says of itself; `called` names it in errors.

    Raises: ModelError where it is no sound model; UsageError where it cannot be read.
    """
    from assistant.domain import gguf

    try:
        if not file.is_file():
            raise UsageError(f"{file} is no file", "give the path of a .gguf file")
        size = file.stat().st_size
        with file.open("rb") as stream:
            return gguf.read(stream, size, called or str(file))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}") from error


def _is_whole(model: InstalledModel) -> bool:
    """Whether the file still has the size with which it came in; one that was cut since can be had again."""
    try:
        return Path(model.path).stat().st_size == model.size_bytes
    except OSError:
        return False


def _sha256(file: Path) -> str:
    import hashlib

    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(file: Path) -> None:
    with file.open("rb") as stream:
        os.fsync(stream.fileno())


def _free_id(stem: str, taken: set[str]) -> str:
    """An id made of a file's name, with a number where the name alone is taken."""
    plain = re.sub(r"[^a-z0-9.]+", "-", stem.lower()).strip("-.")[:50] or "model"
    numbered = (f"{plain}-{n}" for n in range(2, len(taken) + 3))
    return next(name for name in (plain, *numbered) if name not in taken)
