"""The way by which newer prices come: what ends it in the middle."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.domain.downloads import Hop
from assistant.domain.errors import FetchError, RefusedError
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.outbound.price_fetch import PriceFetch
from assistant.wiring.prices import PUBLISHED, PriceWay
from tests.facts_maker import NOW
from tests.outbound.model_host import trust
from tests.standins.price_host import TARGET, PriceHost, publishing
from tests.storage.leaving_stage import Program, Ring


@pytest.fixture
def host() -> Iterator[PriceHost]:
    with publishing() as server:
        server.body = b"data"
        server.released.clear()
        yield server


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path, Ring().stores)
    yield made
    made.close()


async def asked(host: PriceHost) -> None:
    """Once the host has been asked."""
    async with asyncio.timeout(10):
        while not host.asked:
            await asyncio.sleep(0.01)


def way(program: Program, context: ssl.SSLContext) -> PriceWay:
    clock = SystemClock()
    return PriceWay(
        program.desk, lambda: Door(clock, context, offline=lambda: program.desk.offline), clock
    )


async def test_the_panic_key_ends_it(host: PriceHost, program: Program) -> None:
    at = Hop("localhost", host.server_port, TARGET)
    fetch = asyncio.ensure_future(way(program, trust()).fetch(at, 1_000))
    await asked(host)
    await asyncio.to_thread(program.consents.panic, NOW)
    with pytest.raises(RefusedError, match="offline"):
        async with asyncio.timeout(10):
            await fetch
    assert len(program.bodies("prices-fetched")) == 1


async def test_what_came_is_on_record(host: PriceHost, program: Program) -> None:
    host.released.set()
    at = Hop("localhost", host.server_port, TARGET)
    assert await way(program, trust()).fetch(at, 1_000) == b"data"
    assert len(program.bodies("prices-fetched")) == 2


async def test_a_host_that_does_not_come_to_an_end_is_left(host: PriceHost) -> None:
    clock = SystemClock()
    at = Hop("localhost", host.server_port, TARGET)
    with pytest.raises(FetchError, match=r"did not come to an end in 0\.5 s"):
        await PriceFetch(Door(clock, trust()), clock, 0.5).fetch(at, 1_000)


def test_it_is_the_projects_own_place() -> None:
    assert PUBLISHED.url.startswith("https://raw.githubusercontent.com:443/pydantic/genai-prices/")
