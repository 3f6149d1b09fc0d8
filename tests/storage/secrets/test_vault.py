"""The vault: real files; a wrong passphrase or a changed bit opens nothing and changes nothing."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.domain.errors import SecretsError, UsageError
from assistant.domain.secret import Secret
from assistant.storage.secrets import vault_file
from assistant.storage.secrets.vault import Vault
from tests.storage.secrets.stage import KEY, PASSPHRASE, revealed

OTHER = Secret("another passphrase")


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A key that costs little, but for the one test that looks at its cost."""
    if "real_cost" not in request.fixturenames:
        new = vault_file.new_kdf
        monkeypatch.setattr(vault_file, "new_kdf", lambda: vault_file.Kdf(new().salt, n=16))


@pytest.fixture
def real_cost() -> None:
    """Leaves the cost as it is."""


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault that is made and open, with one key in it."""
    made = Vault(tmp_path / "keys" / "vault.json")
    made.create(PASSPHRASE)
    made.put("key-a", Secret(KEY))
    return made


def file_of(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "vault.json"


def test_an_entry_is_kept_read_replaced_and_dropped(vault: Vault, tmp_path: Path) -> None:
    vault.put("key-b", Secret("ünï\n"))
    assert revealed(vault.get("key-a")) == KEY
    assert revealed(vault.get("key-b")) == "ünï\n"
    vault.drop("key-b")
    vault.drop("key-b")
    assert vault.get("key-b") is None
    assert file_of(tmp_path).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in file_of(tmp_path).parent.iterdir()) == [
        "vault.json",
        "vault.lock",
    ]


def test_its_key_costs_what_is_said(tmp_path: Path, real_cost: None) -> None:
    vault = Vault(file_of(tmp_path))
    vault.create(PASSPHRASE)
    table = json.loads(file_of(tmp_path).read_text())
    assert (table["kdf"], table["n"], table["r"], table["p"]) == ("scrypt", 2**15, 8, 1)
    again = Vault(file_of(tmp_path))
    again.unlock(PASSPHRASE)
    assert not again.locked


def test_before_it_is_made_it_asks_for_a_passphrase(tmp_path: Path) -> None:
    vault = Vault(file_of(tmp_path))
    assert (vault.made, vault.locked, vault.silent(), vault.problem()) == (False, True, False, "")
    assert "not made yet" in vault.words
    acts: tuple[Callable[[], object], ...] = (
        lambda: vault.put("key-a", Secret(KEY)),
        lambda: vault.get("key-a"),
        lambda: vault.unlock(PASSPHRASE),
    )
    for act in acts:
        with pytest.raises(SecretsError, match=r"no vault.*make one"):
            act()
    assert not file_of(tmp_path).exists()


def test_locked_it_gives_nothing_and_takes_nothing(vault: Vault, tmp_path: Path) -> None:
    before = file_of(tmp_path).read_bytes()
    vault.lock()
    assert vault.locked
    assert "locked" in vault.words
    acts: tuple[Callable[[], object], ...] = (
        lambda: vault.get("key-a"),
        lambda: vault.put("key-a", Secret("x")),
        lambda: vault.drop("key-a"),
    )
    for act in acts:
        with pytest.raises(SecretsError, match=r"locked \(unlock it"):
            act()
    assert file_of(tmp_path).read_bytes() == before
    vault.unlock(PASSPHRASE)
    assert revealed(vault.get("key-a")) == KEY


def test_a_second_one_is_not_made_over_the_first(vault: Vault, tmp_path: Path) -> None:
    before = file_of(tmp_path).read_bytes()
    with pytest.raises(SecretsError, match="a vault already"):
        Vault(file_of(tmp_path)).create(OTHER)
    assert file_of(tmp_path).read_bytes() == before


def test_a_wrong_passphrase_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    before = file_of(tmp_path).read_bytes()
    shut = Vault(file_of(tmp_path))
    with pytest.raises(SecretsError, match="does not open the vault"):
        shut.unlock(OTHER)
    with pytest.raises(SecretsError, match="does not open the vault"):
        shut.change(OTHER, Secret("a third passphrase"))
    assert shut.locked
    assert file_of(tmp_path).read_bytes() == before


@pytest.mark.parametrize("short", ["", "seven77"])
def test_a_short_passphrase_is_refused(vault: Vault, tmp_path: Path, short: str) -> None:
    with pytest.raises(UsageError, match="at least 8"):
        Vault(tmp_path / "new").create(Secret(short))
    with pytest.raises(UsageError, match="at least 8"):
        vault.change(PASSPHRASE, Secret(short))
    assert not (tmp_path / "new").exists()


def test_a_passphrase_is_the_same_however_its_letters_are_composed(tmp_path: Path) -> None:
    Vault(file_of(tmp_path)).create(Secret("schl\u00fcsselbund"))
    vault = Vault(file_of(tmp_path))
    vault.unlock(Secret("schlu\u0308sselbund"))
    assert not vault.locked


def test_another_passphrase_takes_the_place_of_the_old_one(vault: Vault, tmp_path: Path) -> None:
    elsewhere = Vault(file_of(tmp_path))
    elsewhere.unlock(PASSPHRASE)
    vault.change(PASSPHRASE, OTHER)
    assert revealed(vault.get("key-a")) == KEY
    with pytest.raises(SecretsError, match="another passphrase by now"):
        elsewhere.get("key-a")
    assert elsewhere.locked
    with pytest.raises(SecretsError):
        elsewhere.unlock(PASSPHRASE)
    elsewhere.unlock(OTHER)
    assert revealed(elsewhere.get("key-a")) == KEY


def test_two_programs_do_not_lose_each_others_keys(vault: Vault, tmp_path: Path) -> None:
    other = Vault(file_of(tmp_path))
    other.unlock(PASSPHRASE)
    other.put("key-b", Secret("b"))
    vault.put("key-c", Secret("c"))
    assert [revealed(other.get(f"key-{name}")) for name in "abc"] == [KEY, "b", "c"]


def test_every_changed_byte_shows(vault: Vault, tmp_path: Path) -> None:
    """In whatever place: the file is not read, or it does not open; and it is not mended."""
    file = file_of(tmp_path)
    whole = file.read_bytes()
    for place in range(len(whole)):
        other = b"1" if whole[place : place + 1] != b"1" else b"2"
        changed = whole[:place] + other + whole[place + 1 :]
        file.write_bytes(changed)
        with pytest.raises(SecretsError):
            Vault(file).unlock(PASSPHRASE)
        assert file.read_bytes() == changed


def test_a_character_that_decodes_to_the_same_bytes_shows_too(vault: Vault, tmp_path: Path) -> None:
    """Base64 has spare bits before its padding."""
    table = json.loads(file_of(tmp_path).read_text())
    salt = table["salt"]
    assert salt.endswith("==")
    table["salt"] = salt[:-3] + chr(ord(salt[-3]) + 1) + "=="
    assert base64.b64decode(table["salt"]) == base64.b64decode(salt)
    file_of(tmp_path).write_text(json.dumps(table))
    with pytest.raises(SecretsError, match="was changed"):
        vault.get("key-a")


def test_every_cut_shows(vault: Vault, tmp_path: Path) -> None:
    file = file_of(tmp_path)
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(SecretsError):
            vault.get("key-a")
        with pytest.raises(SecretsError):
            Vault(file).unlock(PASSPHRASE)
        assert file.read_bytes() == whole[:length]


@pytest.mark.parametrize(
    "change",
    [
        {"n": 2**22},
        {"n": 3},
        {"n": 0},
        {"r": 2**20},
        {"r": 0},
        {"p": 2**10},
        {"p": -1},
        {"salt": ""},
        {"nonce": "AAAA"},
        {"box": "AAAA"},
        {"vault": 2},
        {"kdf": "none"},
        {"n": "16"},
        {"box": None},
    ],
)
def test_a_file_that_asks_for_too_much_or_too_little_is_not_worked_on(
    vault: Vault, tmp_path: Path, change: dict[str, object]
) -> None:
    table = json.loads(file_of(tmp_path).read_text())
    file_of(tmp_path).write_text(json.dumps({**table, **change}))
    with pytest.raises(SecretsError, match="damaged"):
        Vault(file_of(tmp_path)).unlock(PASSPHRASE)


@pytest.mark.parametrize(
    "content",
    [b"[]", b"[" * 100_000, b"\xff", b" " * 5_000_000],
    ids=["a list", "deep", "no text", "large"],
)
def test_another_file_is_no_vault(vault: Vault, tmp_path: Path, content: bytes) -> None:
    file_of(tmp_path).write_bytes(content)
    with pytest.raises(SecretsError, match="damaged"):
        vault.get("key-a")


def test_a_vault_that_went_away_is_told(vault: Vault, tmp_path: Path) -> None:
    file_of(tmp_path).unlink()
    with pytest.raises(SecretsError, match="no vault"):
        vault.get("key-a")
    with pytest.raises(SecretsError, match="no vault"):
        vault.put("key-a", Secret("x"))


def test_no_two_writings_are_alike(vault: Vault, tmp_path: Path) -> None:
    seen = set()
    for _ in range(20):
        vault.put("key-a", Secret(KEY))
        seen.add(json.loads(file_of(tmp_path).read_text())["nonce"])
    assert len(seen) == 20
