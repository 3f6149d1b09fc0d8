"""Shows the running turn in the transcript, event by event."""

from dataclasses import replace

from assistant.domain.events import Asked, Delta, Finished, Progress, Trimmed, TurnEvent
from assistant.ports import Clock, Notice
from assistant.tui.entries import asked_entry, notice_entry, reply_entry, waiting_entry
from assistant.tui.turn import Running
from assistant.tui.widgets.transcript import Transcript


class Live:
    """Follows one turn at a time; `rejoin` takes up one that ran out of sight."""

    def __init__(self, transcript: Transcript, clock: Clock) -> None:
        self._transcript = transcript
        self._clock = clock
        self._progress: Progress | None = None

    def show(self, running: Running, event: TurnEvent | Progress) -> None:
        """Shows one event of a turn whose prompt is recorded."""
        asked = running.asked
        if asked is None:
            return
        match event:
            case Asked():
                self._progress = None
                if event.message.parent is None:
                    self._transcript.show([])
                self._transcript.add(asked_entry(event.message, self._clock.now_ms()))
                self._transcript.add(waiting_entry(event, None))
            case Trimmed():
                notice = Notice(asked.message.id, trimmed(event))
                self._transcript.add(notice_entry(notice), before=notice.before)
            case Progress():
                self._wait(running, asked, event)
            case Delta():
                self._begin(running, asked)
                self._transcript.stream(asked.reply, event.text)
            case Finished(record):
                entry = reply_entry(asked.reply, record.reply, record, record.finish)
                self._transcript.settle(entry)

    def rejoin(self, running: Running) -> None:
        """Shows what arrived while another conversation was in view."""
        if running.asked is not None:
            entry = waiting_entry(running.asked, self._progress)
            self._transcript.add(replace(entry, aside="") if running.text else entry)
            self._transcript.stream(running.asked.reply, "".join(running.text))

    def _wait(self, running: Running, asked: Asked, progress: Progress) -> None:
        """Says what the reply waits for, where that changed; figures are the panel's."""
        before, self._progress = self._progress, progress
        if not running.text and (before is None or before.stage is not progress.stage):
            self._transcript.update_entry(waiting_entry(asked, progress))

    def _begin(self, running: Running, asked: Asked) -> None:
        """The first text ends the waiting."""
        if len(running.text) == 1:
            entry = waiting_entry(asked, self._progress)
            self._transcript.update_entry(replace(entry, aside=""))


def trimmed(event: Trimmed) -> str:
    """What is said where the window moved, in the words in which the journal says it later."""
    if event.dropped == 1:
        return "The oldest message no longer fits the context window; the model does not see it."
    return (
        f"The oldest {event.dropped:,} messages no longer fit the context window; "
        "the model does not see them."
    )
