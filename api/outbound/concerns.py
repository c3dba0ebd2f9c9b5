"""Telling somebody who reported a concern that there is an answer; where no way to send is set up, the page tells it.

A notice never says what about: somebody else may hold the telephone. A gateway adds itself to ``WAYS``, and asks
``registry.remedy.intake.reach`` where to send.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

_log = logging.getLogger("api.outbound")
WAYS: Final[list[Callable[..., bool]]] = []
"""Each takes the concern's code and ``at=`` and says whether it took the notice; the first that does is enough."""


def notify(code: str, *, at: datetime) -> bool:
    """Have the person told that there is news of their concern; whether any way has taken it.

    A way that fails fails nobody else: what an officer did is done, and the status page tells it.
    """
    for way in WAYS:
        try:
            if way(code, at=at):
                return True
        except Exception:  # noqa: BLE001 - whatever a gateway does
            _log.exception("a notice could not be sent")
    return False
