"""The keys of routes: kept in the first store that can be used, given for their own host alone, dropped for good."""

import json
import pickle
from pathlib import Path

import pytest

from assistant.domain.errors import RefusedError, SecretsError, UsageError
from assistant.domain.places import Address
from assistant.domain.secret import Secret
from assistant.ports.leaving import Secrets
from assistant.storage import paths
from assistant.storage.secrets.bound import Bound, packed, unpacked
from assistant.storage.secrets.creds import SystemdCreds
from assistant.storage.secrets.environment import variable
from assistant.storage.secrets.keys import OwnKeys, RouteKeys
from assistant.storage.secrets.opening import open_secrets
from tests.storage.secrets.fake_creds import install
from tests.storage.secrets.rings import PLAINTEXT, Memory, ring
from tests.storage.secrets.stage import (
    ADDRESS,
    KEY,
    OTHER,
    PASSPHRASE,
    keys_in,
    revealed,
    ring_store,
)

ROUTE = "openai-eu"


def creds_in(tmp_path: Path) -> SystemdCreds:
    return SystemdCreds(tmp_path / "keys", {}, programs=install(tmp_path / "programs"))


def in_ring(tmp_path: Path, *kinds: type[Memory]) -> RouteKeys:
    """Keys over keyrings, as a program that begins has them."""
    return keys_in(tmp_path / "keys", ring_store(*kinds))


def in_vault(tmp_path: Path) -> RouteKeys:
    """Keys over a vault that is open."""
    keys = keys_in(tmp_path / "keys")
    keys.vault.create(PASSPHRASE)
    return keys


def test_it_is_the_port() -> None:
    def takes(secrets: Secrets) -> Secrets:
        return secrets

    assert takes(keys_in(Path("nowhere"))).own() == ()


def test_a_key_is_kept_and_read_by_the_next_program(tmp_path: Path) -> None:
    kind = ring()
    in_ring(tmp_path, kind).keep(ROUTE, ADDRESS, Secret(f"  {KEY}\n"))
    keys = in_ring(tmp_path, kind)
    assert revealed(keys.key(ROUTE, ADDRESS)) == KEY
    assert keys.key("another", ADDRESS) is None
    assert keys.source(ROUTE) == "the desktop's keyring (Secret Service)"
    assert keys.source("another") == ""
    assert not keys.from_environment(ROUTE)


@pytest.mark.parametrize(
    "other",
    [
        OTHER,
        Address("api.example.org", 8443, secure=True),
        Address("api.example.org", 443, secure=False),
        Address("api.example.org.evil.net", 443, secure=True),
        Address("xn--api-example.org", 443, secure=True),
        Address("", 443, secure=True),
    ],
)
def test_a_key_is_never_given_for_another_place(tmp_path: Path, other: Address) -> None:
    environment = {variable("from-variable"): KEY}
    keys = keys_in(tmp_path / "keys", ring_store(ring()), environment=environment)
    keys.keep(ROUTE, ADDRESS, Secret(KEY))
    assert revealed(keys.key("from-variable", ADDRESS)) == KEY
    for route in (ROUTE, ROUTE, "from-variable"):
        with pytest.raises(RefusedError, match="is not sent to"):
            keys.key(route, other)
        assert revealed(keys.key(route, ADDRESS)) == KEY


def test_a_name_is_the_same_in_other_letters(tmp_path: Path) -> None:
    keys = in_ring(tmp_path, ring())
    keys.keep(ROUTE, ADDRESS, Secret(KEY))
    assert revealed(keys.key(ROUTE, Address("API.Example.org.", 443, secure=True))) == KEY


