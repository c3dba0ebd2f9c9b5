"""The page ``docs/lifecycle.md``: the law as people read it, rendered from the table and nothing else.

Pure: the same table gives the same page, so a test can hold the committed page against the code.
"""

from collections.abc import Iterable
from dataclasses import fields
from typing import Final

from registry.rules import grounds, lifecycle
from registry.rules.lifecycle import CLOCK_STEPS, STEPS, Action, Effect, Kind, Role, State, Stay, Step
from registry.rules.policy import Policy

_LAW: Final = Policy()
_STATES: Final = {
    State.NOT_GRANTED: "opened, or not known at all; not licensed",
    State.LISTED: "known only from somebody's list; licensed on days near a list that shows it",
    State.PENDING_ACTIVATION: "granted, not in force yet; not licensed",
    State.ACTIVE: "in force; licensed",
    State.RENEWAL_PENDING: "its term is over and the law deems it in force until a renewal is decided; licensed",
    State.SUSPENDED: "one suspension or more is open; not licensed",
    State.EXPIRED: "its term is over; not licensed",
    State.SURRENDERED: "given up by the holder; not licensed",
    State.CANCELLED: "ended without fault, lapsed before its activation, or ended by a bar; not licensed",
    State.REVOKED: "taken away for cause; not licensed",
    State.VOID: "annulled back to its grant; never was a licence",
}
_GROUPS: Final = (
    ("any", lifecycle.ANY),
    ("decided", lifecycle.DECIDED),
    ("running", lifecycle.RUNNING),
    ("live", lifecycle.LIVE),
    ("ended", lifecycle.ENDED),
)
_FOR_CAUSE: Final = lifecycle.WRONG - grounds.ENDING
_GROUNDS: Final = (
    ("any", lifecycle.WRONG),
    ("cause", _FOR_CAUSE),
    ("cause or points", _FOR_CAUSE | {"POINTS"}),
    ("danger", grounds.DANGER),
    ("record", grounds.ADMINISTRATIVE),
    ("ending", grounds.ENDING),
    ("fraud", grounds.FRAUD),
)
_EFFECTS: Final = {
    Effect.IMMEDIATE: "at once",
    Effect.NEXT_DAY: "next day",
    Effect.NEXT_WORKING_DAY: "next working day",
    Effect.STATED: "at once, or the day stated",
    Effect.AFTER_APPEAL: "when the days to appeal have run, or at once where it says so",
    Effect.AFTER_STAY: f"after {_LAW.stay_end_working_days} working days",
    Effect.GRANT_DATE: "back to the grant",
}
_STAYS: Final = {Stay.BY_APPEAL: "the appeal stays it", Stay.BY_ORDER: "by order only", Stay.NONE: "–"}
_KINDS: Final = {
    Kind.DECISION: "decision",
    Kind.FILING: "filing",
    Kind.ORDER: "order",
    Kind.FACT: "fact",
    Kind.CORRECTION: "correction",
}
_INTRODUCTION: Final = """\
# The life of a licence

This page is rendered from the table in `registry/rules/lifecycle.py` by `manage.py api_docs`; change the table, not the
page. A step that is not here does not exist. Days are local days of the authority; a legal day begins at its first
instant, which is not 00:00 everywhere. The numbers of days are defaults of the policy set at the end of the page; an
authority states its own. What a step means is frozen into its entry when it is taken, so a changed policy rewrites no
past.

Nothing sets a state: it is worked out from the entries for the instant that is asked about. Suspensions form a set,
and the licence stands again only when all of them are over. A lift, an order that sets something aside and a correction
have no state of their own for that reason: what is left is worked out again.

A filing counts from the day it was received if it is recorded within a few working days of it
(`filing_recorded_working_days`), and from when it is recorded if it is recorded later: a late appeal then stays nothing
by itself, and only an order of the appeals body does. There is one appeal against a decision and one renewal filed for
a term; a refusal of it ends every filing for that term. A further term is granted when the last one granted has begun.

The records of an agency (its name, channels, offices, people) are no steps of a licence. Once the public reads of the
agency, or a grant waits, a licensing officer, supervisor or registrar proposes such a change and another supervisor or
registrar approves it. One officer alone may end a channel or an appointment or close an office, not before yesterday,
with a fresh second factor (ADR 0016).
"""


def as_markdown() -> str:
    """The whole page."""
    parts = (
        _INTRODUCTION,
        _states(),
        _diagram(),
        _steps(),
        _by_the_clock(),
        _named_grounds(),
        _numbers(),
    )
    return "\n".join(parts)


def _states() -> str:
    rows = [(f"`{state.value}`", text) for state, text in _STATES.items()]
    named = "; ".join(f"**{name}**: {_codes(group)}" for name, group in _GROUPS[1:])
    return "\n".join(
        [
            "## States\n",
            *_table(("State", "What it is"), rows),
            f"\nThe tables below name groups of them: **any**: all of them; {named}.\n",
        ]
    )


