"""The Python around the native part: exceptions with names, the devices."""

import os
from types import TracebackType
from typing import NoReturn, Self

from . import _pyhailort
from ._pyhailort import HailoRTStatusException


class HailoRTException(Exception):  # noqa: N818 - these names are the library's
    """What the others are."""


class HailoRTTimeout(HailoRTException):
    """Status 4."""


class HailoRTInvalidOperationException(HailoRTException):
    """Status 6."""


class HailoRTInvalidArgumentException(HailoRTException):
    """Status 2."""


class HailoRTInvalidHEFException(HailoRTException):
    """Status 26."""


class HailoRTDriverOperationFailedException(HailoRTException):
    """Status 36."""


class HailoRTUnsupportedOpcodeException(HailoRTException):
    """Status 41."""


NAMED: dict[str, tuple[type[HailoRTException], str]] = {
    "HAILO_TIMEOUT": (
        HailoRTTimeout,
        "Received a timeout - hailort has failed because a timeout had occurred",
    ),
    "HAILO_INVALID_OPERATION": (
        HailoRTInvalidOperationException,
        "Invalid operation. See hailort.log for more information",
    ),
    "HAILO_INVALID_ARGUMENT": (
        HailoRTInvalidArgumentException,
        "Invalid argument. See hailort.log for more information",
    ),
    "HAILO_INVALID_HEF": (
        HailoRTInvalidHEFException,
        "Invalid HEF. See hailort.log for more information",
    ),
    "HAILO_DRIVER_OPERATION_FAILED": (
        HailoRTDriverOperationFailedException,
        "Failure in driver ioctl. run 'dmesg | grep hailo' for more information",
    ),
    "HAILO_UNSUPPORTED_OPCODE": (
        HailoRTUnsupportedOpcodeException,
        "HailoRT has failed because an unsupported opcode was sent to device",
    ),
}


class ExceptionWrapper:
    """Gives a status its name."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(value, HailoRTStatusException):
            _raise_named(value)


def _raise_named(error: HailoRTStatusException) -> NoReturn:
    status = int(error.args[0])
    name = _pyhailort.get_status_message(status)
    if name in NAMED:
        kind, text = NAMED[name]
        raise kind(text) from error
    raise HailoRTException(f"libhailort failed with error: {status} ({name})") from error


class VDeviceParams:
    """What a VDevice is made with; a shared group lets processes share the chip."""

    def __init__(self) -> None:
        self.group_id = ""


class VDevice:
    """The device for inference; whoever holds it keeps all others out."""

    def __init__(
        self, params: VDeviceParams | None = None, *, device_ids: list[str] | None = None
    ) -> None:
        with ExceptionWrapper():
            self._seat: _pyhailort.Seat | None = _pyhailort.Seat()

    @staticmethod
    def create_params() -> VDeviceParams:
        """Defaults."""
        return VDeviceParams()

    @property
    def is_open(self) -> bool:
        """Whether it was not released."""
        return self._seat is not None

    def release(self) -> None:
        """Gives the device back."""
        if self._seat is not None:
            self._seat.release()
            self._seat = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class TemperatureInfo:
    """Degrees Celsius of the two sensors."""

    ts0_temperature = 50.25
    ts1_temperature = 51.5


class Control:
    """Questions to the firmware."""

    def __init__(self) -> None:
        _pyhailort.mask_resize()

    def get_chip_temperature(self) -> TemperatureInfo:
        """What a Hailo-10H says when it is idle."""
        return TemperatureInfo()

    def power_measurement(self) -> float:
        """Refused: whether the AI HAT+ 2 has a sensor is not known. Raises: HailoRTUnsupportedOpcodeException."""
        with ExceptionWrapper():
            raise _pyhailort.fail(41)
        raise AssertionError


class Device:
    """The device for questions; from here on the thread is deaf to a resized terminal."""

    def __init__(self, device_id: str | None = None) -> None:
        with ExceptionWrapper():
            self._seat = _pyhailort.Seat()
        self.control = Control()

    @staticmethod
    def scan() -> list[str]:
        """Addresses of the devices."""
        return [] if "FAKE_HAILO_NONE" in os.environ else ["0001:01:00.0"]

    def release(self) -> None:
        """Gives the device back."""
        self._seat.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
