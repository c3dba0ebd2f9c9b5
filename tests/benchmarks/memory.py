"""A deployment's memory for the embedded server of a benchmark."""

import subprocess
import sys
from pathlib import Path
from typing import Final

SHARED: Final = "2GB"
"""What PostgreSQL keeps of its files itself: a quarter of a small server's memory, as its manual advises. With the
128 MB that it has by itself, a million licences measure the disk."""


def give() -> None:
    """Have the server of ``REGISTRY_VAR`` run with it from its next start on; nobody may hold the server now."""
    told = (
        "import psycopg; from api.conf import embedded; embedded.hold();"
        " psycopg.connect(embedded.url(embedded.ADMINISTRATOR), autocommit=True)"
        f".execute(\"ALTER SYSTEM SET shared_buffers = '{SHARED}'\")"
    )
    subprocess.run([sys.executable, "-c", told], cwd=Path(__file__).resolve().parents[2], check=True)
