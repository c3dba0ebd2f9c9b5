"""The ground: settings that fit on a page, files that name no machine, applications a browser can reach."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "api" / "conf" / "settings.py"
HOSTS = re.compile(r"(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|deb\.debian\.org)", re.IGNORECASE)
PATHS = re.compile(r"/(?<![\w./-].)(?:work|farm|root|home/\w+)/")
THIS = Path(__file__).name


def _tracked() -> list[Path]:
    """What the repository holds; a copy without its history is read as it lies there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 - whichever git there is
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in ROOT.rglob("*") if path.is_file() and not {".venv", "var"} & set(path.parts)]


def _texts() -> Iterator[tuple[Path, str]]:
    for path in _tracked():
        if path.name == THIS or not path.is_file():
            continue
        try:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_no_file_names_a_host_that_packages_come_from_or_a_path_of_one_machine() -> None:
    found = [
        (path, one[0])
        for path, text in _texts()
        for pattern in (HOSTS, PATHS)
        for one in pattern.finditer(text)
    ]
    assert found == []


def test_settings_fit_in_one_reading() -> None:
    assert len(SETTINGS.read_text(encoding="utf-8").splitlines()) < 250


def test_lock_files_carry_hashes() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        pinned = (ROOT / name).read_text(encoding="utf-8")
        wanted = re.findall(r"^[A-Za-z0-9_.\[\]-]+==\S+ \\$", pinned, re.MULTILINE)
        assert len(wanted) == len(re.findall(r"^[A-Za-z0-9]", pinned, re.MULTILINE)), (
            f"{name}: a package without a hash"
        )


@pytest.mark.parametrize("site", ["public_site", "desk_site"])
def test_each_application_answers_on_a_port(site: str, request: pytest.FixtureRequest) -> None:
    address = request.getfixturevalue(site)
    with urlopen(f"{address}/healthz", timeout=5) as answer:  # noqa: S310 - our own address
        assert answer.status == 200


def test_every_dependency_has_a_line_that_says_why() -> None:
    explained = re.findall(
        r"^\| ([^|]+) \|", (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    known = {name.strip() for line in explained for name in re.sub(r"\(.*?\)", "", line).split(",")}
    wanted = []
    for name in ("requirements.in", "requirements-dev.in"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        wanted += [
            re.split(r"[~=<>\[ ]", line)[0] for line in lines if line and not line.startswith(("-", "#"))
        ]
    assert sorted(set(wanted) - known) == []
