"""Shows the running turn in the transcript, event by event."""

from collections.abc import Callable
from dataclasses import replace

from assistant.domain.events import Asked, Decided, Delta, Finished, Progress, Trimmed, TurnEvent
from assistant.domain.notices import images_stay, window_moved
from assistant.domain.pictured import pictures_in
from assistant.domain.places import Route
from assistant.domain.prompt import Role
from assistant.domain.readings import Readings, RequestReading, tick
from assistant.domain.sensitivity import Label
from assistant.ports import Clock, Notice
from assistant.tui.entries import asked_entry, notice_entry, reply_entry, waiting, waiting_entry
from assistant.tui.turn import Running
from assistant.tui.widgets.transcript import Entry, Transcript


class Live:
    """Follows one turn at a time; `rejoin` takes up one that ran out of sight."""

    def __init__(
        self, transcript: Transcript, clock: Clock, readings: Callable[[], Readings]
    ) -> None:
        """`readings` gives those of the moment, with every event folded in that is shown here."""
        self._transcript = transcript
        self._clock = clock
        self._readings = readings
        self._said = ""

    def show(self, running: Running, event: TurnEvent | Progress) -> None:
        """Shows one event of a turn whose prompt is recorded."""
        asked = running.asked
        if asked is None:
            return
        match event:
            case Asked():
                self._cut(event.message.parent)
                self._transcript.add(asked_entry(event.message, self._clock.now_ms()))
                self._transcript.add(waiting_entry(event, None))
                self._said = ""
            case Decided(route=route):
                self._leave_out(asked, route)
            case Trimmed(dropped=dropped):
                notice = Notice(asked.message.id, window_moved(dropped))
                self._transcript.add(notice_entry(notice), before=notice.before)
            case Progress():
                self.wait(running)
            case Delta():
                self._begin(running, asked)
                self._transcript.stream(asked.reply, event.text)
            case Finished(record):
                label = Label.LOCAL_ONLY if running.kept else record.decision.label
                entry = reply_entry(asked.reply, record.reply, record, record.finish, label)
                self._transcript.settle(entry)

    def _leave_out(self, asked: Asked, route: Route) -> None:
        """Says once that images above stay where the route takes none."""
        above = [one for one in self._transcript.pages.entries if one.key != asked.message.id]
        texts = () if route.images else [one.text for one in above if one.role is Role.USER]
        if count := sum(len(pictures_in(text)) for text in texts):
            notice = Notice(asked.message.id, images_stay(count))
            if all(one.text != notice.text for one in above):
                self._transcript.add(notice_entry(notice), before=notice.before)

    def _cut(self, parent: str | None) -> None:
        """Keeps what stands above a new question; what is below it is another branch."""
        entries = self._transcript.pages.entries
        keys = [entry.key for entry in entries]
        kept = keys.index(parent) + 1 if parent in keys else 0
        if kept < len(entries):
            self._transcript.show(entries[:kept])

    def rejoin(self, running: Running) -> None:
        """Shows what arrived while another conversation was in view."""
        if running.asked is not None:
            entry = self._waiting(running, running.asked)
            self._said = entry.aside
            self._transcript.add(replace(entry, aside="") if running.text else entry)
            self._transcript.stream(running.asked.reply, "".join(running.text))

    def wait(self, running: Running) -> None:
        """Says what the reply waits for and how long it has, where that changed; finer figures are the panel's."""
        if running.text or running.asked is None:
            return
        reading = self._reading(running.asked)
        if self._said != (said := waiting(reading)):
            self._said = said
            self._transcript.update_entry(self._waiting(running, running.asked))

    def _begin(self, running: Running, asked: Asked) -> None:
        """The first text ends the waiting."""
        if len(running.text) == 1:
            entry = self._waiting(running, asked)
            self._transcript.update_entry(replace(entry, aside=""))

    def _waiting(self, running: Running, asked: Asked) -> Entry:
        return waiting_entry(asked, self._reading(asked), running.decision)

    def _reading(self, asked: Asked) -> RequestReading | None:
        readings = self._readings()
        if not self._transcript.calm:
            readings = tick(readings, self._clock.monotonic_ms())
        current = readings.current
        return current if current is not None and current.turn == asked.turn else None
