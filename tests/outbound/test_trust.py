"""Whose certificates are good: what was given, the settings' own file, or the public authorities; and why a file is no use."""

import ssl
from pathlib import Path

import pytest

from assistant.domain.errors import SettingsError
from assistant.outbound.trust import Trust
from tests.outbound.cloud_rig import CLOUD_PEM


async def test_what_was_given_goes_before_everything_else() -> None:
    given = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert await Trust(given, "nowhere").context() is given


async def test_the_public_authorities_are_read_once_and_prove_names() -> None:
    trust = Trust(None, "")
    context = await trust.context()
    assert len(context.get_ca_certs()) > 50
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert await trust.context() is context


async def test_the_file_of_the_settings_stands_in_their_place() -> None:
    context = await Trust(None, str(CLOUD_PEM)).context()
    assert len(context.get_ca_certs()) == 1
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_nobody_is_trusted_where_there_is_to_be_no_tls() -> None:
    trust = Trust(None, "")
    assert trust.nobody.get_ca_certs() == []
    assert trust.nobody.verify_mode == ssl.CERT_REQUIRED
    assert trust.nobody is trust.nobody


async def test_a_file_without_its_whole_path_is_refused_in_words() -> None:
    with pytest.raises(SettingsError) as refused:
        await Trust(None, "ca\u00fc.pem").context()
    found = refused.value.message, refused.value.hint
    assert found == ("network.ca_bundle is 'ca\\xfc.pem'", "write its whole path, from /")


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "ca.pem")
    with pytest.raises(SettingsError) as refused:
        await Trust(None, path).context()
    text = f"network.ca_bundle: {path} cannot be read (No such file or directory)"
    assert (refused.value.message, refused.value.hint) == (text, "nothing was sent")


async def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("hello\n")
    with pytest.raises(SettingsError) as refused:
        await Trust(None, str(path)).context()
    text = f"network.ca_bundle: {path} holds no certificates that can be read"
    hint = "it has to be a PEM file; nothing was sent"
    assert (refused.value.message, refused.value.hint) == (text, hint)
