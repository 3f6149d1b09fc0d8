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


def is_everywhere(host: str) -> bool:
    """Whether a server at `host` listens on every interface."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets in who has the token. `names` are what a browser may call this server, in lower case and without a port, which a tunnel
    may change: another name that leads here is somebody's page that tries to speak as this one (DNS rebinding). With
    `any_address` an address in figures is none: nobody can make it lead elsewhere."""

    names: frozenset[str]
    any_address: bool = False
    token: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES), repr=False)

    def named(self, headers: Mapping[str, str]) -> bool:
        """Whether a request speaks to one of the names of this server."""
        name = _name(headers.get("Host", ""))
        return name in self.names or (self.any_address and _is_address(name))

    def own_page(self, headers: Mapping[str, str]) -> bool:
        """Whether a request comes from a page of this very server; one that does not say where from is not let in by it.

        The port counts as well: a page of another server on this machine is not ours, though cookies go to both.
        """
        try:
            origin = urlsplit(headers.get("Origin", ""))
        except ValueError:
            return False
        same = origin.netloc.lower() == headers.get("Host", "").lower()
        return origin.scheme == "http" and same and self.named(headers)

    def knows(self, token: str | None) -> bool:
        """Whether that is the token."""
        said = None if token is None else token.encode(errors="backslashreplace")
        return said is not None and hmac.compare_digest(said, self.token.encode())


def is_name(text: str) -> bool:
    """Whether a browser may call a server `text`: a name alone, without a port or an address of a page."""
    return bool(text) and _name(text) == text.lower()


def _name(host: str) -> str:
    """The name in a `Host` header, in lower case; "" where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        plain = parts.port is None or parts.port > 0
    except ValueError:
        return ""
    return (parts.hostname or "") if plain and parts.netloc == host and "@" not in host else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
