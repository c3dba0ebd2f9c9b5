"""The benchmark's own tools work: they count what was answered, also where wrk is missing, and say how to be used."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import serving
from tests.benchmarks import load


@pytest.mark.parametrize("tool", ["wrk", "a client of our own"])
@pytest.mark.parametrize(
    ("path", "expected", "bad"), [("/healthz", 200, False), ("/api/v1/licences/x", 200, True)]
)
def test_answers_are_counted_and_bad_ones_told_apart(
    tool: str, path: str, expected: int, bad: bool,  # noqa: FBT001 - a column of the table above
    public_site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if tool == "wrk" and load.WRK is None:
        pytest.skip("wrk is not installed")
    monkeypatch.setattr(load, "WRK", load.WRK if tool == "wrk" else None)
    port = urlsplit(public_site).port
    assert port is not None
    subject = load.Subject("some", port, [path], connections=2, counts=10, expected=expected)
    found = load.run(subject, 0.3, tmp_path)
    if not found.answers:  # a machine that stood still so long
        found = load.run(subject, 5, tmp_path)
    assert found.answers >= 10
    assert found.answers % 10 == 0
    assert 0 < found.p50 <= found.p95 <= found.p99
    assert (found.failed > 0) is bad


def test_the_benchmark_says_how_it_is_used() -> None:
    asked = [sys.executable, "-m", "tests.benchmarks.speed", "--help"]
    said = subprocess.run(
        asked, cwd=serving.ROOT, capture_output=True, text=True, check=True, env=serving.environment("")
    )
    assert "--licences" in said.stdout
