"""One key, put through everything that can go wrong: it is in no trace, no log, no repr and no file."""

import base64
import logging
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from traceback import TracebackException

import pytest

from assistant.domain.audit import first_key
from assistant.domain.errors import AssistantError
from assistant.domain.recovery_code import key_of, recovery_code
from assistant.domain.secret import Secret
from assistant.storage.secrets.audit_safe import AuditSafe
from assistant.storage.secrets.creds import SystemdCreds
from assistant.storage.secrets.keys import RouteKeys
from assistant.storage.secrets.vault import Vault
from tests.storage.secrets.fake_creds import install
from tests.storage.secrets.rings import Memory, ring
from tests.storage.secrets.stage import ADDRESS, KEY, OTHER, PASSPHRASE, keys_in, ring_store

AUDIT_KEY = first_key(b"0123456789abcdefghijklmnopqrstuv")

ENCODINGS = (
    KEY.encode(),
    base64.b64encode(KEY.encode())[:-4],
    KEY.encode().hex().encode(),
    KEY.encode("utf-16-le"),
    AUDIT_KEY.key,
    AUDIT_KEY.key.hex().encode(),
    PASSPHRASE.reveal().encode(),
)


def everything_of(error: BaseException) -> str:
    """All that a crash report could show of it: frames with their locals, causes, what hangs on it."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in seen:
            seen.append(one)
            waiting += [one.__cause__, one.__context__]
    traces = (
        "".join(TracebackException.from_exception(one, capture_locals=True).format())
        for one in seen
    )
    return "".join(traces) + "".join(f"{one!r} {one.args!r} {vars(one)!r}" for one in seen)


def found_in(raw: bytes) -> list[bytes]:
    return [each for each in ENCODINGS if each in raw]


def caught(act: Callable[[], object]) -> str:
    """What is to be seen of the error that `act` ends with."""
    with pytest.raises(AssistantError) as error:
        act()
    return everything_of(error.value)


class Loud(Memory):
    """A keyring that says in its errors what it was given."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot keep {password} for {username}")

    def get_password(self, service: str, username: str) -> str | None:
        kept = self.kept.get(username, KEY)
        raise ValueError(f"cannot read {kept}")


def failures_of_keys(tmp_path: Path) -> Iterator[Callable[[], object]]:
    """Every way that a test can make one of the parts fail while it holds the key: routes and their keyring."""
    loud = ring_store(ring(base=Loud))
    yield lambda: loud.put("key-a", Secret(KEY))
    yield lambda: loud.get("key-a")
    loud_keys = keys_in(tmp_path / "loud", loud)
    yield lambda: loud_keys.keep("a", ADDRESS, Secret(KEY))
    good = ring()
    kept = route_keys(tmp_path / "good", good)
    kept.keep("a", ADDRESS, Secret(KEY))
    yield lambda: kept.key("a", OTHER)
    yield lambda: kept.keep("a", ADDRESS, Secret(f"{KEY} {KEY}"))
    good.kept = {name: f"{text} and more" for name, text in good.kept.items()}
    kept.forget_read()
    yield lambda: kept.key("a", ADDRESS)
    variable = keys_in(tmp_path / "keys", environment={"ASSISTANT_KEY_A": f"{KEY} {KEY}"})
    yield lambda: variable.key("a", ADDRESS)


def failures_of_creds(tmp_path: Path) -> Iterator[Callable[[], object]]:
    """The same of the program, which fails or hangs with the key on its input."""
    broken, slow = (
        SystemdCreds(tmp_path / "keys", {}, programs=install(tmp_path / name), timeout_s=20)
        for name in ("broken", "slow")
    )
    assert not broken.problem()
    assert not slow.problem()
    (tmp_path / "broken" / "mode").write_text("fails")
    yield lambda: broken.put("key-a", Secret(KEY))
    slow._timeout_s = 0.3
    (tmp_path / "slow" / "mode").write_text("hangs")
    yield lambda: slow.put("key-a", Secret(KEY))


