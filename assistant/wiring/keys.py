"""The stores for keys, connected: nothing of them is loaded before a key, a permit or a consent asks for one."""

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.storage import paths
from assistant.storage.audit_desk import AuditStores

if TYPE_CHECKING:
    from assistant.domain.audit import Anchor, EpochKey
    from assistant.storage.secrets.audit_safe import AuditSafe
    from assistant.storage.secrets.keys import RouteKeys
    from assistant.storage.secrets.opening import OpenedSecrets


class KeyRoom:
    """One for the program: the keys of routes, and what proves the audit."""

    def __init__(self, places: paths.Places) -> None:
        """Opens nothing yet."""
        self._places = places
        self.audit = AuditStores(
            _Keys(self._safe),
            _Anchors(self._safe),
            _First(self._safe),
        )

    @functools.cached_property
    def _opened(self) -> "OpenedSecrets":
        from assistant.storage.secrets.opening import open_secrets

        return open_secrets(self._places, os.environ)

    @property
    def routes(self) -> "RouteKeys":
        """The keys of routes."""
        return self._opened.routes

    def _safe(self) -> "AuditSafe":
        return self._opened.audit

    @property
    def audit_place(self) -> str:
        """In words where the audit's own keys lie; "" where there are none. Raises: SecretsError."""
        return self._safe().where


class _Keys:
    """Implements storage.audit.EpochKeys by one that is opened late."""

    def __init__(self, safe: "Callable[[], AuditSafe]") -> None:
        self._safe = safe

    def get(self) -> "EpochKey | None":
        return self._safe().keys.get()

    def set(self, key: "EpochKey") -> None:
        self._safe().keys.set(key)


class _Anchors:
    """Implements storage.audit.Anchors by one that is opened late."""

    def __init__(self, safe: "Callable[[], AuditSafe]") -> None:
        self._safe = safe

    def get(self) -> "Anchor | None":
        return self._safe().anchors.get()

    def set(self, anchor: "Anchor") -> None:
        self._safe().anchors.set(anchor)


class _First:
    """Implements storage.audit_desk.FirstKeys by one that is opened late."""

    def __init__(self, safe: "Callable[[], AuditSafe]") -> None:
        self._safe = safe

    def first(self) -> "EpochKey | None":
        return self._safe().first()

    def keep_first(self, key: "EpochKey") -> None:
        self._safe().keep_first(key)

    def erase_first(self) -> None:
        self._safe().erase_first()
