"""The door: the only maker of requests, and it makes none without a permit."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Final

import certifi
import httpx

from assistant.domain.control import ControlPermit
from assistant.domain.downloads import DownloadPermit
from assistant.domain.errors import FetchError, RefusedError, ServerError, ServerFault
from assistant.domain.permit import Outgoing, Permit, Turnstile
from assistant.domain.places import Address, Place, Route
from assistant.outbound.near import resolved
from assistant.ports import Clock, Patience

STALL_SECONDS: Final = 30.0
"""So long may a host stay silent, at the start and between two pieces."""

_AGAIN: Final = "run it again: it goes on from where it stopped"


class Answer:
    """What a host answered: status and headers (names in lower case), then the body piece by piece."""

    def __init__(self, response: httpx.Response, permit: DownloadPermit) -> None:
        self._response = response
        self._permit = permit
        self.host = permit.hop.host
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = {n.lower(): v for n, v in response.headers.items()}

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The body as sent. Raises: FetchError where it is cut, stalls, is encoded or exceeds the permit's bytes."""
        host, most = self.host, self._permit.most_bytes
        if self.headers.get("content-encoding", "identity") != "identity":
            raise FetchError(f"{host} sent the file in an encoding that was not asked for")
        received = 0
        try:
            async for chunk in self._response.aiter_raw():
                received += len(chunk)
                if received > most:
                    raise FetchError(f"{host} sent more than the {most:,} bytes that were allowed")
                yield chunk
        except httpx.HTTPError as error:
            raise _failure(error, host) from error


class ServerReply:
    """Implements ports.Reply over an open connection."""

    def __init__(
        self, response: httpx.Response, address: Address, most_bytes: int, patience: Patience
    ) -> None:
        self._response = response
        self._address = address
        self._most_bytes = most_bytes
        self._patience = patience
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = {n.lower(): v for n, v in response.headers.items()}

    async def chunks(self) -> AsyncGenerator[bytes]:
        """See ports.Reply. Raises: ServerError."""
        received, wait_s = 0, self._patience.first_s
        async with aclosing(aiter(self._response.aiter_raw())) as stream:  # type: ignore[type-var]
            while True:
                with _translated(self._address):
                    async with asyncio.timeout(wait_s):
                        chunk = await anext(stream, None)
                if chunk is None:
                    return
                received += len(chunk)
                if received > self._most_bytes:
                    raise ServerError(
                        f"{self._address} sent more than the {self._most_bytes:,} bytes allowed"
                    )
                wait_s = self._patience.silence_s
                yield chunk


