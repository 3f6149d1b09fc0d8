"""Downloads over real HTTPS on loopback: resume, redirects, hashes, and every fault that a line can have."""

import asyncio
import hashlib
import json
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.downloads import Reach
from assistant.domain.errors import AssistantError, FetchError, FullDiskError
from assistant.domain.models import CatalogEntry, FetchProgress, FetchStage
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.outbound.downloads import Downloads
from assistant.ports import Fetched, Fetcher
from tests.gguf_maker import tiny_gguf
from tests.outbound.model_host import FILE, REPOSITORY, Script, Server, serving, trust

BODY = tiny_gguf(weights=600_000)
HALF = len(BODY) // 2
SHA256 = hashlib.sha256(BODY).hexdigest()
ENTRY = CatalogEntry(
    id="tiny",
    name="Tiny",
    source="https",
    repository=REPOSITORY,
    file=FILE,
    size_bytes=len(BODY),
    sha256=SHA256,
    package_sha256=None,
    licence="Apache-2.0",
    context_tokens=512,
    memory_bytes=1,
    parameters="1M",
    verified=True,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where downloads arrive."""
    place = tmp_path / "incoming"
    place.mkdir()
    return place


def downloads(server: Server, stall_seconds: float = 5.0) -> Fetcher:
    clock = SystemClock()
    reach = Reach(server.origin, ("localhost",))
    return Downloads(Door(clock, trust(), stall_seconds), reach, clock)


async def fetch(
    fetcher: Fetcher, folder: Path, entry: CatalogEntry = ENTRY
) -> tuple[list[FetchProgress], Fetched]:
    steps = [step async for step in fetcher.fetch(entry, folder)]
    fetched = steps.pop()
    assert isinstance(fetched, Fetched)
    return [step for step in steps if isinstance(step, FetchProgress)], fetched


async def fails(
    script: Script, folder: Path, entry: CatalogEntry = ENTRY, stall_seconds: float = 5.0
) -> AssistantError:
    with serving(script) as server, pytest.raises(AssistantError) as caught:
        await fetch(downloads(server, stall_seconds), folder, entry)
    return caught.value


def left(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.iterdir()}


async def test_a_file_arrives_whole_and_checked(folder: Path) -> None:
    with serving(Script(BODY)) as server:
        steps, fetched = await fetch(downloads(server), folder)
        assert [seen.path for seen in server.seen] == [
            f"/{REPOSITORY}/resolve/main/{FILE}",
            f"/cdn/{FILE}?sig=1",
        ]
    assert fetched.path.read_bytes() == BODY
    assert fetched.sha256 == SHA256
    assert fetched.origin == f"{server.origin}/{REPOSITORY}"
    assert steps[0].stage is FetchStage.CONNECT
    assert steps[-1] == FetchProgress(FetchStage.VERIFY, len(BODY), len(BODY))
    assert left(folder) == {"tiny.part": len(BODY)}


async def test_the_hosts_own_hash_serves_where_nobody_verified_one(folder: Path) -> None:
    entry = replace(ENTRY, sha256=None, size_bytes=None, verified=False)
    with serving(Script(BODY)) as server:
        _, fetched = await fetch(downloads(server), folder, entry)
    assert fetched.sha256 == SHA256


@pytest.mark.parametrize("cut", [1, HALF, len(BODY) - 1])
async def test_a_cut_download_goes_on_where_it_stopped(folder: Path, cut: int) -> None:
    script = Script(BODY, cut_after=cut)
    error = await fails(script, folder)
    assert isinstance(error, FetchError)
    assert "cut" in error.message
    assert "goes on" in error.hint
    assert left(folder)["tiny.part"] == cut
    with serving(replace(script, cut_after=None)) as server:
        # Another port is another source to the part's note; the same one is what a real host is.
        note = folder / "tiny.part.json"
        moved = json.loads(note.read_text())
        moved["source"] = f"{server.origin}/{REPOSITORY}/resolve/main/{FILE} {SHA256}"
        note.write_text(json.dumps(moved))
        steps, fetched = await fetch(downloads(server), folder)
        assert server.seen[-1].headers["range"] == f"bytes={cut}-"
        assert server.seen[-1].headers["if-range"] == '"strong-1"'
    assert steps[0].received_bytes == cut
    assert fetched.path.read_bytes() == BODY


async def cut_then(script: Script, again: Script, folder: Path) -> tuple[Server, Fetched]:
    """Fetches half with `script`, the rest with `again`, from the same host."""
    with serving(replace(script, cut_after=HALF)) as server:
        with pytest.raises(FetchError):
            await fetch(downloads(server), folder)
        server.script = again
        _, fetched = await fetch(downloads(server), folder)
    return server, fetched


async def test_a_host_without_ranges_begins_anew(folder: Path) -> None:
    _, fetched = await cut_then(Script(BODY), Script(BODY, ranges=False), folder)
    assert fetched.path.read_bytes() == BODY


async def test_a_changed_etag_begins_anew(folder: Path) -> None:
    server, fetched = await cut_then(Script(BODY), Script(BODY, etag='"strong-2"'), folder)
    assert server.seen[-1].headers["if-range"] == '"strong-1"'
    assert fetched.path.read_bytes() == BODY


async def test_a_weak_etag_is_not_sent_as_a_condition(folder: Path) -> None:
    weak = Script(BODY, etag='W/"1"')
    server, fetched = await cut_then(weak, weak, folder)
    assert "if-range" not in server.seen[-1].headers
    assert fetched.path.read_bytes() == BODY


async def test_a_part_of_another_file_is_not_gone_on_with(folder: Path) -> None:
    await fails(Script(BODY, cut_after=HALF), folder)
    with serving(Script(BODY)) as server:
        steps, _ = await fetch(downloads(server), folder)
        assert steps[0].received_bytes == 0
        assert "range" not in server.seen[0].headers


@pytest.mark.parametrize(
    "note", ["", "[]", "{}", '{"source": 1}', '{"source": "x", "y": 1}', "\x00"]
)
async def test_a_broken_note_is_no_obstacle(folder: Path, note: str) -> None:
    (folder / "tiny.part").write_bytes(b"rubbish")
    (folder / "tiny.part.json").write_text(note)
    with serving(Script(BODY)) as server:
        _, fetched = await fetch(downloads(server), folder)
    assert fetched.path.read_bytes() == BODY


async def test_a_wrong_range_throws_the_part_away(folder: Path) -> None:
    with serving(Script(BODY, cut_after=HALF)) as server:
        with pytest.raises(FetchError):
            await fetch(downloads(server), folder)
        server.script = Script(BODY, cdn_headers={"Content-Range": "bytes 1-2/3"})
        with pytest.raises(FetchError, match="cannot go on"):
            await fetch(downloads(server), folder)
    assert left(folder) == {}


async def test_a_file_that_does_not_match_is_thrown_away(folder: Path) -> None:
    wrong = BODY[:-1] + b"!"
    script = Script(wrong, declared_sha256=SHA256)
    error = await fails(script, folder)
    assert "thrown away" in error.message
    assert left(folder) == {}


async def test_a_host_that_declares_another_file_is_not_even_read(folder: Path) -> None:
    for script in (Script(BODY, declared_sha256="ab" * 32), Script(BODY, declared_size="5")):
        error = await fails(script, folder)
        assert "offers another" in error.message
        assert left(folder) == {}


async def test_a_host_that_declares_nothing_cannot_be_checked(folder: Path) -> None:
    entry = replace(ENTRY, sha256=None, verified=False)
    error = await fails(Script(BODY, declared_sha256=None), folder, entry)
    assert "could not be checked" in error.message


@pytest.mark.parametrize("size", ["9" * 5000, "-1", "٣", "1e3", ""])
async def test_a_size_that_is_none_does_no_harm(folder: Path, size: str) -> None:
    script = Script(
        BODY, declared_size=None, first_headers={"X-Linked-Size": size.encode().decode("latin-1")}
    )
    with serving(script) as server:
        _, fetched = await fetch(downloads(server), folder)
    assert fetched.sha256 == SHA256


async def test_an_endless_body_is_cut_off_and_thrown_away(folder: Path) -> None:
    entry = replace(ENTRY, sha256=None, size_bytes=None)
    error = await fails(Script(BODY, chunked_extra=5_000_000), folder, entry)
    assert "more than" in error.message
    assert left(folder) == {}


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1:{port}/cdn/x",
        "http://localhost:{port}/cdn/x",
        "https://evil.example/x",
        "x:y",
    ],
)
async def test_a_redirect_astray_is_not_followed(folder: Path, location: str) -> None:
    script = Script(BODY)
    with serving(script) as server:
        script.location = location.format(port=server.server_port)
        with pytest.raises(FetchError, match="was led to"):
            await fetch(downloads(server), folder)
        assert len(server.seen) == 1


async def test_a_ring_of_redirects_ends(folder: Path) -> None:
    script = Script(BODY)
    script.location = f"/{REPOSITORY}/resolve/main/{FILE}"
    error = await fails(script, folder)
    assert "5 times" in error.message


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "account"), (403, "everybody"), (404, "any more"), (429, "wait for 7 s"), (503, "503")],
)
async def test_a_host_that_says_no_is_put_in_words(folder: Path, status: int, says: str) -> None:
    script = Script(BODY, first_status=status, first_headers={"Retry-After": "7"})
    error = await fails(script, folder)
    assert isinstance(error, FetchError)
    assert says in error.message
    assert error.hint


async def test_a_stalled_download_keeps_what_came(folder: Path) -> None:
    error = await fails(Script(BODY, stall_after=HALF), folder, stall_seconds=0.3)
    assert "silent" in error.message
    assert left(folder)["tiny.part"] == HALF


async def test_a_stop_keeps_what_came_and_lets_go_of_the_line(folder: Path) -> None:
    script = Script(BODY, stall_after=HALF)
    with serving(script) as server:
        fetcher = downloads(server)

        async def until_stopped() -> None:
            async with aclosing(fetcher.fetch(ENTRY, folder)) as steps:
                async for _ in steps:
                    pass

        task = asyncio.create_task(until_stopped())
        while "tiny.part" not in left(folder) or not left(folder)["tiny.part"]:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert 0 < left(folder)["tiny.part"] <= HALF


async def test_a_full_disk_is_said_and_nothing_is_claimed(folder: Path) -> None:
    (folder / "tiny.part").symlink_to("/dev/full")
    with serving(Script(BODY)) as server:
        source = f"{server.origin}/{REPOSITORY}/resolve/main/{FILE} {SHA256}"
        note = {"source": source, "sha256": SHA256, "size_bytes": len(BODY), "etag": None}
        (folder / "tiny.part.json").write_text(json.dumps(note))
        with pytest.raises(FullDiskError, match="no room left"):
            await fetch(downloads(server), folder)


async def test_a_whole_part_needs_no_second_download(folder: Path) -> None:
    with serving(Script(BODY)) as server:
        fetcher = downloads(server)
        async with aclosing(fetcher.fetch(ENTRY, folder)) as steps:
            async for step in steps:
                if isinstance(step, Fetched):
                    break  # the shelf had no room and gives up here
        asked = len(server.seen)
        _, fetched = await fetch(fetcher, folder)
        assert len(server.seen) == asked
    assert fetched.sha256 == SHA256
