"""`assistant ask`: one prompt, one reply, with or without a terminal."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from assistant.commands import leave, prompting
from assistant.domain.decisions import Verdict
from assistant.domain.errors import EXIT_CANCELLED, RouteError, UsageError
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.notices import images_stay, window_moved
from assistant.domain.prompt import Finish

if TYPE_CHECKING:
    from io import TextIOBase
    from typing import TextIO

    from assistant.conversation.engine import Engine, Proposal
    from assistant.domain.prompt import Sampling
    from assistant.domain.sampling_presets import Preset
    from assistant.domain.thinking import Piece
    from assistant.domain.turns import TurnRecord
    from assistant.ports import ConversationSummary
    from assistant.wiring.house import House

EXIT_CODES = {"refused": 3, "usage": 2, "settings": 2}
EXIT_ROUTE, EXIT_STORAGE = 4, 5


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `ask` to the grammar."""
    parser = commands.add_parser(
        "ask",
        help="ask one question and print the reply",
        description="Asks one question. The answer streams to stdout; everything else goes to stderr, also what a "
        "model thinks before it answers, where a person sees both. --json prints all of the reply, thought too. Nothing goes "
        "to the cloud unless --route names it and you have granted it; on a terminal you are asked.",
    )
    parser.add_argument("prompt", nargs="?", help="the question; - reads it from stdin")
    parser.add_argument("--route", metavar="ID", help="which route answers (default: the first)")
    prompting.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print the whole turn as one object")
    parser.add_argument("--max-tokens", type=_positive, metavar="N", help="longest reply in tokens")
    parser.add_argument("--temperature", type=_temperature, metavar="T", help="0 is greedy")
    parser.add_argument("--preset", metavar="NAME", help="how the reply is made, by name")
    parser.add_argument("--seed", type=_seed, metavar="N", help="same seed, same reply")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Asks, prints, and returns the exit code of design §4."""
    text = prompting.prompt_text(args.prompt)
    from assistant.wiring.house import open_house

    with open_house() as house:
        for warning in house.warnings:
            print(harmless(warning), file=sys.stderr)
        record = asyncio.run(_ask(house, args, text))
    if args.json:
        print(json.dumps(record.to_json(), indent=2))
    return exit_code(record)


async def _ask(house: "House", args: argparse.Namespace, text: str) -> "TurnRecord":
    from assistant.wiring.house import local_routes, look_again

    engine = house.engine
    try:
        await look_again(engine, local_routes(house))
        proposal = await _propose(house, args, text)
        await leave.settle(engine, proposal)
        record = await _stream(engine, proposal, quiet=args.json)
        again = _once_more(house, proposal, record)
        return record if again is None else await _stream(engine, again, quiet=args.json)
    finally:
        await engine.close()


def _once_more(house: "House", failed: "Proposal", record: "TurnRecord") -> "Proposal | None":
    """The same prompt on the processor, where the HAT failed and the settings want that; else says that it can be had."""
    from dataclasses import replace

    if not (record.finish is Finish.FAILED and record.route.backend.startswith("hailo")):
        return None
    other = house.engine.alternative(record.route)
    if other is None:
        return None
    if not house.settings.hat.fall_back:
        print(f"the same prompt can be asked with --route {other.id}", file=sys.stderr)
        return None
    print(f"the HAT failed; the same prompt on {other.id}:", file=sys.stderr)
    known = house.journal.conversation(failed.prompt.conversation)
    parent = known.head if known else failed.prompt.parent
    return house.engine.propose(replace(failed.prompt, parent=parent), other.id)


async def _propose(house: "House", args: argparse.Namespace, text: str) -> "Proposal":
    """Looks whether a route answers before a new conversation is made."""
    engine = house.engine
    known = prompting.known_conversation(house, args.conversation)
    sampling = _sampling(house, args, known)
    prompt = prompting.prompt_of(house, args, text, known, sampling)
    choice = prompting.choice_of(house, args)
    _unlock(house, args.route or (known.route if known else ""))
    try:
        proposal = await asyncio.to_thread(engine.propose, prompt, args.route, choice=choice)
    except RouteError as error:
        from assistant.conversation import refusals

        await refusals.not_proposed(
            engine, prompt, args.route or (known.route if known else ""), error
        )
        raise
    if known is None:
        await engine.start_conversation(prompt.system, one_line(text, 60), prompt.conversation)
    elif known.deleted:
        await engine.restore(known.id)
        print("this conversation was deleted; it is back in the list", file=sys.stderr)
    return proposal


def _unlock(house: "House", route: str) -> None:
    """Asks for the vault's passphrase where a key lies in it and the route is in the cloud: the scan looks for every key."""
    from assistant.domain.places import Place

    if any(each.id == route and each.place is Place.CLOUD for each in house.engine.routes):
        from assistant.commands import stores

        stores.unlock(house.cloud.routes.keys.routes)


