"""Ways to a server: which addresses are looked at, what goes through the proxy, and why there is none."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

import pytest

from assistant.domain.errors import RefusedError, ServerError, ServerFault, SettingsError
from assistant.domain.places import Address, Place
from assistant.outbound.near import (
    found_at,
    is_public,
    literal,
    look_up,
    require_public,
    require_within,
)
from assistant.outbound.wall import opened
from assistant.outbound.ways import Way, Ways, proxy_address

CLOUD = Address("a.example", 443, secure=True)
NEAR = Address("box.local", 8000)
PROXY = Address("192.168.1.1", 3128)
WRITTEN = "http://192.168.1.1:3128"
PUBLIC, PRIVATE = "93.184.215.14", "192.168.1.9"


class Names:
    """A resolver that knows some names, and remembers what it was asked; one of them it never answers for."""

    silent = ""

    def __init__(self, **known: tuple[str, ...]) -> None:
        self.known = {name.replace("_", "."): ips for name, ips in known.items()}
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        if host == self.silent:
            await asyncio.Event().wait()
        if host not in self.known:
            raise OSError("no such name")
        return self.known[host]


def names() -> Names:
    return Names(a_example=(PUBLIC,), box_local=(PRIVATE,))


async def test_a_prompt_to_the_cloud_goes_straight_or_through_the_proxy() -> None:
    look = names()
    assert await Ways(look, is_public, "").for_prompt(CLOUD, Place.CLOUD, 1) == Way(
        CLOUD, (PUBLIC,)
    )
    assert look.asked == [("a.example", 443)]
    # The name is the proxy's to resolve.
    proxied = await Ways(look, is_public, WRITTEN).for_prompt(CLOUD, Place.CLOUD, 1)
    assert proxied == Way(CLOUD, ("192.168.1.1",), PROXY)
    assert proxied.first == PROXY
    assert len(look.asked) == 1
    there = Address(PUBLIC, 443, secure=True)
    literal_way = await Ways(look, is_public, WRITTEN).for_prompt(there, Place.CLOUD, 1)
    assert literal_way == Way(there, ("192.168.1.1",), PROXY)


@pytest.mark.parametrize("proxy", ["", WRITTEN])
@pytest.mark.parametrize("place", Place)
async def test_a_prompt_to_what_is_near_by_its_look_goes_straight(proxy: str, place: Place) -> None:
    ways = Ways(names(), is_public, proxy)
    if place is Place.THIS_MACHINE:
        with pytest.raises(RefusedError, match="which is not this machine"):
            await ways.for_prompt(NEAR, place, 1)
    else:
        assert await ways.for_prompt(NEAR, place, 1) == Way(NEAR, (PRIVATE,))


async def test_what_is_declared_to_be_near_has_to_be() -> None:
    ways = Ways(names(), is_public, "")
    with pytest.raises(RefusedError) as refused:
        await ways.for_prompt(CLOUD, Place.THIS_NETWORK, 1)
    assert refused.value.message == f"a.example leads to {PUBLIC}, which is not of this network"
    with pytest.raises(RefusedError) as machine:
        await ways.for_prompt(CLOUD, Place.THIS_MACHINE, 1)
    assert machine.value.message == f"a.example leads to {PUBLIC}, which is not this machine"
    assert machine.value.hint == "use the server's own address"


async def test_http_to_the_cloud_is_refused_in_words() -> None:
    with pytest.raises(RefusedError) as refused:
        await Ways(names(), is_public, "").for_prompt(Address("a.example", 80), Place.CLOUD, 1)
    found = refused.value.message, refused.value.hint
    assert found == ("http to a.example could be read on the way", "use https")


async def test_a_public_name_that_leads_elsewhere_is_refused_in_words() -> None:
    with pytest.raises(RefusedError) as refused:
        await Ways(Names(a_example=(PRIVATE,)), is_public, "").for_prompt(CLOUD, Place.CLOUD, 1)
    assert refused.value.message == (
        f"a.example leads to {PRIVATE}, which is not a public address; nothing was sent"
    )
    assert refused.value.hint == (
        "something here answers for that name; on a network with a proxy, set network.proxy"
    )


@pytest.mark.parametrize("proxy", ["", WRITTEN])
async def test_a_look_without_tls_is_only_at_what_is_near(proxy: str) -> None:
    ways = Ways(names(), is_public, proxy)
    assert await ways.for_control(NEAR, 1) == Way(NEAR, (PRIVATE,))
    secure = Address("box.local", 8443, secure=True)
    assert await ways.for_control(secure, 1) == Way(secure, (PRIVATE,))
    with pytest.raises(RefusedError, match="not of this network"):
        await ways.for_control(Address("a.example", 80), 1)


async def test_a_look_with_tls_takes_the_proxy_where_the_server_is_not_near() -> None:
    known = Names(a_example=(PUBLIC,), b_example=(PRIVATE,), c_example=(PRIVATE, PUBLIC))
    assert await Ways(known, is_public, "").for_control(CLOUD, 1) == Way(CLOUD, (PUBLIC,))
    ways = Ways(known, is_public, WRITTEN)
    for name, by_proxy in (("a", True), ("b", False), ("c", True), ("unknown", True)):
        address = Address(f"{name}.example", 443, secure=True)
        way = await ways.for_control(address, 1)
        straight = () if by_proxy else (PRIVATE,)
        expected = Way(address, ("192.168.1.1",), PROXY) if by_proxy else Way(address, straight)
        assert way == expected
    odd = Names(a_example=("no address at all",))
    assert (await Ways(odd, is_public, WRITTEN).for_control(CLOUD, 1)).proxy == PROXY


async def test_a_download_goes_straight_or_through_the_proxy() -> None:
    assert await Ways(names(), is_public, "").for_download(CLOUD, 1) == Way(CLOUD, (PUBLIC,))
    proxied = await Ways(names(), is_public, WRITTEN).for_download(CLOUD, 1)
    assert proxied == Way(CLOUD, ("192.168.1.1",), PROXY)


async def test_the_proxy_may_have_a_name() -> None:
    look = Names(proxy_example=(PRIVATE,))
    way = await Ways(look, is_public, "http://proxy.example").for_download(CLOUD, 1)
    assert way == Way(CLOUD, (PRIVATE,), Address("proxy.example", 80))
    assert look.asked == [("proxy.example", 80)]


NAMED = "http://proxy.example:3128"
Search = Callable[[Ways], Coroutine[object, object, Way]]


@pytest.mark.parametrize(
    ("proxy", "silent", "search"),
    [
        ("", "box.local", lambda ways: ways.for_prompt(NEAR, Place.CLOUD, 0.01)),
        ("", "a.example", lambda ways: ways.for_prompt(CLOUD, Place.CLOUD, 0.01)),
        (NAMED, "proxy.example", lambda ways: ways.for_prompt(CLOUD, Place.CLOUD, 0.01)),
        (NAMED, "proxy.example", lambda ways: ways.for_prompt(Address(PUBLIC, 1, True), Place.CLOUD, 0.01)),
        ("", "box.local", lambda ways: ways.for_control(NEAR, 0.01)),
        ("", "a.example", lambda ways: ways.for_control(CLOUD, 0.01)),
        (NAMED, "proxy.example", lambda ways: ways.for_control(CLOUD, 0.01)),
        (NAMED, "proxy.example", lambda ways: ways.for_control(Address("b.example", 1, True), 0.01)),
        ("", "a.example", lambda ways: ways.for_download(CLOUD, 0.01)),
        (NAMED, "proxy.example", lambda ways: ways.for_download(CLOUD, 0.01)),
    ],
)  # fmt: skip
async def test_a_name_that_nobody_answers_for_is_not_waited_for(
    proxy: str, silent: str, search: Search
) -> None:
    look = names()
    look.silent = silent
    async with asyncio.timeout(5):
        with pytest.raises(ServerError) as raised:
            await search(Ways(look, is_public, proxy))
    assert raised.value.message == f"{silent} has no address here"


async def test_a_look_takes_the_proxy_where_nobody_answers_for_the_name() -> None:
    look = names()
    look.silent = "a.example"
    async with asyncio.timeout(5):
        way = await Ways(look, is_public, WRITTEN).for_control(CLOUD, 0.01)
    assert way == Way(CLOUD, ("192.168.1.1",), PROXY)


async def test_an_address_with_colons_is_not_asked_through_a_proxy() -> None:
    there = Address("2606:2800:21f::1", 443, secure=True)
    with pytest.raises(RefusedError) as refused:
        await Ways(names(), is_public, WRITTEN).for_prompt(there, Place.CLOUD, 1)
    assert refused.value.message == "[2606:2800:21f::1]:443 cannot be asked through a proxy"
    assert refused.value.hint == "use its name"


HINT = "write it as http://proxy.example:3128 or https://proxy.example:3128"


@pytest.mark.parametrize(
    "written",
    [
        "proxy.example:3128",
        "ftp://proxy.example",
        "http://",
        "http://proxy.example:0",
        "http://proxy.example:99999",
        "http://proxy.example/path",
        "http://proxy.example?a",
        "http://proxy.example#a",
        "http://proxy. example",
        " http://proxy.example",
        "http://pröxy.example",
        "http://-proxy.example",
        "http://[::1",
        "http://proxy.example\x07",
    ],
)
def test_a_line_that_is_no_proxy_is_shown_with_what_one_looks_like(written: str) -> None:
    with pytest.raises(SettingsError) as refused:
        proxy_address(written)
    assert refused.value.message == f"network.proxy is {written!a}, which is no proxy"
    assert refused.value.hint == HINT


def test_a_password_in_the_settings_is_refused_in_words() -> None:
    with pytest.raises(SettingsError) as refused:
        proxy_address("http://me:sesame@proxy.example")
    text = "network.proxy holds a name or a password, which would lie readable on the disk"
    assert refused.value.message == text
    hint = "run a small proxy on this machine that adds them, and name that one"
    assert refused.value.hint == hint


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("http://proxy.example", Address("proxy.example", 80)),
        ("https://proxy.example/", Address("proxy.example", 443, secure=True)),
        ("https://proxy.example:1", Address("proxy.example", 1, secure=True)),
        ("http://[fd00::1]:8080", Address("fd00::1", 8080)),
        ("http://p", Address("p", 80)),
        ("HTTP://PROXY-1.Example", Address("proxy-1.example", 80)),
        ("http://[FD00::1]", Address("fd00::1", 80)),
    ],
)
def test_a_line_that_is_a_proxy(written: str, address: Address) -> None:
    assert proxy_address(written) == address


async def test_a_literal_address_is_not_looked_up_and_a_name_is_with_its_port() -> None:
    look = names()
    assert await found_at(Address(PUBLIC, 1), look, 1) == (PUBLIC,)
    assert look.asked == []
    assert await found_at(Address("a.example", 81), look, 1) == (PUBLIC,)
    assert look.asked == [("a.example", 81)]


@pytest.mark.parametrize("known", [{}, {"a_example": ()}], ids=["unknown", "empty"])
async def test_a_name_without_an_address_in_words(known: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ServerError) as raised:
        await found_at(CLOUD, Names(**known), 1)
    assert raised.value.message == "a.example has no address here"
    assert raised.value.hint == "is the name right?"
    assert raised.value.fault is ServerFault.UNREACHABLE


def test_what_is_an_address_already() -> None:
    assert str(literal("192.168.1.9")) == "192.168.1.9"
    assert literal("a.example") is None


def test_each_address_has_to_lie_within_the_place() -> None:
    require_within(NEAR, [PRIVATE, "fe80::1%eth0", "127.0.0.1"], Place.THIS_NETWORK)
    require_within(NEAR, ["127.0.0.1", "::1"], Place.THIS_MACHINE)
    require_public(CLOUD, [PUBLIC, "2606:2800:21f::1"], is_public)
    for ips in ([PRIVATE, PUBLIC], ["nothing"]):
        with pytest.raises(RefusedError, match="which is not of this network"):
            require_within(NEAR, ips, Place.THIS_NETWORK)
    with pytest.raises(RefusedError, match="which is not this machine"):
        require_within(NEAR, [PRIVATE], Place.THIS_MACHINE)
    with pytest.raises(RefusedError, match=f"leads to {PRIVATE}"):
        require_public(CLOUD, [PUBLIC, PRIVATE], is_public)


async def test_the_systems_resolver_gives_each_address_once() -> None:
    found = await look_up("127.0.0.1", 80)
    assert list(found) == ["127.0.0.1"]
    with opened("another"):
        assert len(await look_up("localhost", 80)) == len(set(await look_up("localhost", 80)))


async def test_what_has_to_be_nearby_is_asked_nowhere_else() -> None:
    look = names()
    for written in ("", WRITTEN):
        ways = Ways(look, is_public, written)
        with pytest.raises(RefusedError, match="not of this network"):
            await ways.for_control(CLOUD, 1, nearby=True)
        with pytest.raises(RefusedError, match="not of this network"):
            await ways.for_control(Address(PUBLIC, 443, secure=True), 1, nearby=True)
        assert await ways.for_control(NEAR, 1, nearby=True) == Way(NEAR, (PRIVATE,))
