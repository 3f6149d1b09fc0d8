"""Finds the models that Ollama and LM Studio keep on this disk, so that they can be used where they lie.

Ollama: `manifests/HOST/NAMESPACE/MODEL/TAG` is JSON whose layer of the kind `application/vnd.ollama.image.model` names a GGUF file,
`blobs/sha256-DIGEST` (ollama/ollama, `server/internal/manifest/manifest.go`). LM Studio: `PUBLISHER/MODEL/FILE.gguf`.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from assistant.domain.fields import Fields
from assistant.domain.hygiene import one_line
from assistant.domain.models import LM_STUDIO_PREFIX, OLLAMA_PREFIX, FoundModel

_MODEL_LAYER: Final = "application/vnd.ollama.image.model"
_PROJECTOR_LAYER: Final = "application/vnd.ollama.image.projector"
_DIGEST: Final = re.compile(r"sha256[:-]([0-9a-f]{64})")
_LARGEST_MANIFEST: Final = 1 << 20
_MOST: Final = 2_000
"""So many manifests or files are looked at in one place; what lies deeper than `_DEEPEST` folders is not."""
_DEEPEST: Final = 4
_PARTS: Final = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)

IN_PARTS: Final = "it lies in several files, which cannot be used here"
NO_TEXT: Final = "it reads images for another model; alone it answers nothing"


def find(home: Path | None, root: Path, environment: Mapping[str, str]) -> tuple[FoundModel, ...]:
    """What is there for a person whose home is `home`; `root` is the tree of the system's own places. Never raises.

    The same file under several names is given once, under the first.
    """
    found: dict[str, FoundModel] = {}
    for store in _ollama_stores(home, root, environment):
        for model in _in_ollama(store):
            found.setdefault(model.path, model)
    for folder in _studio_folders(home):
        for model in _in_studio(folder):
            found.setdefault(model.path, model)
    return tuple(found.values())


def _ollama_stores(home: Path | None, root: Path, environment: Mapping[str, str]) -> list[Path]:
    places = [Path(environment["OLLAMA_MODELS"])] if environment.get("OLLAMA_MODELS") else []
    if home is not None:
        places.append(home / ".ollama" / "models")
    places.append(root / "usr" / "share" / "ollama" / ".ollama" / "models")
    return [place for place in dict.fromkeys(places) if place.is_absolute()]


def _studio_folders(home: Path | None) -> list[Path]:
    if home is None:
        return []
    return [home / ".lmstudio" / "models", home / ".cache" / "lm-studio" / "models"]


def _files(folder: Path) -> Iterator[Path]:
    """The files below, in order; no link to a folder is followed, and what may not be read is not there."""
    for where, folders, names in os.walk(folder):
        depth = len(Path(where).relative_to(folder).parts)
        folders[:] = sorted(folders) if depth < _DEEPEST else []
        yield from (Path(where) / name for name in sorted(names))


def _in_ollama(store: Path) -> Iterator[FoundModel]:
    manifests = store / "manifests"
    for path in islice(_files(manifests), _MOST):
        parts = path.relative_to(manifests).parts
        if len(parts) == 4:
            yield from _of_manifest(store, path, OLLAMA_PREFIX + _called(*parts))


def _called(host: str, namespace: str, model: str, tag: str) -> str:
    """The name by which Ollama knows it too."""
    shown = [] if host == "registry.ollama.ai" else [host]
    if shown or namespace != "library":
        shown.append(namespace)
    return one_line("/".join([*shown, f"{model}:{tag}"]), 190)


def _of_manifest(store: Path, manifest: Path, name: str) -> Iterator[FoundModel]:
    try:
        if manifest.stat().st_size > _LARGEST_MANIFEST:
            return
        layers = list(Fields(json.loads(manifest.read_bytes())).children("layers"))
        kinds = {layer.text("mediaType"): layer.text("digest") for layer in layers}
        digest = _DIGEST.fullmatch(kinds.get(_MODEL_LAYER, ""))
        if digest is None:
            # One that Ollama runs elsewhere has no file here.
            return
        path = store / "blobs" / f"sha256-{digest[1]}"
        size = path.stat().st_size
    except (OSError, ValueError, RecursionError):
        # Half a download, or somebody else's: there is nothing to offer.
        return
    note = "without its part that reads images" if _PROJECTOR_LAYER in kinds else ""
    yield FoundModel(name, str(path), size, digest[1], note=note)


def _in_studio(folder: Path) -> Iterator[FoundModel]:
    for path in islice(_files(folder), _MOST):
        if path.suffix.lower() != ".gguf":
            continue
        try:
            size = path.stat().st_size
        except OSError:
            continue
        name = path.relative_to(folder).as_posix()[: -len(path.suffix)]
        shown = LM_STUDIO_PREFIX + one_line(name, 180)
        yield FoundModel(shown, str(path), size, None, why_not=_why_not(path.name))


def _why_not(name: str) -> str:
    if _PARTS.search(name):
        return IN_PARTS
    return NO_TEXT if "mmproj" in name.lower() else ""
