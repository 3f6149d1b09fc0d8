"""The door: the only maker of requests, and it makes none without a permit."""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import certifi
import httpx

from assistant.domain.downloads import DownloadPermit, Hop
from assistant.domain.errors import FetchError, RefusedError
from assistant.ports import Clock

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
        self._used: set[str] = set()

    @asynccontextmanager
    async def get(
        self, permit: DownloadPermit, offset: int = 0, if_range: str | None = None
    ) -> AsyncIterator[Answer]:
        """Asks `permit.hop` for its body from `offset` on (all of it, where `if_range` no longer names it).

        Raises: RefusedError where the permit was used or has expired; FetchError where the host cannot be reached.
        """
        self._spend(permit)
        self._trust = self._trust or _public_authorities()
        headers = {"Accept-Encoding": "identity", "User-Agent": "assistant"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            headers |= {"If-Range": if_range} if if_range else {}
        # The transport alone, without httpx's client around it: so there is nothing that could follow, store or add.
        async with httpx.AsyncHTTPTransport(verify=self._trust, trust_env=False) as transport:
            try:
                request = self._request(permit.hop, headers)
                response = await transport.handle_async_request(request)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _failure(error, permit.hop.host) from error
            response.request = request
            try:
                yield Answer(response, permit)
            finally:
                await response.aclose()

    def _request(self, hop: Hop, headers: dict[str, str]) -> httpx.Request:
        patience = httpx.Timeout(self._stall_seconds).as_dict()
        return httpx.Request("GET", hop.url, headers=headers, extensions={"timeout": patience})

    def _spend(self, permit: DownloadPermit) -> None:
        if permit.id in self._used:
            raise RefusedError("this download permit has been used")
        if self._clock.now_ms() >= permit.expires_at_ms:
            raise RefusedError("this download permit has expired")
        self._used.add(permit.id)


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
