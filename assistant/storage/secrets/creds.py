"""Keys in files that `systemd-creds --user` encrypts for this user on this machine."""

import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from assistant.domain.errors import SecretsError
from assistant.domain.secret import Secret
from assistant.storage import atomic
from assistant.storage.secrets.program import Ran, run
from assistant.storage.secrets.stores import checked

PROGRAM: Final = "systemd-creds"
LEAST_VERSION: Final = 256
"""The first systemd in which a user has credentials of their own."""
TIMEOUT_S: Final = 10.0
"""How long one act may take; on a Pi it takes some tens of milliseconds."""

_VERSION: Final = re.compile(r"systemd (\d{1,6})\b")
_TRIAL: Final = "hat-assistant-trial"
_MOST_BYTES: Final = 1_000_000


class SystemdCreds:
    """Implements stores.Store: one file of mode 0600 for each entry.

    The key that encrypts them stays with the system: a copied folder is of no use, a stolen disk is, where there is no TPM.
    """

    name = "systemd-creds"
    words = "systemd-creds (files that only this user on this machine can decrypt)"

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        *,
        programs: str | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """The files lie in `folder`; the program is looked for in `programs` (None: in the system's folders)."""
        self._folder = folder
        self._environment = environment
        self._programs = programs
        self._timeout_s = timeout_s
        self._looking = threading.Lock()
        self._problem: str | None = None

    def problem(self) -> str:
        """Why it cannot be used; found out once, by encrypting a trial and reading it back."""
        with self._looking:
            if self._problem is None:
                self._problem = self._version_problem() or self._trial_problem()
            return self._problem

    def refused(self) -> Sequence[str]:
        """Nothing: there is one program of this name."""
        return ()

    def silent(self) -> bool:
        """It never asks: it has no terminal."""
        return not self.problem()

    def get(self, entry: str) -> Secret | None:
        """What is kept as `entry`. Raises: SecretsError where the file is damaged, or another machine's."""
        path = self._path(entry)
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise SecretsError(f"{path} is damaged: it is too large", "give the key again")
            sealed = path.read_text("ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise SecretsError(
                f"{path} cannot be read ({type(error).__name__})", "look at the file"
            ) from error
        self._require()
        ran = self._run("decrypt", entry, Secret(sealed))
        if ran.problem:
            raise SecretsError(
                f"{path} cannot be decrypted: {ran.problem}",
                "it was changed, or is of another machine: give the key again",
            )
        return ran.printed

    def put(self, entry: str, value: Secret) -> None:
        """Keeps it. Raises: SecretsError, StorageError."""
        path = self._path(entry)
        self._require()
        ran = self._run("encrypt", entry, value)
        if ran.problem:
            raise SecretsError(f"{PROGRAM} cannot encrypt: {ran.problem}", "see: systemd-creds(1)")
        # What is printed is no longer secret.
        atomic.write(path, ran.printed.reveal().encode())

    def drop(self, entry: str) -> None:
        """Deletes its file. Raises: StorageError."""
        path = self._path(entry)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise atomic.storage_error(error, path) from error

    def _path(self, entry: str) -> Path:
        return self._folder / f"{checked(entry)}.cred"

    def _require(self) -> None:
        problem = self.problem()
        if problem:
            raise SecretsError(f"{PROGRAM} cannot be used: {problem}", "see: assistant doctor")

    def _run(self, verb: str, entry: str, given: Secret) -> Ran:
        """The entry's name goes into what is encrypted: a file under another name is not decrypted."""
        return run(
            PROGRAM,
            "--user",
            f"--name={entry}",
            verb,
            "-",
            "-",
            given=given,
            folder=self._programs,
            timeout_s=self._timeout_s,
            environment=self._environment,
        )

    def _version_problem(self) -> str:
        ran = run(
            PROGRAM,
            "--version",
            folder=self._programs,
            timeout_s=self._timeout_s,
            environment=self._environment,
        )
        if ran.problem:
            return ran.problem
        found = _VERSION.match(ran.printed.reveal())
        if found is None:
            return "its version cannot be read"
        if int(found[1]) < LEAST_VERSION:
            return f"systemd {found[1]} is older than {LEAST_VERSION}"
        return ""

    def _trial_problem(self) -> str:
        sealed = self._run("encrypt", _TRIAL, Secret(_TRIAL))
        opened = sealed if sealed.problem else self._run("decrypt", _TRIAL, sealed.printed)
        if opened.problem:
            return opened.problem
        whole = opened.printed.reveal() == _TRIAL and _TRIAL not in sealed.printed.reveal()
        return "" if whole else "what it encrypts does not come back"
