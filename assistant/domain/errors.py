"""Every error that a person may see, drawn once.

AssistantError
├── UsageError          exit 2   the request itself is wrong
│   ├── SettingsError            a settings file is wrong
│   └── AttachmentError          a file or folder cannot be attached
├── RefusedError        exit 3   policy or consent said no
├── RouteError          exit 4   no route can answer
│   ├── ModelError               a model file is missing, alien, truncated or too large
│   ├── EngineError              the engine died or broke its protocol
│   │   └── ServerError          a model server cannot be reached, fell silent or broke off
│   ├── PromptTooLongError       the prompt cannot fit the context window
│   │   └── PromptTooSlowError   the server gives up before it has read the prompt
│   ├── FetchError               a download was cut, refused or did not match its hash
│   └── SelftestError            the closed network of the self-test cannot be made, or broke
└── StorageError        exit 5   the journal or its folder cannot be used
    ├── NewerSchemaError         written by a newer program
    ├── CorruptError             the file is damaged
    ├── FullDiskError            no room left
    └── SecretsError             no store for keys can be used, or it is locked
"""

from dataclasses import dataclass
from enum import StrEnum

EXIT_CANCELLED = 130
"""What a command ends with that a person broke off: 128 and the number of SIGINT, as shells count."""


@dataclass(frozen=True, slots=True)
class ErrorNote:
    """An error as a value, as the journal and `--json` keep it."""

    code: str
    title: str
    message: str
    hint: str

    def line(self) -> str:
        """The one form in which errors are shown: `title: message (hint)`."""
        return f"{self.title}: {self.message}" + (f" ({self.hint})" if self.hint else "")

    def to_json(self) -> dict[str, str]:
        """The object of the turn's `error` field."""
        return {
            "code": self.code,
            "title": self.title,
            "message": self.message,
            "hint": self.hint,
        }


class AssistantError(Exception):
    """The root: says what is wrong, where, and what to do next."""

    code = "error"
    title = "error"
    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        """`message` says what and where; `hint` says what to do next."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def note(self) -> ErrorNote:
        """This error as a value."""
        return ErrorNote(self.code, self.title, self.message, self.hint)

    def __str__(self) -> str:
        """`title: message (hint)`."""
        return self.note().line()


class UsageError(AssistantError):
    """The request itself is wrong."""

    code, title, exit_code = "usage", "usage", 2


class SettingsError(UsageError):
    """A settings file holds something that cannot be used."""

    code, title = "settings", "settings"


class AttachmentError(UsageError):
    """A file or folder cannot be attached."""

    code, title = "attachment", "attachment"


class RefusedError(AssistantError):
    """Policy or consent said no."""

    code, title, exit_code = "refused", "refused", 3


class RouteError(AssistantError):
    """No route can answer."""

    code, title, exit_code = "route", "route not available", 4


class ModelError(RouteError):
    """A model file is missing, alien, truncated or too large for this machine."""

    code, title = "model", "model"


class EngineError(RouteError):
    """The engine's process died or broke its protocol."""

    code, title = "engine", "engine"


class ServerFault(StrEnum):
    """How a server failed."""

    UNREACHABLE = "unreachable"
    SILENT = "silent"
    CUT = "cut"
    BROKEN = "broken"


class ServerError(EngineError):
    """A model server cannot be reached, fell silent, broke off, or does not speak its protocol; `fault` says which."""

    code, title = "server", "server"

    def __init__(
        self, message: str, hint: str = "", fault: ServerFault = ServerFault.BROKEN
    ) -> None:
        """`message` says what and where; `hint` says what to do next."""
        super().__init__(message, hint)
        self.fault = fault


class PromptTooLongError(RouteError):
    """The prompt alone does not fit the context window."""

    code, title = "prompt_too_long", "prompt too long"


class PromptTooSlowError(PromptTooLongError):
    """The server gives up before it has read a prompt of this length; a shorter one may pass."""

    code = "prompt_too_slow"


class FetchError(RouteError):
    """A download was cut, refused or did not match its hash."""

    code, title = "fetch", "download"


class SelftestError(RouteError):
    """The closed network in which the program is to prove itself cannot be made, or broke."""

    code, title = "selftest", "self-test"


class StorageError(AssistantError):
    """The journal or its folder cannot be used."""

    code, title, exit_code = "storage", "storage", 5


class NewerSchemaError(StorageError):
    """The journal was written by a newer program."""

    code = "storage_newer"


class CorruptError(StorageError):
    """The journal is damaged."""

    code = "storage_corrupt"


class FullDiskError(StorageError):
    """No room left on the disk."""

    code = "storage_full"


class SecretsError(StorageError):
    """No store for keys can be used, or it is locked."""

    code, title = "secrets", "keys"
