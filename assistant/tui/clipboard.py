"""Hands a text to a clipboard, in whatever way there is, and says which way that was."""

import asyncio
import base64
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.domain.secret import without_keys

OSC52_LIMIT_BYTES = 74_994
"""Terminals drop longer sequences silently; xterm and hterm take this many bytes of text (100,000 of base64)."""
TOOL_TIMEOUT_S = 2.0
SCREEN_CHUNK_BYTES = 700
"""GNU screen takes device control strings of at most 768 bytes."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that takes a text on its standard input; it can work where the variable `needs` is set."""

    command: tuple[str, ...]
    needs: str
    says: str


TOOLS = (
    Tool(("wl-copy",), "WAYLAND_DISPLAY", "copied with wl-copy"),
    Tool(("xclip", "-selection", "clipboard"), "DISPLAY", "copied with xclip"),
    Tool(("xsel", "--clipboard", "--input"), "DISPLAY", "copied with xsel"),
    Tool(("tmux", "load-buffer", "-w", "-"), "TMUX", "in tmux's buffer, offered to the terminal"),
)


def osc52(text: str, environment: Mapping[str, str]) -> str | None:
    """The terminal sequence that asks for `text` on the clipboard, wrapped for tmux or screen.

    None where it is too long, or where the terminal is the Linux console, which has no clipboard.
    """
    raw = text.encode("utf-8", "replace")
    if len(raw) > OSC52_LIMIT_BYTES or environment.get("TERM") in ("linux", "dumb"):
        return None
    sequence = f"\x1b]52;c;{base64.b64encode(raw).decode('ascii')}\x07"
    if environment.get("TMUX"):
        return f"\x1bPtmux;{sequence.replace(chr(27), chr(27) * 2)}\x1b\\"
    if environment.get("STY"):
        size = SCREEN_CHUNK_BYTES
        pieces = (sequence[at : at + size] for at in range(0, len(sequence), size))
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return sequence


async def copy(
    text: str,
    environment: Mapping[str, str],
    write: Callable[[str], None] | None,
    folder: Path | None,
) -> str:
    """Copies and says how. `write` sends to the terminal; `folder` takes what is too long for it. None: there is none."""
    for tool in TOOLS:
        if environment.get(tool.needs) and await _run(tool, text, environment):
            return tool.says
    sequence = osc52(text, environment)
    if sequence is not None and write is not None:
        write(sequence)
        return "sent to the terminal's clipboard (OSC 52)"
    if folder is None:
        return "not copied: there is no clipboard tool, and no folder to save the text in"
    return await asyncio.to_thread(_save, text, folder)


async def _run(tool: Tool, text: str, environment: Mapping[str, str]) -> bool:
    found = shutil.which(tool.command[0])
    if found is None:
        return False
    none = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        found,
        *tool.command[1:],
        stdin=asyncio.subprocess.PIPE,
        stdout=none,
        stderr=none,
        env=without_keys(environment),
    )
    try:
        raw = text.encode("utf-8", "replace")
        await asyncio.wait_for(process.communicate(raw), TOOL_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
    return process.returncode == 0


def _save(text: str, folder: Path) -> str:
    """Into a file that nobody else may read."""
    path = folder / "copied.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        return f"not copied: no clipboard tool, and {path}: {error.strerror}"
    return f"saved to {path}"
