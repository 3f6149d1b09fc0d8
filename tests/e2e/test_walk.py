"""A walk by keys alone: the real program on a real terminal, in a home of its own."""

from pathlib import Path

import pytest

from tests.e2e import walk_sheets
from tests.e2e.program import Program
from tests.e2e.walker import Walker

pytestmark = pytest.mark.timeout(900)


def test_sheets(tmp_path: Path) -> None:
    walk_sheets.put_files(tmp_path)
    on = Walker(Program(tmp_path))
    try:
        for chapter in walk_sheets.CHAPTERS:
            chapter(on)
        assert on.walked == walk_sheets.WALKED
    finally:
        on.terminal.close()
