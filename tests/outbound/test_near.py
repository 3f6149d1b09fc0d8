"""Where names lead: what lies elsewhere than its place is refused, whatever it is wrapped in."""

import asyncio
from collections.abc import Sequence

import pytest

from assistant.domain.errors import RefusedError, ServerError, ServerFault
from assistant.domain.places import Address, Place
from assistant.outbound.near import found_at, is_public, look_up
from assistant.outbound.ways import Ways
from tests.outbound.cloud_rig import leads_to

PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    ("ip", "public"),
    [
        (PUBLIC, True),
        ("2606:2800:21f::1", True),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::5db8:d70e", True),
        ("0.0.0.0", False),  # noqa: S104 - an address like the others
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.1.9", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("239.1.2.3", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::ffff:10.0.0.1", False),
        ("::10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b:1::a00:1", False),
        ("2001:db8::1", False),
        ("2002:a00:1::1", False),
        ("fc00::1", False),
        ("fe80::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_what_the_open_internet_is(ip: str, public: bool) -> None:
    assert is_public(ip) is public


def ways(*ips: str) -> Ways:
    return Ways(leads_to(*ips), is_public, "")


@pytest.mark.parametrize("name", ["a.example", "a.localhost", "metadata.google.internal"])
@pytest.mark.parametrize(
    "ips",
    [
        ("127.0.0.1",),
        ("10.1.2.3",),
        ("169.254.169.254",),
        ("::1",),
        ("::ffff:192.168.0.1",),
        (PUBLIC, "10.0.0.1"),
        ("10.0.0.1", PUBLIC),
    ],
)
async def test_a_public_name_that_leads_into_this_network_is_refused(
    name: str, ips: tuple[str, ...]
) -> None:
    address = Address(name, 443, secure=True)
    with pytest.raises(RefusedError, match="not a public address; nothing was sent"):
        await ways(*ips).for_prompt(address, Place.CLOUD, 1)


async def test_all_addresses_of_a_public_name_may_be_used() -> None:
    address = Address("a.example", 443, secure=True)
    way = await ways(PUBLIC, "2606:2800:21f::1").for_prompt(address, Place.CLOUD, 1)
    assert way.ips == (PUBLIC, "2606:2800:21f::1")
    assert way.first == address


@pytest.mark.parametrize("host", ["gateway", "gateway.local"])
@pytest.mark.parametrize("secure", [True, False])
async def test_a_gateway_that_is_near_by_its_name_must_be_near(host: str, secure: bool) -> None:
    address = Address(host, 4000, secure)
    assert (await ways("192.168.1.9").for_prompt(address, Place.CLOUD, 1)).ips == ("192.168.1.9",)
    with pytest.raises(RefusedError, match="not of this network"):
        await ways("192.168.1.9", PUBLIC).for_prompt(address, Place.CLOUD, 1)


async def test_http_to_a_public_name_is_refused_before_it_is_looked_up() -> None:
    async def never(_host: str, _port: int) -> Sequence[str]:
        raise AssertionError("it was looked up")

    for host in ("a.example", PUBLIC):
        with pytest.raises(RefusedError, match="read on the way"):
            await Ways(never, is_public, "").for_prompt(Address(host, 80), Place.CLOUD, 1)


@pytest.mark.parametrize(
    ("ip", "place", "fine"),
    [
        ("127.0.0.1", Place.THIS_MACHINE, True),
        ("192.168.1.9", Place.THIS_MACHINE, False),
        ("192.168.1.9", Place.THIS_NETWORK, True),
        ("fe80::1", Place.THIS_NETWORK, True),
        (PUBLIC, Place.THIS_NETWORK, False),
        (PUBLIC, Place.THIS_MACHINE, False),
        ("2606:2800:21f::1", Place.THIS_NETWORK, False),
        # A private address is one's own gateway; link-local is where clouds keep their machines' keys, and is near.
        ("10.0.0.1", Place.CLOUD, True),
        (PUBLIC, Place.CLOUD, True),
        ("224.0.0.1", Place.CLOUD, False),
    ],
)
async def test_a_literal_address_lies_within_its_place(ip: str, place: Place, fine: bool) -> None:
    address = Address(ip, 443, secure=True)
    if fine:
        assert (await ways().for_prompt(address, place, 1)).ips == (ip,)
    else:
        with pytest.raises(RefusedError, match=f"leads to {ip}"):
            await ways().for_prompt(address, place, 1)


async def test_a_name_without_an_address_is_unreachable() -> None:
    with pytest.raises(ServerError) as raised:
        await found_at(Address("a" * 64, 80), look_up, 5)
    assert raised.value.fault is ServerFault.UNREACHABLE
    with pytest.raises(ServerError):
        await found_at(Address("none.example", 80), leads_to(), 5)


async def test_a_resolver_that_hangs_is_not_waited_for() -> None:
    async def hangs(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    with pytest.raises(ServerError, match="no address"):
        await found_at(Address("a.example", 443), hangs, 0.05)


async def test_this_machine_has_a_name() -> None:
    assert set(await look_up("localhost", 80)) <= {"127.0.0.1", "::1"}
