"""Plain sentences: who did what, when, what it means for you, and what to do. Written for a reader of ten.

One sentence for each reason of ``registry.rules.grounds.REASONS``; the weightiest reason's sentence is read first.
Places for dates are filled with days of the authority, written out in the reader's language. The word itself, its
colour and its shape come from the one verdict table (``verification.verdicts``).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.translation import get_language
from django.utils.translation import gettext_noop as _

from api import labels
from api.pages import written
from api.pages.languages import gettext
from registry.rules.grounds import FAVOURABLE

#: What each reason means. ``%(since)s``: since when the state holds; ``%(ended)s``: the last day before it;
#: ``%(until)s``: last day of the answer; ``%(last_day)s``: last day of the licence; ``%(barred)s``: since when
#: barred; ``%(seen)s``, ``%(source)s``: the list a licence is known from.
BECAUSE: Final[dict[str, str]] = {
    "licence.in_force": _("This agency may recruit workers. Its licence is good until %(last_day)s."),
    "licence.not_yet": _("The licence had not been given yet."),
    "licence.pending_activation": _(
        "The licence was granted but is not in force yet. Until it is, this agency must not recruit."
    ),
    "licence.activation_lapsed": _(
        "The agency did not do in time what its licence asked for. So the licence never began."
    ),
    "licence.expired": _("The licence ended on %(ended)s and was not renewed. This agency must not recruit."),
    "licence.suspended_at_expiry": _("It was suspended when it ended."),
    "licence.cancelled": _("The authority ended this licence on %(since)s. This agency must not recruit."),
    "licence.surrendered": _("The agency gave its licence back on %(since)s. It must not recruit."),
    "licence.revoked": _("The authority took this licence away on %(since)s. This agency must not recruit."),
    "licence.void": _(
        "The authority annulled this licence: it should never have been given. This agency must not recruit."
    ),
    "licence.not_found": _("No licence has this number. It may be mistyped, or it may be invented."),
    "licence.mistyped": _(
        "The last letter or number does not fit the others, so at least one of them is wrong."
    ),
    "licence.ambiguous": _("More than one licence has this number. Choose the right one below."),
    "licence.decided_pending_effect": _(
        "The authority has taken a decision that has not begun yet. The record below says from when."
    ),
    "licence.under_appeal": _("A decision about this licence is being appealed."),
    "licence.stayed": _("A decision against this licence is on hold until the appeal is decided."),
    "licence.provisional": _("The licence is provisional: the agency is being tried out."),
    "licence.surveillance": _("The authority is watching this agency more closely than others."),
    "licence.conditions": _("The agency must keep to the conditions below."),
    "suspension.preventive": _(
        "It must not recruit now: suspended since %(since)s. This is a measure for now: nothing has been proved."
    ),
    "suspension.administrative": _(
        "It must not recruit now: suspended since %(since)s, because something that the law asks of "
        "it is missing."
    ),
    "suspension.disciplinary": _(
        "It must not recruit now: suspended since %(since)s, because it broke the rules."
    ),
    "renewal.deemed_in_force": _(
        "The agency asked in time for a new licence. Until that is decided, and no later than "
        "%(until)s, it may go on."
    ),
    "renewal.refused": _("The authority refused to renew the licence."),
    "security.missing": _(
        "The money that the agency must set aside to protect workers is missing. Until it is there, "
        "the agency must not recruit."
    ),
    "scope.limited": _(
        "This agency may recruit only for the jobs and countries named below. For others it must not."
    ),
    "scope.no_new_recruitment": _(
        "This agency must not take on anybody new. It may only finish its work for the workers it already has."
    ),
    "scope.nothing_left": _(
        "Everything that this licence was good for has been taken out of it. This agency must not recruit."
    ),
    "agency.debarred": _("The authority has banned this agency from recruiting since %(barred)s."),
    "listed.on_list": _("This agency stands on the list “%(source)s”, last seen there on %(seen)s."),
    "listed.stale": _(
        "This agency stood on the list “%(source)s” of %(seen)s. That is too long ago to rely on."
    ),
    "listed.before_and_after": _(
        "The lists that show this agency are too far from the day you asked about. So we cannot say."
    ),
    "listed.not_on_latest": _(
        "This agency is not on the latest list. It was last seen on %(seen)s. That does not mean that "
        "its licence was taken away."
    ),
    "listed.not_yet": _("On the day you asked about, no list had shown this agency yet."),
    "listed.status_not_in_force": _(
        "The list “%(source)s” of %(seen)s says that this licence is not in force."
    ),
    "listed.word_unknown": _(
        "The list “%(source)s” says something about this agency that the register cannot read."
    ),
    "history.not_public": _("The register no longer shows what was true on the day you asked about."),
    "record.not_known_then": _("The register knew nothing of this licence then."),
    "record.withheld": _("A part of this record is kept back to protect somebody."),
    "badge.not_found": _(
        "No badge has this code. Check every letter and number. If the code is right, the badge is "
        "not one of ours."
    ),
    "badge.mistyped": _(
        "One of the letters or numbers is wrong. Look at the badge again and type the code once more."
    ),
    "badge.withdrawn": _(
        "This badge was reported lost, copied or replaced. Whoever shows it to you should not have it."
    ),
    "office.not_yet": _("This office is not open yet."),
    "office.closed": _("This office is closed. Nobody may recruit from it."),
    "appointment.not_yet": _("This person does not work for the agency yet."),
    "appointment.ended": _("This person no longer works for the agency."),
    "name.mismatch": _("The name you were given does not belong to this licence."),
    "register.unreachable": _(
        "We could not reach the register. This says nothing about the agency, good or bad."
    ),
}

#: What is not there and is no licence: no reason of a verdict, and said in its own words.
MISSING: Final[dict[str, str]] = {
    "debarment.not_found": _(
        "No ban is shown under this number, or no longer. This does not mean that nobody did wrong: the law lets "
        "a ban be shown for a time only."
    ),
}

#: What a state means, for whoever wants to know; the authority's own legal term stands beside it.
MEANS: Final[dict[str, str]] = {
    "not_granted": _("No licence has been given."),
    "listed": _("The register knows this licence only from a list that somebody else published."),
    "pending_activation": _("The licence was granted but is not in force yet."),
    "active": _("The licence is in force."),
    "renewal_pending": _("The licence has run out; a new one was asked for in time and is being decided."),
    "suspended": _("The licence is stopped for a time. While it is, the agency must not recruit."),
    "expired": _("The licence ran to its last day and was not renewed."),
    "surrendered": _("The agency gave the licence back."),
    "cancelled": _(
        "The authority ended the licence without blaming anybody, for example because the company closed."
    ),
    "revoked": _("The authority took the licence away because the agency broke the rules."),
    "void": _("The licence was obtained by fraud and counts as never given."),
}

#: What is said beside a law that lets a recruiter take money.
ILO: Final = _("The International Labour Organization says that a worker should pay nothing for a job.")

#: What a worker may be asked to pay, by the authority's rule; the sum stands before the sentence.
#: ``%(zero)s``: nothing, in the reader's digits.
FEES: Final[dict[str, str]] = {
    "": _(
        "A worker should pay %(zero)s for a job, says the International Labour Organization. Before you pay "
        "anybody anything, ask the licensing authority."
    ),
    "fee.prohibited": _(
        "You must pay %(zero)s. Report any demand. The law forbids recruiters to take money from workers."
    ),
    "fee.capped": _(
        "This is the most that anybody may ask you to pay, all costs together. Pay only if you get a receipt."
    ),
    "fee.allowed": _(
        "The law lets a recruiter ask you for money and sets no highest amount. Ask for every cost in writing before "
        "you pay."
    ),
}
#: After which of these the ILO is quoted too.
_NOT_FREE: Final = frozenset({"fee.capped", "fee.allowed"})

_COMPARE: Final = _(
    "Compare the name, the address and the phone number below with the people in front of you. A "
    "badge can be copied."
)
_OWN_PHONE: Final = _("Use your own phone. A page shown on somebody else’s phone proves nothing.")
_DO_NOT: Final = _("Do not pay, do not sign, and do not hand over your passport.")
_KEEP: Final = _(
    "Have you paid already? Keep every receipt and message, and ask in writing for your money back."
)
_ASK: Final = _("Ask the licensing authority, or check again later.")
_ANOTHER: Final = _("Look for an agency that is licensed today.")

#: What to do, by result.
STEPS: Final[dict[str, tuple[str, ...]]] = {
    "licensed": (
        _COMPARE,
        _OWN_PHONE,
        _("Never leave your passport with anybody. Ask for a receipt for everything."),
    ),
    "limited": (
        _(
            "See below what this agency may recruit for. If your job or country is not there, do not go "
            "on with it."
        ),
        _COMPARE,
        _OWN_PHONE,
    ),
    "not_licensed": (_DO_NOT, _KEEP, _ANOTHER),
    "unknown": (_("Wait. A licence that we cannot show is no licence you can rely on."), _DO_NOT, _ASK),
    "not_found": (_("Read it again, letter by letter, and type it once more."), _DO_NOT, _ASK),
    "ambiguous": (_("Choose the agency whose name and authority you were told."), _DO_NOT),
    "not_genuine": (
        _DO_NOT,
        _("Leave, and tell the licensing authority where you saw this badge."),
        _ANOTHER,
    ),
}

#: What to do when a reason asks for more than its result does.
STEPS_FOR: Final[dict[str, tuple[str, ...]]] = {
    "badge.withdrawn": (
        _DO_NOT,
        _(
            "Do not trust whoever shows this badge. Look the agency up by its name and go to the address "
            "you find there."
        ),
        _KEEP,
    ),
    "office.closed": (_DO_NOT, _("Look the agency up by its name and go to one of its open offices."), _KEEP),
    "appointment.ended": (
        _DO_NOT,
        _("Call the agency on the number in the register, not on this person’s number."),
        _KEEP,
    ),
    "scope.no_new_recruitment": (
        _DO_NOT,
        _("Has it taken you on already? Ask the licensing authority whether it may go on."),
        _KEEP,
    ),
    "register.unreachable": (
        _("Wait a minute and try again."),
        _("Until you have an answer, do not pay, do not sign, and do not hand over your passport."),
    ),
    "badge.mistyped": (_("Read it again, letter by letter, and type it once more."), _DO_NOT),
}


def sentences(reasons: Sequence[str], facts: Mapping[str, str]) -> list[str]:
    """One sentence for each reason, in the order of weight; where a fact for it is missing, the code's plain text."""
    return [_filled(reason, facts) for reason in weightiest(reasons)]


