"""A certificate authority of the tests' own: certificates for any name, made when they are asked for."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Authority:
    """An authority in `folder`."""

    folder: Path

    @property
    def file(self) -> Path:
        """Its certificate, for whoever is to trust it."""
        return self.folder / "authority.pem"

    def begin(self) -> "Authority":
        """Makes its key and certificate."""
        self._openssl(
            *("-keyout", str(self.folder / "authority.key"), "-out", str(self.file)),
            *("-subj", "/CN=an authority of the tests", "-days", "30"),
            *("-addext", "basicConstraints=critical,CA:TRUE"),
            *("-addext", "keyUsage=critical,keyCertSign"),
        )
        return self

    def certificate(self, name: str) -> Path:
        """A file with a key and a certificate for the host `name`."""
        assert re.fullmatch(r"[A-Za-z0-9.-]+", name)
        made = self.folder / f"{name}.pem"
        if not made.exists():
            key, certificate = self.folder / f"{name}.key", self.folder / f"{name}.crt"
            self._openssl(
                *("-CA", str(self.file), "-CAkey", str(self.folder / "authority.key")),
                *("-keyout", str(key), "-out", str(certificate), "-days", "30"),
                *("-subj", f"/CN={name[:60]}", "-addext", f"subjectAltName=DNS:{name}"),
                *("-addext", "basicConstraints=critical,CA:FALSE"),
            )
            made.write_bytes(key.read_bytes() + certificate.read_bytes())
        return made

    def _openssl(self, *arguments: str) -> None:
        program = shutil.which("openssl")
        assert program, "these tests need the program openssl: apt install openssl"
        done = subprocess.run(
            [program, "req", "-x509", *_KEY, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={"OPENSSL_CONF": "/dev/null"},
        )
        assert done.returncode == 0, done.stderr
