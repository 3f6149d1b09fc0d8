"""The voice of the plain chat: one turn's reply, read out as it comes; ctrl+c ends it and keeps what came."""

import sys
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from assistant.commands import ask
from assistant.commands.plain_text import Paced, Unit
from assistant.commands.talk import say as tell
from assistant.domain.events import Asked, Delta, Finished, Progress, Stage, Trimmed
from assistant.domain.hygiene import one_line
from assistant.domain.notices import window_moved
from assistant.domain.places import SHORT_NAMES, Place, Route
from assistant.domain.prompt import Finish

if TYPE_CHECKING:
    from assistant.commands.aside import Aside
    from assistant.conversation.engine import Proposal
    from assistant.domain.turns import TurnRecord
    from assistant.wiring.house import House


def who(route: Route) -> str:
    """Who speaks, in words: `assistant, local, MODEL`."""
    return f"assistant, {SHORT_NAMES[route.place]}, {one_line(route.model, 60) or 'unknown model'}"


class Voice:
    """Reads one reply at a time."""

    def __init__(self, house: "House", aside: "Aside") -> None:
        self._house = house
        self._aside = aside
        self._turn = self._said = ""
        self._stopping = self._speaks = False

    def run(self, proposal: "Proposal", asked: Callable[[Asked], None]) -> "TurnRecord":
        """Streams a turn to its end; ctrl+c ends it and keeps what came. `asked` is told once the message is on record."""
        self._turn, self._stopping, self._speaks = "", False, False
        running = self._aside.start(self._stream(proposal, asked))
        while True:
            try:
                return running.result()
            except KeyboardInterrupt:
                self._stopping = True
                if self._turn:
                    self._aside.do(self._house.engine.stop(self._turn))
            except SystemExit:
                self._stopping = True
                self._aside.do(self._house.engine.stop(self._turn))
                running.result()
                raise

    async def _stream(self, proposal: "Proposal", asked: Callable[[Asked], None]) -> "TurnRecord":
        paced = Paced(sys.stdout, Unit(self._house.settings.screen.plain_by))
        printer = ask.ReplyPrinter(paced, None)
        record: TurnRecord | None = None
        async with aclosing(self._house.engine.send(proposal)) as events:
            async for event in events:
                match event:
                    case Asked():
                        self._turn = event.turn
                        asked(event)
                        if self._stopping:
                            await self._house.engine.stop(event.turn)
                    case Progress(stage=Stage.LOAD, route=Route(place=Place.THIS_MACHINE)):
                        self._once("loading the model")
                    case Trimmed(dropped=dropped):
                        tell(window_moved(dropped))
                    case Delta(text=text):
                        self._begun(proposal.route)
                        printer.print(text)
                    case Finished():
                        record = event.record
                    case _:
                        pass
        assert record is not None, "the engine's stream ends with Finished"
        answered = printer.end()
        paced.end()
        if not answered and record.reply and record.finish in (Finish.STOP, Finish.LENGTH):
            tell("the reply has no answer; `history export` has what was thought")
        return record

    def _begun(self, route: Route) -> None:
        """Says who speaks, before the first word."""
        if not self._speaks:
            self._speaks = True
            print(f"{who(route)}:", flush=True)

    def _once(self, text: str) -> None:
        if self._said != text:
            self._said = text
            tell(text)
