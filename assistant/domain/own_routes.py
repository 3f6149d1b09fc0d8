"""A person's own routes: the model servers that they added, and what they have said of where those run."""

import ipaddress
import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urlsplit

from assistant.domain.errors import RefusedError, UsageError
from assistant.domain.places import CPU, HAT, OWN, Address, Place, Route

LEAST_CONTEXT_TOKENS = 256
"""A window that is smaller holds no prompt and no reply."""

DECLARABLE = (Place.THIS_NETWORK, Place.THIS_MACHINE)
"""What a person may say of where a server runs; everything else counts as the cloud."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
_CLOUD_NAME = re.compile(r"[-:]cloud$")
_CALL = "/chat/completions"
_DEFAULT_PATH = "/v1"

# RFC 1918, 3927 (169.254/16), 4193 (fc00::/7), 4291 (fe80::/10) and loopback. Written out, because what Python
# calls private is more than that and differs between its versions.
_NEAR = tuple(
    ipaddress.ip_network(written)
    for written in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server speaks OpenAI's wire: `POST {base_path}/chat/completions` at `address`."""

    address: Address
    base_path: str

    @property
    def url(self) -> str:
        """The one way in which it is written: scheme, host, port and path."""
        return self.address.url + self.base_path


@dataclass(frozen=True, slots=True)
class Declaration:
    """A person's own statement that a server runs at `place`, made on the day `on` (ISO 8601) of exactly `of`."""

    place: Place
    on: str
    of: str


@dataclass(frozen=True, slots=True)
class OwnRoute:
    """A server and a model there; `context_tokens` is its window as the person knows it (None: not said).

    `images` is True where they said that the model takes them.
    """

    id: str
    endpoint: Endpoint
    model: str
    context_tokens: int | None = None
    declaration: Declaration | None = None
    images: bool = False

    @property
    def subject(self) -> str:
        """What a declaration is about: where it changes, the declaration no longer holds."""
        return f"{self.endpoint.url} {self.model}"

    @property
    def declared(self) -> Declaration | None:
        """The declaration that holds; None where there is none, or one of another address or model."""
        found = self.declaration
        return found if found is not None and found.of == self.subject else None

    @property
    def route(self) -> Route:
        """The route as the policy sees it; undeclared it counts as the cloud."""
        found = self.declared
        place = found.place if found else Place.CLOUD
        return Route(
            self.id, place, OWN, self.model, declared=found is not None, images=self.images
        )

    @property
    def why_undeclared(self) -> str:
        """Why nothing is sent to it; "" where it is declared."""
        if self.declared is not None:
            return ""
        act = f"assistant routes declare {self.id} --place this-network"
        if self.declaration is None:
            return f"nobody has said where it runs ({act})"
        return f"its address or model is not the one that was declared on {self.declaration.on} ({act})"

    def declare(self, place: Place, on: str) -> "OwnRoute":
        """This route with the person's statement of the day `on`.

        Raises: UsageError where the address cannot be at `place`; RefusedError for a model that its name says runs elsewhere.
        """
        address = self.endpoint.address
        if place not in DECLARABLE:
            known = " or ".join(DECLARABLE)
            raise UsageError(f"a person's own server can be declared as {known}, not as {place}")
        if place is Place.THIS_MACHINE and not address.loopback:
            raise UsageError(
                f"{address} is not an address of this machine",
                "declare it as this-network",
            )
        literal = _literal(address.host)
        if literal is not None and not is_near(literal):
            raise UsageError(
                f"{address.host} is a public address, not one of this network",
                "use the server's private address, or its name over https",
            )
        refuse_cloud_name(self.model)
        return replace(self, declaration=Declaration(place, on, self.subject))


IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_near(address: IpAddress) -> bool:
    """Whether packets to `address` stay on this machine or a private network (RFC 1918, link-local, ULA)."""
    real = _unmapped(address)
    return any(real.version == network.version and real in network for network in _NEAR)


