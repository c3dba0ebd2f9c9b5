"""What axe objects to on a page that is open, for a sample of pages that differ most from one another."""

import re
from pathlib import Path
from typing import Any, Final

_AXE: Final = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
_CHECK: Final = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target).join(" | ")}`);
}"""
_SAMPLE: Final = re.compile(
    r".*(/desk/|/desk/agencies/AG-[\dA-Z-]+|/desk/licences/[\dA-Z-]+|/steps/suspend_preventive|/proposals/\d+|/holders/\d+"
    r"|/reports/register|/apply/|/people|/agencies/connect|/sign-up)"
)
"""A queue, a dossier, a life, a form, two decisions, a report, an account, a section, a request, a way in."""


def objections(page: Any, address: str) -> list[str]:
    """What axe objects to, by the page's address; nothing where the page is not in the sample."""
    if not _SAMPLE.fullmatch(address):
        return []
    page.evaluate(_AXE)
    return [f"{address}: {one}" for one in page.evaluate(_CHECK)]
