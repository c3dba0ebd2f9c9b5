"""Every code of the register with its text in the reader's language.

The register speaks in codes; people read texts. Texts go through gettext once, when a language is first used,
into tables that live as long as the process: answering costs one look into a table, never a catalogue.
Published bodies carry coded things as ``{"code":"…"}``; :func:`spliced` puts the text beside each code with
one pass of one pattern (inside a JSON string the quotes are escaped, so nobody's name can look like a code).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from django.conf import settings
from django.utils.translation import gettext, override
from django.utils.translation import gettext_noop as _
from django.utils.translation.trans_real import parse_accept_lang_header

RESULTS: Final = {
    "licensed": _("Licensed"),
    "limited": _("Licensed with limits"),
    "not_licensed": _("Not licensed"),
    "unknown": _("Could not be checked"),
    "not_found": _("Not in this register"),
    "ambiguous": _("More than one licence has this number"),
    "not_genuine": _("Not genuine"),
}

STATES: Final = {
    "not_granted": _("No licence yet"),
    "listed": _("Known from a published list"),
    "pending_activation": _("Granted, not yet in force"),
    "active": _("In force"),
    "renewal_pending": _("Renewal being decided"),
    "suspended": _("Suspended"),
    "expired": _("Expired"),
    "surrendered": _("Given up by the holder"),
    "cancelled": _("Cancelled"),
    "revoked": _("Revoked"),
    "void": _("Annulled"),
}

OVERLAYS: Final = {
    "provisional": _("Provisional licence"),
    "conditions": _("Conditions apply"),
    "surveillance": _("Under surveillance by the authority"),
    "partial": _("Some countries or occupations are excluded"),
    "under_appeal": _("A decision is under appeal"),
    "stayed": _("A decision is on hold"),
    "debarred": _("The agency is banned"),
    "decided_pending_effect": _("A decision is made and takes effect later"),
    "suspended_at_expiry": _("It was suspended when it expired"),
    "renewal_filed": _("A renewal is filed"),
}

REASONS: Final = {
    "licence.in_force": _("The licence is in force."),
    "licence.not_yet": _("The licence did not exist yet."),
    "licence.pending_activation": _("The licence was granted but is not in force yet."),
    "licence.activation_lapsed": _(
        "The licence was granted but never came into force; the time for it has passed."
    ),
    "licence.expired": _("The licence has expired."),
    "licence.suspended_at_expiry": _("The licence was suspended when it expired."),
    "licence.cancelled": _("The licence was cancelled."),
    "licence.surrendered": _("The holder gave the licence up."),
    "licence.revoked": _("The authority took the licence away."),
    "licence.void": _("The licence was annulled: it was obtained by fraud."),
    "licence.not_found": _("No licence has this number."),
    "licence.mistyped": _("The number is mistyped."),
    "licence.ambiguous": _("More than one licence has this number."),
    "licence.decided_pending_effect": _("The authority has made a decision that takes effect later."),
    "licence.under_appeal": _("A decision about this licence is under appeal."),
    "licence.stayed": _("A decision about this licence is on hold."),
    "licence.provisional": _("The licence is provisional."),
    "licence.surveillance": _("The authority is watching this agency closely."),
    "licence.conditions": _("The licence is subject to conditions."),
    "suspension.preventive": _(
        "The licence is suspended while the authority inquires. Nothing has been proved."
    ),
    "suspension.administrative": _("The licence is suspended until the agency puts its papers in order."),
    "suspension.disciplinary": _("The licence is suspended as a penalty."),
    "renewal.deemed_in_force": _("The licence stays in force while its renewal is being decided."),
    "renewal.refused": _("The authority refused to renew the licence."),
    "security.missing": _("The security that the law asks for is not in force."),
    "scope.limited": _("The licence is not good for every country or occupation."),
    "scope.no_new_recruitment": _(
        "The agency may finish its work for the workers it already has. It may not take on anybody new."
    ),
    "scope.nothing_left": _("Every country or occupation of the licence is cut out of it."),
    "agency.debarred": _("The agency is banned from recruiting."),
    "listed.on_list": _("A list that was published close to the day you asked about shows this licence."),
    "listed.stale": _("The latest list we have is too old to say."),
    "listed.before_and_after": _(
        "Lists before and after show it, but none close enough to the day you asked about."
    ),
    "listed.not_on_latest": _("It is not on the latest list of the authority."),
    "listed.not_yet": _("It was not on any list by then."),
    "listed.status_not_in_force": _("The list shows it with a status that is not in force."),
    "listed.word_unknown": _("The list says something of this licence that we cannot read."),
    "history.not_public": _("What the register held about that day is no longer public."),
    "record.not_known_then": _("The register did not know of it then."),
    "record.withheld": _("Part of the record is withheld for somebody's safety."),
    "badge.not_found": _("This code is not in this register."),
    "badge.mistyped": _("The code is mistyped."),
    "badge.withdrawn": _("This badge was withdrawn: it was lost or copied."),
    "office.not_yet": _("The office was not open yet."),
    "office.closed": _("The office is closed."),
    "appointment.not_yet": _("The person did not act for the agency yet."),
    "appointment.ended": _("The person does not act for the agency any more."),
    "name.mismatch": _("The holder of this licence has another name."),
    "register.unreachable": _("The register cannot be reached now."),
}

GROUNDS: Final = {
    "FEE-PROHIBITED": _("Took a fee that the law forbids"),
    "FEE-OVERCHARGE": _("Took a higher fee than the law allows"),
    "CONTRACT-SUBSTITUTION": _("Replaced a worker's contract by a worse one"),
    "MISREPRESENTATION": _("Said things about a job or itself that were not true"),
    "FALSE-DOC": _("Used forged documents"),
    "NON-DEPLOYMENT-NO-REFUND": _("Did not send workers and did not pay them back"),
    "PASSPORT-RETENTION": _("Kept workers' passports"),
    "DEBT-BONDAGE": _("Bound workers by debt"),
    "FORCED-LABOUR": _("Forced labour"),
    "TRAFFICKING": _("Trafficking in persons"),
    "CHILD": _("Recruited children"),
    "IMMINENT-HARM": _("Workers are in immediate danger"),
    "DISCRIMINATION": _("Discriminated against workers"),
    "RETALIATION": _("Took revenge on somebody who complained"),
    "UNREGISTERED-SUBAGENT": _("Worked through sub-agents who are not registered"),
    "LICENCE-LENDING": _("Lent its licence to somebody else"),
    "UNAPPROVED-JOB-ORDER": _("Recruited for a job order that was not approved"),
    "AD-WITHOUT-NUMBER": _("Advertised without its licence number"),
    "BANNED-CORRIDOR": _("Recruited for a country that is closed"),
    "WAGE-DEDUCTION": _("Had money taken from wages unlawfully"),
    "UNPAID-AWARD": _("Did not pay what it was ordered to pay workers"),
    "UNPAID-FINE": _("Did not pay a fine"),
    "BOND-LAPSE": _("Its security has lapsed"),
    "BOND-NOT-REPLENISHED": _("Did not fill up its security"),
    "REPORT-OVERDUE": _("Reports are overdue"),
    "OFFICER-CHANGE-UNNOTIFIED": _("Did not report a change of its responsible officer"),
    "NO-RESPONSIBLE-OFFICER": _("Has no responsible officer"),
    "CAPITAL": _("Lacks the capital that the law asks for"),
    "FIT-PROPER": _("The people who run it are not fit for this work"),
    "CONVICTION": _("Convicted by a court"),
    "INSOLVENCY": _("Cannot pay its debts"),
    "ENTITY-DISSOLVED": _("The company no longer exists"),
    "DORMANT": _("Has not worked for a long time"),
    "COMPANY-NUMBER-CHANGED": _("The company has another company number now"),
    "TAX-SOCIAL-SECURITY": _("Owes taxes or social security"),
    "OBSTRUCTION": _("Obstructed an inspection"),
    "OPERATING-WHILE-SUSPENDED": _("Recruited while suspended"),
    "NAME-MISUSE": _("Used a misleading name"),
    "PHOENIX": _("Carries on a business whose licence was taken away"),
    "BREACH-OF-CONDITION": _("Broke a condition of its licence"),
    "POINTS": _("Has reached too many demerit points"),
    "CLERICAL-ERROR": _("A clerical error in the register"),
}

ACTIONS: Final = {
    "grant": _("Licence granted"),
    "adopt": _("Taken over from a published list"),
    "activate": _("Licence came into force"),
    "vary": _("Licence changed"),
    "surveil": _("Put under surveillance"),
    "end_surveillance": _("Surveillance ended"),
    "suspend_preventive": _("Suspended while the authority inquires"),
    "suspend_emergency": _("Suspended in an emergency"),
    "ratify": _("Emergency suspension approved"),
    "confirm": _("Suspension confirmed"),
    "suspend_administrative": _("Suspended until papers are in order"),
    "suspend_disciplinary": _("Suspended as a penalty"),
    "restrict": _("Some countries or occupations excluded"),
    "lift": _("Suspension or restriction lifted"),
    "extend": _("Suspension extended"),
    "revoke": _("Licence revoked"),
    "void": _("Licence annulled"),
    "cancel": _("Licence cancelled"),
    "surrender": _("Licence given up"),
    "file_renewal": _("Renewal filed"),
    "renew": _("Licence renewed"),
    "refuse_renewal": _("Renewal refused"),
    "renew_late": _("Licence renewed late"),
    "set_aside": _("Decision set aside"),
    "file_appeal": _("Appeal filed"),
    "end_appeal": _("Appeal ended"),
    "stay": _("Decision put on hold"),
    "end_stay": _("Decision no longer on hold"),
    "correct": _("Entry corrected"),
    "debar": _("Agency banned"),
    "warn": _("Written warning"),
    "enter_demerit": _("Demerit points entered"),
    "fine": _("Fine"),
    "order_repayment": _("Ordered to pay workers back"),
    "meet_condition": _("Condition met"),
    "confirm_security": _("Security confirmed by its issuer"),
    "draw_security": _("Money taken from the security"),
    "show_cause": _("Holder asked to explain itself"),
    "represent": _("Holder's answer received"),
    "hear": _("Holder heard"),
    "perform": _("Duty done"),
    "pay": _("Payment recorded"),
    "observe": _("Seen on a published list"),
    "register_agency": _("Agency registered"),
    "amend_agency": _("Agency's record amended"),
    "merge_agencies": _("Two records of the agency made one"),
    "bar_person": _("Person banned"),
    "appeal_bar": _("Appeal against the ban of a person"),
    "dismiss_appeal": _("Appeal against the ban of a person rejected"),
    "end_bar": _("Ban of a person ended"),
    "answer_request": _("A person's request answered"),
    "publish_alert": _("Alert published"),
    "correct_alert": _("Alert corrected"),
    "end_alert": _("Alert taken back"),
}

SANCTIONS: Final = {
    "advice": _("Advice"),
    "warning": _("Written warning"),
    "corrective_order": _("Order to put something right"),
    "demerit": _("Demerit points"),
    "fine": _("Fine"),
    "repayment_order": _("Order to pay workers back"),
    "security_draw": _("Payment out of the security"),
    "partial_suspension": _("Partial suspension"),
    "preventive_suspension": _("Suspension while the authority inquires"),
    "administrative_suspension": _("Suspension until papers are in order"),
    "disciplinary_suspension": _("Suspension as a penalty"),
    "revocation": _("Revocation"),
    "voiding": _("Annulment"),
    "debarment": _("Ban"),
    "person_bar": _("Ban of a person"),
}

MATCHES: Final = {
    "exact": _("The same"),
    "strong": _("Very likely the same"),
    "weak": _("Possibly the same"),
}

WHY: Final = {
    "number.same": _("The number is the same."),
    "number.look_alikes": _("The number is the same when O is read as 0, and I or L as 1."),
    "number.leading_zeros": _("The number is the same but for zeros at the beginning."),
    "number.several": _("Several licences have a number like this."),
    "name.same": _("The name is the same."),
    "name.word_order": _("The same words in another order."),
    "name.spacing": _("The same letters, spaced otherwise."),
    "name.spelling": _("The name is spelled a little differently."),
    "name.by_sound": _("The name sounds the same in the other script."),
    "name.part": _("Only a part of the name is the same."),
    "name.like": _("The name is a little like it."),
    "name.legal_form_left_out": _("The legal form was left out."),
    "name.legal_form_differs": _("The legal form is another one."),
    "name.several": _("Several agencies have a name like this."),
    "phone.same": _("This phone number is on the register's record."),
    "phone.without_country": _("The phone number is on record, if it is meant in that country."),
    "email.same": _("This e-mail address is on the register's record."),
    "domain.same": _("This web site is on the register's record."),
    "domain.above": _("This web site is a part of one on the register's record."),
    "domain.of_email": _("An e-mail address on record is at this web site."),
    "social.same": _("This page is on the register's record."),
    "social.handle": _("A page on record has this name."),
    "contact.matches": _("The contact matches the register."),
    "contact.does_not_match": _("The contact does not match the register."),
    "contact.looks_alike": _("It looks like a contact on record, and is another one."),
}

#: What may be said of a name or a contact that somebody asks about.
ANSWERS: Final = {
    "contact.warned": _("The authority warns of this."),
    "contact.official": _("This is on the register as theirs."),
    "contact.their_site": _("This address is not on the register. It is at their official web site."),
    "contact.not_official": _("This is not on the register as theirs."),
    "contact.imitation": _("This looks like theirs. It is not theirs."),
    "contact.of_another": _("This is on the register as theirs. But they have another name."),
    "found.one": _("This is the one that you asked for."),
    "found.similar": _("One of these may be the one. Compare them."),
    "found.nothing": _("Not in this register"),
}

FEES: Final = {
    "fee.prohibited": _("A recruiter may not ask a worker for money"),
    "fee.capped": _("A recruiter may ask a worker for no more than this"),
    "fee.allowed": _("A recruiter may ask a worker for money; no highest amount is set"),
}

OUTCOMES: Final = {
    "found": _("The licence is in the register."),
    "not_found": _("No licence has this number."),
    "mistyped": _("The number is mistyped."),
    "ambiguous": _("More than one licence has this number."),
    "name_mismatch": _("The holder of this licence has another name."),
}

#: Whom an authority warns of, and what has become of the alert.
ALERTS: Final = {
    "unlicensed": _("Recruits without a licence"),
    "clone": _("Pretends to be a licensed agency"),
    "in_force": _("The authority warns of this"),
    "over": _("This warning is over"),
    "withdrawn": _("This warning was a mistake"),
}

#: Major groups of occupations of ISCO-08, in common words.
OCCUPATIONS: Final = {
    "0": _("Soldiers"),
    "1": _("Managers"),
    "2": _("Doctors, nurses, teachers, engineers"),
    "3": _("Technicians and assistants"),
    "4": _("Office work"),
    "5": _("Care, shops, kitchens and other services"),
    "6": _("Farms, forests and fishing"),
    "7": _("Building, electricity and other crafts"),
    "8": _("Drivers and machine workers"),
    "9": _("Cleaners, helpers and simple work"),
}

#: What a ban is now, and what it keeps a person from.
DEBARMENTS: Final = {
    "coming": _("Banned from a later day"),
    "in_force": _("Banned now"),
    "stayed": _("Banned; the ban is on hold"),
    "over": _("Was banned; the ban is over"),
}
BAR_SCOPES: Final = {
    "any_role": _("every role in a recruitment agency"),
    "director": _("running or owning a recruitment agency"),
    "holder": _("owning a recruitment agency"),
}

#: Every vocabulary of the public API under the name that ``/codes`` gives it.
KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "results": RESULTS,
    "states": STATES,
    "overlays": OVERLAYS,
    "reasons": REASONS,
    "grounds": GROUNDS,
    "actions": ACTIONS,
    "sanctions": SANCTIONS,
    "matches": MATCHES,
    "why": WHY,
    "answers": ANSWERS,
    "outcomes": OUTCOMES,
    "fees": FEES,
    "debarments": DEBARMENTS,
    "alerts": ALERTS,
    "occupations": OCCUPATIONS,
    "bar_scopes": BAR_SCOPES,
}

_CODED: Final = re.compile(r'\{"code": ?"([A-Za-z._-]{1,64})"\}')
LONGEST_HEADER: Final = 200
#: Of a language tag: the longest that RFC 5646 (4.4.1) wants room for.
LONGEST_TAG: Final = 35
#: What old phones still call a language of ours: Tagalog is read as Filipino, and Indonesian was "in" until 1989.
_RENAMED: Final = {"tl": "fil", "in": "id"}


@dataclass(frozen=True, slots=True)
class Table:
    """All texts in one language, and the function that puts them into a published body."""

    language: str
    texts: Mapping[str, Mapping[str, str]]
    splice: Callable[[str], str]


@lru_cache(maxsize=256)
def table(language: str) -> Table:
    """The texts of ``language``, made once; :func:`prepare` makes them all when a process starts."""
    with override(language):
        texts = {kind: {code: gettext(text) for code, text in codes.items()} for kind, codes in KINDS.items()}
    ready = {
        code: f'{{"code":"{code}","text":{json.dumps(text, ensure_ascii=False)}}}'
        for kind in ("grounds", "reasons", "fees")
        for code, text in texts[kind].items()
    }

    def put(found: re.Match[str]) -> str:
        return ready.get(found[1]) or found[0]

    return Table(language, texts, lambda body: _CODED.sub(put, body))


def prepare() -> None:
    """Make the tables of every language now, so that no reader waits for a catalogue."""
    for language in languages():
        table(language)
    version()


def spliced(body: str, language: str) -> str:
    """A published body with the text beside every code."""
    return table(language).splice(body)


def text(kind: str, code: str, language: str) -> str:
    """The text of one code; the code itself where it has none, never an empty answer."""
    return table(language).texts[kind].get(code, code)


@lru_cache(maxsize=1)
def version() -> str:
    """What changes when any text in any language changes; part of every ETag."""
    every = [table(language).texts for language in languages()]
    return blake2b(json.dumps(every, sort_keys=True).encode(), digest_size=6).hexdigest()


def languages() -> list[str]:
    """The languages in which the public reads us, the default one first; officers may have more."""
    return list(settings.REGISTRY_PUBLIC_LANGUAGES)


def variant(wanted: str) -> str:
    """The language of the public that ``wanted`` is or is a kind of (RFC 4647, 3.4); ``LookupError`` for any other."""
    tag = wanted.replace("_", "-").lower() if len(wanted) <= LONGEST_TAG else ""
    while tag:
        found = _RENAMED.get(tag, tag)
        if found in settings.REGISTRY_PUBLIC_LANGUAGES:
            return found
        tag = tag.rpartition("-")[0]
    raise LookupError(wanted)


@lru_cache(maxsize=1024)
def language(accepted: str, wanted: str = "") -> str:
    """The language to answer in: ``wanted`` (``?lang=``) if we speak it, else one accepted, else ours."""
    if wanted:
        try:
            return variant(wanted)
        except LookupError:
            pass
    for code, weight in parse_accept_lang_header(accepted[:LONGEST_HEADER]) if accepted else ():
        if code == "*":
            break
        if not weight:
            continue
        try:
            return variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE
