"""Who is alive: the lock tells, also after kill -9."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from assistant.storage.instances import Instance

ROOT = Path(__file__).parents[2]

HOLDER = (
    "import sys; from pathlib import Path; from assistant.storage.instances import Instance\n"
    "held = Instance(Path(sys.argv[1]), 'other').held\n"
    "print(held, flush=True); sys.stdin.read()\n"
)


def _holder(folder: Path) -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "True\n"
    return child


def test_one_alone_is_alive_and_has_no_others(tmp_path: Path) -> None:
    me = Instance(tmp_path / "instances", "me")
    assert me.held
    assert me.alive("me")
    assert not me.alive("nobody")
    assert me.others() == 0
    me.release()
    assert not me.held
    assert not list((tmp_path / "instances").iterdir())


def test_another_process_is_alive_until_it_is_killed(tmp_path: Path) -> None:
    me = Instance(tmp_path, "me")
    with _holder(tmp_path) as child:
        assert me.alive("other")
        assert me.others() == 1
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert (tmp_path / "other.lock").exists()
        assert not me.alive("other")
        assert me.others() == 0
        assert not (tmp_path / "other.lock").exists(), "what the dead left is cleared away"
    assert me.alive("me")
    me.release()


def test_asking_does_not_take_the_lock(tmp_path: Path) -> None:
    one, two = Instance(tmp_path, "one"), Instance(tmp_path, "two")
    for _ in range(3):
        assert one.alive("two")
        assert two.alive("one")
        assert one.others() == two.others() == 1
    one.release()
    assert not two.alive("one")
    two.release()


def test_a_folder_that_cannot_be_is_no_end(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    me = Instance(tmp_path / "file" / "instances", "me")
    assert not me.held
    assert me.alive("me")
    assert me.others() == 0
    me.release()


def test_who_cannot_be_asked_is_taken_for_alive(tmp_path: Path) -> None:
    me = Instance(tmp_path, "me")
    (tmp_path / "loop.lock").symlink_to(tmp_path / "loop.lock")
    assert me.alive("loop")
    me.release()
