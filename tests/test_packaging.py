"""The wheel and the source package: all that the program needs, and no weights, tests or strangers."""

import email
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from assistant import __version__

ROOT = Path(__file__).parents[1]
STRAY = "models/big.gguf"
WANTED = ["assistant", "config", "models", "tests/architecture", "docs"]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel and a source package of a copy of the tree in which a model file lies about."""
    tree = tmp_path_factory.mktemp("tree")
    for name in WANTED:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.glob("[!.]*"):
        if path.is_file():
            shutil.copy(path, tree)
    for stray in (STRAY, "config/secrets.toml", "assistant/stray.gguf"):
        (tree / stray).write_bytes(b"GGUF" + bytes(1000))
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    subprocess.run(build, cwd=tree, check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def wheel(dist: Path) -> zipfile.ZipFile:
    [path] = dist.glob("*.whl")
    assert path.name == f"hat_assistant-{__version__}-py3-none-any.whl"
    return zipfile.ZipFile(path)


def metadata(wheel: zipfile.ZipFile) -> Message:
    """The wheel's METADATA."""
    return email.message_from_bytes(wheel.read(f"hat_assistant-{__version__}.dist-info/METADATA"))


def test_the_wheel_holds_the_whole_package(wheel: zipfile.ZipFile) -> None:
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "assistant").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".gguf"
    }
    assert modules <= set(wheel.namelist())


def test_the_wheel_holds_every_shipped_file(wheel: zipfile.ZipFile) -> None:
    found = (path for path in (ROOT / "config").rglob("*") if path.is_file())
    shipped = {path.relative_to(ROOT).as_posix() for path in found}
    shipped.add("models/catalog.toml")
    packed = {
        name.removeprefix("assistant/_shipped/")
        for name in wheel.namelist()
        if name.startswith("assistant/_shipped/")
    }
    assert packed == shipped
    for name in shipped:
        assert wheel.read(f"assistant/_shipped/{name}") == (ROOT / name).read_bytes()


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    roots = {name.partition("/")[0] for name in wheel.namelist()}
    assert roots == {"assistant", f"hat_assistant-{__version__}.dist-info"}
    assert not [name for name in wheel.namelist() if name.endswith(".gguf")]


def test_the_wheel_carries_the_command_the_licence_and_the_bounds(wheel: zipfile.ZipFile) -> None:
    info = f"hat_assistant-{__version__}.dist-info"
    assert b"assistant = assistant.cli:run" in wheel.read(f"{info}/entry_points.txt")
    assert {f"{info}/licenses/LICENSE", f"{info}/licenses/NOTICE"} <= set(wheel.namelist())
    facts = metadata(wheel)
    assert facts["Requires-Python"] == ">=3.11"
    assert "llama-cpp-python==0.3.36" in facts.get_all("Requires-Dist", [])


def test_the_source_package_builds_the_same_wheel(
    dist: Path, wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    with tarfile.open(next(dist.glob("*.tar.gz"))) as source:
        names = source.getnames()
        source.extractall(tmp_path, filter="data")
    assert not [name for name in names if name.endswith(".gguf") or "/tests/" in name]
    [tree] = [path for path in tmp_path.iterdir() if path.name.startswith("hat_assistant-")]
    build = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-d",
        str(tmp_path / "again"),
    ]
    subprocess.run(build, cwd=tree, check=True, capture_output=True)
    [again] = (tmp_path / "again").glob("*.whl")
    assert sorted(zipfile.ZipFile(again).namelist()) == sorted(wheel.namelist())
