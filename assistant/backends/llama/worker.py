"""The worker's process: reads frames from stdin, answers on stdout, logs to stderr; ends with its parent."""

import contextlib
import ctypes
import faulthandler
import gc
import os
import signal
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from assistant.backends.llama.inbox import Inbox
from assistant.backends.llama.kvstore import StateFiles
from assistant.backends.llama.ladder import Rung
from assistant.backends.llama.outbox import Outbox
from assistant.backends.llama.protocol import (
    Close,
    Count,
    Failed,
    Fault,
    Forget,
    Generate,
    Load,
    Loaded,
    Prefill,
    Request,
    decode_to_worker,
)
from assistant.backends.llama.runtime import Interrupt, Model, WorkerError
from assistant.backends.llama.session import Session
from assistant.backends.llama.template import Template
from assistant.backends.llama.tokens import Tokenizer, Vocabulary

NICENESS = 5
"""Enough for the screen to get a core when it needs one, while the engine keeps its speed (facts/perf.md §3)."""
_PR_SET_PDEATHSIG = 1


def main(*, netns: bool = False) -> None:
    """Serves one client until it says Close, or is gone. `netns` is what it is told of the network namespace."""
    pipe = os.dup(1)
    # Whatever else in this process prints goes to the log, not between the frames.
    os.dup2(2, 1)
    _settle()
    outbox, interrupt = Outbox(pipe), Interrupt()
    inbox = Inbox(interrupt.set)
    with contextlib.suppress(BrokenPipeError):
        first = decode_to_worker(sys.stdin.buffer.readline() or b"{}")
        if isinstance(first, Load):
            try:
                session = _load(first, interrupt, inbox, outbox, netns)
            except WorkerError as fault:
                outbox.send(Failed(0, fault.fault, fault.message))
                return
            threading.Thread(target=_read, args=(sys.stdin.buffer, inbox), daemon=True).start()
            serve(session, inbox, outbox)
    sys.stderr.flush()
    # The reader still waits for its pipe, which an orderly end would trip over.
    os._exit(0)


def serve(session: Session, inbox: Inbox, outbox: Outbox) -> None:
    """Does one job after the other; saves the KV state when nothing was asked for a while, and at the end."""
    while True:
        job = inbox.take(session.patience_s())
        if job is None:
            session.save()
        elif isinstance(job, Close):
            session.save()
            return
        else:
            _do(job, session, outbox)


def _do(job: Request, session: Session, outbox: Outbox) -> None:
    try:
        match job:
            case Count():
                session.count(job)
            case Prefill():
                session.prefill(job)
            case Generate():
                session.generate(job)
            case Forget():
                session.forget(job)
    except WorkerError as error:
        outbox.send(Failed(job.id, error.fault, error.message))
    except ValueError as error:
        outbox.send(Failed(job.id, Fault.ENGINE, str(error)))


def _load(frame: Load, interrupt: Interrupt, inbox: Inbox, outbox: Outbox, netns: bool) -> Session:
    rung = Rung(frame.rung)
    model = Model(Path(frame.model), frame.context_tokens, frame.threads, rung, interrupt)
    if frame.self_test:
        model.self_test()
    try:
        vocabulary = Vocabulary(model.handle)
        words = vocabulary.words
        template = Template(model.template(), words, vocabulary.bos_text, vocabulary.eos_text)
        tokenizer = Tokenizer(vocabulary, template)
    except ValueError as error:
        raise WorkerError(Fault.MODEL, str(error)) from error
    states = StateFiles(Path(frame.state_folder), frame.state_key, frame.state_limit_bytes)
    outbox.send(Loaded(model.window, netns))
    # What lives as long as the process need not be looked through again and again.
    gc.freeze()
    return Session(model, tokenizer, vocabulary, states, inbox, outbox)


def _read(pipe: BinaryIO, inbox: Inbox) -> None:
    try:
        for line in pipe:
            frame = decode_to_worker(line)
            if not isinstance(frame, Load):
                inbox.put(frame)
    finally:
        # Nobody is there any more, or nobody who makes sense; native code may be busy for long, so it is not asked.
        os._exit(0)


def _settle() -> None:
    os.umask(0o077)
    faulthandler.enable()
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
