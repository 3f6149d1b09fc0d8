"""The keyring: only classes on the list, whoever names another one; and never longer than its bound."""

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from keyring.backends.chainer import ChainerBackend
from keyring.backends.fail import Keyring as FailKeyring
from keyring.backends.null import Keyring as NullKeyring

from assistant.domain.errors import SecretsError
from assistant.domain.secret import Secret
from assistant.storage.secrets.ring import ALLOWED, Ring, chosen, platform_keyrings, strangers
from tests.storage.secrets.rings import KWALLET, PLAINTEXT, SECRET_SERVICE, Memory, ring
from tests.storage.secrets.stage import KEY, revealed, ring_store


def test_an_entry_is_kept_read_replaced_and_dropped() -> None:
    kind = ring()
    store = ring_store(kind)
    assert store.get("key-a") is None
    store.put("key-a", Secret("one"))
    store.put("key-a", Secret("two"))
    assert revealed(store.get("key-a")) == "two"
    assert kind.kept == {"hat-assistant/key-a": "two"}
    store.drop("key-a")
    store.drop("key-a")
    assert store.get("key-a") is None
    assert store.words == ALLOWED[SECRET_SERVICE]


@pytest.mark.parametrize("entry", ["", "../x", "A", "a b", "a/b", "-a", "a" * 101])
def test_an_entry_has_a_plain_name(entry: str) -> None:
    with pytest.raises(SecretsError, match="under this name"):
        ring_store(ring()).get(entry)


@pytest.mark.parametrize(
    "name",
    [
        PLAINTEXT,
        "keyrings.alt.file.EncryptedKeyring",
        "keyrings.cryptfile.cryptfile.CryptFileKeyring",
        "keyring.backends.null.Keyring",
        "keyring.backends.fail.Keyring",
        "keyring.backends.libsecret.Keyring",
        "keyring.backends.SecretService.Keyring.Inner",
        "elsewhere.SecretService.Keyring",
    ],
)
def test_a_class_that_is_not_on_the_list_is_refused(name: str) -> None:
    kind = ring(name, priority=100)
    store = ring_store(kind)
    assert store.problem() == f"{name} is refused"
    with pytest.raises(SecretsError, match=f"{name} is refused"):
        store.put("key-a", Secret(KEY))
    with pytest.raises(SecretsError):
        store.get("key-a")
    assert not kind.kept
    assert not store.silent()


def test_keyrings_own_stand_ins_are_refused() -> None:
    store = Ring({}, lambda: (NullKeyring, FailKeyring, ChainerBackend))
    assert store.problem().count("is refused") == 3


def test_the_best_of_those_allowed_is_taken_and_the_rest_is_not_touched() -> None:
    plain, secret, wallet = ring(PLAINTEXT, 99), ring(priority=5), ring(KWALLET, 5.1)
    store = ring_store(plain, secret, wallet)
    store.put("key-a", Secret(KEY))
    assert (len(plain.kept), len(secret.kept), len(wallet.kept)) == (0, 0, 1)
    assert store.words == ALLOWED[KWALLET]


def test_one_that_is_not_here_says_why() -> None:
    class Away(type(ring())):  # type: ignore[misc]
        @property
        def priority(cls) -> float:
            raise RuntimeError("The daemon is\n not running")

    store = ring_store(Away("Keyring", (Memory,), {"__module__": SECRET_SERVICE[:-8], "__qualname__": "Keyring"}))  # fmt: skip
    assert store.problem() == f"{ALLOWED[SECRET_SERVICE]}: The daemon is not running"


@pytest.mark.parametrize(
    "named", [PLAINTEXT, "keyring.backends.null.Keyring", "no.such.Thing", "x"]
)
def test_what_the_variable_names_is_not_loaded_and_not_used(named: str) -> None:
    kind = ring()
    store = Ring({"PYTHON_KEYRING_BACKEND": named}, lambda: (kind,))
    assert store.problem() == f"{named} is refused"


