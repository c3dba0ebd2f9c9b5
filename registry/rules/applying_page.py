"""The page ``docs/applications.md``: the law of applications as people read it, rendered from its table alone."""

from typing import Final

from registry.rules import applying, particulars
from registry.rules.applying import CLOCK_STEPS, STEPS, Step
from registry.rules.policy import Policy

_LAW: Final = Policy()
_HEAD: Final = """# Applications

From a draft to a licence or a refusal. Rendered from `registry/rules/applying.py` by `manage.py api_docs`; a test
compares. An applicant is not licensed in any of these states.

- An agency applies below `/apply/` on the desk's host, with an account and a second factor of its own.
  Sections are saved as typed, answers and requests kept as drafts for their account alone; what is sent no longer
  changes. Papers are PDF, JPEG or PNG by their content, and are scanned before they are kept; without a scanner none
  is taken.
- What happened is an event and only grows. What was said with it (the application, letters, reports,
  objections, answers) stands in a row of its own, apart from the journal; the event keeps its salted digest.
- A grant enters the agency, opens its licence and takes L0 of `docs/lifecycle.md` in one transaction of two
  officers. The licence comes into force with its security (L1), or lapses (A10).
- What two officers decide, one proposes and another agrees to within `proposal_days`; after that it is taken back and
  proposed anew (ADR 0019).
- A renewal is filed on its licence (L15) when the agency sends it. An agency that is in the register applies through
  an account that was connected with it (ADR 0018), and a grant goes to it.
- Where the policy names a fee (`fees`: `application`, `renewal`), an officer records that it was paid before the
  application is taken under review.
- An applicant is told by e-mail of what concerns it, in its language; the mail leads to the page and says no more.
- The public reads of an application while it may object, and of a refusal for as long as the policy says:
  `/applications`.
"""


def as_markdown() -> str:
    """The whole page."""
    lines = [
        _HEAD,
        "## Steps\n",
        "| Step | Action | From | To | Who | Needs | Not by the officer of | Published | |",
    ]
    lines.append("|---|---|---|---|---|---|---|---|---|")
    lines += [_row(step) for step in STEPS.values()]
    lines += ["\n## What the clock does\n", "| Step | From | To | When |", "|---|---|---|---|"]
    lines += [f"| {code} | {source} | {target} | {when} |" for code, source, target, when in CLOCK_STEPS]
    lines += [
        "\n## Days and numbers (defaults of the policy)\n",
        "| What | Policy | Default |",
        "|---|---|---|",
    ]
    named = {name: of for step in STEPS.values() for name, of in step.deadlines}
    lines += [f"| `{name}` | `{of}` | {getattr(_LAW, of)} |" for name, of in named.items()]
    lines += [
        f"| {what} | `{of}` | {getattr(_LAW, of)} |"
        for what, of in (
            ("months that a refusal is public", "refusal_months"),
            ("days after which a draft that nobody wrote in is forgotten", "draft_days"),
            ("points from which an inspection is failed", "inspection_points"),
            ("screening score from which the registrar decides", "phoenix_score"),
        )
    ]
    lines.append(f"\nGrounds of a refusal: {', '.join(sorted(applying.REFUSAL_GROUNDS))}.")
    lines.append(
        f"\nPapers without which an application is not complete: {', '.join(particulars.NEEDED_DOCUMENTS)}."
    )
    return "\n".join(lines) + "\n"


def _row(step: Step) -> str:
    cells = (
        step.code,
        step.action.value,
        ", ".join(sorted(step.sources)) or "–",
        step.target or "(stays)",
        ", ".join(sorted(step.by)),
        ", ".join(sorted(step.needs)),
        ", ".join(sorted(step.unlike)),
        "yes" if step.published else "",
        step.summary,
    )
    return f"| {' | '.join(cells)} |"