class Door:
    """Opens one request for one permit. No proxy and no certificate from the environment, no redirects, no cookies."""

    def __init__(
        self,
        clock: Clock,
        trust: ssl.SSLContext | None = None,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        """`trust` says whose certificates are good; None means the public authorities (certifi)."""
        self._clock = clock
        self._trust = trust
        self._stall_seconds = stall_seconds
        self._turnstile = Turnstile()
        # Made once, as it costs a millisecond; it trusts nobody, so that TLS could only fail over it.
        self._no_trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    @asynccontextmanager
    async def get(
        self, permit: DownloadPermit, offset: int = 0, if_range: str | None = None
    ) -> AsyncIterator[Answer]:
        """Asks `permit.hop` for its body from `offset` on (all of it, where `if_range` no longer names it).

        Raises: RefusedError where the permit was used or has expired; FetchError where the host cannot be reached.
        """
        self._turnstile.pass_once(permit.id, permit.expires_at_ms, self._clock.now_ms())
        headers = {"Accept-Encoding": "identity", "User-Agent": "assistant"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            headers |= {"If-Range": if_range} if if_range else {}
        patience = httpx.Timeout(self._stall_seconds).as_dict()
        async with self._transport(secure=True) as transport:
            try:
                request = httpx.Request(
                    "GET", permit.hop.url, headers=headers, extensions={"timeout": patience}
                )
                response = await transport.handle_async_request(request)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _failure(error, permit.hop.host) from error
            response.request = request
            try:
                yield Answer(response, permit)
            finally:
                await response.aclose()

    @asynccontextmanager
    async def send(
        self, permit: Permit, route: Route, outgoing: Outgoing, patience: Patience
    ) -> AsyncIterator[ServerReply]:
        """See ports.Door. Raises: RefusedError, ServerError."""
        if outgoing.address is None:
            raise RefusedError("a prompt without an address does not go through the door")
        self._turnstile.pass_permit(permit, route, outgoing, self._clock.now_ms())
        address = outgoing.address
        ip = await resolved(address, route.place, patience.connect_s)
        request = _request(address, ip, "POST", outgoing.target, outgoing.body, patience)
        request.headers.update(outgoing.headers)
        async with self._asked(request, address, permit.most_bytes, patience) as reply:
            yield reply

    @asynccontextmanager
    async def control(
        self, permit: ControlPermit, patience: Patience
    ) -> AsyncIterator[ServerReply]:
        """See ports.Door. Raises: RefusedError, ServerError."""
        self._turnstile.pass_once(permit.id, permit.expires_at_ms, self._clock.now_ms())
        address = permit.address
        # Without TLS nothing proves who answers: such a server must be near. With it the name is proved.
        ip = address.host
        if not address.secure:
            ip = await resolved(address, Place.THIS_NETWORK, patience.connect_s)
        request = _request(address, ip, permit.method, permit.target, permit.body, patience)
        async with self._asked(request, address, permit.most_bytes, patience) as reply:
            yield reply

    @asynccontextmanager
    async def _asked(
        self, request: httpx.Request, address: Address, most_bytes: int, patience: Patience
    ) -> AsyncIterator[ServerReply]:
        async with self._transport(address.secure) as transport:
            with _translated(address):
                async with asyncio.timeout(patience.connect_s + patience.head_s):
                    response = await transport.handle_async_request(request)
            response.request = request
            try:
                yield ServerReply(response, address, most_bytes, patience)
            finally:
                await response.aclose()

    def _transport(self, secure: bool) -> httpx.AsyncHTTPTransport:
        """The transport alone, without httpx's client around it: so there is nothing that could follow, store or add."""
        if secure:
            self._trust = self._trust or _public_authorities()
        trust = (self._trust if secure else None) or self._no_trust
        return httpx.AsyncHTTPTransport(verify=trust, trust_env=False)


def _request(
    address: Address, ip: str, method: str, target: str, body: bytes, patience: Patience
) -> httpx.Request:
    """Goes to `ip`, which was looked at; the server is still called, and has to prove itself, by its name."""
    headers = {"Host": str(address), "Accept-Encoding": "identity", "User-Agent": "assistant"}
    headers["Connection"] = "close"
    if body:
        headers["Content-Type"] = "application/json"
    # Silence is timed by the reply itself: it differs before and after the first piece.
    times = {"connect": patience.connect_s, "write": patience.silence_s, "read": None, "pool": None}
    return httpx.Request(
        method,
        replace(address, host=ip).url + target,
        headers=headers,
        content=body or None,
        extensions={"timeout": times, "sni_hostname": address.host},
    )


@contextmanager
def _translated(address: Address) -> Iterator[None]:
    """What goes wrong with a server, as a ServerError that says how."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise ServerError(
            f"{address} cannot be reached", "is the server running?", ServerFault.UNREACHABLE
        ) from error
    except (TimeoutError, httpx.TimeoutException) as error:
        raise ServerError(f"{address} fell silent", "send again", ServerFault.SILENT) from error
    except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
        raise ServerError(
            f"the connection to {address} was cut", "send again", ServerFault.CUT
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServerError(
            f"{address} did not answer as a web server does: {type(error).__name__}"
        ) from error


def _public_authorities() -> ssl.SSLContext:
    """Made by hand: the usual helpers also obey SSLKEYLOGFILE and SSL_CERT_FILE of the environment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    return context


def _failure(error: Exception, host: str) -> FetchError:
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return FetchError(
                f"{host} did not prove who it is (its certificate is not good here)",
                "is this machine's date right? a proxy that opens HTTPS is not supported",
            )
        return FetchError(f"{host} cannot be reached", "is this machine online? " + _AGAIN)
    if isinstance(error, httpx.TimeoutException):
        return FetchError(f"{host} fell silent", _AGAIN)
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
        return FetchError(f"the connection to {host} was cut", _AGAIN)
    return FetchError(f"{host} did not answer as a web server does: {type(error).__name__}", _AGAIN)
