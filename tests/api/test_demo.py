"""The demonstration is lawful: it is made by the register's own steps and checks out."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api import demo
from registry import agenda, audit, lookup, screening
from registry.rules.lifecycle import Actor, Role
from verification import badges

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 22, 9, 10, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_the_demo_is_an_honest_register(tmp_path: Path, settings: Any) -> None:
    settings.REGISTRY_DOCUMENTS = tmp_path
    made = demo.load(at=AT)
    assert made["agencies"] >= 40
    assert list(audit.differences(at=AT)) == []
    page = lookup.agencies(at=AT, limit=1000)
    assert len(page.data) == made["licences"]
    assert all("DEMO" in row["name"] for row in page.data)
    by_name = {row["name"]: row["licence"] for row in page.data}
    bluefinch = by_name["Bluefinch Manpower (DEMO)"]
    assert (bluefinch["state"], bluefinch["result"]) == ("suspended", "not_licensed")
    past = lookup.public_past(bluefinch["number"], at=AT - timedelta(days=2, hours=6), now=AT)
    assert past.result == "licensed"
    assert {row["licence"]["state"] for row in page.data} >= {
        "active", "suspended", "expired", "revoked", "void", "surrendered", "renewal_pending",
    }  # fmt: skip
    assert {row["licence"]["result"] for row in page.data} == {"licensed", "limited", "not_licensed"}
    assert badges.for_subject("licence", bluefinch["number"])
    officer = Actor("XA-DLA-101", "XA-DLA", frozenset({Role.OFFICER}))
    screening.run_due(at=AT)
    waiting = {one.matter for one in agenda.read(agenda.Wanted(), by=officer, at=AT).items}
    assert waiting >= {agenda.Matter.APPLICATION, agenda.Matter.MATCH, agenda.Matter.SECURITY}
    assert demo.load(at=AT) == {"agencies": 0, "licences": 0, "badges": 0}, "a second start changes nothing"


_HOSTS = (
    "from django.conf import settings as s; print(s.REGISTRY_HOST, s.REGISTRY_DESK_HOST, s.ALLOWED_HOSTS[0])"
)


def _hosts(var: Path, **place: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    kept |= {"REGISTRY_VAR": str(var), "DATABASE_URL": "postgresql:///none", **place}
    kept["DJANGO_SETTINGS_MODULE"] = "api.conf.settings"
    done = subprocess.run([sys.executable, "-c", _HOSTS], cwd=ROOT, env=kept, capture_output=True, text=True,
                          check=True)  # fmt: skip
    return str(done.stdout.strip())


def test_a_command_speaks_for_the_demo_that_keeps_its_data_here(tmp_path: Path) -> None:
    assert _hosts(tmp_path) == "127.0.0.1:8000 127.0.0.1:8001 127.0.0.1"
    (tmp_path / "demo.json").write_text('{"public": "127.0.0.1:8700", "desk": "127.0.0.1:8701"}')
    assert _hosts(tmp_path) == "127.0.0.1:8700 127.0.0.1:8701 127.0.0.1"
    assert _hosts(tmp_path, REGISTRY_HOST="verify.example").startswith(
        "verify.example 127.0.0.1:8701 verify."
    )
    real = {"REGISTRY_DEMO": "false", "REGISTRY_SECRET_KEY": "x", "REGISTRY_IDENTITY_KEY": "y"}
    assert _hosts(tmp_path, **real).startswith("127.0.0.1:8000 "), "only a demo reads what a demo left"
