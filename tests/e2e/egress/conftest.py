"""The closed network of these tests, and the real program in it, with every bait that an environment can hold."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from assistant.domain.errors import SelftestError
from assistant.proof.closed import ClosedNetwork, closed_network
from assistant.proof.frames import told
from assistant.proof.place import CLOUD
from tests.e2e.conftest import Installed
from tests.e2e.egress.inside import Inside
from tests.e2e.program import ONE_THREAD
from tests.e2e.terminal import ForkedTerminal, Terminal

Open = Callable[..., Terminal]
Silent = Callable[[str], AbstractContextManager[None]]

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
BAIT = dict.fromkeys(_PROXIES, f"http://{CLOUD}:3128")
"""Who obeyed these would be seen at the far end."""
MOST_TOKENS = 200
"""Long enough to be cut off in the middle, short enough to be waited for."""


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedNetwork]:
    """One for all tests of this process; where it cannot be made, each of them fails and says why."""
    with _or_fail(tmp_path_factory.mktemp("network")) as made:
        yield made


@contextmanager
def _or_fail(folder: Path) -> Iterator[ClosedNetwork]:
    try:
        with closed_network(folder) as network:
            yield network
    except SelftestError as error:
        pytest.fail(f"the egress tests need network namespaces. {error}", pytrace=False)


@pytest.fixture(scope="session")
def inside(
    network: ClosedNetwork, tmp_path_factory: pytest.TempPathFactory, installed: Installed
) -> Inside:
    """The program in the closed network, with the starter model; its home is shared by the tests of this process."""
    program = installed(tmp_path_factory.mktemp("home"))
    program.settle(f"{ONE_THREAD}[generation]\nmax_tokens = {MOST_TOKENS}\n")
    return Inside(program, network, BAIT)


@pytest.fixture
def silent(network: ClosedNetwork) -> Silent:
    """`with silent("what is done"):` fails where as much as one byte of it reaches the far end."""

    @contextmanager
    def watch(what: str) -> Iterator[None]:
        before = network.count()
        yield
        tried = network.since(before)
        assert (tried.size_bytes, tried.packets, tried.look_ups) == (0, 0, ()), (
            f"{what}: {told(tried.frames)}"
        )

    return watch


@pytest.fixture
def open_chat(inside: Inside) -> Iterator[Open]:
    """Opens the chat on a terminal; it is ended with the test."""
    terminals: list[Terminal] = []

    def open_one(program: Inside = inside, columns: int = 120, rows: int = 40) -> Terminal:
        environment = {**program.environment, "TERM": "xterm-256color"}
        terminals.append(ForkedTerminal(program.command(), environment, columns, rows))
        return terminals[-1]

    yield open_one
    for terminal in terminals:
        terminal.close()
