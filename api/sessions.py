"""Sessions as Django keeps them in the database, read by a statement that is planned once a connection.

Every page of the desk begins with that read; Django's own would be put together and planned anew for each.
"""

from typing import Any, Final

from django.contrib.sessions.backends import db

from registry import prepared

_KEPT: Final = prepared.Statement(
    "session", "SELECT session_data FROM django_session WHERE session_key = $1 AND expire_date > now()"
)


class SessionStore(db.SessionStore):
    """The engine that ``SESSION_ENGINE`` names."""

    def load(self) -> dict[str, Any]:
        """What the session holds; nothing, and no key to keep it by, where it ended or never was."""
        key = self.session_key or ""
        # Of another shape than Django's none was ever given; a NUL would end the value early, within the database.
        held = _KEPT.rows(key) if key.isascii() and key.isalnum() else []
        if not held:
            self._session_key = None
            return {}
        return dict(self.decode((held[0][0] or b"").decode()))
