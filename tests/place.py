"""A place of its own for each process of a parallel run, made known before the settings are read.

PostgreSQL counts transactions by server, not by database: a long one in one process would keep another's tests waiting.
"""

import gc
import os
from pathlib import Path

WORKER = os.environ.get("PYTEST_XDIST_WORKER")
EMBEDDED = not os.environ.get("DATABASE_URL")
"""Whether the server is our own under ``var/``, where a run may leave something for the next."""

OWN_SERVER = bool(WORKER) and EMBEDDED
"""Whether the server is this process's alone, so that its settings may be too."""

if OWN_SERVER:
    var = Path(os.environ.get("REGISTRY_VAR") or Path(__file__).resolve().parents[1] / "var")
    os.environ["REGISTRY_VAR"] = str(var / f"tests-{WORKER}")

os.environ.setdefault("REGISTRY_HOST", "127.0.0.1:8000")  # whatever demo this folder has known
os.environ.setdefault("REGISTRY_DESK_HOST", "127.0.0.1:8001")

# Nearly all that a test makes is gone by itself: looking for the rest a hundred times a test takes a tenth of the run.
gc.set_threshold(100_000, 50, 100)
