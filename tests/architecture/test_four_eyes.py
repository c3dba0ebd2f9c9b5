"""Who may act is judged by the register: the desk compares no officers and holds nobody's roles against the law's."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

DESK = Path(__file__).resolve().parents[2] / "api" / "desk"
OFFICERS = {
    "proposed_by", "approved_by", "first_by", "second_by", "waits_by", "closed_by", "ended_by", "recorded_by",
}  # fmt: skip
"""What a record calls the officers that it names."""
READING = {"READERS", "ABOUT_OFFICERS"}
"""Roles that a page may be shown to: reading is no decision."""
ENTRANCE = {"door", "navigation"}
"""The modules that open rooms to roles."""
TAG = re.compile(r"{%\s*(?:el)?if\b[^%]*%}")


def _sets(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else "…"


def _judgements(tree: ast.AST) -> Iterator[str]:
    """Where a module compares officers, or asks whether somebody's roles are among the law's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            named = {
                part.attr for side in sides for part in ast.walk(side) if isinstance(part, ast.Attribute)
            }
            if named & OFFICERS or "number" in {
                part.attr
                for side in sides
                for part in ast.walk(side)
                if isinstance(part, ast.Attribute) and _sets(part.value) in {"by", "form"}
            }:
                yield f"line {node.lineno}: {ast.unparse(node)}"
            if named & {"roles", "approvals", "proposes"}:
                yield f"line {node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd):
            named = {_sets(node.left), _sets(node.right)}
            if named & {"roles", "approvals", "proposes"} and not named & READING:
                yield f"line {node.lineno}: {ast.unparse(node)}"


def test_the_check_sees_what_it_looks_for() -> None:
    for line in (
        "found.proposed_by == visit.by.number",
        "visit.by.number in {found.first_by}",
        "number != visit.by.number",
        "visit.by.roles & M",
        "visit.by.roles & option.step.proposes",
        "Role.ADMINISTRATOR in visit.by.roles",
    ):
        assert list(_judgements(ast.parse(line))), line
    for line in ("visit.by.roles & screening.READERS", "found.agreement.awaits(visit.by, at=visit.at)"):
        assert not list(_judgements(ast.parse(line))), line


def test_no_room_of_the_desk_judges_who_may_act() -> None:
    found = [
        f"{path.relative_to(DESK)} {said}"
        for path in sorted(DESK.rglob("*.py"))
        if path.stem not in ENTRANCE
        for said in _judgements(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, "the record's agreement says who may"


def test_no_template_of_the_desk_judges_who_may_act() -> None:
    found = [
        f"{path.relative_to(DESK)} {tag}"
        for path in sorted(DESK.rglob("*.html"))
        for tag in TAG.findall(path.read_text(encoding="utf-8"))
        if re.search(r"\b(roles|by\.number|" + "|".join(OFFICERS) + r")\b", tag)
    ]
    assert not found, "the view asks the record's agreement"