def failures_of_files(tmp_path: Path) -> Iterator[Callable[[], object]]:
    """The same of the vault, the audit's file and the recovery code."""
    vault = Vault(tmp_path / "vault.json")
    vault.create(PASSPHRASE)
    vault.put("key-a", Secret(KEY))
    yield lambda: vault.put("Not A Name", Secret(KEY))
    yield lambda: Vault(tmp_path / "vault.json").unlock(Secret(f"{PASSPHRASE.reveal()}!"))
    (tmp_path / "vault.json").write_bytes((tmp_path / "vault.json").read_bytes()[:-9])
    yield lambda: vault.put("key-a", Secret(KEY))
    safe = AuditSafe(tmp_path / "audit.key", ())
    safe.keys.set(AUDIT_KEY)
    (tmp_path / "audit.key").write_text((tmp_path / "audit.key").read_text()[:-3])
    yield safe.keys.get
    yield lambda: safe.keep_first(AUDIT_KEY)
    yield lambda: key_of(Secret(recovery_code(AUDIT_KEY.key).reveal()[:-1]))
    yield lambda: key_of(Secret(f"{KEY}?"))


def route_keys(folder: Path, kind: type[Memory]) -> RouteKeys:
    return keys_in(folder, ring_store(kind))


@pytest.mark.parametrize("failures", [failures_of_keys, failures_of_creds, failures_of_files])
def test_no_trace_shows_it(
    failures: Callable[[Path], Iterator[Callable[[], object]]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for fail in failures(tmp_path):
        shown = caught(fail)
        assert not found_in(shown.encode()), shown
        assert "0123456789abcdef" not in shown
        assert recovery_code(AUDIT_KEY.key).reveal()[:20] not in shown
    assert not found_in(caplog.text.encode())


def test_the_net_itself_catches() -> None:
    """What this file looks for would be found."""

    def careless(key: str) -> None:
        raise AssistantError("failed") from ValueError(len(key))

    assert found_in(caught(lambda: careless(KEY)).encode())


def fill_the_disk(folder: Path) -> str:
    """Writes keys where nothing can be written any more: all that the errors show."""
    vault = Vault(folder / "vault.json")
    vault.create(PASSPHRASE)
    safe = AuditSafe(folder / "audit.key", ())
    safe.keys.set(AUDIT_KEY)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
    shown = caught(lambda: vault.put("key-a", Secret(KEY)))
    return shown + caught(lambda: safe.keep_first(AUDIT_KEY))


FULL_DISK = """
import sys
from pathlib import Path
from tests.storage.secrets.test_canary import fill_the_disk
print(fill_the_disk(Path(sys.argv[1])))
"""


def test_no_trace_of_a_full_disk_shows_it(tmp_path: Path) -> None:
    """The limit on a file's size is what a process may set for itself; the write then fails as on a full disk."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert done.stdout.count("FullDiskError(") >= 2, done.stdout + done.stderr
    assert not found_in(done.stdout.encode()), done.stdout
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_no_file_holds_it(tmp_path: Path, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    programs = install(tmp_path / "programs")
    creds = SystemdCreds(tmp_path / "creds" / "keys", {}, programs=programs)
    rings = ring_store(ring())
    for name, stores in (("ring", (rings,)), ("creds", (creds,)), ("vault", ())):
        keys = keys_in(tmp_path / name / "keys", *stores)
        if not stores:
            keys.vault.create(PASSPHRASE)
        keys.keep("a", ADDRESS, Secret(KEY))
        assert keys.own()
        assert KEY not in f"{keys!r} {vars(keys)!r} {vars(keys.vault)!r} {keys.describe()!r}"
        safe = AuditSafe(tmp_path / name / "audit.key", stores or (rings,))
        safe.keys.set(AUDIT_KEY)
        safe.keep_first(AUDIT_KEY)
        if stores:
            keys.forget("a")
    files = [path for folder in (tmp_path, home) for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 8
    assert not [path for path in files if found_in(path.read_bytes())]
    assert not found_in(caplog.text.encode())
    assert not found_in("".join(str(path) for path in files).encode())
