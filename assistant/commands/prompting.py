"""What `ask` and `policy explain` are given: the text, its label, and what may leave of what stands around it."""

import argparse
import sys
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.domain.departure import Choice
    from assistant.domain.prompt import Prompt, Sampling
    from assistant.ports import ConversationSummary
    from assistant.wiring.house import House

MOST_PROMPT_BYTES = 2_000_000
"""No context window that this program serves holds more; it is said before anything is counted."""

KEEP_BACK = ("none", "block", "warn", "note")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what both commands say of a text."""
    parser.add_argument(
        "--label",
        choices=[label.value for label in Label],
        help="how far this text may travel (default: as the settings say, else normal)",
    )
    parser.add_argument(
        "--attach",
        action="append",
        default=[],
        metavar="PATH",
        help="a text, a PDF, an image or a folder that goes with the question; may be given more than once",
    )
    parser.add_argument("--conversation", metavar="ID", help="go on with this conversation")
    parser.add_argument(
        "--leave-out",
        action="store_true",
        help="to the cloud: messages that are local-only stay here, and the rest may go",
    )
    parser.add_argument(
        "--keep-back",
        choices=KEEP_BACK,
        help="to the cloud: findings from here on get placeholders; block are the gravest, note are all (default: as the "
        "settings say, else warn)",
    )


def known_conversation(house: "House", name: str | None) -> "ConversationSummary | None":
    """The conversation that was named; None where none was. Raises: UsageError where there is none of that name."""
    if not name:
        return None
    known = house.journal.conversation(name)
    if known is None:
        raise UsageError(f"there is no conversation {name!r}", "assistant history list")
    return known


def prompt_of(
    house: "House",
    args: argparse.Namespace,
    text: str,
    known: "ConversationSummary | None",
    sampling: "Sampling",
) -> "Prompt":
    """The prompt behind what was said in `known`, or at the start of a conversation that is not on record yet.

    Raises: AttachmentError.
    """
    from assistant.domain.prompt import Prompt

    label = Label(args.label or house.settings.labels.default)
    if args.attach:
        from assistant.commands.attaching import with_attachments
        from assistant.wiring.attaching import attaching

        folders = house.settings.labels.folders
        text, label = with_attachments(text, label, args.attach, folders, attaching())
    if known is not None:
        return Prompt(text, known.id, known.head, label, known.system, sampling)
    system = house.settings.generation.system_prompt
    return Prompt(text, house.engine.new_id(), None, label, system, sampling)


def choice_of(house: "House", args: argparse.Namespace) -> "Choice":
    """What is kept back and left out of a send to the cloud."""
    from assistant.domain.departure import Choice
    from assistant.domain.findings import ScanVerdict

    word = args.keep_back or house.settings.cloud.keep_back
    return Choice(None if word == "none" else ScanVerdict(word), args.leave_out)


def prompt_text(argument: str | None, command: str = "ask") -> str:
    """The prompt from the argument or stdin. Raises: UsageError with what is wrong and where."""
    if argument is None and sys.stdin.isatty():
        raise UsageError(
            "there is no prompt", f'assistant {command} "..." or a pipe into assistant {command} -'
        )
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