def refuse_cloud_name(model: str) -> None:
    """Raises: RefusedError for the names of Ollama's cloud models (`NAME-cloud`, `NAME:cloud`; its docs/cloud.mdx)."""
    if _CLOUD_NAME.search(model.lower()):
        raise RefusedError(
            f"{model} is a cloud model by its name: Ollama passes what it is given on to its maker",
            "choose a model that runs on the server itself",
        )


def checked_id(written: str) -> str:
    """`written`, where it can be a route's id. Raises: UsageError."""
    if not _ID.fullmatch(written):
        raise UsageError(
            f"{written!r} cannot be a route's id", "use up to 40 of a-z, 0-9 and -, not - first"
        )
    if written in (CPU, HAT):
        raise UsageError(f"{written} is a route of this machine itself", "choose another id")
    return written


def checked_model(written: str) -> str:
    """`written`, where it can be a model's name. Raises: UsageError."""
    if not 0 < len(written) <= 200 or not written.isprintable() or written != written.strip():
        raise UsageError(f"{written!r} cannot be a model's name")
    return written


def endpoint(url: str) -> Endpoint:
    """What `url` names; without a path, `/v1`.

    Raises: UsageError for what is no plain http(s) address, for a password in it, and for http to what is not near.
    """
    parts = split_url(url)
    if "@" in parts.netloc:
        raise UsageError(
            "a name or password in an address would be written down and sent",
            "leave it out; keys for servers are not supported yet",
        )
    if parts.query or parts.fragment:
        raise UsageError("the address has a part after ? or #", "end it with the path")
    secure = parts.scheme == "https"
    host = checked_host(parts.hostname or "")
    if not secure and not may_be_plain(host):
        raise UsageError(
            f"http to {host} could be read on the way",
            "use https; plain http is for this machine and private addresses",
        )
    try:
        port = parts.port
    except ValueError as error:
        raise UsageError(f"the port in the address is none: {error}") from error
    if port == 0:
        raise UsageError("the port in the address is 0")
    return Endpoint(Address(host, port or (443 if secure else 80), secure), _path(parts.path))


def split_url(url: str) -> SplitResult:
    """The parts of an http(s) address. Raises: UsageError."""
    # urlsplit drops tabs and line ends without a word.
    if not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError(
            "an address has only printable ASCII characters and no spaces",
            "a name in another script is written in its xn-- form",
        )
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"this is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(
            "an address begins with http:// or https://", "such as http://192.168.1.20:8080"
        )
    return parts


def checked_host(written: str) -> str:
    """The host in the one way in which it is written. Raises: UsageError."""
    host = written.rstrip(".")
    literal = _literal(host)
    if literal is not None:
        if literal.is_unspecified or literal.is_multicast or "%" in host:
            raise UsageError(f"{host} is not the address of one machine", "use the server's own")
        return _unmapped(literal).compressed
    # `2130706433` and `0x7f.1` are addresses to a resolver, whatever they look like.
    if not _HOST.fullmatch(host) or len(host) > 253 or _NUMBER.fullmatch(host.split(".")[-1]):
        raise UsageError(f"{host!r} is no host", "use a name, or an address such as 192.168.1.20")
    return host


def _literal(host: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _unmapped(address: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 one stands for (`::ffff:10.0.0.1`), else `address` itself."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def may_be_plain(host: str) -> bool:
    """Whether http may be used: a private address, `NAME.local` (RFC 6762), or a name without a dot: near by its look."""
    literal = _literal(host)
    if literal is not None:
        return is_near(literal)
    return "." not in host or host.endswith(".local")


def _path(written: str) -> str:
    path = written.rstrip("/").removesuffix(_CALL)
    if not _PATH.fullmatch(path):
        raise UsageError(f"{written!r} is no path of a server", "such as /v1")
    return path or _DEFAULT_PATH