async def _stream(engine: "Engine", proposal: "Proposal", *, quiet: bool) -> "TurnRecord":
    """Prints the reply as it comes; Ctrl+C ends the turn and keeps what came."""
    from assistant.domain.events import Asked, Delta, Finished, Trimmed

    record: TurnRecord | None = None
    if stay := proposal.images_left_out:
        print(images_stay(stay), file=sys.stderr)
    person = sys.stdout.isatty() and sys.stderr.isatty()
    printer = ReplyPrinter(sys.stdout, sys.stderr if person else None)
    async with aclosing(engine.send(proposal)) as events:
        async for event in events:
            match event:
                case Asked():
                    _stop_on_signals(engine, event.turn)
                case Trimmed(dropped=dropped):
                    print(window_moved(dropped), file=sys.stderr)
                case Delta(text=text) if not quiet:
                    printer.print(text)
                case Finished():
                    record = event.record
                case _:
                    pass
    assert record is not None, "the engine's stream ends with Finished"
    unanswered = not quiet and not printer.end() and record.reply
    if unanswered and record.finish in (Finish.STOP, Finish.LENGTH):
        print("the reply has no answer; `history export` has what was thought", file=sys.stderr)
    for line in sign_off(record):
        print(harmless(line), file=sys.stderr)
    if sys.stderr.isatty():
        print(summary(record), file=sys.stderr)
    return record


class ReplyPrinter:
    """Prints a reply as it comes: the answer, and beside it the thought, dim."""

    def __init__(self, out: "TextIO | TextIOBase", aside: "TextIO | None") -> None:
        """The answer goes to `out`, the thought to `aside` (None: nowhere)."""
        from assistant.domain.thinking import Splitter

        self._out = out
        self._aside = aside
        self._splitter = Splitter()
        self._thought = self._answer = ""

    def print(self, text: str) -> None:
        """Prints the next piece, made harmless."""
        self._show(self._splitter.feed(harmless(text)))

    def end(self) -> bool:
        """Prints what was held back and ends the line; gives whether there was an answer."""
        self._show(self._splitter.finish())
        self._end_thought()
        self._end_line()
        return bool(self._answer)

    def _show(self, piece: "Piece") -> None:
        if piece.moved:
            self._end_line()
            self._answer = ""
            print("what was printed so far was a thought; nothing had told so", file=sys.stderr)
        elif self._aside and (
            thought := piece.thought if self._thought else piece.thought.lstrip()
        ):
            self._thought = thought
            print(f"\x1b[2m{thought}\x1b[22m", end="", file=self._aside, flush=True)
        if piece.answer:
            self._end_thought()
            self._answer = piece.answer
            print(piece.answer, end="", file=self._out, flush=True)

    def _end_thought(self) -> None:
        """Leaves an empty row between the thought and what follows."""
        if self._thought:
            missing = 2 - self._thought[-2:].count("\n")
            print("\n" * missing, end="", file=self._aside, flush=True)
            self._thought = ""

    def _end_line(self) -> None:
        if self._answer and not self._answer.endswith("\n"):
            print(file=self._out, flush=True)


def _stop_on_signals(engine: "Engine", turn: str) -> None:
    loop = asyncio.get_running_loop()
    stops: set[asyncio.Task[None]] = set()

    def stop() -> None:
        stops.add(loop.create_task(engine.stop(turn)))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def sign_off(record: "TurnRecord") -> Iterator[str]:
    """How a turn went, where it did not go to its end by itself."""
    if record.error is not None and record.decision.verdict is not Verdict.ALLOW:
        yield from leave.refusal_lines(record.decision)
    elif record.error is not None:
        yield record.error.line()
    elif record.finish is Finish.CANCELLED:
        yield "stopped; the reply so far is kept"
    elif record.finish is Finish.LENGTH:
        yield "the reply ended at its longest allowed length"


def summary(record: "TurnRecord") -> str:
    """One line on where the reply came from and how quick it was; an unknown is a dash."""
    from assistant.domain.places import SHORT_NAMES

    first_ms, rate = record.latency_ms.first_token, record.tokens_per_second
    tokens = record.usage.output_tokens
    return " · ".join(
        (
            f"{SHORT_NAMES[record.route.place]} · {record.route.model}",
            f"TTFT {'—' if first_ms is None else f'{first_ms:,.0f} ms'}",
            f"{'—' if rate is None else f'{rate:.1f}'} tok/s",
            f"{'—' if tokens is None else tokens} tokens",
        )
    )


def _sampling(
    house: "House", args: argparse.Namespace, known: "ConversationSummary | None"
) -> "Sampling":
    """As the preset says that was named, else as the conversation's replies are made, else as the settings say. Raises: UsageError."""
    from dataclasses import replace

    usual = house.settings.generation.sampling
    sampling = known.sampling if known and known.sampling else usual
    if args.preset is not None:
        sampling = _preset(house, args.preset).over(usual)
    if args.max_tokens is not None:
        sampling = replace(sampling, max_tokens=args.max_tokens)
    if args.temperature is not None:
        sampling = replace(sampling, temperature=args.temperature)
    return sampling if args.seed is None else replace(sampling, seed=args.seed)


def _preset(house: "House", name: str) -> "Preset":
    from assistant.wiring.house import words

    found = words(house).presets.read()
    preset = next((one for one in found if one.name == name), None)
    if preset is None:
        known = ", ".join(one.name for one in found)
        raise UsageError(f"there is no preset {one_line(name, 40)!r}", f"known: {known}")
    return preset


def exit_code(record: "TurnRecord") -> int:
    """The exit code that says how a turn ended."""
    if record.finish is Finish.CANCELLED:
        return EXIT_CANCELLED
    if record.error is None:
        return 0
    if record.error.code.startswith("storage"):
        return EXIT_STORAGE
    return EXIT_CODES.get(record.error.code, EXIT_ROUTE)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _temperature(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 2:
        raise argparse.ArgumentTypeError("must be from 0 to 2")
    return value


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError("must be from 0 to 4294967295")
    return value