def test_the_variable_may_choose_among_those_allowed() -> None:
    secret, wallet = ring(priority=5), ring(KWALLET, 1)
    Ring({"PYTHON_KEYRING_BACKEND": KWALLET}, lambda: (secret, wallet)).put("key-a", Secret(KEY))
    assert (len(secret.kept), len(wallet.kept)) == (0, 1)


def test_who_names_the_chainer_gets_an_allowed_one_alone() -> None:
    plain, secret = ring(PLAINTEXT, 99), ring()
    named = {"PYTHON_KEYRING_BACKEND": "keyring.backends.chainer.ChainerBackend"}
    Ring(named, lambda: (ChainerBackend, plain, secret)).put("key-a", Secret(KEY))
    assert (len(plain.kept), len(secret.kept)) == (0, 1)


def test_the_file_of_keyring_chooses_as_the_variable_does(home: Path) -> None:
    folder = home / "config" / "python_keyring"
    folder.mkdir(parents=True)
    file, environment = folder / "keyringrc.cfg", {"XDG_CONFIG_HOME": str(home / "config")}
    assert chosen(environment) == ""
    file.write_text(f"[backend]\ndefault-keyring={PLAINTEXT}\nkeyring-path=/elsewhere\n")
    assert chosen(environment) == PLAINTEXT
    assert Ring(environment, lambda: (ring(),)).problem() == f"{PLAINTEXT} is refused"
    assert "/elsewhere" not in sys.path
    assert chosen({**environment, "PYTHON_KEYRING_BACKEND": KWALLET}) == KWALLET
    file.write_text("[backend]\nsomething-else=1\n")
    assert chosen(environment) == ""
    for broken in (b"no section", b"\xff\xfe"):
        file.write_bytes(broken)
        assert "keyringrc.cfg is refused" in Ring(environment, lambda: (ring(),)).problem()


def test_a_stranger_is_named_and_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain_stranger.py").write_text("raise SystemExit('this was loaded')")
    info = tmp_path / "plain_stranger-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plain-stranger\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[keyring.backends]\nplain = plain_stranger\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert strangers() == ["plain_stranger"]
    store = Ring({})
    assert store.refused() == ["plain_stranger"]
    store.problem()
    assert "plain_stranger" not in sys.modules


def test_a_locked_keyring_is_said_to_be_locked() -> None:
    kind = ring()
    store = ring_store(kind)
    store.put("key-a", Secret(KEY))
    assert store.silent()
    kind.locked = True
    assert not store.silent()
    with pytest.raises(SecretsError, match="is locked"):
        store.get("key-a")
    kind.locked = False
    assert revealed(store.get("key-a")) == KEY


def test_a_keyring_that_hangs_costs_its_bound() -> None:
    kind, go = ring(), threading.Event()
    store = ring_store(kind, ask_s=0.05)
    store.put("key-a", Secret(KEY))
    kind.before = staticmethod(lambda: go.wait() and None)  # type: ignore[assignment]
    started = time.monotonic()
    with pytest.raises(SecretsError, match=r"did not answer within 0\.05 s"):
        store.get("key-a")
    assert not store.silent()
    assert time.monotonic() - started < 20
    go.set()


def test_a_bus_that_never_answers_costs_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real classes, on a real socket behind which nobody speaks."""
    path = tmp_path / "bus"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={path}")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        store = Ring({}, platform_keyrings, look_s=0.5)
        assert store.problem() == "no answer within 0.5 s"
        assert not store.silent()


@pytest.mark.parametrize("address", [None, "unix:path=/nowhere/bus", "tcp:host=127.0.0.1,port=1"])
def test_no_bus_is_no_keyring(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if address is None:
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    else:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    store = Ring({}, platform_keyrings)
    assert store.problem()
    with pytest.raises(SecretsError, match="cannot be used"):
        store.get("key-a")


def test_nothing_is_loaded_before_a_keyring_is_asked() -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from assistant.storage.paths import Places\n"
        "from assistant.storage.secrets.opening import open_secrets\n"
        "open_secrets(Places(*map(Path, 'abcd')), {})\n"
        "print({'keyring', 'secretstorage', 'cryptography', 'jeepney'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
