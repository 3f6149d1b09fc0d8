"""What went wrong in the HAT's worker, in words: what it was, and the command that mends it."""

from pathlib import Path

from assistant.backends.child import Death
from assistant.backends.hailo.device_protocol import Answer, Failed, Fault
from assistant.domain import hat_remedies as remedies
from assistant.domain.errors import EngineError, ModelError

AGAIN = "send again: the next message starts a new one"
LOG_FILE = "hailort.log"
"""What HailoRT calls its own log."""
_ANOTHER = (
    "fetch it again for this release of HailoRT, or choose another with: assistant models list"
)
_HOLDS = (
    "sudo fuser -v /dev/hailo0 /dev/h1x-0 names the program that holds it; end it and send again"
)


def trouble(failed: Failed, hef: Path, log_folder: Path) -> ModelError | EngineError:
    """The error for what the worker of `hef` could not do; HailoRT's own log is in `log_folder`."""
    match failed.fault:
        case Fault.MODEL:
            return ModelError(
                f"HailoRT does not take {hef} as a HEF file ({failed.text})", _ANOTHER
            )
        case Fault.BUSY:
            # HailoRT has one status for both.
            what, hint = "another program holds the HAT, or none is attached", _HOLDS
        case Fault.MISMATCH:
            what = "the driver, the library and the firmware of the HAT are of different versions"
            hint = remedies.REINSTALL
        case Fault.DRIVER:
            what, hint = "the HAT's driver failed", remedies.COLD_START
        case Fault.RUNTIME:
            what, hint = "the system's Python has no hailo_platform with genai", remedies.INSTALL
        case Fault.TIMEOUT:
            what = "the HAT gave no token for a minute"
            hint = f"{AGAIN}; if that is silent too: {remedies.COLD_START}"
        case Fault.OTHER:
            what, hint = "the HAT failed", f"{AGAIN}; {log_folder / LOG_FILE} may say more"
    return EngineError(f"{what} ({failed.text})", hint)


def unreadable(hef: Path, error: OSError) -> ModelError:
    """The error for a model file that cannot be opened."""
    return ModelError(f"{hef} cannot be read: {error.strerror or error}", _ANOTHER)


def unstartable(python: str, error: OSError) -> EngineError:
    """The error for a worker that could not be started."""
    return EngineError(
        f"the HAT's worker could not be started by {python} ({error.strerror or error})",
        "assistant doctor",
    )


def died(death: Death) -> EngineError:
    """The error for a worker that is gone."""
    return EngineError(f"the HAT's worker {death.said()}", AGAIN)


def silent(patience_s: float) -> EngineError:
    """The error for a worker that had to be ended."""
    return EngineError(
        f"the HAT's worker said nothing for {patience_s:.0f} s and was ended",
        f"{AGAIN}; if that is silent too: {remedies.COLD_START}",
    )


def odd(answer: Answer) -> EngineError:
    """The error for an answer that is none to what was asked."""
    return EngineError(f"the HAT's worker answered with {type(answer).__name__}", AGAIN)
