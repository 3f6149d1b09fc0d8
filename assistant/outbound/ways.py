"""Ways to a server: straight to an address that was looked at, or through the proxy of the settings.

Without a proxy every IP address of a name is looked at, and the connection goes to one of these and to no other.

Through a proxy the name is not resolved here (on many such networks it cannot be): the proxy resolves it, and may lead it
anywhere. What is checked then is that the name is not one of this network by its look, that a literal address is public, that the
proxy is asked for exactly that host and port, and that the far end proves the name with its certificate through the tunnel.
The proxy sees the name and how much passes, not what.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from assistant.domain.errors import RefusedError, ServerError, SettingsError
from assistant.domain.own_routes import is_near, may_be_plain
from assistant.domain.places import Address, Place
from assistant.outbound.near import (
    LookUp,
    found_at,
    literal,
    require_public,
    require_within,
)

# urlsplit gives it in lower case.
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+")


@dataclass(frozen=True, slots=True)
class Way:
    """`ips` may be connected to, at the port of `first`; the request is for `address`."""

    address: Address
    ips: tuple[str, ...]
    proxy: Address | None = None

    @property
    def first(self) -> Address:
        """What the connection itself goes to: the proxy, or the server."""
        return self.proxy or self.address


class Ways:
    """Finds them. `public` says which IP addresses are ones of the open Internet."""

    def __init__(self, look: LookUp, public: Callable[[str], bool], proxy: str) -> None:
        """`proxy` is the settings' own line ("": none); it is read when it is first needed."""
        self._look = look
        self._public = public
        self._written = proxy

    @functools.cached_property
    def _proxy(self) -> Address | None:
        return proxy_address(self._written) if self._written else None

    async def for_prompt(self, address: Address, place: Place, patience_s: float) -> Way:
        """The way of a prompt to a server that runs at `place`.

        What is near by its look (a private address, `NAME.local`, a name without a dot) must be near; so must all that is
        declared to be. Everything else is the cloud: TLS, and public addresses only.

        Raises: RefusedError, ServerError, SettingsError.
        """
        if place is not Place.CLOUD or may_be_plain(address.host):
            within = place if place is Place.THIS_MACHINE else Place.THIS_NETWORK
            return await self._near(address, within, patience_s)
        if not address.secure:
            raise RefusedError(f"http to {address.host} could be read on the way", "use https")
        if self._proxy is not None and literal(address.host) is None:
            return await self._through(self._proxy, address, patience_s)
        ips = await found_at(address, self._look, patience_s)
        require_public(address, ips, self._public)
        if self._proxy is not None:
            return await self._through(self._proxy, address, patience_s)
        return Way(address, ips)

    async def for_control(
        self, address: Address, patience_s: float, *, nearby: bool = False
    ) -> Way:
        """The way of a request that holds nothing of a person's.

        Without TLS nothing proves who answers: such a server must be near. With it the name is proved; behind a proxy, what
        is not near is asked through it. What has to be `nearby` is asked nowhere else, with TLS or without.

        Raises: RefusedError, ServerError, SettingsError.
        """
        if nearby or not address.secure or may_be_plain(address.host):
            return await self._near(address, Place.THIS_NETWORK, patience_s)
        if self._proxy is None:
            return Way(address, await found_at(address, self._look, patience_s))
        try:
            ips = await found_at(address, self._look, patience_s)
        except ServerError:
            return await self._through(self._proxy, address, patience_s)
        if all((found := literal(ip)) is not None and is_near(found) for ip in ips):
            return Way(address, ips)
        return await self._through(self._proxy, address, patience_s)

    async def for_download(self, address: Address, patience_s: float) -> Way:
        """The way to a host of the downloads' list, over TLS. Raises: ServerError, SettingsError, RefusedError."""
        if self._proxy is not None:
            return await self._through(self._proxy, address, patience_s)
        return Way(address, await found_at(address, self._look, patience_s))

    async def _near(self, address: Address, place: Place, patience_s: float) -> Way:
        ips = await found_at(address, self._look, patience_s)
        require_within(address, ips, place)
        return Way(address, ips)

    async def _through(self, proxy: Address, address: Address, patience_s: float) -> Way:
        if ":" in address.host:
            # Whoever builds the tunnel's request writes the address without its brackets.
            raise RefusedError(f"{address} cannot be asked through a proxy", "use its name")
        return Way(address, await found_at(proxy, self._look, patience_s), proxy)


def proxy_address(written: str) -> Address:
    """The proxy that `network.proxy` names. Raises: SettingsError."""
    problem = f"network.proxy is {written!a}, which is no proxy"
    hint = "write it as http://proxy.example:3128 or https://proxy.example:3128"
    try:
        parts = urlsplit(written)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise SettingsError(problem, hint) from error
    if "@" in parts.netloc:
        # Without the value: what stands before the @ is a password.
        raise SettingsError(
            "network.proxy holds a name or a password, which would lie readable on the disk",
            "run a small proxy on this machine that adds them, and name that one",
        )
    plain = written.isascii() and written.isprintable() and " " not in written
    if not plain or parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        raise SettingsError(problem, hint)
    if parts.path not in ("", "/") or parts.query or parts.fragment or port == 0:
        raise SettingsError(problem, hint)
    secure = parts.scheme == "https"
    return Address(host, port or (443 if secure else 80), secure)
