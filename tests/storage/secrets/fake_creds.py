"""A program that does what systemd-creds does for these tests, and writes down how it was called; it encrypts nothing well."""

import sys
from pathlib import Path

_PROGRAM = """#!{python} -IS
import base64, hashlib, hmac, json, os, sys, time
from pathlib import Path
here = Path(__file__).parent
try:
    os.close(os.open("/dev/tty", os.O_RDWR))
    terminal = True
except OSError:
    terminal = False
arguments = sys.argv[1:]
with (here / "calls").open("a") as calls:
    calls.write(json.dumps({{"arguments": arguments, "environment": dict(os.environ), "terminal": terminal}}) + "\\n")
mode = (here / "mode").read_text()
if arguments == ["--version"]:
    print("systemd " + (here / "version").read_text() + " (a stand-in)\\n+PAM")
    sys.exit()
if mode == "hangs":
    time.sleep(60)
given = sys.stdin.buffer.read()
if mode == "fails":
    print("Failed to connect to the service.", file=sys.stderr)
    sys.exit(1)
assert arguments[0] == "--user" and arguments[3:] == ["-", "-"], arguments
name = arguments[1].removeprefix("--name=")
key = (here / "host.key").read_bytes()
def stream(length):
    blocks = (hashlib.sha256(key + name.encode() + bytes([i])).digest() for i in range(length // 32 + 1))
    return b"".join(blocks)[:length]
def mixed(data):
    return bytes(a ^ b for a, b in zip(data, stream(len(data))))
def mac(data):
    return hmac.digest(key + name.encode(), data, "sha256")
if arguments[2] == "encrypt":
    data = mixed(given)
    print(base64.b64encode(mac(data) + data).decode())
else:
    raw = base64.b64decode(given)
    if mac(raw[32:]) != raw[:32]:
        print("Failed to decrypt: Bad message", file=sys.stderr)
        sys.exit(1)
    sys.stdout.buffer.write(mixed(raw[32:]))
"""


def install(folder: Path, version: int = 257, mode: str = "works") -> str:
    """Puts the program into `folder`, which it returns as a search path."""
    folder.mkdir(exist_ok=True)
    program = folder / "systemd-creds"
    program.write_text(_PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    (folder / "version").write_text(str(version))
    (folder / "mode").write_text(mode)
    (folder / "host.key").write_bytes(b"k" * 32)
    (folder / "calls").write_text("")
    return str(folder)
