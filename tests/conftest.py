"""What holds for every test: a home of its own, no network but loopback, no secrets of anybody, one real model."""

import gc
import importlib
import ipaddress
import itertools
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from assistant.storage import database, migrations, paths, price_snapshot
from tests import disk, schema, syncing

ROOT = Path(__file__).parents[1]
STARTER = ROOT / ".venv" / "starter" / "SmolLM2-135M-Instruct.Q4_1.gguf"
STARTER_BYTES = 98_362_432
SNAPSHOT_PYTHON = (3, 11)
LONGEST_NAME = 200
_numbers = itertools.count(1)

# A busy machine is not a failure; in CI every run tries the same examples.
settings.register_profile(
    "assistant",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("assistant")


class OutsideError(AssertionError):
    """A test tried to reach something that is not this machine."""


def pytest_configure(config: pytest.Config) -> None:
    """Closes the network for the whole run, and keeps the pictures of one Python only."""
    sys.addaudithook(_refuse_outside)
    renewing = config.getoption("update_snapshots", default=False)
    if renewing and sys.version_info[:2] != SNAPSHOT_PYTHON:
        raise pytest.UsageError("pictures of screens are renewed with Python 3.11 only")


_TESTS = itertools.count(1)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A text of megabytes is no name: each worker tells every name, and the environment holds that of the running test."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_NAME:
        return f"{argname} of {len(val)}"
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """To rewrite the asserts of all tests takes 20 s once. Of two workers one begins at the end: each does its half."""
    worker = getattr(session.config, "workerinput", {}).get("workerid", "")
    if worker != "gw1" or session.config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    for file in sorted((ROOT / "tests").rglob("test_*.py"), reverse=True):
        # What cannot be imported is told of where it is collected.
        with suppress(Exception):
            importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))


def pytest_collection_finish() -> None:
    """What was collected lives to the end: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """What a test left in circles holds files open: they are closed long before there are too many."""
    syncing.end()
    number = next(_TESTS)
    if number % 25 == 0:
        # What has outlived a look is looked at again once in a while: it takes ten times as long.
        gc.collect(2 if number % 200 == 0 else 1)


def _refuse_outside(event: str, args: tuple[object, ...]) -> None:
    """An audit hook sees every socket, whoever makes it and however it is called."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]
        if isinstance(address, tuple) and not is_loopback(str(address[0])):
            raise OutsideError(f"a test may not reach {address[0]}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        name = args[0].decode() if isinstance(args[0], bytes) else args[0]
        if name is not None and not is_loopback(str(name)):
            raise OutsideError(f"a test may not look up {name}")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine talking to itself."""
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def quick_storage() -> Iterator[None]:
    """Tests make thousands of journals: they are copies of one; prices are parsed once, and nothing waits for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "migrate", schema.migrate)
        patch.setattr(database, "Syncing", syncing.Syncing)
        disk.never_wait(patch)
        patch.setattr(
            price_snapshot, "parsed_snapshot", lru_cache(8)(price_snapshot.parsed_snapshot)
        )
        yield


@pytest.fixture
def real_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes wait for the disk and a new file goes through every step of the schema, as in the program."""
    disk.wait(monkeypatch)
    monkeypatch.setattr(database, "migrate", migrations.migrate)


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """As pytest's own, which looks through all folders of that kind for each new one: they are thousands."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    folder = tmp_path_factory.getbasetemp() / f"{name}{next(_numbers)}"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for each test, with every XDG folder inside; nothing of the person's environment speaks."""
    folder = tmp_path_factory.getbasetemp() / "homes" / str(next(_numbers))
    folder.mkdir(mode=0o700, parents=True)
    for name in [name for name in os.environ if name.startswith(("XDG_", "ASSISTANT_"))]:
        if name != "ASSISTANT_TEST_MODEL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(folder / name.lower()))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder / "run"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("TERM", "xterm-256color")
    # Each parser of a command line looks for translations in a dozen places that have none.
    monkeypatch.setenv("LANGUAGE", "C")
    for name in ("NO_COLOR", "COLORTERM", "DISPLAY", "WAYLAND_DISPLAY", "SSH_TTY", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def places(home: Path) -> paths.Places:
    """The program's folders in the test's own home, made."""
    found = paths.find()
    assert found.data.is_relative_to(home)
    assert not paths.make(found)
    return found


@pytest.fixture(scope="session")
def starter_model() -> Iterator[Path]:
    """The real model that `make test` fetched; a copy elsewhere may be named in ASSISTANT_TEST_MODEL."""
    model = Path(os.environ.get("ASSISTANT_TEST_MODEL") or STARTER)
    if not model.is_file() or model.stat().st_size != STARTER_BYTES:
        pytest.fail(
            f"no starter model at {model}: run `make test`, which fetches it", pytrace=False
        )
    yield model
    assert model.stat().st_size == STARTER_BYTES, "a test changed the starter model"
