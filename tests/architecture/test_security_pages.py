"""What the pages on threats, ceremony and recovery say is there is there: code, tests, commands and their words."""

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.core.management import load_command_class

from verification import ceremony

ROOT = Path(__file__).resolve().parents[2]
THREATS = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
ROWS = [line for line in THREATS.splitlines() if line.startswith("| ") and not line.startswith("| Threat")]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
CODE = re.compile(r"`((?:api|registry|verification)/[\w/]+\.py)`")


@cache
def _functions(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_threat_names_code_and_tests_that_there_are_and_what_is_left(row: str) -> None:
    _, _, against, tests, left, _ = row.split("|")
    assert left.strip()
    modules, named = CODE.findall(against), TEST.findall(tests)
    assert modules
    assert named
    assert [path for path in modules if not (ROOT / path).is_file()] == []
    assert [(path, name) for path, name in named if name not in _functions(path)] == []


def test_every_path_and_test_of_the_page_is_written_so_that_it_is_looked_for() -> None:
    found = {path for path, _ in TEST.findall(THREATS)} | set(CODE.findall(THREATS))
    paths = set(re.findall(r"(?:api|registry|verification|tests)/[\w/]+\.py", THREATS))
    assert paths - found == {"tests/architecture/test_security_pages.py"}


def _commands() -> Iterator[str]:
    for page in ("ceremony.md", "recovery.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8").replace("\\\n", " ")
        for block in re.findall(r"^ *```\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
            yield from (line.strip() for line in block.splitlines() if line.strip())


COMMANDS = sorted(set(_commands()))


def test_the_pages_have_commands() -> None:
    assert len(COMMANDS) > 8


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_pages_is_understood(line: str) -> None:
    words = shlex.split(line.partition(" > ")[0])
    if words[:3] == ["python", "-m", "verification.ceremony"]:
        assert ceremony._parser().parse_args(words[3:])
        return
    assert words[:2] == ["python", "manage.py"], line
    command = load_command_class("api", words[2])
    assert command.create_parser("manage.py", words[2]).parse_args(words[3:])
