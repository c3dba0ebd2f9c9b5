"""A place of its own for each process of a parallel run, made known before the settings are read.

PostgreSQL counts transactions by server, not by database: a long one in one process would keep another's tests waiting.
"""

import gc
import os
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest

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


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Read every other process's tests from the end: what one has made of a module's asserts the next finds made.

    On a fresh machine that is four seconds of work a process; whatever is wrong with a module is said when it is
    collected.
    """
    if WORKER and int(WORKER.removeprefix("gw")) % 2:
        here = Path(__file__).parent
        asked = {Path(str(given).partition("::")[0]).resolve() for given in session.config.args}
        if here in asked:
            for path in sorted(here.rglob("test_*.py"), reverse=True):
                with suppress(Exception, pytest.skip.Exception):
                    import_module(".".join(path.relative_to(here.parent).with_suffix("").parts))
    return (yield)
