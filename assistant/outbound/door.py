"""The door: the only maker of requests, and it makes none without a permit."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import httpcore

from assistant.domain.control import NEARBY, Control, ControlPermit
from assistant.domain.downloads import DownloadPermit
from assistant.domain.errors import RefusedError
from assistant.domain.permit import Outgoing, Permit, Receipt, Turnstile
from assistant.domain.places import Address, Place, Route
from assistant.domain.secret import Auth
from assistant.domain.settings import NetworkSettings
from assistant.outbound.heads import (
    AS_BYTES,
    Header,
    key_header,
    names_besides,
    own_headers,
    prompt_headers,
)
from assistant.outbound.line import Line, Tally
from assistant.outbound.near import LookUp, is_public, look_up
from assistant.outbound.online import require_online
from assistant.outbound.receipts import ReceiptBook
from assistant.outbound.replies import Answer, ServerReply, asking, fetching
from assistant.outbound.seal import Seal
from assistant.outbound.trust import Trust
from assistant.outbound.ways import Way, Ways
from assistant.ports import Clock, Patience

if TYPE_CHECKING:
    from assistant.ports.leaving import Secrets

STALL_SECONDS: Final = 30.0
"""So long may a host of downloads stay silent, at the start and between two pieces."""

LONGEST_SECONDS: Final = 3600.0
"""No answer to a prompt takes longer, however steadily it drips."""

_NO_NETWORK: Final = NetworkSettings()


class Door:
    """Opens one request for one permit; also implements ports.leaving.Receipts.

    HTTP/1.1 with one connection for each request. Proxy and authorities come from `network` alone, nothing of the environment
    is looked at; redirects are handed back, cookies are not kept.
    """

    def __init__(
        self,
        clock: Clock,
        trust: ssl.SSLContext | None = None,
        stall_seconds: float = STALL_SECONDS,
        *,
        network: NetworkSettings = _NO_NETWORK,
        keys: "Secrets | None" = None,
        recorded: Callable[[str], bool] | None = None,
        look: LookUp = look_up,
        public: Callable[[str], bool] = is_public,
        longest_seconds: float = LONGEST_SECONDS,
        offline: Callable[[], bool] | None = None,
    ) -> None:
        """Opens nothing yet. `trust` goes before the authorities of `network`.

        `keys` gives the keys of routes. `recorded` says whether a permit (its id) is committed to the record: no prompt leaves
        this machine under one that is not, and without `recorded` none goes to the cloud at all. `look` resolves names, and
        `public` says which IP addresses are the open Internet's. `offline` says whether everything is, and may raise a
        StorageError: then no other machine is asked anything. A prompt's permit is refused before that, where it is put on record.
        """
        self._clock = clock
        self._trust = Trust(trust, network.ca_bundle)
        self._stall_seconds = stall_seconds
        self._ways = Ways(look, public, network.proxy)
        self._keys = keys
        self._recorded = recorded
        self._longest_seconds = longest_seconds
        self._offline = offline
        self._turnstile = Turnstile()
        self._receipts = ReceiptBook()

    @asynccontextmanager
    async def get(
        self, permit: DownloadPermit, offset: int = 0, if_range: str | None = None
    ) -> AsyncIterator[Answer]:
        """Asks `permit.hop` for its body from `offset` on (all of it, where `if_range` no longer names it).

        Raises: RefusedError where the permit was used or has expired, or everything is offline; FetchError where the host cannot be reached;
        SettingsError where the proxy or the authorities of the settings are none.
        """
        self._turnstile.pass_once(permit.id, permit.expires_at_ms, self._clock.now_ms())
        await require_online(self._offline)
        hop = permit.hop
        address = Address(hop.host, hop.port, secure=True)
        headers = own_headers(address, None, more=True)
        if offset:
            headers.append((b"Range", f"bytes={offset}-".encode()))
            headers += [(b"If-Range", if_range.encode(AS_BYTES))] if if_range else []
        stall_s = self._stall_seconds
        times = {"connect": stall_s, "read": stall_s, "write": stall_s, "pool": stall_s}
        with fetching(hop.host):
            way = await self._ways.for_download(address, stall_s)
        request = _request(address, "GET", hop.target, headers, None, times)
        line = Line(way, Tally(), permit.most_bytes)
        async with await self._pool(line, way) as pool:
            with fetching(hop.host):
                response = await pool.handle_async_request(request)
            line.tally.answered = True
            try:
                yield Answer(response, permit)
            finally:
                await response.aclose()

    @asynccontextmanager
    async def send(
        self, permit: Permit, route: Route, outgoing: Outgoing, patience: Patience
    ) -> AsyncIterator[ServerReply]:
        """See ports.Door. Raises: RefusedError, ServerError, SettingsError, StorageError."""
        address = outgoing.address
        if address is None:
            raise RefusedError("a prompt without an address does not go through the door")
        tally = self._admit(permit, route, outgoing)
        await self._require_record(permit, route, address)
        key = await self._key(outgoing.auth, route, address)
        tally.keyed = key is not None
        headers = prompt_headers(outgoing, address, key)
        way = await self._ways.for_prompt(address, route.place, patience.connect_s)
        own = names_besides(headers, outgoing)
        seal = Seal(permit.digest, own, lambda: self._require_time(permit))
        line = Line(way, tally, permit.most_bytes, seal)
        request = _request(
            address, "POST", outgoing.target, headers, outgoing.body, _times(patience)
        )
        async with self._asked(request, line, way, patience) as response:
            most, longest_s = permit.most_bytes, self._longest_seconds
            yield ServerReply(response, address, most, patience, longest_s)

    @asynccontextmanager
    async def control(
        self, permit: ControlPermit, patience: Patience
    ) -> AsyncIterator[ServerReply]:
        """See ports.Door. Raises: RefusedError, ServerError, SettingsError, StorageError."""
        self._turnstile.pass_once(permit.id, permit.expires_at_ms, self._clock.now_ms())
        if permit.purpose in (Control.PULL, Control.REPORT) or not permit.address.loopback:
            await require_online(self._offline)
        address = permit.address
        nearby = permit.purpose in NEARBY
        way = await self._ways.for_control(address, patience.connect_s, nearby=nearby)
        body = None if permit.method == "GET" else permit.body
        headers = own_headers(address, body)
        request = _request(address, permit.method, permit.target, headers, body, _times(patience))
        line = Line(way, Tally(), permit.most_bytes)
        async with self._asked(request, line, way, patience) as response:
            yield ServerReply(response, address, permit.most_bytes, patience)

    def receipt(self, permit: str) -> Receipt | None:
        """See ports.leaving.Receipts; also while the request is still open."""
        return self._receipts.take(permit)

    def _admit(self, permit: Permit, route: Route, outgoing: Outgoing) -> Tally:
        """Raises: RefusedError."""
        try:
            self._turnstile.pass_permit(permit, route, outgoing, self._clock.now_ms())
        except RefusedError:
            self._receipts.refused(permit.id)
            raise
        return self._receipts.begin(permit.id)

    async def _require_record(self, permit: Permit, route: Route, address: Address) -> None:
        """No write, no send. Raises: RefusedError; StorageError where the record cannot be read."""
        if route.place is Place.THIS_MACHINE and address.loopback:
            return
        if self._recorded is None:
            if route.place is Place.CLOUD:
                raise RefusedError("nothing keeps a record here, so nothing goes to the cloud")
            return
        if not await asyncio.to_thread(self._recorded, permit.id):
            raise RefusedError("the permit is not on record, so nothing was sent", "send again")

    async def _key(self, auth: Auth, route: Route, address: Address) -> Header | None:
        """Raises: RefusedError where one is needed and there is none; SecretsError."""
        key = None
        if self._keys is not None and auth not in (Auth.NONE, Auth.OTHER):
            # A store may ask another program, or a person.
            key = await asyncio.to_thread(self._keys.key, route.id, address)
        return key_header(auth, route.id, key)

    def _require_time(self, permit: Permit) -> None:
        """Raises: RefusedError where looking up and connecting took longer than the permit lives."""
        if self._clock.now_ms() >= permit.expires_at_ms:
            raise RefusedError("the permit has expired", "send the message again")

    @asynccontextmanager
    async def _asked(
        self, request: httpcore.Request, line: Line, way: Way, patience: Patience
    ) -> AsyncIterator[httpcore.Response]:
        through = f" (through the proxy {way.proxy})" if way.proxy else ""
        async with await self._pool(line, way) as pool:
            with asking(f"{way.address}{through}"):
                async with asyncio.timeout(patience.connect_s + patience.head_s):
                    response = await pool.handle_async_request(request)
            line.tally.answered, line.tally.status = True, response.status
            try:
                yield response
            finally:
                await response.aclose()

    async def _pool(self, line: Line, way: Way) -> httpcore.AsyncConnectionPool:
        """What makes the connection: nothing in it could follow, store or add. Raises: SettingsError."""
        secure = way.address.secure or way.first.secure
        trust = await self._trust.context() if secure else self._trust.nobody
        if way.proxy is None:
            return httpcore.AsyncConnectionPool(ssl_context=trust, network_backend=line)
        return httpcore.AsyncHTTPProxy(
            way.proxy.url,
            ssl_context=trust,
            proxy_ssl_context=trust if way.proxy.secure else None,
            network_backend=line,
        )


def _request(
    address: Address,
    method: str,
    target: str,
    headers: list[Header],
    body: bytes | None,
    times: Mapping[str, float | None],
) -> httpcore.Request:
    """Bears the server's name; the line takes it to the address that was looked at."""
    return httpcore.Request(
        method,
        _url(address, target),
        headers=headers,
        content=body,
        extensions={"timeout": times},
    )


def _url(address: Address, target: str) -> httpcore.URL:
    return httpcore.URL(
        scheme="https" if address.secure else "http",
        host=address.host,
        port=address.port,
        target=target,
    )


def _times(patience: Patience) -> dict[str, float | None]:
    """Silence is timed by the reply itself: it differs before and after the first piece."""
    return {
        "connect": patience.connect_s,
        "write": patience.silence_s,
        "read": None,
        "pool": None,
    }
