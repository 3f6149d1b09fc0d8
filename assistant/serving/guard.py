"""Who may look: a token that was shown once on the terminal, and a browser that speaks of this very address."""

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

COOKIE = "assistant_token"
TOKEN_BYTES = 32


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server at `host`; a name may lead anywhere, so `localhost` alone counts."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def authority(host: str, port: int) -> str:
    """`127.0.0.1:8000`, `[::1]:8000`: as a browser writes it in `Host`; the usual port is left out."""
    name = f"[{host}]" if ":" in host else host
    return name if port == 80 else f"{name}:{port}"


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets in who has the token. `hosts` are what a browser may call this server, in lower case: another name that leads here is
    somebody's page that tries to speak as this one (DNS rebinding)."""

    hosts: frozenset[str]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES), repr=False)

    def named(self, headers: Mapping[str, str]) -> bool:
        """Whether a request speaks to one of the names of this server."""
        return headers.get("Host", "").lower() in self.hosts

    def own_page(self, headers: Mapping[str, str]) -> bool:
        """Whether a request comes from a page of this server; one that does not say where from is not let in by it."""
        origin = urlsplit(headers.get("Origin", ""))
        return origin.scheme == "http" and origin.netloc.lower() in self.hosts

    def knows(self, token: str | None) -> bool:
        """Whether that is the token."""
        return token is not None and hmac.compare_digest(token.encode(), self.token.encode())
