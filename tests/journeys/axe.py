"""What axe objects to on a page that is open."""

from pathlib import Path
from typing import Any, Final

SCRIPT: Final = Path(__file__).parent / "vendor" / "axe.min.js"
"""For a window that looks at every page; any other gets it when it is asked."""
_CHECK: Final = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"], preload: false });
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target).join(" | ")}`);
}"""


def objections(page: Any) -> list[str]:
    """One line for each rule that the page breaks, with where."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    return list(page.evaluate(_CHECK))
