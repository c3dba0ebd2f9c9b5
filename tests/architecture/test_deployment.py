"""What a place may not be when the public relies on it, and how it says what is missing."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from api.conf import checks, environment

ROOT = Path(__file__).resolve().parents[2]
DEPLOYED = {
    "REGISTRY_CLOCK": "",
    "REGISTRY_DEMO": False,
    "DEBUG": False,
    "SECRET_KEY": "s" * 50,
    "REGISTRY_IDENTITY_KEY": "i" * 50,
    "REGISTRY_GATEWAY_SECRETS": (),
    "REGISTRY_HOST": "verify.registry.example",
    "REGISTRY_DESK_HOST": "desk.registry.example",
    "REGISTRY_SCHEME": "https",
    "REGISTRY_TRUSTED_PROXIES": 1,
    "REGISTRY_CLAMD": "scanner:3310",
    "REGISTRY_SECURITY_CONTACT": ("mailto:security@registry.example",),
    "ALLOWED_HOSTS": ["verify.registry.example", "desk.registry.example"],
}


def _found(**changed: object) -> list[str]:
    with override_settings(**DEPLOYED | changed):
        return [message.id or "" for message in checks.refuse_a_demo()]


def test_a_place_that_is_set_up_well_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_SMTP", "smtps://register:secret@mail.registry.example")
    assert _found() == []
    monkeypatch.delenv("REGISTRY_SMTP")
    assert _found() == ["registry.W011"]


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"REGISTRY_CLOCK": "2026-05-01T00:00:00Z"}, "registry.E001"),
        ({"REGISTRY_DEMO": True}, "registry.E002"),
        ({"DEBUG": True}, "registry.E003"),
        ({"SECRET_KEY": "demo-only-secret-that-check-deploy-refuses"}, "registry.E004"),
        ({"REGISTRY_IDENTITY_KEY": "short"}, "registry.E004"),
        ({"REGISTRY_CONCERN_KEY": "short"}, "registry.E004"),
        ({"REGISTRY_GATEWAY_SECRETS": (settings.DEMO_GATEWAY_SECRET,)}, "registry.E004"),
        ({"REGISTRY_GATEWAY_SECRETS": ("whsec_tooshort",)}, "registry.E004"),
        ({"REGISTRY_IDENTITY_KEY": "s" * 50}, "registry.E005"),
        ({"REGISTRY_HOST": "127.0.0.1:8000"}, "registry.E006"),
        ({"REGISTRY_HOST": "desk.registry.example"}, "registry.E007"),
        ({"ALLOWED_HOSTS": ["*"]}, "registry.E008"),
        ({"REGISTRY_SCHEME": "http"}, "registry.E009"),
        ({"REGISTRY_TRUSTED_PROXIES": 0}, "registry.W001"),
        ({"REGISTRY_CLAMD": ""}, "registry.W010"),
        ({"REGISTRY_SECURITY_CONTACT": ()}, "registry.W003"),
        ({"REGISTRY_SECURITY_CONTACT": ("security@registry.example",)}, "registry.W003"),
    ],
)
def test_a_place_that_runs_as_a_demo_does_is_refused(changed: dict[str, object], refusal: str) -> None:
    assert refusal in _found(**changed)


def test_a_wrong_or_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_PROCESSES", "many")
    monkeypatch.setenv("REGISTRY_DEMO", "perhaps")
    monkeypatch.delenv("DATABASE_ADMIN_URL", raising=False)
    with pytest.raises(ImproperlyConfigured, match="REGISTRY_PROCESSES is 'many': say a whole number"):
        environment.whole("REGISTRY_PROCESSES", 2, least=1)
    with pytest.raises(ImproperlyConfigured, match="REGISTRY_DEMO is 'perhaps': say true or false"):
        environment.flag("REGISTRY_DEMO", default=False)
    with pytest.raises(ImproperlyConfigured, match="DATABASE_ADMIN_URL is not set: who"):
        environment.required("DATABASE_ADMIN_URL", "who may create roles")


HOLDER = """
import sys
from api.conf import embedded
embedded.hold()
print(embedded.url(), flush=True)
sys.stdin.readline()
"""


def _holder(var: Path) -> tuple[subprocess.Popen[str], str]:
    place = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    holder = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", HOLDER],
        cwd=ROOT,
        env=place | {"REGISTRY_VAR": str(var)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    return holder, holder.stdout.readline().strip()


def _runs(address: str) -> bool:
    try:
        with psycopg.connect(address) as connection:
            return connection.execute("SELECT current_user").fetchone() == ("registry_app",)
    except psycopg.OperationalError:
        return False


def test_the_last_process_to_leave_stops_the_embedded_database_even_after_a_crash(tmp_path: Path) -> None:
    first, address = _holder(tmp_path / "var")
    second, same = _holder(tmp_path / "var")
    assert address == same
    assert _runs(address)
    first.kill()
    first.communicate()
    assert _runs(address)
    second.communicate("leave\n")
    assert not _runs(address)
