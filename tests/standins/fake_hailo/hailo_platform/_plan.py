"""What the environment says of the stand-in for `hailo_platform`: it runs in a process that a test cannot reach."""

import json
import os
from dataclasses import dataclass

from ._words import DEEPSEEK, LLAMA, QWEN, QWEN3, Answer, Family

RELEASES = ("5.1.0", "5.1.1", "5.2.0", "5.3.0", "5.4.0")
PREFIX = "FAKE_HAILO_"
FAMILIES = {"qwen2": QWEN, "llama": LLAMA, "deepseek": DEEPSEEK, "qwen3": QWEN3}


def _text(name: str, default: str) -> str:
    return os.environ.get(PREFIX + name, default)


def _number(name: str, default: float) -> float:
    return float(_text(name, str(default)))


@dataclass(frozen=True)
class Plan:
    """One process's stand-in; seconds are the HAT's own and shortened by `time_scale`."""

    release: str
    native: str
    lock_file: str
    trace_file: str
    time_scale: float
    tps: float
    ttft_s: float
    load_s: float
    recovery_s: float
    context_tokens: int
    answer: Answer
    faults: dict[str, int]

    @classmethod
    def read(cls) -> "Plan":
        """FAKE_HAILO_RELEASE, _NATIVE (another version of the library), _LOCK, _TRACE, _TIME_SCALE, _TPS, _TTFT_S, _LOAD_S,
        _RECOVERY_S, _CONTEXT, _REPLY, _REPLY_TOKENS, _SEED and _FAULT (`NAME[:AT],...`)."""
        release = _text("RELEASE", "5.1.1")
        named = (fault.partition(":") for fault in _text("FAULT", "").split(",") if fault)
        return cls(
            release=release,
            native=_text("NATIVE", release),
            lock_file=_text("LOCK", ""),
            trace_file=_text("TRACE", ""),
            time_scale=_number("TIME_SCALE", 0.05),
            tps=_number("TPS", 6.95),
            ttft_s=_number("TTFT_S", 0.37),
            load_s=_number("LOAD_S", 8.45),
            recovery_s=_number("RECOVERY_S", 0.3),
            context_tokens=int(_number("CONTEXT", 2048)),
            answer=Answer(
                _text("REPLY", "words"), int(_number("REPLY_TOKENS", 24)), int(_number("SEED", 0))
            ),
            faults={name: int(at or 0) for name, _, at in named},
        )

    def due(self, fault: str, reached: int = 0) -> bool:
        """Whether `fault` is set and so many tokens have come."""
        return fault in self.faults and reached >= self.faults[fault]

    def trace(self, event: str, **facts: object) -> None:
        """Tells the test, one JSON object on a line of the trace file."""
        if self.trace_file:
            line = json.dumps({"event": event, "pid": os.getpid(), **facts})
            with open(self.trace_file, "a", encoding="utf-8") as file:  # noqa: PTH123 - as little as possible is imported here
                file.write(f"{line}\n")


def family_of(hef: bytes) -> Family:
    """The family that a made-up HEF names: `\\x01HEF qwen3`."""
    name = hef.removeprefix(b"\x01HEF").decode("ascii", "replace").strip()
    return FAMILIES.get(name, QWEN)
