"""The line: the one connection of a request, to an address that was looked at, with everything that passes counted."""

import hashlib
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import httpcore

from assistant.domain.errors import RefusedError
from assistant.domain.permit import Receipt
from assistant.outbound.heads import ASCII
from assistant.outbound.seal import Request, Seal
from assistant.outbound.wall import opened
from assistant.outbound.ways import Way

_PIECE_BYTES: Final = 65_536
_HEAD_BYTES: Final = 262_144
"""More no server may say before its answer begins."""

_FRAMING: Final = 8
"""So many times its bytes may a body take on the line, in chunks of a few bytes each."""


@dataclass(slots=True)
class Tally:
    """What passed so far, counted as it is handed over.

    `answered` is True once the head of an answer was read, `status` is then the one in it. `keyed` says that the head of the
    request holds a key.
    """

    ip: str = ""
    tls_peer: str = ""
    sent_bytes: int = 0
    received_bytes: int = 0
    answered: bool = False
    status: int | None = None
    keyed: bool = False

    def receipt(self) -> Receipt:
        """As it stands now."""
        # Where a connection was made, the head may have been the first that went over it.
        keyed = self.keyed and self.ip != ""
        sent, received = self.sent_bytes, self.received_bytes
        return Receipt(sent, received, self.ip, self.tls_peer, self.status, keyed)


class Line(httpcore.AsyncNetworkBackend):
    """What httpcore may connect with, for one request: it goes to `way` and nowhere else, whatever it is asked for."""

    def __init__(
        self,
        way: Way,
        tally: Tally,
        most_bytes: int,
        seal: Seal | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        """`seal` holds the request until it is whole and right; None where there is nothing of a person's in it.

        `network` makes the connection (None: as usual).
        """
        self._way = way
        self._network = network or httpcore.AnyIOBackend()
        self.tally = tally
        self.seal = seal
        self.most_bytes = most_bytes * _FRAMING + _HEAD_BYTES

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """httpcore: a connection. The addresses are tried in turn, and share the time."""
        first = self._way.first
        if (host, port) != (first.host, first.port):
            raise RefusedError(f"{host}:{port} is not where the permit leads")
        ips = list(self._way.ips)
        share = None if timeout is None else timeout / len(ips)
        while True:
            ip = ips.pop(0)
            try:
                with opened((ip, port)):
                    stream = await self._network.connect_tcp(
                        ip, port, share, local_address, socket_options
                    )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not ips:
                    raise
            else:
                self.tally.ip = ip
                layers = first.secure + (self._way.address.secure and self._way.proxy is not None)
                return Wire(stream, self, layers)

    def may_tunnel(self, request: bytes) -> bool:
        """Whether `request` asks the proxy for the server's address, and for nothing else."""
        address = self._way.address
        line = f"CONNECT {address.host}:{address.port} HTTP/1.1\r\n".encode(ASCII)
        return self._way.proxy is not None and request.startswith(line)

    def proves(self, name: str | None) -> bool:
        """Whether `name` is the one that the server has to prove."""
        return name == self._way.address.host


class Wire(httpcore.AsyncNetworkStream):
    """A connection as httpcore sees it. The request itself may be written only under all the layers of TLS that it needs."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, line: Line, layers: int) -> None:
        """`layers` of TLS are still missing."""
        self._stream = stream
        self._line = line
        self._layers = layers
        self._read_bytes = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """httpcore: what came. Raises: RemoteProtocolError where it is more than any answer may take."""
        data = await self._stream.read(max_bytes, timeout)
        self._read_bytes += len(data)
        if self._layers == 0:
            self._line.tally.received_bytes += len(data)
        head_only = self._layers > 0 or not self._line.tally.answered
        if self._read_bytes > (_HEAD_BYTES if head_only else self._line.most_bytes):
            raise httpcore.RemoteProtocolError("more came than any answer takes")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """httpcore: what goes out. Raises: RefusedError where it is not what was allowed."""
        if not buffer:
            return
        if self._layers > 0:
            if not self._line.may_tunnel(buffer):
                raise RefusedError("the request was stopped before it left: it was not encrypted")
            await self._stream.write(buffer, timeout)
        elif self._line.seal is None:
            await self._stream.write(buffer, timeout)
        elif (request := self._line.seal.take(buffer)) is not None:
            await self._give(request, timeout)

    async def _give(self, request: Request, timeout: float | None) -> None:
        await self._stream.write(request.head, timeout)
        for start in range(0, len(request.body), _PIECE_BYTES):
            piece = request.body[start : start + _PIECE_BYTES]
            # Before it is handed over: whatever happens then, nobody can say that it did not leave.
            self._line.tally.sent_bytes += len(piece)
            await self._stream.write(piece, timeout)

    async def aclose(self) -> None:
        """httpcore: the end."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """httpcore: a layer of TLS. The innermost one is the server's own, and it has to prove the server's name."""
        if self._layers == 1 and not self._line.proves(server_hostname):
            await self.aclose()
            raise RefusedError(f"{server_hostname} is not the name that the permit is for")
        stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        if self._layers == 1:
            proof = stream.get_extra_info("ssl_object")
            certificate = proof.getpeercert(binary_form=True) if proof is not None else None
            self._line.tally.tls_peer = hashlib.sha256(certificate or b"").hexdigest()
        return Wire(stream, self._line, self._layers - 1)

    def get_extra_info(self, info: str) -> object:
        """httpcore: what is known of the connection."""
        return self._stream.get_extra_info(info)
