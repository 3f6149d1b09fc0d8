"""`make browser`: the chat in headless Chromium, run by hand: a question is typed and answered, and nothing from elsewhere is asked for."""

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from tests.browser.chromium import Tab, chromium
from tests.conftest import STARTER
from tests.e2e.program import Program, with_model

QUESTION = "Say hello."
LONGEST_S = 90


async def until(true: Callable[[], Awaitable[object]], what: str) -> None:
    """Waits for a condition, and says which one did not come."""
    async with asyncio.timeout(LONGEST_S):
        while not await true():
            await asyncio.sleep(0.2)
    print(f"seen: {what}")


async def answered(program: Program) -> bool:
    """Whether the question and the end of a reply are on record."""
    run = await asyncio.to_thread(program.run, "costs", "--json")
    return bool(json.loads(run.stdout)["lines"])


async def focused(tab: Tab) -> bool:
    """Whether what is typed goes to the terminal."""
    found = await tab.value("document.activeElement.className")
    return "xterm-helper-textarea" in str(found)


def own_names(port: int) -> set[str]:
    """What everything that is asked for has to be."""
    return {f"127.0.0.1:{port}"}


async def walk(program: Program, folder: Path) -> None:
    """The whole way, from the address on the terminal to the end of the server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = await asyncio.create_subprocess_exec(
        *program.command("serve", "--port", str(port)),
        env=program.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdout is not None
    address = (await server.stdout.readline()).decode().split()[-1]
    try:
        async with chromium(folder / "browser") as tab:
            await look(tab, address, program, folder)
            strangers = [
                url for url in tab.asked
                if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).netloc not in own_names(port)
            ]  # fmt: skip
        assert not strangers, f"the page asked for {strangers}"
        print(f"{len(tab.asked)} addresses were asked for, all of this server")
    finally:
        server.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.wait(), 20) == 0


async def look(tab: Tab, address: str, program: Program, folder: Path) -> None:
    """Opens, types, reads."""
    await tab.call("Page.navigate", url=address)

    async def there() -> object:
        return await tab.value("document.body && document.body.classList.contains('-first-byte')")

    await until(there, "the screen's first bytes")
    assert await tab.value("location.search") == "", "the token is still in the address"
    assert await tab.value("document.cookie") == "", "a script can read the token"
    await tab.click(400, 605)
    await until(lambda: focused(tab), "the terminal has the keys")
    await tab.type(QUESTION)
    await tab.picture(folder / "typed.png")
    await tab.enter()
    await until(lambda: answered(program), "the question and its reply on record")
    await tab.picture(folder / "answered.png")


def main() -> int:
    """Pictures stay in the folder that it names."""
    folder = Path(tempfile.mkdtemp(prefix="assistant-browser-"))
    model = Path(os.environ.get("ASSISTANT_TEST_MODEL") or STARTER)
    asyncio.run(walk(with_model(folder / "home", model), folder))
    print(f"pictures: {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