def test_the_list_of_keys_cannot_bind_a_key_anew(tmp_path: Path) -> None:
    """The host is kept with the key: who changes the list gives it to no other place."""
    kind = ring()
    keys = in_ring(tmp_path, kind)
    keys.keep(ROUTE, ADDRESS, Secret(KEY))
    keys.keep("other", OTHER, Secret("sk-other-key"))
    text = (tmp_path / "keys" / "keys.json").read_text()
    assert "example" not in text
    swapped = text.replace("other", "x").replace(ROUTE, "other").replace('"x"', f'"{ROUTE}"')
    (tmp_path / "keys" / "keys.json").write_text(swapped)
    assert revealed(in_ring(tmp_path, kind).key("other", OTHER)) == "sk-other-key"
    with pytest.raises(RefusedError):
        in_ring(tmp_path, kind).key("other", ADDRESS)


def test_the_first_store_that_can_be_used_is_used(tmp_path: Path) -> None:
    plain, secret = ring(PLAINTEXT, 99), ring()
    creds = creds_in(tmp_path)
    assert "Secret Service" in keys_in(tmp_path / "a", ring_store(plain, secret), creds).store
    assert "systemd-creds" in keys_in(tmp_path / "b", ring_store(plain), creds).store
    without = keys_in(tmp_path / "c", ring_store(plain))
    assert "a vault of this app, not made yet" in without.store
    with pytest.raises(SecretsError, match="make one with a passphrase"):
        without.keep(ROUTE, ADDRESS, Secret(KEY))
    without.vault.create(PASSPHRASE)
    assert without.store == "a vault of this app under a passphrase, open"
    without.keep(ROUTE, ADDRESS, Secret(KEY))
    assert revealed(without.key(ROUTE, ADDRESS)) == KEY
    assert not plain.kept


def test_each_store_says_how_it_stands(tmp_path: Path) -> None:
    keys = keys_in(
        tmp_path / "keys", ring_store(ring(PLAINTEXT)), creds_in(tmp_path), environment={}
    )
    lines = [look.line() for look in keys.describe()]
    assert lines[0].startswith(f"keyring: {PLAINTEXT} is refused")
    assert lines[1].endswith("can decrypt), in use")
    assert lines[2].endswith("not needed")
    assert lines[3] == "environment: no variable ASSISTANT_KEY_… is set"
    assert [look.used for look in keys.describe()] == [False, True, False, False]


@pytest.mark.parametrize("bad", ["", "  \n", "two words", "a\nb", "käse", "a\x00b", "k" * 8193])
def test_what_cannot_be_a_key_is_not_kept_and_not_repeated(tmp_path: Path, bad: str) -> None:
    keys = in_ring(tmp_path, ring())
    with pytest.raises(UsageError, match="cannot be a key") as caught:
        keys.keep(ROUTE, ADDRESS, Secret(bad))
    assert bad == "" or bad not in str(caught.value)
    assert keys.key(ROUTE, ADDRESS) is None


def test_a_new_key_takes_the_place_of_the_old_one_wherever_it_was(tmp_path: Path) -> None:
    first = in_vault(tmp_path)
    first.keep(ROUTE, ADDRESS, Secret("sk-old-one"))
    kind = ring()
    keys = in_ring(tmp_path, kind)
    keys.vault.unlock(PASSPHRASE)
    keys.keep(ROUTE, OTHER, Secret(KEY))
    assert revealed(keys.key(ROUTE, OTHER)) == KEY
    assert json.loads((tmp_path / "keys" / "keys.json").read_text())["routes"][0]["left"] == []
    kind.kept.clear()
    assert in_ring(tmp_path, kind).key(ROUTE, OTHER) is None


def test_an_old_key_in_a_locked_vault_does_not_come_back(tmp_path: Path) -> None:
    in_vault(tmp_path).keep(ROUTE, ADDRESS, Secret("sk-old-one"))
    kind = ring()
    keys = in_ring(tmp_path, kind)
    keys.keep(ROUTE, ADDRESS, Secret(KEY))
    assert revealed(keys.key(ROUTE, ADDRESS)) == KEY
    with pytest.raises(SecretsError, match="is still in a vault"):
        keys.forget(ROUTE)
    assert not kind.kept
    keys.vault.unlock(PASSPHRASE)
    assert keys.key(ROUTE, ADDRESS) is None
    assert keys.source(ROUTE) == ""
    keys.forget(ROUTE)
    assert json.loads((tmp_path / "keys" / "keys.json").read_text())["routes"] == []


