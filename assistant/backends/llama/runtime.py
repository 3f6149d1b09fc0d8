"""A loaded model: evaluates tokens, keeps count of its KV cache, saves and restores it. All of llama.cpp's low-level API is here."""

import ctypes
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.backends.llama.bindings import llama
from assistant.backends.llama.crew import Crew
from assistant.backends.llama.ladder import Rung
from assistant.backends.llama.prefix import Cells
from assistant.backends.llama.protocol import Fault

BATCH_TOKENS = 64
"""Prompt tokens evaluated at once: as quick as 512 (facts/perf.md §1), and a slow machine shows progress every few seconds."""
_LEAST_CONTEXT = 64
_ABORTED = 2
# ggml_log_level of ggml.h.
_LOG_DEBUG, _LOG_ERROR = 1, 4
# Set in the tokens of a state file: the token began a batch.
_BEGIN = 1 << 30
_TEST_TOKENS = BATCH_TOKENS + 8
_TEST_STEPS = 4


class WorkerError(Exception):
    """The engine could not do it; `fault` says of what kind the reason is."""

    def __init__(self, fault: Fault, message: str) -> None:
        """`message` is a plain sentence without its end."""
        super().__init__(message)
        self.fault = fault
        self.message = message


class Log:
    """Takes llama.cpp's log to stderr, which is the log file, and remembers the last error."""

    def __init__(self) -> None:
        """Only one may be at work in a process."""
        self.last_error = ""
        # llama.cpp keeps the pointer: once the callback is collected, the next line of log is a segfault.
        self._callback = llama.llama_log_callback(self._take)
        llama.llama_log_set(self._callback, ctypes.c_void_p(0))

    def _take(self, level: int, text: bytes, _: object) -> None:
        if level == _LOG_DEBUG:
            return
        line = text.decode("utf-8", "replace")
        if level == _LOG_ERROR and line.strip():
            self.last_error = line.strip()
        sys.stderr.write(line)
        sys.stderr.flush()


class Interrupt:
    """A flag that ends a running evaluation within one node of its graph.

    llama.cpp asks after every node; libc's `strlen` on one byte of memory answers it (0 for "", 1 for a set byte) without
    taking the interpreter's lock some hundred times a token.
    """

    def __init__(self) -> None:
        """The flag is down."""
        self._flag = ctypes.create_string_buffer(2)
        self.callback = ctypes.cast(ctypes.CDLL(None).strlen, llama.ggml_abort_callback)
        self.data = ctypes.cast(self._flag, ctypes.c_void_p)

    def set(self, up: bool) -> None:
        """Raises or lowers the flag; may be called from any thread."""
        self._flag[0] = b"\x01" if up else b"\x00"


