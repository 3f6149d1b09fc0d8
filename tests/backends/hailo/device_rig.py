"""A HAT without a server to test with: the worker under the system's Python, with the stand-in of Hailo's package."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.backends.hailo.device import HailoDevice
from assistant.backends.hailo.device_process import USUAL, Limits
from assistant.domain.places import Place, Route
from assistant.domain.prompt import ChatMessage, Sampling
from assistant.ports import Generation
from tests.standins.fake_hailo.hailo_platform._words import DEEPSEEK, LLAMA, QWEN, QWEN3, Message
from tests.standins.hailo_dto import Json
from tests.standins.hailo_python import environment, traced, write_hef

SYSTEM_PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
FAMILIES = {"qwen2": QWEN, "llama": LLAMA, "deepseek": DEEPSEEK, "qwen3": QWEN3}
NAMES = {"deepseek": "deepseek_r1:1.5b", "qwen3": "qwen3:1.7b", "llama": "llama3.2:1b"}
QUICK: dict[str, object] = {"time_scale": 0.01, "load_s": 1}
"""Options of the stand-in: a second of the HAT's lasts 10 ms."""

GREEDY = Sampling(temperature=0, max_tokens=64)


@dataclass(frozen=True)
class Rig:
    """A backend and what its device does."""

    device: HailoDevice
    folder: Path
    family: str

    def events(self, kind: str) -> list[Json]:
        """What the device did of this kind, since it was first loaded."""
        return [event for event in traced(self.folder / "trace") if event["event"] == kind]

    @property
    def seen(self) -> object:
        """The conversation that the model saw when it was last asked."""
        return self.events("generate")[-1]["seen"]

    @property
    def asked(self) -> Json:
        """What it was last asked with."""
        options = self.events("generate")[-1]["options"]
        assert isinstance(options, dict)
        return {name: value for name, value in options.items() if value is not None}

    def meant(self, messages: Sequence[ChatMessage]) -> list[Message]:
        """The conversation as it should see it."""
        sent = [{"role": message.role.value, "content": message.text} for message in messages]
        return FAMILIES[self.family].normal(sent)

    @property
    def log(self) -> str:
        """What the worker wrote to its log."""
        return (self.folder / "logs" / "hat.log").read_text("utf-8")


def rig(
    folder: Path,
    family: str = "qwen2",
    limits: Limits = USUAL,
    python: str = SYSTEM_PYTHON,
    **options: object,
) -> Rig:
    """A backend in `folder`; `options` are those of the stand-in. Close its `device` in the end."""
    hef = write_hef(folder / f"{family}.hef", family)
    route = Route("hat", Place.THIS_MACHINE, "hailo", NAMES.get(family, "qwen2:1.5b"))
    extra = environment(**{**QUICK, "trace": folder / "trace", **options})
    # The program has to keep HailoRT's log away from where it was started.
    del extra["HAILORT_LOGGER_PATH"]
    log_path = folder / "logs" / "hat.log"
    device = HailoDevice(route, hef, log_path, python=python, environment=extra, limits=limits)
    return Rig(device, folder, family)


class Rigs:
    """Makes backends in one folder, and closes all of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[HailoDevice] = []

    def __call__(
        self,
        family: str = "qwen2",
        limits: Limits = USUAL,
        python: str = SYSTEM_PYTHON,
        **options: object,
    ) -> Rig:
        """See `rig`."""
        made = rig(self._folder, family, limits, python, **options)
        self._made.append(made.device)
        return made

    async def close(self) -> None:
        """Ends every worker."""
        for device in self._made:
            await device.close()


def asking(
    messages: Sequence[ChatMessage],
    turn: str = "t1",
    sampling: Sampling = GREEDY,
    conversation: str = "c1",
) -> Generation:
    """A request."""
    return Generation(turn, conversation, tuple(messages), sampling)
