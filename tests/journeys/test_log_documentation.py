"""The examples of ``docs/verification.md`` about the log do what they say, copied as they stand."""

import contextlib
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings, settings

from registry import clock
from tests import builders
from tests.verification.logging_place import place_with_signer
from verification import dumps

PAGE = (Path(settings.ROOT) / "docs" / "verification.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## The transparency log")[2].partition("\n## ")[0]
SITE = "https://verify.example.org"


@pytest.fixture
def site(public_site: str, tmp_path: Path, settings: LazySettings) -> Iterator[str]:
    """A register with a licence, a signed log and a dump."""
    settings.REGISTRY_DUMPS = tmp_path / "dumps"
    (tmp_path / "keys").mkdir()
    with place_with_signer(tmp_path / "keys", settings):
        builders.authority()
        builders.active()
        dumps.publish(at=clock.now())
        yield public_site


def test_the_examples_run_as_they_stand(site: str, tmp_path: Path) -> None:
    examples = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    told = []
    for example in examples:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(example.replace(SITE, site), "docs/verification.md", "exec"), {})  # noqa: S102 - our own page
        told.append(printed.getvalue())
    assert [line.split(":")[0].split(" of ")[0].split(" is ")[0][:5] for line in told] == [
        "entry",
        "the l",
        "full-",
    ]
    (command,) = re.findall(r"\$ python (.*)\n", SECTION)
    words = command.replace(SITE, site).replace("audit.json", str(tmp_path / "audit.json")).split()
    done = subprocess.run(
        [sys.executable, *words], cwd=settings.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("no differences.\n")


def test_the_page_tells_of_every_address_of_the_log() -> None:
    from api.public import log

    for pattern in log.urlpatterns[:-1]:
        assert f"/log/{str(pattern.pattern).partition('<')[0]}" in SECTION, pattern
