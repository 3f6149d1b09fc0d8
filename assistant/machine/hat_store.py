"""The model files for a HAT on this disk: hailo-ollama's own store, and folders that the user names."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from assistant.domain.hat import StoredModel

STORE: Final = "hailo-ollama"
MANIFESTS: Final = "models/manifests"
BLOBS: Final = "models/blob"
SYSTEM_FOLDERS: Final = "/usr/share:/usr/local/share"
"""hailo-ollama's own default for XDG_DATA_DIRS."""
MOST_MANIFESTS: Final = 64
LARGEST_MANIFEST_BYTES: Final = 1_000_000


def stored_models(
    root: Path, environment: Mapping[str, str], folders: Sequence[Path] = ()
) -> tuple[StoredModel, ...]:
    """The models whose HEF file is there: those of the store under `name:tag`, those of `folders` under the file's name."""
    stores = [folder / STORE for folder in _data_folders(root, environment)]
    blobs = [store / BLOBS for store in stores]
    found = {
        name: file
        for store in reversed(stores)
        for name, hef in _manifests(store / MANIFESTS)
        if (file := next((b / hef for b in blobs if _is_filled(b / hef)), None))
    }
    for folder in folders:
        found.update({file.stem: file for file in sorted(folder.glob("*.hef")) if _is_filled(file)})
    return tuple(StoredModel(name, str(file)) for name, file in sorted(found.items()))


def empty_store(root: Path, environment: Mapping[str, str]) -> str | None:
    """The user's own store where it has no manifests and a system one has: 5.1 then shows no models at all."""
    own, *system = (folder / STORE for folder in _data_folders(root, environment))
    hides = own.is_dir() and not (own / MANIFESTS).is_dir()
    return str(own) if hides and any((s / MANIFESTS).is_dir() for s in system) else None


def _data_folders(root: Path, environment: Mapping[str, str]) -> list[Path]:
    """The user's data folder as it is, then the system's under `root` (XDG base directory specification)."""
    home = environment.get("HOME") or "/nonexistent"
    own = Path(environment.get("XDG_DATA_HOME") or f"{home}/.local/share")
    system = (environment.get("XDG_DATA_DIRS") or SYSTEM_FOLDERS).split(":")
    return [own, *(root / part.strip("/") for part in system if part.startswith("/"))]


def _manifests(folder: Path) -> Iterator[tuple[str, str]]:
    """`name:tag` and the name of its HEF file, for each manifest that can be read."""
    paths = sorted(folder.glob("*/*/manifest.json"))[:MOST_MANIFESTS]
    for path in paths:
        hef = _hef(path)
        if hef is not None:
            yield f"{path.parent.parent.name}:{path.parent.name}", hef


def _hef(manifest: Path) -> str | None:
    """The file that a manifest names: by its hash up to 5.3, by name from 5.4 on. None where it names none of this folder."""
    try:
        with manifest.open("rb") as file:
            fields = json.loads(file.read(LARGEST_MANIFEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    digest, name = fields.get("hef_h10h"), fields.get("hef_filename")
    if isinstance(digest, str) and digest.isalnum():
        return f"sha256_{digest}"
    return name if isinstance(name, str) and Path(name).name == name else None


def _is_filled(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False
