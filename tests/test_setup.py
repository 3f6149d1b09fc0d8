"""The set-up: what is missing ends in one message with the command that mends it; a stamp is written last."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = [
    "awk",
    "cat",
    "chmod",
    "cp",
    "cut",
    "df",
    "dirname",
    "flock",
    "grep",
    "head",
    "id",
    "mkdir",
    "nproc",
    "rm",
    "sh",
    "sha256sum",
    "sort",
    "tr",
    "uname",
]
FAKE_PYTHON = """#!/bin/sh
echo "$@" >>"$LOG"
case "$*" in
*version_info*) echo "${FAKE_VERSION:-3.11}" ;;
*"import ensurepip"*) exit "${FAKE_VENV:-0}" ;;
"-m venv .venv") mkdir -p .venv/bin && : >.venv/pyvenv.cfg && cp "$0" .venv/bin/python ;;
*requirements.lock) exit "${FAKE_BUILD:-0}" ;;
esac
"""
FAKE_DF = """#!/bin/sh
echo "Filesystem 1024-blocks Used Available Capacity Mounted on"
echo "/dev/root 9 9 ${FAKE_FREE:-9000000} 9% /"
"""


class Machine:
    """A machine with only what the test put on it, and a copy of the source tree's set-up."""

    def __init__(self, folder: Path) -> None:
        """Everything that set-up needs is there; `lose` takes it away."""
        self.bin = folder / "bin"
        self.tree = folder / "a tree"
        self.log = folder / "log"
        self.bin.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None, tool
            (self.bin / tool).symlink_to(found)
        for compiler in ("cc", "c++"):
            self.put(compiler, "#!/bin/sh\nexit 0\n")
        self.put("python3", FAKE_PYTHON)
        self.put("df", FAKE_DF)
        (self.tree / "assistant").mkdir(parents=True)
        shutil.copytree(ROOT / "scripts", self.tree / "scripts")
        for name in ("pyproject.toml", "assistant/__init__.py"):
            shutil.copy(ROOT / name, self.tree / name)
        for lock in ROOT.glob("requirements*.lock"):
            shutil.copy(lock, self.tree)
        self.log.touch()

    def put(self, name: str, text: str) -> None:
        """Puts a program on the PATH."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def lose(self, name: str) -> None:
        (self.bin / name).unlink()

    def setup(self, goal: str = "run", **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs the set-up on this machine; its Python only writes down what it was asked."""
        return subprocess.run(
            [str(self.bin / "sh"), "scripts/setup.sh", goal],
            cwd=self.tree,
            env={"PATH": str(self.bin), "HOME": str(self.tree.parent), "LOG": str(self.log)}
            | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def asked(self) -> list[str]:
        """What its Python was asked since the last look, less the question for its version."""
        lines = [line for line in self.log.read_text().splitlines() if "version_info" not in line]
        self.log.write_text("")
        return lines


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_whole_machine_passes(machine: Machine) -> None:
    done = machine.setup("check")
    assert done.returncode == 0, done.stderr


def test_without_python(machine: Machine) -> None:
    machine.lose("python3")
    done = machine.setup()
    assert done.returncode == 1
    assert "'python3' is not there" in done.stderr
    assert "apt-get install -y python3 python3-venv" in done.stderr
    assert "Then run 'make run' again." in done.stderr


def test_with_an_old_python(machine: Machine) -> None:
    done = machine.setup("test", FAKE_VERSION="3.9")
    assert done.returncode == 1
    assert "Python 3.11 or newer: 'python3' is 3.9" in done.stderr
    assert "make test PYTHON=/path/to/python3.11" in done.stderr
    machine.put("python3.12", FAKE_PYTHON)
    assert "make test PYTHON=python3.12" in machine.setup("test", FAKE_VERSION="3.9").stderr


def test_with_a_named_python(machine: Machine) -> None:
    machine.lose("python3")
    machine.put("snake", FAKE_PYTHON)
    assert machine.setup("check", PYTHON="snake", FAKE_VERSION="3.13").returncode == 0


def test_without_venv(machine: Machine) -> None:
    done = machine.setup(FAKE_VENV="1", FAKE_VERSION="3.13")
    assert done.returncode == 1
    assert "apt-get install -y python3.13-venv\n" in done.stderr


@pytest.mark.parametrize("compiler", ["cc", "c++"])
def test_without_a_compiler(machine: Machine, compiler: str) -> None:
    machine.lose(compiler)
    done = machine.setup()
    assert done.returncode == 1
    assert "apt-get install -y build-essential\n" in done.stderr


def test_with_a_compiler_that_cannot_compile(machine: Machine) -> None:
    machine.put("c++", "#!/bin/sh\nexit 1\n")
    done = machine.setup()
    assert done.returncode == 1
    assert "- a C++17 compiler\n" in done.stderr
    assert "- a C compiler\n" not in done.stderr


def test_without_room(machine: Machine) -> None:
    done = machine.setup(FAKE_FREE="700000")
    assert done.returncode == 1
    assert "700 MB free, 1500 MB needed" in done.stderr
    assert "df -h" in done.stderr
    assert not (machine.tree / ".venv").exists()


def test_all_that_is_missing_is_said_at_once(machine: Machine) -> None:
    machine.lose("cc")
    machine.lose("c++")
    done = machine.setup(FAKE_VENV="1", FAKE_FREE="1")
    assert done.returncode == 1
    assert done.stderr.count("\n  - ") == 4
    assert done.stderr.count("apt-get install") == 1
    assert "apt-get install -y build-essential python3.11-venv\n" in done.stderr


def test_a_second_run_does_nothing(machine: Machine) -> None:
    assert machine.setup().returncode == 0
    assert any("requirements.lock" in line for line in machine.asked())
    assert machine.setup().returncode == 0
    assert machine.asked() == []


def test_the_first_run_builds_here_and_only_from_the_lock(machine: Machine) -> None:
    machine.setup("test")
    installs = [line for line in machine.asked() if " install " in line]
    build, packages, app, tools = installs
    for line in (build, packages, tools):
        assert "--require-hashes" in line
    assert "--no-binary llama-cpp-python" in packages
    assert "--no-build-isolation" in packages
    assert "--no-index --no-deps --no-build-isolation --editable ." in app
    assert "requirements-dev.lock" in tools


def test_tests_add_their_tools_to_what_is_there(machine: Machine) -> None:
    machine.setup("run")
    machine.asked()
    machine.setup("test")
    asked = machine.asked()
    assert len(asked) == 2
    assert "requirements-dev.lock" in asked[0]
    assert asked[1] == "scripts/starter.py"


def test_an_interrupted_set_up_begins_the_step_again(machine: Machine) -> None:
    done = machine.setup(FAKE_BUILD="7")
    assert done.returncode == 7
    assert "Set-up stopped at: environment" in done.stderr
    assert not list((machine.tree / ".venv").glob(".done-*"))
    machine.asked()
    assert machine.setup().returncode == 0
    assert "-m venv .venv" in machine.asked()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-build.lock"])
def test_a_changed_lock_begins_anew(machine: Machine, name: str) -> None:
    machine.setup()
    machine.asked()
    with (machine.tree / name).open("a") as lock:
        lock.write("# changed\n")
    assert machine.setup().returncode == 0
    assert "-m venv .venv" in machine.asked()


def test_another_python_begins_anew(machine: Machine) -> None:
    machine.setup()
    machine.asked()
    assert machine.setup(FAKE_VERSION="3.12").returncode == 0
    assert "-m venv .venv" in machine.asked()


def test_changed_project_data_only_installs_the_app_again(machine: Machine) -> None:
    machine.setup()
    machine.asked()
    with (machine.tree / "pyproject.toml").open("a") as project:
        project.write("# changed\n")
    machine.setup()
    assert len([line for line in machine.asked() if " install " in line]) == 1


def test_a_folder_of_somebody_else_is_left_alone(machine: Machine) -> None:
    (machine.tree / ".venv").mkdir()
    (machine.tree / ".venv" / "mine").touch()
    done = machine.setup()
    assert done.returncode == 1
    assert "move it away" in done.stderr
    assert "Set-up stopped" not in done.stderr
    assert (machine.tree / ".venv" / "mine").exists()


def test_two_at_once_wait_for_each_other(machine: Machine) -> None:
    command = [str(machine.bin / "sh"), "scripts/setup.sh", "run"]
    environment = {"PATH": str(machine.bin), "HOME": str(machine.tree.parent), "LOG": str(machine.log)}  # fmt: skip
    both = [subprocess.Popen(command, cwd=machine.tree, env=environment) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert machine.asked().count("-m venv .venv") == 1


def test_a_real_second_run_is_quick(machine: Machine) -> None:
    """With this machine's own tools and Python: the set-up adds under a second to the app's start."""
    machine.lose("python3")
    (machine.bin / "python3").symlink_to(sys.executable)
    machine.put("snake", FAKE_PYTHON)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert machine.setup(PYTHON="snake", FAKE_VERSION=version).returncode == 0

    def took_s() -> float:
        start = time.monotonic()
        assert machine.setup(PATH=f"{machine.bin}:{os.environ['PATH']}").returncode == 0
        return time.monotonic() - start

    # One run that nobody interrupts says what it takes.
    assert any(took_s() < 1 for _ in range(20))
