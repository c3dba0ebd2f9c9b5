"""A policy set in words: what each of its numbers means, in which unit, and how two versions differ.

A policy is taken apart into plain values by flat names (``term_active``, ``public_fine``, ``security_B``), the names
that its form has too: one line to read, to compare and to change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from api import labels
from api.pages import written
from registry.rules.applying import FEES
from registry.rules.grounds import SANCTIONS, SanctionKind
from registry.rules.lifecycle import State
from registry.rules.policy import FeeRule, Policy

EVER: Final = _("ever")
"""How a form says that something is published for ever."""


@dataclass(frozen=True, slots=True)
class Word:
    """A plain value of a policy: its flat name, what it is called, what it means, and in which unit it counts."""

    name: str
    label: str
    meaning: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Values that belong together."""

    title: str
    words: tuple[Word, ...]


NUMBERS: Final = (
    Group(
        _("Licences"),
        (
            Word(
                "activation_days",
                _("Time to come into force"),
                _("After the grant. Then the grant lapses."),
                "day",
            ),
            Word(
                "max_term_months",
                _("Longest term"),
                _("No licence is granted or renewed for longer."),
                "month",
            ),
            Word(
                "renewal_filed_days",
                _("Renewal filed at the latest"),
                _("Before the term ends; only then the licence runs on while the renewal is undecided."),
                "day",
            ),
            Word(
                "renewal_deemed_days", _("Runs on at the longest"), _("While a renewal is undecided."), "day"
            ),
            Word(
                "grace_days",
                _("Late renewal"),
                _("How long after its end a licence may still be renewed."),
                "day",
            ),
            Word(
                "surrender_notice_days",
                _("Notice of a surrender"),
                _("From the holder's word until the licence ends."),
                "day",
            ),
        ),
    ),
    Group(
        _("Decisions and appeals"),
        (
            Word(
                "notice_days",
                _("Notice of a decision"),
                _("Before it has effect, where it needs one."),
                "day",
            ),
            Word("representation_days", _("Answer of the holder"), _("To a notice to show cause."), "day"),
            Word("hearing_days", _("Hearing"), _("After a preventive suspension."), "day"),
            Word("appeal_days", _("Appeal"), _("From the decision."), "day"),
            Word(
                "review_days", _("Review of an emergency or interim measure"), _("From the decision."), "day"
            ),
            Word(
                "surveillance_appeal_days", _("Appeal against surveillance"), _("From the decision."), "day"
            ),
            Word("stay_max_months", _("Longest stay"), _("Then it ends by itself."), "month"),
            Word(
                "stay_end_working_days",
                _("After a stay ends"),
                _("Working days until the decision has effect again."),
                "day",
            ),
            Word(
                "filing_recorded_working_days",
                _("Recording a filing"),
                _("Working days within which it counts from the day on which it was received."),
                "day",
            ),
            Word(
                "proposal_days",
                _("A proposal waits"),
                _("For its further officers; then it runs out."),
                "day",
            ),
        ),
    ),
    Group(
        _("Suspensions, points and money"),
        (
            Word(
                "ratify_hours", _("Emergency suspension"), _("Lapses unless it is ratified by then."), "hour"
            ),
            Word(
                "preventive_max_days",
                _("Preventive suspension"),
                _("Lapses unless it is confirmed by then."),
                "day",
            ),
            Word(
                "cumulative_suspension_months",
                _("Suspensions taken together"),
                _("The longest, one after another, as penalties."),
                "month",
            ),
            Word("surveillance_points", _("Points for surveillance"), _("From so many on."), "points"),
            Word(
                "show_cause_points", _("Points for a notice to show cause"), _("From so many on."), "points"
            ),
            Word("points_months", _("Points count"), _("From their entry."), "month"),
            Word(
                "surveillance_months", _("Surveillance"), _("At the least, and after a punishment."), "month"
            ),
            Word("fine_days", _("A fine is paid within"), "", "day"),
            Word("repayment_days", _("Workers are paid back within"), "", "day"),
            Word(
                "replenish_days", _("A security is made whole within"), _("After something was drawn."), "day"
            ),
            Word(
                "bar_months",
                _("Usual length of a bar"),
                _("For information: officers state the days."),
                "month",
            ),
        ),
    ),
    Group(
        _("Applications and requests"),
        (
            Word(
                "completion_days",
                _("Answer to what is missing"),
                _("From the letter that asks for it."),
                "day",
            ),
            Word(
                "completion_lapse_days",
                _("An unanswered application lapses"),
                _("From the same letter."),
                "day",
            ),
            Word(
                "objection_days", _("Objections of the public"), _("From the day on which it is told."), "day"
            ),
            Word("refusal_months", _("A refusal is public"), _("From the day of the decision."), "month"),
            Word(
                "draft_days",
                _("An unsent draft is kept"),
                _("From the day on which it was last saved."),
                "day",
            ),
            Word("inspection_points", _("Points that fail an inspection"), _("From so many on."), "points"),
            Word(
                "phoenix_score",
                _("Score that only the registrar decides"),
                _("How like a revoked or barred firm an applicant is, of 100."),
                "points",
            ),
            Word("subject_days", _("A person's request is answered within"), "", "day"),
            Word("triage_hours", _("A concern is triaged within"), "", "hour"),
            Word(
                "concern_months",
                _("What somebody reported is kept"),
                _("From the day on which the concern is closed; then it is deleted."),
                "month",
            ),
            Word(
                "bulk_limit",
                _("Changes of state at once"),
                _("For information: no step takes more than one agency."),
                "points",
            ),
        ),
    ),
    Group(
        _("Early warning"),
        (
            Word(
                "warning_weeks",
                _("Counts are kept for"),
                _("Of what is asked for in vain, and of badges that count no more."),
                "week",
            ),
        ),
    ),
)
"""The whole numbers, in the order of the form."""

