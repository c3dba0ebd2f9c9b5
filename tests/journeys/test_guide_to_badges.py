"""The examples of ``docs/verification.md`` on badges, lists, receipts and credentials do what they say."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests import builders
from tests.conftest import Clock
from tests.house import House
from verification import badges, published_keys, statuses, tokens
from verification.signing import Client

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
PART = GUIDE[GUIDE.index("## What is signed about a badge") :]


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PART, re.DOTALL)


@pytest.mark.django_db(transaction=True)
def test_the_examples_on_badges_work_as_printed(
    public_site: str, clock: Clock, sign_for: Callable[..., House], settings: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    settings.REGISTRY_HOST, settings.REGISTRY_SCHEME = public_site.removeprefix("http://"), "http"
    now = clock.stop(datetime.now(UTC).replace(microsecond=0))  # noqa: TID251 - the examples read the world's clock
    builders.authority(at=now)
    number = builders.active(at=now)
    house = sign_for("XA-DLA", at=now)
    code = badges.issue("licence", number, at=now).code
    statuses.refresh(at=now)
    tokens.refresh(at=now)
    published_keys.record(Client(house.path, timeout=10).keys(), at=now)
    monkeypatch.chdir(tmp_path)
    assert import_module("scripts.demo_trust").hold(Path("var/roots"), at=now)

    def here(text: str) -> str:
        text = text.replace("https://verify.example.org", public_site).replace("CODE", code)
        return text.replace("DIGITS", tokens.digits(code, at=now))

    said, names = io.StringIO(), dict[str, Any]()
    with contextlib.redirect_stdout(said):
        for block in blocks("python"):
            exec(compile(here(block), "docs/verification.md", "exec"), names)  # noqa: S102 - our own pages
    lines = said.getvalue().splitlines()
    assert lines[0].startswith("licensed green_outline")
    assert lines[1:] == ["True 0", "True licensed my-file-17", f"credential.genuine {number}"]

    for block in blocks("sh"):
        command = here(block).replace("python ", f"{sys.executable} ", 1)
        ran = subprocess.run(  # noqa: S602 - our own pages
            command,
            shell=True,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert ran.returncode == 0, ran.stderr
        assert "genuine" in ran.stdout or "licensed" in ran.stdout
