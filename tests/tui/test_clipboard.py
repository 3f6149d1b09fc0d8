"""Copies go to a tool, to the terminal or to a file, and the person is told which."""

import base64
import stat
from pathlib import Path

import pytest

from assistant.tui.clipboard import OSC52_LIMIT_BYTES, TOOLS, copy, osc52

SEQUENCE = "\x1b]52;c;" + base64.b64encode(b"hello").decode() + "\x07"


def fake_tool(folder: Path, name: str, code: int = 0) -> Path:
    """A program `name` that keeps what it is given."""
    folder.mkdir(exist_ok=True)
    tool = folder / name
    tool.write_text(f'#!/bin/sh\ncat > "{folder}/got"\necho "$@" > "{folder}/args"\nexit {code}\n')
    tool.chmod(0o755)
    return folder / "got"


def on_path(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.command[0])
async def test_a_tool_takes_the_text_where_it_can_work(
    tool: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.tui.clipboard import Tool

    assert isinstance(tool, Tool)
    got = fake_tool(tmp_path / "bin", tool.command[0])
    on_path(monkeypatch, tmp_path / "bin")
    said = await copy("grüße", {tool.needs: "here"}, None, tmp_path)
    assert said == tool.says
    assert got.read_text() == "grüße"


async def test_a_tool_is_given_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """tmux starts a server with it, which then lives on with all that it was given."""
    got = fake_tool(tmp_path / "bin", "tmux")
    (tmp_path / "bin" / "tmux").write_text(f'#!/bin/sh\nenv > "{got}"\n')
    on_path(monkeypatch, tmp_path / "bin")
    around = {"TMUX": "here", "ASSISTANT_KEY_OPENAI_EU": "sk-canary", "LANG": "C.UTF-8"}
    assert "tmux" in await copy("hello", around, None, None)
    assert "TMUX=here\n" in got.read_text()
    assert "sk-canary" not in got.read_text()


async def test_a_tool_that_fails_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_tool(tmp_path / "bin", "wl-copy", code=1)
    on_path(monkeypatch, tmp_path / "bin")
    written: list[str] = []
    said = await copy("hello", {"WAYLAND_DISPLAY": "w"}, written.append, tmp_path)
    assert said == "sent to the terminal's clipboard (OSC 52)"
    assert written == [SEQUENCE]


async def test_a_tool_without_its_display_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got = fake_tool(tmp_path / "bin", "xclip")
    on_path(monkeypatch, tmp_path / "bin")
    await copy("hello", {}, lambda _sequence: None, tmp_path)
    assert not got.exists()


def test_the_sequence_is_wrapped_for_what_is_between() -> None:
    assert osc52("hello", {}) == SEQUENCE
    doubled = SEQUENCE.replace("\x1b", "\x1b\x1b")
    assert osc52("hello", {"TMUX": "x"}) == f"\x1bPtmux;{doubled}\x1b\\"
    assert osc52("hello", {"STY": "x"}) == f"\x1bP{SEQUENCE}\x1b\\"


def test_the_linux_console_has_no_clipboard() -> None:
    assert osc52("hello", {"TERM": "linux"}) is None


def test_screen_gets_pieces_that_it_takes() -> None:
    wrapped = osc52("x" * 3000, {"STY": "x"})
    assert wrapped is not None
    pieces = wrapped.split("\x1b\\")[:-1]
    assert all(len(piece) <= 768 for piece in pieces)
    assert "".join(piece.removeprefix("\x1bP") for piece in pieces) == osc52("x" * 3000, {})


async def test_what_is_too_long_for_the_terminal_goes_to_a_private_file(tmp_path: Path) -> None:
    text = "x" * (OSC52_LIMIT_BYTES + 1)
    written: list[str] = []
    said = await copy(text, {}, written.append, tmp_path / "cache")
    path = tmp_path / "cache" / "copied.txt"
    assert said == f"saved to {path}"
    assert path.read_text() == text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not written


async def test_a_folder_that_takes_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    said = await copy("hello", {}, None, tmp_path / "cache")
    assert said.startswith("not copied: no clipboard tool, and ")


async def test_with_nowhere_to_put_it_it_says_so() -> None:
    assert (await copy("hello", {"TERM": "linux"}, None, None)).startswith("not copied")
