"""The rules and routes in force: what the files say now, quickly, and never an error."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.domain.cloud_routes import NoRegistry, Registry
from assistant.domain.rules import NoRules, Rules
from assistant.ports.leaving import Policies
from assistant.storage import shipped
from assistant.storage.policies import FilePolicies

ROUTE = '[small]\nrow = "mistral-eu"\nmodel = "mistral-small-latest"\n'
RULES = "rules.toml"
ROUTES = "routes.toml"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The shipped files, in a place where they can be changed."""
    folder = tmp_path / "shipped"
    for name in ("countries", "routes", "rules"):
        found = shipped.path(f"config/{name}.toml")
        (folder / "config").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, folder / "config" / f"{name}.toml")
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


@pytest.fixture
def policies(data: Path, config: Path) -> FilePolicies:
    (config / ROUTES).write_text(ROUTE)
    _age(config / ROUTES)
    return FilePolicies(config, lambda name: data / name)


def _age(path: Path, seconds: int = 60) -> None:
    """As if the file had been written a while ago."""
    os.utime(path, ns=(time.time_ns(), time.time_ns() - seconds * 10**9))


def _settle(policies: FilePolicies) -> None:
    """Reads until the files have an age at which what was read is kept."""
    until = time.monotonic() + 30
    policies.rules()
    while not (policies._routes.settled and policies._rules.settled):
        assert time.monotonic() < until
        policies.registry()
        policies.rules()


def test_they_are_what_the_files_say(policies: FilePolicies) -> None:
    port: Policies = policies
    assert isinstance(port.rules(), Rules)
    setup = policies.setup("small")
    assert setup is not None
    assert (setup.model, setup.origin) == ("mistral-small-latest", "mistral-eu")
    assert policies.setups() == (setup,)
    assert policies.setup("mistral-eu") is None
    assert len(policies.registry_digest) == 64
    assert policies.problem == ""


def test_the_registry_is_read_once_for_all_who_ask(policies: FilePolicies, data: Path) -> None:
    _settle(policies)
    found = policies.registry()
    assert isinstance(found, Registry)
    assert found.find("mistral-eu") is not None
    policies.rules()
    assert policies.registry() is found
    (data / "config" / "routes.toml").write_text("schema = 99")
    assert isinstance(policies.registry(), NoRegistry)


def test_without_files_of_ones_own_the_shipped_rules_hold(tmp_path: Path) -> None:
    policies = FilePolicies(tmp_path / "nothing")
    assert isinstance(policies.rules(), Rules)
    assert policies.setups() == ()


Change = Callable[[Path, Path], None]


def _in_place(folder: Path, text: str, name: str) -> None:
    (folder / name).write_text(text)


def _swapped(folder: Path, text: str, name: str) -> None:
    fresh = folder / "fresh"
    fresh.write_text(text)
    fresh.replace(folder / name)


@pytest.mark.parametrize("write", [_in_place, _swapped])
def test_a_file_that_changed_is_read_anew(
    policies: FilePolicies, config: Path, write: Callable[[Path, str, str], None]
) -> None:
    _settle(policies)
    before = policies.registry_digest
    write(config, ROUTE.replace("small-latest", "tiny--latest"), ROUTES)
    setup = policies.setup("small")
    assert setup is not None
    assert setup.model == "mistral-tiny--latest"
    assert policies.registry_digest != before
    write(config, "schema = 99\n", RULES)
    assert isinstance(policies.rules(), NoRules)
    (config / RULES).unlink()
    assert isinstance(policies.rules(), Rules)
    (config / ROUTES).unlink()
    assert policies.setups() == ()


def test_changes_that_follow_at_once_are_all_seen(policies: FilePolicies, config: Path) -> None:
    """Of the same size, within one tick of the file system's clock."""
    for i in range(30):
        (config / ROUTES).write_text(ROUTE.replace("latest", f"{i:06}"))
        setup = policies.setup("small")
        assert setup is not None
        assert setup.model == f"mistral-small-{i:06}"


def test_a_change_that_keeps_its_time_is_seen(policies: FilePolicies, config: Path) -> None:
    _settle(policies)
    found = (config / ROUTES).stat()
    (config / ROUTES).write_text(ROUTE.replace("latest", "000000"))
    os.utime(config / ROUTES, ns=(found.st_atime_ns, found.st_mtime_ns))
    setup = policies.setup("small")
    assert setup is not None
    assert setup.model == "mistral-small-000000"


def _broken_routes(data: Path, config: Path) -> None:
    (config / ROUTES).write_text("[small]\nrow = 3\n")


def _no_registry(data: Path, config: Path) -> None:
    (data / "config" / "routes.toml").unlink()


def _bad_registry(data: Path, config: Path) -> None:
    (data / "config" / "countries.toml").write_text("[")


def _a_folder(data: Path, config: Path) -> None:
    (config / ROUTES).unlink()
    (config / ROUTES).mkdir()


def _not_text(data: Path, config: Path) -> None:
    (config / ROUTES).write_bytes(b"\xff")


def _deep(data: Path, config: Path) -> None:
    (config / ROUTES).write_text("a = " + "[" * 10_000)


@pytest.mark.parametrize(
    "damage", [_broken_routes, _no_registry, _bad_registry, _a_folder, _not_text, _deep]
)
def test_what_cannot_be_read_gives_no_route_and_no_error(
    policies: FilePolicies, data: Path, config: Path, damage: Change
) -> None:
    assert policies.setup("small") is not None
    damage(data, config)
    assert policies.setup("small") is None
    assert policies.registry_digest == ""
    assert policies.problem


def test_an_installation_without_its_files_gives_no_rules(config: Path) -> None:
    policies = FilePolicies(config, lambda name: config / "nowhere" / name)
    assert isinstance(policies.rules(), NoRules)
    assert policies.setups() == ()


def test_an_unchanged_read_costs_next_to_nothing(policies: FilePolicies) -> None:
    _settle(policies)
    took = []
    for _ in range(50):
        began = time.perf_counter()
        policies.rules()
        policies.setup("small")
        took.append(time.perf_counter() - began)
    assert sorted(took)[25] / 2 < 0.000_2