LAW: Final = Word("law", _("The law"), _("As entries quote it: its name and year."))
DEEMED: Final = Word(
    "renewal_deemed_in_force",
    _("A renewal filed in time keeps the licence in force until it is decided"),
)
WEEKEND: Final = Word("weekend", _("Days of rest"), _("They are no working days."))
HOLIDAYS: Final = Word(
    "holidays", _("Public holidays"), _("One day a line, as 2026-12-25. They are no working days.")
)
HELP_LINES: Final = Word(
    "help_lines",
    _("Help lines"),
    _("One a line: Police = 112. Whoever reports a concern reads them, and first of all."),
)
SECURITIES: Final = Word(
    "securities", _("Securities"), _("One class a line: B = 100000 XTS. A class without a line needs none.")
)
DISTRICTS: Final = Word(
    "districts",
    _("Districts"),
    _(
        "Where a visitor may say that a badge was shown. One a line: NP-P3 = Bagmati. Empty: those of ISO 3166-2."
    ),
)
FEE_RULE: Final = Word(
    "fee_rule",
    _("Fees of workers"),
    _("Whether a recruiter may ask a worker for money. The public reads it."),
)
FEE_AMOUNT: Final = Word("fee_amount", _("Cap: amount"), _("In major units. Only where the fee is capped."))
FEE_CURRENCY: Final = Word("fee_currency", _("Cap: currency"), _("Three letters."))
FEE_MONTHS: Final = Word("fee_months_of_wage", _("Cap: months of the first wage"), _("Instead of an amount."))
FEE_LAW: Final = Word("fee_law", _("Where that is written"))

RULES: Final = {
    "": _("not stated"),
    FeeRule.PROHIBITED.value: _("nothing may be asked"),
    FeeRule.CAPPED.value: _("up to a cap"),
    FeeRule.ALLOWED.value: _("without a cap"),
}
APPLYING: Final = {"application": _("Fee of an application"), "renewal": _("Fee of a renewal")}
WEEKDAYS: Final = (
    _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"),
)  # fmt: skip


def _applying() -> tuple[Word, ...]:
    help_text = _("What an applicant pays, such as 250.00 XTS. Empty: nothing.")
    return tuple(Word(f"fee_of_{name}", APPLYING[name], help_text) for name in FEES.values())


def _terms() -> tuple[Word, ...]:
    states = (state.value for state in State if state is not State.NOT_GRANTED)
    return tuple(Word(f"term_{state}", labels.STATES[state]) for state in states)


def _publication() -> tuple[Word, ...]:
    return tuple(
        Word(f"public_{kind.value}", labels.SANCTIONS[kind.value], unit="public") for kind in SanctionKind
    )


GROUPS: Final = (
    Group(_("The law"), (LAW, WEEKEND, HOLIDAYS)),
    Group(NUMBERS[0].title, (*NUMBERS[0].words[:4], DEEMED, *NUMBERS[0].words[4:])),
    *NUMBERS[1:3],
    Group(
        _("Security and fees"),
        (SECURITIES, FEE_RULE, FEE_AMOUNT, FEE_CURRENCY, FEE_MONTHS, FEE_LAW, *_applying()),
    ),
    Group(NUMBERS[3].title, (*NUMBERS[3].words, HELP_LINES)),
    Group(NUMBERS[4].title, (*NUMBERS[4].words, DISTRICTS)),
    Group(_("How long the public reads of a sanction"), _publication()),
    Group(_("What the law calls the states of a licence"), _terms()),
)
"""All of a policy, in the order of its pages."""

