"""The locks: whole, exact, hashed, of no particular index, and of one mind with pyproject.toml and the catalogue."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = [
    "requirements.lock",
    "requirements-build.lock",
    "requirements-dev.lock",
    "requirements-starter.lock",
]
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def locked(name: str) -> list[tuple[Requirement, list[str]]]:
    """Each requirement of a lock with its hashes."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    lines = [
        line for line in text.splitlines() if line.strip() and not line.startswith(("#", "--"))
    ]
    return [(Requirement(line.partition(" --hash")[0]), HASH.findall(line)) for line in lines]


def project() -> dict[str, dict[str, list[str]]]:
    """pyproject.toml as a table."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", LOCKS)
def test_everything_is_exact_and_hashed(name: str) -> None:
    for requirement, hashes in locked(name):
        assert [part.operator for part in requirement.specifier] == ["=="], requirement
        assert hashes, requirement


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_an_index(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    assert "index" not in text
    assert "find-links" not in text


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("requirements.lock", ("project", "dependencies")),
        ("requirements-build.lock", ("dependency-groups", "build")),
        ("requirements-dev.lock", ("dependency-groups", "dev")),
    ],
)
def test_a_lock_holds_what_the_project_asks_for(name: str, wanted: tuple[str, str]) -> None:
    versions: dict[str, list[str]] = {}
    for requirement, _ in locked(name):
        version = next(iter(requirement.specifier)).version
        versions.setdefault(canonicalize_name(requirement.name), []).append(version)
    for line in project()[wanted[0]][wanted[1]]:
        asked = Requirement(line)
        found = versions.get(canonicalize_name(asked.name))
        assert found, f"{asked} is not in {name}: run `make lock`"
        assert all(asked.specifier.contains(version) for version in found), asked


def test_locks_agree() -> None:
    pins: dict[str, set[str]] = {}
    for requirement, _ in (pair for name in LOCKS for pair in locked(name)):
        pins.setdefault(requirement.name, set()).add(
            f"{requirement.specifier} {requirement.marker}"
        )
    torn = {name: found for name, found in pins.items() if len(found) > 1 and name != "numpy"}
    assert not torn


def test_the_engine_is_built_from_its_source_package() -> None:
    """One file has one hash: no wheel of the engine, from wherever, can satisfy the lock."""
    assert "--no-binary llama-cpp-python\n" in (ROOT / "requirements.lock").read_text("utf-8")
    hashes = next(found for each, found in locked("requirements.lock") if each.name == "llama-cpp-python")  # fmt: skip
    assert len(hashes) == 1


def test_the_starter_is_the_catalogues() -> None:
    [(requirement, hashes)] = locked("requirements-starter.lock")
    catalogue = (ROOT / "models" / "catalog.toml").read_text("utf-8")
    script = (ROOT / "scripts" / "starter.py").read_text("utf-8")
    assert requirement.name in catalogue
    assert hashes[0] in catalogue
    weights = re.search(r'^SHA256 = "([0-9a-f]{64})"$', script, re.MULTILINE)
    assert weights is not None
    assert weights[1] in catalogue
