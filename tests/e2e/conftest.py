"""A home with the starter model, made once by the program itself: each test has a copy."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.backends.llama.ladder import FILE
from tests.e2e.program import Program, with_model

Installed = Callable[[Path], Program]
_STATE = Path(".local/state/assistant")


@pytest.fixture(scope="session")
def installed(starter_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Gives a program in a home with the model, whose engine passed its self-test here: one proof of it serves every copy.

    The first start without a proof is tests/e2e/test_ask.py.
    """
    template = with_model(tmp_path_factory.mktemp("installed") / "home", starter_model)
    proving = with_model(tmp_path_factory.mktemp("proving") / "home", starter_model)
    done = proving.run("ask", "--max-tokens", "1", "Hello")
    assert done.returncode == 0, done.stderr.decode()
    (template.home / _STATE).mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(proving.home / _STATE / FILE, template.home / _STATE / FILE)

    def copy(home: Path) -> Program:
        shutil.copytree(template.home, home, copy_function=_copied, dirs_exist_ok=True)
        return Program(home)

    return copy


def _copied(file: str, to: str) -> str:
    """The model is the same file everywhere, and everything else a file of its own."""
    if file.endswith(".gguf"):
        Path(to).hardlink_to(file)
        return to
    return str(shutil.copy2(file, to))
