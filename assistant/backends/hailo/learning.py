"""Learns how long a prompt may be for one model on this HAT, from what it reads in time and what it does not."""

from assistant.backends.hailo.budget import READ_TIMEOUT_S
from assistant.backends.hailo.job import Job
from assistant.backends.hailo.notebook import Notebook
from assistant.backends.hailo.troubles import is_too_slow, too_slow
from assistant.backends.hailo.wire import ComplaintError
from assistant.domain.errors import PromptTooSlowError, ServerError, ServerFault

_LATE_SHARE = 0.5
"""A stream that breaks off without any text has run into the read timeout where so much of it had passed."""


class Learning:
    """What is known of one model, kept in a notebook."""

    def __init__(self, notebook: Notebook, model: str, read_timeout_s: float) -> None:
        """`read_timeout_s` is how long the server waits for the HAT's first token."""
        self._notebook = notebook
        self._model = model
        self._read_timeout_s = read_timeout_s
        self._pace = notebook.pace(model)

    @property
    def prompt_limit(self) -> int:
        """The most tokens of a prompt that are surely read in time."""
        return self._pace.prompt_limit

    def read(self, job: Job, now_ms: float) -> None:
        """The first text of `job` is there; what was new to the server tells the pace.

        Where it read more than was thought the pace seems slower than it is, which is the safe side.
        """
        new = job.tokens - job.cached
        self._pace = self._pace.measured(new, self._used(job, now_ms) * READ_TIMEOUT_S)

    def keep(self) -> None:
        """Writes down what was learned."""
        self._notebook.keep_pace(self._model, self._pace)

    def was_too_slow(
        self, error: ComplaintError | ServerError, job: Job, now_ms: float
    ) -> PromptTooSlowError | None:
        """The error for a prompt that was not read in time, with the limit lowered; None where `error` is another one."""
        slower = self._pace.gave_up(job.tokens)
        if job.reading.tokens or slower.prompt_limit >= job.tokens:
            return None
        if isinstance(error, ComplaintError):
            timed_out = is_too_slow(error.said)
        else:
            silent = error.fault in (ServerFault.CUT, ServerFault.SILENT)
            timed_out = silent and self._used(job, now_ms) >= _LATE_SHARE
        if not timed_out:
            return None
        self._pace = slower
        self.keep()
        return too_slow(job.tokens, slower.prompt_limit)

    def _used(self, job: Job, now_ms: float) -> float:
        """The share of the server's patience with the HAT that is used up."""
        return job.waited_s(now_ms) / self._read_timeout_s
