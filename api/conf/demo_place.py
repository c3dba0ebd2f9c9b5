"""Where the demo that keeps its data under ``var/`` is found, for commands that are given in another terminal.

What the demo signs and publishes names its host; a command that took another for its own would call all of it forged.
"""

import json
from typing import Final

from api.conf import embedded

PUBLIC: Final = "127.0.0.1:8000"
DESK: Final = "127.0.0.1:8001"


def leave(public: str, desk: str) -> None:
    """Remember the hosts of the demo that starts; the data go on naming them after it has stopped."""
    embedded.VAR.mkdir(parents=True, exist_ok=True)
    told = json.dumps({"public": public, "desk": desk})
    (embedded.VAR / "demo.json").write_text(told + "\n", encoding="utf-8")


def known() -> bool:
    """Whether a demo has been started here before."""
    return (embedded.VAR / "demo.json").exists()


def hosts() -> tuple[str, str]:
    """The public host and the desk's of the demo that started last; its usual ones before the first."""
    try:
        told = json.loads((embedded.VAR / "demo.json").read_text(encoding="utf-8"))
        return str(told["public"]), str(told["desk"])
    except (OSError, ValueError, KeyError, TypeError):
        return PUBLIC, DESK