def weightiest(reasons: Sequence[str]) -> list[str]:
    """The reasons that are told, in the order of weight.

    Beside a limit whatever reads as a plain yes is left out: who reads only one of the two must not read that one.
    """
    limit = next((reason for reason in reasons if reason.startswith("scope.")), None)
    plain = FAVOURABLE - {limit} if limit else frozenset()
    return [reason for reason in reasons if reason not in plain]


def undated(reason: str) -> str:
    """What a reason means in a sentence without days and names; where its own has any, the code's plain text."""
    return _filled(reason, {})


def steps(result: str, reasons: Sequence[str]) -> list[str]:
    """What to do now."""
    special = next((STEPS_FOR[reason] for reason in reasons if reason in STEPS_FOR), None)
    return [gettext(step) for step in special or STEPS.get(result, STEPS["unknown"])]


def fee(rule: str) -> str:
    """What a worker may be asked to pay under that rule; without one, what the ILO says, which is no law here."""
    said = gettext(FEES.get(rule, FEES[""])) % {"zero": written.number(0)}
    return f"{said} {gettext(ILO)}" if rule in _NOT_FREE else said


def meaning(state: str) -> str:
    """What the state means, in a sentence."""
    text = MEANS.get(state, "")
    return gettext(text) if text else ""


def _filled(reason: str, facts: Mapping[str, str]) -> str:
    template = BECAUSE.get(reason)
    if template is None:
        return labels.text("reasons", reason, get_language() or "en")
    try:
        return gettext(template) % facts
    except KeyError:
        return labels.text("reasons", reason, get_language() or "en")