def test_a_forgotten_key_is_gone(tmp_path: Path) -> None:
    kind = ring()
    keys = in_ring(tmp_path, kind)
    keys.keep(ROUTE, ADDRESS, Secret(KEY))
    assert list(keys.own()) == [KEY]
    keys.forget(ROUTE)
    keys.forget(ROUTE)
    assert keys.key(ROUTE, ADDRESS) is None
    assert keys.own() == ()
    assert not kind.kept


def test_a_locked_vault_says_so_only_where_a_key_is_in_it(tmp_path: Path) -> None:
    in_vault(tmp_path).keep(ROUTE, ADDRESS, Secret(KEY))
    keys = keys_in(tmp_path / "keys")
    assert keys.key("another", ADDRESS) is None
    with pytest.raises(SecretsError, match=r"locked \(unlock it"):
        keys.key(ROUTE, ADDRESS)
    assert keys.source(ROUTE) == "a vault of this app under a passphrase, locked"
    assert (keys.own(), keys.locked()) == ((), True)
    keys.vault.unlock(PASSPHRASE)
    assert (list(keys.own()), keys.locked()) == ([KEY], False)
    keys.lock()
    assert (keys.own(), keys.locked()) == ((), True)
    keys.vault.unlock(PASSPHRASE)
    keys.forget(ROUTE)
    keys.lock()
    # A vault without a key hides none.
    assert not keys.locked()


def test_the_environment_goes_first_and_is_said(tmp_path: Path) -> None:
    environment = {"ASSISTANT_KEY_OPENAI_EU": f"{KEY}\n", "ASSISTANT_KEY_EMPTY": " ", "OTHER": "x"}
    keys = keys_in(tmp_path / "keys", ring_store(ring()), environment=environment)
    keys.keep(ROUTE, ADDRESS, Secret("sk-kept-one"))
    assert revealed(keys.key(ROUTE, ADDRESS)) == KEY
    assert keys.from_environment(ROUTE)
    assert keys.source(ROUTE) == "the environment variable ASSISTANT_KEY_OPENAI_EU"
    assert keys.store.endswith("; from the environment: ASSISTANT_KEY_OPENAI_EU")
    assert not keys.from_environment("empty")
    assert keys.key("empty", ADDRESS) is None
    assert set(keys.own()) == {KEY, "sk-kept-one"}
    assert keys.describe()[-1].used


def test_a_variable_that_holds_no_key_is_named_not_shown(tmp_path: Path) -> None:
    keys = keys_in(tmp_path / "keys", environment={"ASSISTANT_KEY_A": "two words"})
    with pytest.raises(SecretsError, match="ASSISTANT_KEY_A does not hold a key") as caught:
        keys.key("a", ADDRESS)
    assert "two" not in str(caught.value)
    assert keys.own() == ()


def test_own_keys_come_from_everything_that_is_open_and_show_themselves_to_none(
    tmp_path: Path,
) -> None:
    kind = ring()
    in_vault(tmp_path).keep("in-vault", ADDRESS, Secret("sk-in-vault"))
    keys = in_ring(tmp_path, kind)
    keys.keep("in-ring", ADDRESS, Secret("sk-in-ring"))
    keys.vault.unlock(PASSPHRASE)
    own = keys.own()
    assert set(own) == {"sk-in-vault", "sk-in-ring"}
    assert "sk-" not in f"{own} {own!r}"
    assert isinstance(own, OwnKeys)
    with pytest.raises(TypeError):
        pickle.dumps(own)


