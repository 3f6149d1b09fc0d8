"""What comes back: answers piece by piece, bounded in bytes and time, and every way in which a host fails, in words."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager

import httpcore

from assistant.domain.downloads import DownloadPermit
from assistant.domain.errors import FetchError, ServerError, ServerFault
from assistant.domain.hygiene import harmless
from assistant.domain.places import Address
from assistant.ports import Patience

_AGAIN = "run it again: it goes on from where it stopped"
_ONLINE = f"is this machine online? {_AGAIN}"
_PROOF = "is this machine's date right? where a proxy opens HTTPS, name its certificates in network.ca_bundle"


class Answer:
    """What a host of downloads answered: status and headers (names in lower case), then the body piece by piece."""

    def __init__(self, response: httpcore.Response, permit: DownloadPermit) -> None:
        self._response = response
        self._permit = permit
        self.host = permit.hop.host
        self.status: int = response.status
        self.headers: Mapping[str, str] = _headers(response)

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The body as sent. Raises: FetchError where it is cut, stalls, is encoded or exceeds the permit's bytes."""
        host, most = self.host, self._permit.most_bytes
        if self.headers.get("content-encoding", "identity") != "identity":
            raise FetchError(f"{host} sent the file in an encoding that was not asked for")
        received = 0
        with fetching(host):
            async for chunk in self._response.aiter_stream():
                received += len(chunk)
                if received > most:
                    raise FetchError(f"{host} sent more than the {most:,} bytes that were allowed")
                yield chunk


class ServerReply:
    """Implements ports.Reply over an open connection."""

    def __init__(
        self,
        response: httpcore.Response,
        address: Address,
        most_bytes: int,
        patience: Patience,
        longest_s: float | None = None,
    ) -> None:
        """The body may take `longest_s` in all (None: any time, while it goes on)."""
        self._response = response
        self._address = address
        self._most_bytes = most_bytes
        self._patience = patience
        self._longest_s = longest_s
        self.status: int = response.status
        # They end up in errors and on the screen.
        self.headers: Mapping[str, str] = {n: harmless(v) for n, v in _headers(response).items()}

    async def chunks(self) -> AsyncGenerator[bytes]:
        """See ports.Reply. Raises: ServerError."""
        if self.headers.get("content-encoding", "identity") != "identity":
            raise ServerError(f"{self._address} answered in an encoding that was not asked for")
        received, wait_s = 0, self._patience.first_s
        begun_s = asyncio.get_running_loop().time()
        async with aclosing(self._response.aiter_stream()) as stream:  # type: ignore[type-var]
            while True:
                with asking(self._address):
                    async with asyncio.timeout(wait_s):
                        chunk = await anext(stream, None)
                if chunk is None:
                    return
                received += len(chunk)
                if received > self._most_bytes:
                    raise ServerError(
                        f"{self._address} sent more than the {self._most_bytes:,} bytes allowed"
                    )
                passed_s = asyncio.get_running_loop().time() - begun_s
                if self._longest_s is not None and passed_s > self._longest_s:
                    raise ServerError(
                        f"{self._address} did not come to an end in {passed_s:,.0f} s",
                        "send again",
                        ServerFault.SILENT,
                    )
                wait_s = self._patience.silence_s
                yield chunk


def _headers(response: httpcore.Response) -> dict[str, str]:
    """By name in lower case; one that stands there twice has both values, as RFC 9110 §5.3 joins them."""
    found: dict[str, str] = {}
    for name, value in response.headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


@contextmanager
def asking(address: Address | str) -> Iterator[None]:
    """What goes wrong with a server, as a ServerError that says how. `address` may say the way to it, too."""
    try:
        yield
    except httpcore.ProxyError as error:
        raise ServerError(
            f"{address}: the proxy lets nothing through{_status(error)}",
            "is network.proxy right?",
            ServerFault.UNREACHABLE,
        ) from error
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise _unreached(error, address) from error
    except (TimeoutError, httpcore.TimeoutException) as error:
        raise ServerError(f"{address} fell silent", "send again", ServerFault.SILENT) from error
    except (httpcore.NetworkError, httpcore.RemoteProtocolError) as error:
        raise ServerError(
            f"the connection to {address} was cut", "send again", ServerFault.CUT
        ) from error
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        # Without what it says: it may show a header.
        raise ServerError(
            f"{address} did not answer as a web server does: {type(error).__name__}"
        ) from None


def _unreached(error: Exception, address: Address | str) -> ServerError:
    if _unproved(error):
        return ServerError(
            f"{address} did not prove who it is (its certificate is not good here); nothing was sent",
            _PROOF,
            ServerFault.UNREACHABLE,
        )
    return ServerError(
        f"{address} cannot be reached", "is the server running?", ServerFault.UNREACHABLE
    )


def _unproved(error: Exception) -> bool:
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _status(error: httpcore.ProxyError) -> str:
    """The number in the proxy's refusal; its words are its own."""
    number = str(error).partition(" ")[0]
    return f" (it says {number})" if number.isdecimal() and len(number) == 3 else ""


@contextmanager
def fetching(host: str) -> Iterator[None]:
    """What goes wrong with a host of downloads, as a FetchError that says how."""
    try:
        yield
    except ServerError as error:
        # Only the look for the name raises it.
        raise FetchError(f"{host} cannot be reached", _ONLINE) from error
    except (
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        httpcore.TimeoutException,
        httpcore.UnsupportedProtocol,
    ) as error:
        raise _failure(error, host) from error


def _failure(error: Exception, host: str) -> FetchError:
    if isinstance(error, httpcore.ProxyError):
        return FetchError(
            f"{host}: the proxy lets nothing through{_status(error)}", "is network.proxy right?"
        )
    if isinstance(error, httpcore.ConnectTimeout | httpcore.ConnectError):
        if _unproved(error):
            return FetchError(
                f"{host} did not prove who it is (its certificate is not good here)", _PROOF
            )
        return FetchError(f"{host} cannot be reached", _ONLINE)
    if isinstance(error, httpcore.TimeoutException):
        return FetchError(f"{host} fell silent", _AGAIN)
    if isinstance(error, httpcore.NetworkError | httpcore.RemoteProtocolError):
        return FetchError(f"the connection to {host} was cut", _AGAIN)
    return FetchError(f"{host} did not answer as a web server does: {type(error).__name__}", _AGAIN)
