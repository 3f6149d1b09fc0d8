"""Whose certificates are good: the public authorities, or those of the settings' own file. The environment has no say."""

import asyncio
import functools
import ssl
from pathlib import Path

import certifi

from assistant.domain.errors import SettingsError


class Trust:
    """Made when the first request needs it, then kept: reading the authorities takes ten milliseconds."""

    def __init__(self, given: ssl.SSLContext | None, ca_bundle: str) -> None:
        """`given` goes before everything else; `ca_bundle` is the settings' file ("": the public authorities)."""
        self._given = given
        self._ca_bundle = ca_bundle

    async def context(self) -> ssl.SSLContext:
        """For a connection with TLS. Raises: SettingsError where the file of the settings cannot be used."""
        if self._given is None:
            self._given = await asyncio.to_thread(_trusting, self._ca_bundle)
        return self._given

    @functools.cached_property
    def nobody(self) -> ssl.SSLContext:
        """For a connection without TLS: should there be TLS after all, it could only fail."""
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _trusting(ca_bundle: str) -> ssl.SSLContext:
    # By hand: the usual makers also obey SSLKEYLOGFILE and SSL_CERT_FILE of the environment.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not ca_bundle:
        context.load_verify_locations(certifi.where())
        return context
    path = Path(ca_bundle)
    if not path.is_absolute():
        raise SettingsError(f"network.ca_bundle is {ca_bundle!a}", "write its whole path, from /")
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        raise SettingsError(
            f"network.ca_bundle: {ca_bundle} holds no certificates that can be read",
            "it has to be a PEM file; nothing was sent",
        ) from error
    except OSError as error:
        raise SettingsError(
            f"network.ca_bundle: {ca_bundle} cannot be read ({error.strerror or error})",
            "nothing was sent",
        ) from error
    return context