def _diagram() -> str:
    """The moves between states as a picture; one arrow a pair of states, with the codes of its steps."""
    arrows: dict[tuple[str, str], list[str]] = {}
    targets = {state.value for state in State}
    for step in STEPS.values():
        for source in _in_order(step.sources):
            if step.target in targets and step.target != source.value:
                arrows.setdefault((source.value, step.target), []).append(step.code)
    for code, before, after, _ in CLOCK_STEPS:
        arrows.setdefault((before.value, after.value), []).append(f"{code} by the clock")
    lifted = (State.SUSPENDED.value, State.ACTIVE.value)
    arrows.setdefault(lifted, []).insert(0, STEPS[Action.LIFT].code)
    for source in _in_order(lifecycle.RUNNING | {State.PENDING_ACTIVATION}):
        arrows.setdefault((source.value, State.CANCELLED.value), []).append(STEPS[Action.DEBAR].code)
    lines = [f"    {a} --> {z}: {', '.join(dict.fromkeys(codes))}" for (a, z), codes in arrows.items()]
    return "\n".join(
        [
            "## The picture\n",
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {State.NOT_GRANTED.value}",
            f"    [*] --> {State.LISTED.value}: seen on a list",
            *lines,
            "```",
            "",
        ]
    )


def _steps() -> str:
    head = (
        "Step", "What", "From", "To", "Begins", "Approves", "Officers", "Grounds", "Needs", "May state",
        "Notice and hearing", "Has effect", "Appeal", "Stay", "Published",
    )  # fmt: skip
    return "\n".join(
        [
            "## Steps\n",
            "Whoever begins a step never approves it, and nobody approves twice. A step of one officer is a filing, a",
            "fact or an emergency with its ratification.\n",
            *_table(head, [_row(step) for step in STEPS.values()]),
            "",
        ]
    )


def _row(step: Step) -> tuple[str, ...]:
    return (
        step.code,
        f"`{step.action.value}` ({_KINDS[step.kind]}): {step.summary}",
        _listed(step.sources),
        f"`{step.target}`" if step.target else "–",
        _roles(step.proposes),
        " → ".join(_roles(roles) for roles in step.approvals) or "–",
        str(step.officers),
        _grounds(step.grounds),
        _fields(step.needs),
        _fields(step.optional),
        "; ".join(text for text in (_days(step.notice), step.hearing) if text) or "–",
        _EFFECTS[step.effect],
        _days(step.appeal) or "–",
        _STAYS[step.stay],
        "yes" if step.published else "no",
    )


def _by_the_clock() -> str:
    rows = [(code, f"`{a.value}`", f"`{z.value}`", when) for code, a, z, when in CLOCK_STEPS]
    return "\n".join(
        [
            "## By the clock\n",
            "Worked out when somebody asks, never written and never waiting for a job.\n",
            *_table(("Step", "From", "To", "When"), rows),
            "",
        ]
    )


def _named_grounds() -> str:
    rows = [(f"**{name}**", ", ".join(f"`{code}`" for code in sorted(group))) for name, group in _GROUNDS]
    return "\n".join(["## Grounds\n", *_table(("Name", "Codes"), rows), ""])


def _numbers() -> str:
    rows = [
        (f"`{f.name}`", str(getattr(_LAW, f.name)))
        for f in fields(Policy)
        if f.type is int and f.name != "version"
    ]
    return "\n".join(["## The policy's numbers\n", *_table(("Field", "Default"), rows), ""])


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [_line(head), _line(("---",) * len(head)), *(_line(row) for row in rows)]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _in_order(states: frozenset[State]) -> list[State]:
    return [state for state in State if state in states]


def _listed(states: frozenset[State]) -> str:
    """States by the name of a group or two where they have one, else one by one."""
    for name, group in _GROUPS:
        if states == group:
            return f"**{name}**"
    for name, group in _GROUPS[1:]:
        rest = states - group
        if group < states and (len(rest) == 1 or any(rest == other for _, other in _GROUPS)):
            return f"**{name}**, {_listed(rest)}"
    missing = lifecycle.DECIDED - states
    if len(missing) == 1 and states < lifecycle.DECIDED:
        return f"**decided** but {_codes(missing)}"
    return _codes(states)


def _codes(states: frozenset[State]) -> str:
    return ", ".join(f"`{state.value}`" for state in _in_order(states))


def _roles(roles: frozenset[Role]) -> str:
    return " or ".join(role.value.replace("_", " ") for role in Role if role in roles)


def _grounds(codes: frozenset[str] | None) -> str:
    if codes is None:
        return "–"
    for name, group in _GROUNDS:
        if codes == group:
            return f"**{name}**"
    return ", ".join(f"`{code}`" for code in sorted(codes))


def _fields(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "–"


def _days(policy_field: str | None) -> str:
    return f"{getattr(_LAW, policy_field)} days" if policy_field else ""
