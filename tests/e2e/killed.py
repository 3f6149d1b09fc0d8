"""Chats as fast as it can in child processes and kills each with SIGKILL at a random moment.

`python -m tests.e2e.killed FOLDER SEED KILLS`: a process that has imported everything forks the children, so that 200
deaths take seconds. Two children run at a time, over one journal. What a child was given by the engine, and so what a
screen would have shown by then, it writes to a file of its own, one write for each event, after the event.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from contextlib import aclosing
from pathlib import Path
from typing import NoReturn

from assistant.conversation.engine import Engine
from assistant.domain.events import Asked, Delta, Finished
from assistant.domain.prompt import Prompt
from assistant.machine.clock import SystemClock
from assistant.storage.instances import Instance
from assistant.storage.journal import open_journal
from tests.e2e.nursery import import_rooms
from tests.fakes import LOCAL, FakeBackend

LONGEST_WAIT_S = 0.03


def main(folder: Path, seed: int, kills: int) -> None:
    """Two children at a time, until `kills` have died."""
    import_rooms("conversation", "domain", "machine", "ports", "storage")
    dice = random.Random(seed)
    for number in range(0, kills, 2):
        files = [folder / f"shown-{number + i:03}" for i in range(2)]
        children = [_fork(folder, file, dice.random()) for file in files]
        # The first dies whenever it may be, also while it opens the journal; the second while it chats.
        for child, file in zip(children, [None, files[1]], strict=True):
            while file and not (file.exists() and file.stat().st_size):
                time.sleep(0.001)
            time.sleep(dice.uniform(0, LONGEST_WAIT_S))
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            if not os.WIFSIGNALED(status):
                sys.exit(f"child {child} ended by itself")


def _fork(folder: Path, file: Path, seed: float) -> int:
    child = os.fork()
    if not child:
        shown = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        asyncio.run(_chat(folder, shown, random.Random(seed)))
    return child


async def _chat(folder: Path, shown: int, dice: random.Random) -> NoReturn:
    clock = SystemClock()
    instance = Instance(folder / "instances", clock.new_id())
    journal = open_journal(folder / "journal.db", instance, clock.now_ms()).journal
    backend = FakeBackend()
    engine = Engine(journal, {LOCAL.id: backend}, clock, instance.name, flush_ms=1.0)
    conversation, head = await engine.start_conversation(), None
    while True:
        backend.steps = [f"{dice.random():.9f} " for _ in range(dice.randrange(120))]
        proposal = engine.propose(Prompt(f"ask {dice.random()}", conversation, head))
        async with aclosing(engine.send(proposal)) as events:
            async for event in events:
                if isinstance(event, Asked):
                    head = event.reply
                    _show(shown, [event.turn, "asked", event.message.text, event.reply])
                elif isinstance(event, Delta):
                    _show(shown, [event.turn, "delta", event.text])
                elif isinstance(event, Finished):
                    _show(shown, [event.turn, "finished", event.record.reply])


def _show(shown: int, line: list[str]) -> None:
    os.write(shown, json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
