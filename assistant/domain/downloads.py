"""Leave for one request for a file that this program needs, and where a redirect may lead."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from assistant.domain.errors import FetchError, RefusedError

PURPOSE: Final = "model.download"
PRICES: Final = "prices.fetch"
_PURPOSES: Final = (PURPOSE, PRICES)
HTTPS_PORT: Final = 443

_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_TARGET = re.compile(r"/[\x21-\x7e]*")
_SHA256 = re.compile(r'"?([0-9a-f]{64})"?')


@dataclass(frozen=True, slots=True)
class Hop:
    """One place to ask over HTTPS; `target` is path and query."""

    host: str
    port: int
    target: str

    @property
    def url(self) -> str:
        """The address; there is no other scheme."""
        return f"https://{self.host}:{self.port}{self.target}"


@dataclass(frozen=True, slots=True)
class DownloadPermit:
    """Single-use leave to ask `hop` once, before `expires_at_ms` (Unix time), for at most `most_bytes`."""

    id: str
    purpose: str
    hop: Hop
    most_bytes: int
    expires_at_ms: int

    def __post_init__(self) -> None:
        """Raises: RefusedError for any other purpose, and for a place that is not plainly one."""
        if self.purpose not in _PURPOSES:
            raise RefusedError(f"a download permit is not for {self.purpose!r}")
        hop = self.hop
        if not (_HOST.fullmatch(hop.host) and _TARGET.fullmatch(hop.target)):
            raise RefusedError(f"{hop.host!r} is no host to download from")
        if not (0 < hop.port < 65536 and self.most_bytes > 0):
            raise RefusedError("a download permit needs a port and a number of bytes")


@dataclass(frozen=True, slots=True)
class Reach:
    """Where downloads may lead: `origin` (`https://HOST[:PORT]`), and `hosts` with their subdomains for redirects."""

    origin: str
    hosts: tuple[str, ...]

    def start(self, repository: str, file: str) -> Hop:
        """Where a public model host serves `file` of `repository`."""
        return self.hop(f"{self.origin}/{repository}/resolve/main/{file}")

    def hop(self, location: str, at: Hop | None = None) -> Hop:
        """The place that `location` names, as seen from `at`. Raises: FetchError where it may not be asked."""
        try:
            parts = urlsplit(urljoin(at.url, location) if at else location)
            port, host = parts.port, (parts.hostname or "").lower()
        except ValueError as error:
            raise _astray("an address that cannot be read") from error
        if not location:
            raise _astray("no address")
        if parts.scheme != "https":
            raise _astray(f"{parts.scheme or 'no scheme'!s}, which is not HTTPS")
        if parts.username is not None or parts.password is not None:
            raise _astray("an address with a user name in it")
        if not self._has(host):
            raise _astray(f"the host {host[:80]!a}, which is not on the list")
        if port not in (None, HTTPS_PORT, urlsplit(self.origin).port):
            raise _astray(f"port {port} of {host}")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not _TARGET.fullmatch(target):
            raise _astray("an address with characters that do not belong there")
        return Hop(host, port or HTTPS_PORT, target)

    def _has(self, host: str) -> bool:
        if not _HOST.fullmatch(host):
            return False
        return any(host == known or host.endswith(f".{known}") for known in self.hosts)


def _astray(what: str) -> FetchError:
    return FetchError(
        f"the download was led to {what}; nothing was asked there",
        "try again later; fetch the file yourself and: assistant models add FILE",
    )


def declared_sha256(value: str | None) -> str | None:
    """The sha256 in an ETag or `X-Linked-ETag` header; None where it holds anything else."""
    match = _SHA256.fullmatch(value or "")
    return match[1] if match else None
