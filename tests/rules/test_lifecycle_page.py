"""``docs/lifecycle.md`` is the table, read by people: it is rendered, complete and up to date."""

from pathlib import Path

import pytest

from registry.rules import lifecycle_page
from registry.rules.lifecycle import CLOCK_STEPS, STEPS, Action, State, Step

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def row(code: str) -> list[str]:
    """The cells of a step's row."""
    line = next(line for line in lifecycle_page.as_markdown().splitlines() if line.startswith(f"| {code} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_committed_page_is_what_the_code_renders() -> None:
    assert PAGE.read_text(encoding="utf-8") == lifecycle_page.as_markdown(), "run manage.py api_docs"


@pytest.mark.parametrize("step", STEPS.values(), ids=lambda step: step.code)
def test_each_step_has_its_row_with_its_officers(step: Step) -> None:
    cells = row(step.code)
    assert step.action.value in cells[1]
    assert cells[6] == str(step.officers)
    assert cells[5].count("→") == max(0, len(step.approvals) - 1)
    assert (cells[14] == "yes") is step.published
    for field in step.needs:
        assert f"`{field}`" in cells[8]


def test_a_row_says_what_the_law_says() -> None:
    assert row("L10")[2:8] == [
        "**running**", "`revoked`", "officer or supervisor or registrar",
        "supervisor or registrar → registrar", "3", "**cause**",
    ]  # fmt: skip
    assert row("L10")[10:14] == [
        "21 days; show cause and hearing", "when the days to appeal have run, or at once where it says so",
        "28 days", "the appeal stays it",
    ]  # fmt: skip


def test_the_picture_shows_every_state_and_no_forbidden_move() -> None:
    picture = lifecycle_page.as_markdown().split("```")[1]
    assert picture.startswith("mermaid\nstateDiagram-v2")
    for state in State:
        assert f" {state.value}" in picture
    for code, before, after, _ in CLOCK_STEPS:
        arrow = next(line for line in picture.splitlines() if f" {before.value} --> {after.value}:" in line)
        assert f"{code} by the clock" in arrow
    for forbidden in ("revoked --> expired", "revoked --> surrendered", "expired --> suspended", "void -->"):
        assert forbidden not in picture
    assert f"suspended --> active: {STEPS[Action.LIFT].code}" in picture
