"""`assistant ask`: one prompt, one reply, with or without a terminal."""

import argparse
import asyncio
import json
import signal
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.prompt import Finish
from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.conversation.engine import Engine, Proposal
    from assistant.domain.prompt import Sampling
    from assistant.domain.turns import TurnRecord
    from assistant.wiring import House

MOST_PROMPT_BYTES = 2_000_000
"""No context window that this program serves holds more; it is said before anything is counted."""

EXIT_CODES = {"refused": 3, "usage": 2, "settings": 2}
EXIT_ROUTE, EXIT_STORAGE, EXIT_CANCELLED = 4, 5, 130


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `ask` to the grammar."""
    parser = commands.add_parser(
        "ask",
        help="ask one question and print the reply",
        description="Asks one question. The reply streams to stdout; everything else goes to stderr.",
    )
    parser.add_argument("prompt", nargs="?", help="the question; - reads it from stdin")
    parser.add_argument("--route", metavar="ID", help="which route answers (default: the first)")
    parser.add_argument(
        "--label",
        choices=[label.value for label in Label],
        default=Label.NORMAL.value,
        help="how far this text may travel (default: normal)",
    )
    parser.add_argument("--conversation", metavar="ID", help="go on with this conversation")
    parser.add_argument("--json", action="store_true", help="print the whole turn as one object")
    parser.add_argument("--max-tokens", type=_positive, metavar="N", help="longest reply in tokens")
    parser.add_argument("--temperature", type=_temperature, metavar="T", help="0 is greedy")
    parser.add_argument("--seed", type=_seed, metavar="N", help="same seed, same reply")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Asks, prints, and returns the exit code of design §4."""
    text = _prompt_text(args.prompt)
    from assistant.wiring import open_house

    with open_house() as house:
        for warning in house.warnings:
            print(harmless(warning), file=sys.stderr)
        record = asyncio.run(_ask(house, args, text))
    if args.json:
        print(json.dumps(record.to_json(), indent=2))
    return _exit_code(record)


async def _ask(house: "House", args: argparse.Namespace, text: str) -> "TurnRecord":
    engine = house.engine
    try:
        sampling = _sampling(house, args)
        proposal = await _propose(house, args, text, sampling)
        return await _stream(engine, proposal, quiet=args.json)
    finally:
        await engine.close()


async def _propose(
    house: "House", args: argparse.Namespace, text: str, sampling: "Sampling"
) -> "Proposal":
    """Looks whether a route answers before a new conversation is made."""
    from assistant.domain.prompt import Prompt

    parent, system, known = None, house.settings.generation.system_prompt, None
    conversation = args.conversation
    if conversation:
        known = house.journal.conversation(conversation)
        if known is None:
            raise UsageError(f"there is no conversation {conversation!r}", "assistant history list")
        parent, system = known.head, known.system
    prompt = Prompt(text, conversation or "", parent, Label(args.label), system, sampling)
    proposal = house.engine.propose(prompt, args.route)
    if known is not None:
        if known.deleted:
            await house.engine.restore(known.id)
            print("this conversation was deleted; it is back in the list", file=sys.stderr)
        return proposal
    from dataclasses import replace

    conversation = await house.engine.start_conversation(system, one_line(text, 60))
    return house.engine.propose(replace(prompt, conversation=conversation), args.route)


async def _stream(engine: "Engine", proposal: "Proposal", *, quiet: bool) -> "TurnRecord":
    """Prints the reply as it comes; Ctrl+C ends the turn and keeps what came."""
    from assistant.domain.events import Asked, Delta, Finished, Trimmed

    record: TurnRecord | None = None
    async with aclosing(engine.send(proposal)) as events:
        async for event in events:
            match event:
                case Asked():
                    _stop_on_signals(engine, event.turn)
                case Trimmed(dropped=dropped):
                    print(f"the oldest {dropped} messages no longer fit", file=sys.stderr)
                case Delta(text=text) if not quiet:
                    print(harmless(text), end="", flush=True)
                case Finished():
                    record = event.record
                case _:
                    pass
    assert record is not None, "the engine's stream ends with Finished"
    if not quiet and record.reply and not record.reply.endswith("\n"):
        print(flush=True)
    _sign_off(record)
    return record


def _stop_on_signals(engine: "Engine", turn: str) -> None:
    loop = asyncio.get_running_loop()
    stops: set[asyncio.Task[None]] = set()

    def stop() -> None:
        stops.add(loop.create_task(engine.stop(turn)))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def _sign_off(record: "TurnRecord") -> None:
    """Says on stderr how it went."""
    if record.error is not None:
        print(harmless(record.error.line()), file=sys.stderr)
    elif record.finish is Finish.CANCELLED:
        print("stopped; the reply so far is kept", file=sys.stderr)
    elif record.finish is Finish.LENGTH:
        print("the reply ended at its longest allowed length", file=sys.stderr)
    if sys.stderr.isatty():
        print(summary(record), file=sys.stderr)


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


def _sampling(house: "House", args: argparse.Namespace) -> "Sampling":
    from dataclasses import replace

    sampling = house.settings.generation.sampling
    if args.max_tokens is not None:
        sampling = replace(sampling, max_tokens=args.max_tokens)
    if args.temperature is not None:
        sampling = replace(sampling, temperature=args.temperature)
    return replace(sampling, seed=args.seed)


def _prompt_text(argument: str | None) -> str:
    """The prompt from the argument or stdin. Raises: UsageError with what is wrong and where."""
    if argument is None and sys.stdin.isatty():
        raise UsageError("there is no prompt", 'assistant ask "..." or a pipe into assistant ask -')
    if argument in (None, "-"):
        text = _decoded(sys.stdin.buffer.read(MOST_PROMPT_BYTES + 1), "stdin")
    else:
        text = _decoded(os_bytes(argument or ""), "the argument")
    text = text.replace("\r\n", "\n")
    if not text.strip():
        raise UsageError("the prompt is empty", "type a question")
    return text


def os_bytes(text: str) -> bytes:
    """The very bytes of an argument, undecodable ones too."""
    return text.encode("utf-8", "surrogateescape")


def _decoded(raw: bytes, where: str) -> str:
    if len(raw) > MOST_PROMPT_BYTES:
        raise UsageError(
            f"the prompt from {where} is larger than {MOST_PROMPT_BYTES:,} bytes",
            "no context window here holds it; send a part",
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{where} is not UTF-8 at byte {error.start}", "convert it, e.g. with iconv -t UTF-8"
        ) from error


def _exit_code(record: "TurnRecord") -> int:
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