COUNTS: Final = frozenset(word.name for group in NUMBERS for word in group.words)
_WORDS: Final = {word.name: word for group in GROUPS for word in group.words}


def flat(policy: Policy) -> dict[str, Any]:
    """The policy by flat names; what it does not state is absent."""
    plain = policy.as_json()
    told: dict[str, Any] = {name: plain[name] for name in ("law", "renewal_deemed_in_force", *sorted(COUNTS))}
    told |= {"weekend": tuple(plain["weekend"]), "holidays": tuple(plain["holidays"])}
    told |= {
        f"security_{kind}": f"{one['amount']} {one['currency']}" for kind, one in plain["securities"].items()
    }
    told |= {f"fee_{name}": value for name, value in (plain["worker_fee"] or {}).items() if value}
    told |= {f"help_line_{name}": number for name, number in plain["help_lines"].items()}
    told |= {f"fee_of_{name}": value for name, value in plain["fees"].items() if value}
    told |= {"districts": _lines(plain["districts"])} if plain["districts"] else {}
    told |= {f"term_{state}": word for state, word in plain["legal_terms"].items() if word}
    told |= {f"public_{kind.value}": policy.public_months(kind) for kind in SanctionKind}
    return told


def _lines(districts: Mapping[str, str]) -> str:
    """Districts as they are typed."""
    return "\n".join(f"{code} = {name}" for code, name in sorted(districts.items()))


def label(name: str) -> str:
    """What the value of that flat name is called."""
    if name in _WORDS:
        return gettext(_WORDS[name].label)
    kind, _by, rest = name.partition("_")
    if kind == "security":
        return gettext("Security of class %(class)s") % {"class": rest}
    if name.startswith("help_line_"):
        return gettext("Help line: %(name)s") % {"name": name.removeprefix("help_line_")}
    return rest


def said(name: str, value: Any) -> str:
    """The value in words, with its unit."""
    if name.startswith("public_"):
        return published(value)
    unit = _WORDS[name].unit if name in _WORDS else ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, int) and unit in {"day", "week", "month", "hour"}:
        return written.duration(value, unit)
    if isinstance(value, tuple):
        days = (gettext(WEEKDAYS[day]) if name == "weekend" else written.stated(day) for day in value)
        return written.listed(days) or gettext("none")
    return gettext(RULES[value]) if name == "fee_rule" else str(value)


def published(months: int | None) -> str:
    """For how long the public reads of something: so many months after its effect, for ever, or never."""
    if months is None:
        return gettext("for ever")
    return written.duration(months, "month") if months else gettext("never")


def standard(kind: str) -> str:
    """For how long the public reads of that kind of sanction where a policy says nothing."""
    return published(SANCTIONS[SanctionKind(kind)].public_months)


def differences(before: Policy | None, after: Policy) -> Iterator[tuple[str, str, str]]:
    """Each value that is another in ``after``: what it is called, how it was and how it is, as the pages order them."""
    if before is None:
        return
    was, now = flat(before), flat(after)
    order = [word.name for group in GROUPS for word in group.words]
    others = sorted((was.keys() | now.keys()) - set(order))
    for name in (*order, *others):
        if was.get(name, _ABSENT) != now.get(name, _ABSENT):
            before_, after_ = (
                said(name, told[name]) if name in told else gettext("not stated") for told in (was, now)
            )
            yield label(name), before_, after_


_ABSENT: Final = object()


def shown(policy: Policy) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The whole policy group by group: the title, and each value with what it is called."""
    told = flat(policy)
    left = {name for name in told if name not in _WORDS}
    for group in GROUPS:
        rows = [
            (gettext(word.label), said(word.name, told[word.name]))
            for word in group.words
            if word.name in told
        ]
        if SECURITIES in group.words:
            kept = sorted(name for name in left if name.startswith("security_"))
            none = [(gettext(SECURITIES.label), gettext("none is needed"))]
            rows = [*([(label(name), told[name]) for name in kept] or none), *rows]
        if HELP_LINES in group.words:
            rows += [(label(name), told[name]) for name in sorted(left) if name.startswith("help_line_")]
        yield gettext(group.title), rows