class Model:
    """One model with one context; `cells` is what its KV cache holds."""

    def __init__(
        self, path: Path, context_tokens: int, threads: int, rung: Rung, interrupt: Interrupt
    ) -> None:
        """Loads it as `rung` allows. Raises: WorkerError."""
        self._log = Log()
        # llama.cpp looks at its flag through a bare pointer.
        self._interrupt = interrupt
        llama.llama_backend_init()
        self.handle = self._open(path, rung)
        trained = llama.llama_model_n_ctx_train(self.handle)
        wanted = min(context_tokens or trained, trained) if trained > 0 else context_tokens
        self.window = max(wanted, _LEAST_CONTEXT)
        self._crew = Crew(1 if rung.single_thread else threads)
        self.context = self._make_context(self._crew.threads)
        self._memory = llama.llama_get_memory(self.context)
        if not self._memory or llama.llama_model_has_encoder(self.handle):
            raise WorkerError(Fault.MODEL, "it is not a model that writes text")
        self.cells = Cells()
        self._tokens = (llama.llama_token * BATCH_TOKENS)()
        self._wanted = (ctypes.c_int8 * BATCH_TOKENS)()
        self._batch = llama.llama_batch()
        self._batch.token = self._tokens
        self._batch.logits = self._wanted

    def close(self) -> None:
        """Gives the memory back; a process that ends anyway need not."""
        llama.llama_free(self.context)
        llama.llama_model_free(self.handle)

    def begin(self, *, steady: bool) -> None:
        """A reply begins; a `steady` one is worked on by as many threads each time (see crew)."""
        self._set_threads(self._crew.begin(steady=steady))

    def template(self) -> str | None:
        """The chat template in the model file."""
        found = llama.llama_model_chat_template(self.handle, None)
        return None if found is None else found.decode("utf-8", "replace")

    def evaluate(self, tokens: list[int], told: Callable[[], None], *, logits: bool = True) -> bool:
        """Puts `tokens` behind the cells, batch by batch; `told` is called after each; False where it was interrupted.

        With `logits` the next token can be sampled. Raises: WorkerError.
        """
        for at in range(0, len(tokens), BATCH_TOKENS):
            batch = tokens[at : at + BATCH_TOKENS]
            self._tokens[: len(batch)] = [*batch]
            last = len(batch) - 1
            self._wanted[last] = logits and at + len(batch) == len(tokens)
            self._batch.n_tokens = len(batch)
            done = self._decode()
            self._wanted[last] = 0
            if not done:
                return False
            self.cells.extend(batch)
            self._look()
            told()
        return True

    def step(self, token: int) -> bool:
        """Puts one token behind the cells so that the next can be sampled; False where it was interrupted. Raises: WorkerError."""
        self._tokens[0] = token
        self._wanted[0] = 1
        self._batch.n_tokens = 1
        done = self._decode()
        self._wanted[0] = 0
        if done:
            self.cells.append(token)
            self._look()
        return done

    def trim(self, length: int) -> int:
        """Keeps the first `length` cells, or none where this model's cache cannot be cut; says how many are left."""
        if length < len(self.cells):
            if not llama.llama_memory_seq_rm(self._memory, 0, length, -1):
                llama.llama_memory_clear(self._memory, True)
                length = 0
            self.cells.trim(length)
        return len(self.cells)

    def drop(self, at: int, count: int) -> bool:
        """Takes `count` cells out at `at` and moves the rest up; False where this model's cache cannot."""
        if not llama.llama_memory_can_shift(self._memory):
            return False
        if not llama.llama_memory_seq_rm(self._memory, 0, at, at + count):
            return False
        llama.llama_memory_seq_add(self._memory, 0, at + count, -1, -count)
        self.cells.drop(at, count)
        self._settle()
        return True

    def state_bytes(self) -> int:
        """How large the saved state would be."""
        state: int = llama.llama_state_seq_get_size(self.context, 0)
        return state + 4 * len(self.cells) + 12

    def save(self, path: Path) -> bool:
        """Writes the state of all cells."""
        marked = [t | _BEGIN * b for t, b in zip(self.cells.tokens, self.cells.begins, strict=True)]
        tokens = (llama.llama_token * len(marked))(*marked)
        name = os.fsencode(path)
        written: int = llama.llama_state_seq_save_file(self.context, name, 0, tokens, len(marked))
        return written > 0

    def restore(self, path: Path) -> bool:
        """Puts a saved state in the place of all cells; where that fails there are none."""
        self.trim(0)
        room = self.window
        tokens = (llama.llama_token * room)()
        count = ctypes.c_size_t(0)
        name = os.fsencode(path)
        read = llama.llama_state_seq_load_file(
            self.context, name, 0, tokens, room, ctypes.byref(count)
        )
        if not read:
            llama.llama_memory_clear(self._memory, True)
            return False
        marked = tokens[: count.value]
        self.cells = Cells(plain(marked), bytearray(t >= _BEGIN for t in marked))
        return True

    def self_test(self) -> None:
        """Evaluates a prompt and a few steps, as use would, and looks at the result. Raises: WorkerError."""
        vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(self.handle))
        some = [1 + 37 * i % (vocabulary - 1) for i in range(min(_TEST_TOKENS, self.window // 2))]
        done = self.evaluate(some, lambda: None)
        for token in some[:_TEST_STEPS]:
            done = done and self.step(token)
        logits = llama.llama_get_logits_ith(self.context, -1)
        if not done or not all(map(math.isfinite, logits[:vocabulary])):
            raise WorkerError(Fault.SELF_TEST, "the self-test gave figures that are no numbers")
        self.trim(0)

    def _settle(self) -> None:
        """Has a move of cells done now, with the last of them evaluated anew, and lets nothing interrupt it.

        llama.cpp moves them at the next evaluation. Given up halfway, it would move some layers twice; a state saved before
        would hold cells in their old places.
        """
        last = self.cells.tokens[-1]
        self.trim(len(self.cells) - 1)
        llama.llama_set_abort_callback(self.context, llama.ggml_abort_callback(), None)
        self.step(last)
        llama.llama_set_abort_callback(self.context, self._interrupt.callback, self._interrupt.data)

    def _look(self) -> None:
        if self._crew.look():
            self._set_threads(self._crew.threads)

    def _set_threads(self, threads: int) -> None:
        llama.llama_set_n_threads(self.context, threads, threads)

    def _decode(self) -> bool:
        code = llama.llama_decode(self.context, self._batch)
        if code == 0:
            return True
        # Whatever an evaluation that was given up left behind the cells goes.
        llama.llama_memory_seq_rm(self._memory, 0, len(self.cells), -1)
        if code == _ABORTED:
            return False
        why = self._log.last_error or f"code {code}"
        raise WorkerError(Fault.ENGINE, f"llama.cpp could not evaluate the prompt ({why})")

    def _open(self, path: Path, rung: Rung) -> "llama.llama_model_p":
        params = llama.llama_model_default_params()
        params.use_extra_bufts = rung.extra_buffers
        if not rung.mmap:
            params.load_mode = llama.LLAMA_LOAD_MODE_NONE
        handle: llama.llama_model_p = llama.llama_model_load_from_file(os.fsencode(path), params)
        if not handle:
            why = self._log.last_error or "llama.cpp does not say why"
            raise WorkerError(Fault.MODEL, why)
        return handle

    def _make_context(self, threads: int) -> "llama.llama_context_p":
        params = llama.llama_context_default_params()
        params.n_ctx = self.window
        params.n_batch = params.n_ubatch = BATCH_TOKENS
        params.n_outputs_max = 1
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
        params.no_perf = True
        params.abort_callback = self._interrupt.callback
        params.abort_callback_data = self._interrupt.data
        made: llama.llama_context_p = llama.llama_init_from_model(self.handle, params)
        if not made:
            raise WorkerError(
                Fault.MEMORY, f"there is no room for a context window of {self.window} tokens"
            )
        return made


def plain(marked: Sequence[int]) -> list[int]:
    """The tokens of a state file without their marks."""
    return [token & ~_BEGIN for token in marked]
