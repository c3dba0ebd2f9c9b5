"""The invented list that the repository ships, taken in by the very command that the README gives."""

import io
import json
import re
import shlex
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from registry.models import Licence

pytestmark = pytest.mark.django_db


def _command() -> list[str]:
    readme = (settings.ROOT / "README.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"manage\.py intake (.+)", readme)
    return [str(settings.ROOT / word) if "/" in word else word for word in shlex.split(found)]


def test_the_readmes_list_is_tried_and_taken_in(tmp_path: Path) -> None:
    told = tmp_path / "report.json"
    command = [*_command(), "--report", str(told)]
    assert "--dry-run" in command
    call_command("intake", *command, stdout=io.StringIO(), stderr=io.StringIO())
    tried = json.loads(told.read_text())
    assert not Licence.objects.exists()
    command.remove("--dry-run")
    call_command("intake", *command, stdout=io.StringIO(), stderr=io.StringIO())
    taken = json.loads(told.read_text())
    for report in (tried, taken):
        assert (report["rows"], report["accepted"], report["flagged"], report["refused"]) == (7, 4, 2, 1)
        assert (report["added"], report["changed"], report["gone"]) == (6, 0, 0)
        codes = Counter(problem["code"] for problem in report["problems"])
        assert codes == {"cell.absent": 2, "word.undeclared": 1}
    assert Licence.objects.filter(origin="listed").count() == 6
