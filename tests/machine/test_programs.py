"""A small program is asked without a shell and within its time."""

import sys
import time
from pathlib import Path

import pytest

from assistant.machine.programs import ask


def test_what_it_prints_comes_back() -> None:
    assert ask(sys.executable, "-c", "print('temp=1')") == "temp=1\n"
    assert ask(sys.executable, "-c", "import os; print(os.environ['X'])", extra={"X": "y"}) == "y\n"


def test_nothing_comes_of_a_program_that_is_missing_or_fails(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("not a program")
    broken.chmod(0o755)
    assert ask("no-such-program-anywhere") is None
    assert ask(str(broken)) is None
    assert ask(sys.executable, "-c", "print('half'); raise SystemExit(3)") is None


def test_a_program_that_hangs_is_ended() -> None:
    started = time.monotonic()
    assert ask(sys.executable, "-c", "input(); import time; time.sleep(60)", timeout_s=0.2) is None
    assert ask(sys.executable, "-c", "import time; time.sleep(60)", timeout_s=0.2) is None
    assert time.monotonic() - started < 20


def test_no_key_of_the_environment_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_KEY_OPENAI_EU", "sk-canary")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/vc/lib")
    said = ask(sys.executable, "-c", "import os; print(sorted(os.environ.items()))")
    assert said is not None
    assert "sk-canary" not in said
    assert "/opt/vc/lib" in said


def test_arguments_are_not_for_a_shell() -> None:
    assert ask(sys.executable, "-c", "import sys; print(sys.argv[1])", "$(id); x") == "$(id); x\n"