def test_own_asks_nobody_and_never_raises(tmp_path: Path) -> None:
    kind = ring()
    in_ring(tmp_path, kind).keep(ROUTE, ADDRESS, Secret(KEY))
    kind.locked = True
    assert (in_ring(tmp_path, kind).own(), in_ring(tmp_path, kind).locked()) == ((), True)
    kind.locked = False
    keys = in_ring(tmp_path, kind)
    assert (list(keys.own()), keys.locked()) == ([KEY], False)
    kind.kept["hat-assistant/" + json_entry(tmp_path)] = "not what this app wrote"
    assert list(keys.own()) == [KEY]
    keys.forget_read()
    assert keys.own() == ()
    with pytest.raises(SecretsError, match="not a key of this app"):
        keys.key(ROUTE, ADDRESS)
    (tmp_path / "keys" / "keys.json").write_text("{")
    assert (keys.own(), keys.locked()) == ((), True)
    with pytest.raises(SecretsError, match=r"keys\.json is damaged"):
        keys.key(ROUTE, ADDRESS)


def json_entry(tmp_path: Path) -> str:
    table = json.loads((tmp_path / "keys" / "keys.json").read_text())
    return f"key-{table['id']}-{ROUTE}"


def test_what_was_read_is_not_read_again_until_somebody_changes_it(tmp_path: Path) -> None:
    kind, reads = ring(), []
    keys = in_ring(tmp_path, kind)
    keys.keep(ROUTE, ADDRESS, Secret("sk-old-one"))
    kind.before = staticmethod(lambda: reads.append(1))
    keys.own()
    keys.own()
    assert revealed(keys.key(ROUTE, ADDRESS)) == "sk-old-one"
    assert len(reads) == 1
    in_ring(tmp_path, kind).keep(ROUTE, ADDRESS, Secret(KEY))
    assert list(keys.own()) == [KEY]
    assert revealed(keys.key(ROUTE, ADDRESS)) == KEY


def test_a_key_that_was_read_while_it_was_replaced_is_not_remembered(tmp_path: Path) -> None:
    kind = ring()
    keys = in_ring(tmp_path, kind)
    keys.keep(ROUTE, ADDRESS, Secret("sk-old-one"))
    kind.before = staticmethod(keys.forget_read)
    assert revealed(keys.key(ROUTE, ADDRESS)) == "sk-old-one"
    kind.before = staticmethod(lambda: None)
    kind.kept = {name: packed_again(text) for name, text in kind.kept.items()}
    assert revealed(keys.key(ROUTE, ADDRESS)) == KEY


def packed_again(text: str) -> str:
    bound = unpacked(Secret(text))
    assert bound is not None
    return packed(Bound(bound.address, Secret(KEY))).reveal()


def test_two_folders_do_not_mix_in_one_keyring(tmp_path: Path) -> None:
    kind = ring()
    one, two = (keys_in(tmp_path / name, ring_store(kind)) for name in ("one", "two"))
    one.keep(ROUTE, ADDRESS, Secret(KEY))
    two.keep(ROUTE, OTHER, Secret("sk-two"))
    assert revealed(one.key(ROUTE, ADDRESS)) == KEY
    assert revealed(two.key(ROUTE, OTHER)) == "sk-two"


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", '{"host":"a","port":"443","secure":true,"key":"x"}', "[" * 9999],
)
def test_a_text_of_another_program_is_no_key(text: str) -> None:
    assert unpacked(Secret(text)) is None


def test_a_list_that_names_an_unknown_store_is_told(tmp_path: Path) -> None:
    keys = in_ring(tmp_path, ring())
    keys.keep(ROUTE, ADDRESS, Secret(KEY))
    file = tmp_path / "keys" / "keys.json"
    file.write_text(file.read_text().replace('"keyring"', '"cloud"'))
    with pytest.raises(SecretsError, match="unknown: cloud"):
        keys.key(ROUTE, ADDRESS)
    assert keys.own() == ()


def test_opened_for_a_person_nothing_of_this_machine_is_touched(places: paths.Places) -> None:
    """The tests' own walls name the Null keyring, as a person does who wants none."""
    opened = open_secrets(places, {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"})
    looks = opened.routes.describe()
    assert looks[0].why == "keyring.backends.null.Keyring is refused"
    assert [look.name for look in looks] == ["keyring", "systemd-creds", "vault", "environment"]
    assert list(places.data.iterdir()) == []
