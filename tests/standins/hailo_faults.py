"""What can be made to go wrong in the stand-in of hailo-ollama, and when."""

from collections.abc import Iterable
from dataclasses import dataclass

FAULTS = {
    "load": "creating the model fails: 500 `Failed to create LLM`, and the trap of facts §1.9 is set",
    "busy": "the device is taken: 500 `Failed to create VDevice`, the same trap; stays until cleared",
    "500": "generating fails before the headers: 500 `Failed to generate` with a stacktrace",
    "no-headers": "the connection closes before an answer",
    "slow-prefill": "the prompt takes AT seconds of the HAT's time; stays until cleared",
    "stall": "after AT tokens the device is silent: the read times out and the stream is dropped",
    "hang": "after AT tokens the server is silent for good and keeps its lock",
    "until-left": "after AT tokens the server waits until the client has left, so that a cancel is sure to be one",
    "drop": "after AT tokens the connection closes without the last chunk",
    "no-done": "after AT tokens the stream ends properly, but without the line that says done",
    "bad-line": "after AT tokens one line is no JSON",
    "crash": "after AT tokens the server process dies",
    "split": "every line arrives in two pieces; stays until cleared",
    "remote-host": "each line names a remote host, as a forwarding server's do; stays until cleared",
    "pull-drop": "the download's connection closes half way",
    "pull-stall": "the download stops half way and says nothing more",
    "pull-error": "the download ends half way with a line that holds `error`",
    "pull-crash": "the server process dies half way through the download",
    "pull-leave": "a client that leaves during a download takes the server down; stays until cleared",
}
LASTING = {"busy", "slow-prefill", "split", "remote-host", "pull-leave"}
FOR_EVER = -1


@dataclass
class Fault:
    """One thing that will go wrong; `at` counts tokens (or seconds, see FAULTS), `times` how often it still will."""

    name: str
    at: float = 0
    times: int = 1


class Faults:
    """The faults that are set."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._set: list[Fault] = []
        for text in texts:
            name, *numbers = text.split(":")
            at = float(numbers[0]) if numbers else 0
            self.add(name, at, int(numbers[1]) if len(numbers) > 1 else None)

    def add(self, name: str, at: float = 0, times: int | None = None) -> None:
        """Sets one; without `times` it happens once, or for ever where FAULTS says that it stays."""
        if name not in FAULTS:
            raise ValueError(f"no fault {name!r}: {', '.join(FAULTS)}")
        if times is None:
            times = FOR_EVER if name in LASTING else 1
        self._set.append(Fault(name, at, times))

    def clear(self, name: str = "") -> None:
        """Drops the faults of that name, or all."""
        self._set = [fault for fault in self._set if name and fault.name != name]

    def take(self, name: str, reached: float | None = None) -> Fault | None:
        """The fault of that name where one is due (`reached` tokens have come); counts it as happened."""
        for fault in self._set:
            if fault.name == name and fault.times and (reached is None or reached >= fault.at):
                fault.times -= fault.times > 0
                return fault
        return None
