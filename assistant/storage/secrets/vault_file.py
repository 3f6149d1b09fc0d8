"""The vault as bytes: scrypt makes a key of the passphrase, AES-256-GCM seals the entries and the header with it."""

import base64
import hashlib
import json
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from assistant.domain.fields import Fields
from assistant.domain.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION: Final = 1
KEY_BYTES: Final = 32
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
MOST_MEMORY_BYTES: Final = 64 * 1024 * 1024
"""What scrypt may take, whatever a file asks for: a vault must not be able to fill a Pi."""
MOST_PARALLEL: Final = 4
_TAG_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Kdf:
    """How the key is made. 32 MiB and, here, 0.1 to 0.2 s for one try."""

    salt: bytes
    n: int = 2**15
    r: int = 8
    p: int = 1

    @property
    def bounded(self) -> bool:
        """Whether this machine does that work for anybody."""
        power = self.n > 1 and self.n & (self.n - 1) == 0
        small = self.r > 0 and 0 < self.p <= MOST_PARALLEL
        return power and small and 128 * self.r * (self.n + self.p + 2) <= MOST_MEMORY_BYTES


@dataclass(frozen=True, slots=True)
class Sealed:
    """A vault that nobody has opened yet."""

    kdf: Kdf
    nonce: bytes
    box: bytes


def new_kdf() -> Kdf:
    """The present cost, under a fresh salt."""
    return Kdf(os.urandom(SALT_BYTES))


def cipher_of(passphrase: Secret, kdf: Kdf) -> "AESGCM":
    """The key, as an object that shows nothing of it. Takes 0.1 s and more. Raises: ImportError; MemoryError."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(
        hashlib.scrypt(
            # One passphrase, however a keyboard composes its letters.
            unicodedata.normalize("NFC", passphrase.reveal()).encode("utf-8", "surrogatepass"),
            salt=kdf.salt,
            n=kdf.n,
            r=kdf.r,
            p=kdf.p,
            maxmem=MOST_MEMORY_BYTES + 1024 * 1024,
            dklen=KEY_BYTES,
        )
    )


def written(cipher: "AESGCM", kdf: Kdf, entries: Mapping[str, Secret]) -> bytes:
    """The whole file; each writing has a nonce of its own."""
    nonce = os.urandom(NONCE_BYTES)
    box = cipher.encrypt(
        nonce,
        json.dumps({name: each.reveal() for name, each in entries.items()}).encode(),
        _header_bytes(kdf),
    )
    table = {**_header(kdf), "nonce": _text(nonce), "box": _text(box)}
    return json.dumps(table, indent=2).encode()


def read(raw: bytes) -> Sealed:
    """The file's parts. Raises: ValueError where they cannot be what `written` wrote."""
    table = Fields(json.loads(raw))
    if table.whole("vault") != VERSION or table.text("kdf") != "scrypt":
        raise ValueError("it is of another version")
    kdf = Kdf(_bytes(table.text("salt")), table.whole("n"), table.whole("r"), table.whole("p"))
    sealed = Sealed(kdf, _bytes(table.text("nonce")), _bytes(table.text("box")))
    if not kdf.bounded or len(kdf.salt) != SALT_BYTES:
        raise ValueError("its key would cost too much, or nothing")
    if len(sealed.nonce) != NONCE_BYTES or len(sealed.box) <= _TAG_BYTES:
        raise ValueError("it was cut")
    return sealed


def opened(cipher: "AESGCM", sealed: Sealed) -> Mapping[str, Secret] | None:
    """The entries; None where the key is not the one, or a bit is not as it was. Never raises: what would, holds keys."""
    from cryptography.exceptions import InvalidTag

    try:
        table = json.loads(cipher.decrypt(sealed.nonce, sealed.box, _header_bytes(sealed.kdf)))
        return {str(name): Secret(str(value)) for name, value in table.items()}
    except (InvalidTag, ValueError, AttributeError):
        return None


def _header(kdf: Kdf) -> dict[str, object]:
    return {
        "vault": VERSION,
        "kdf": "scrypt",
        "n": kdf.n,
        "r": kdf.r,
        "p": kdf.p,
        "salt": _text(kdf.salt),
    }


def _header_bytes(kdf: Kdf) -> bytes:
    """Sealed with the entries: a header with other costs does not open them."""
    return json.dumps(_header(kdf), sort_keys=True).encode()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if _text(raw) != text:
        # Base64 has spare bits at the end; nothing in the file may change unseen.
        raise ValueError("it was changed")
    return raw
