"""Pictures of what the tests see, for whoever wants to look: ``REGISTRY_PICTURES=1`` keeps them under ``var/pictures``.

Drawing and packing them takes a tenth of a browser test's time, and no test asks anything of them.
"""

import os
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parents[1] / "var" / "pictures"


def wanted() -> bool:
    """Whether somebody wants to look."""
    return bool(os.environ.get("REGISTRY_PICTURES"))
