"""Applications in words: their states, steps, fields and papers, for applicants, officers and the public alike."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

STATES: Final = {
    "draft": _("Draft"),
    "submitted": _("Sent, not looked at yet"),
    "incomplete": _("Something is missing"),
    "under_review": _("Under review"),
    "inspection": _("Inspection before the licence"),
    "objection_period": _("Open to objection"),
    "proposed_refusal": _("Refusal proposed"),
    "minded_to_refuse": _("The authority is minded to refuse"),
    "proposed_grant": _("Grant proposed"),
    "granted": _("Granted"),
    "refused": _("Refused"),
    "withdrawn": _("Taken back"),
    "lapsed": _("Lapsed"),
}
#: What an applicant reads while officers propose and check among themselves.
_TO_APPLICANTS: Final = {"proposed_refusal": "under_review", "proposed_grant": "under_review"}

DUE: Final = {
    "answer_until": _("Answer the letter by"),
    "lapses_at": _("Lapses unless answered by"),
    "objections_until": _("Objections until"),
    "represent_until": _("Answer of the applicant by"),
    "appeal_until": _("Appeal by"),
    "agreed_by": _("Agreement of another officer by"),
}

ACTIONS: Final = {
    "open": _("Draft begun"),
    "submit": _("Sent"),
    "withdraw": _("Taken back by the applicant"),
    "ask": _("Asked for what is missing"),
    "review": _("Taken under review"),
    "order_inspection": _("Inspection ordered"),
    "record_inspection": _("Inspection recorded"),
    "call_for_objections": _("Public told"),
    "object": _("Objection"),
    "propose_refusal": _("Refusal proposed"),
    "serve_notice": _("Letter served: minded to refuse"),
    "represent": _("Answer of the applicant"),
    "refuse": _("Refused"),
    "propose_grant": _("Grant proposed"),
    "grant": _("Granted"),
    "take_back": _("Proposal taken back"),
    "record_fee": _("Fee paid"),
    "appeal": _("Appeal of the applicant"),
    "record_appeal": _("Appeal received"),
    "record_outcome": _("Outcome of the appeal recorded"),
    "allow_appeal": _("Appeal allowed: the refusal is set aside"),
    "dismiss_appeal": _("Appeal dismissed: the refusal stands"),
    "forget": _("Draft forgotten"),
}

#: What the button of a step says.
STEPS: Final = {
    "ask": _("Ask for what is missing"),
    "review": _("Take under review"),
    "order_inspection": _("Order an inspection"),
    "record_inspection": _("Record the inspection"),
    "call_for_objections": _("Tell the public"),
    "propose_refusal": _("Propose to refuse"),
    "serve_notice": _("Serve the letter"),
    "refuse": _("Refuse"),
    "propose_grant": _("Propose to grant"),
    "grant": _("Grant the licence"),
    "take_back": _("Take the proposal back"),
    "record_fee": _("Record the fee"),
    "record_appeal": _("Record an appeal"),
    "record_outcome": _("Record the outcome of the appeal"),
    "allow_appeal": _("Set the refusal aside"),
    "dismiss_appeal": _("Confirm the refusal"),
}

SUMMARIES: Final = {
    "ask": _("A letter says what is missing. Unanswered, the application lapses."),
    "review": _("The application is complete. The names in it are screened against what the register knows."),
    "order_inspection": _("Two inspectors see the premises before there is a licence."),
    "record_inspection": _("What two inspectors found, with the points of their findings."),
    "call_for_objections": _("The applicant's name is published, and anyone may object."),
    "propose_refusal": _("A second officer reads the letter before it is served."),
    "serve_notice": _("The applicant is told why, and has time to answer."),
    "refuse": _("The licence is refused. The public reads it for years; the applicant may appeal."),
    "propose_grant": _("A second officer decides. Nothing is granted yet."),
    "grant": _(
        "The agency enters the register and its licence is granted. It is not in force before its security."
    ),
    "take_back": _("The application is under review again."),
    "record_fee": _("The fee was paid. Without it the application is not taken under review."),
    "record_appeal": _("An appeal that came by post or by hand. The refusal stands until it is decided."),
    "record_outcome": _("What the appeals body ordered. A second officer confirms it."),
    "allow_appeal": _(
        "The appeal succeeded: the application is under review again, and the public reads no refusal."
    ),
    "dismiss_appeal": _("The appeal failed: the refusal stands."),
}
#: How an appeal ends.
OUTCOMES: Final = {
    "allowed": _("allowed: the refusal is set aside"),
    "dismissed": _("dismissed: the refusal stands"),
}

WHY_NOT: Final = {
    "inspection.missing": _("No inspection is recorded yet."),
    "inspection.failed": _("The inspection found too much."),
    "objections.not_called": _("The public was not told yet."),
    "objections.open": _("The public may still object."),
    "objections.called": _("The public was told already."),
    "objections.renewal": _("A renewal is not published for objections."),
    "objections.over": _("The time for objections is over."),
    "representation.open": _("The applicant may still answer the letter."),
    "representation.over": _("The time for an answer is over."),
    "fee.missing": _("The fee is not recorded as paid."),
    "fee.none": _("No fee is asked."),
    "fee.paid": _("The fee is recorded already."),
    "appeal.open": _("An appeal is open already."),
    "appeal.decided": _("The appeal was decided."),
    "appeal.over": _("The time for an appeal is over."),
    "appeal.none": _("No appeal was filed."),
    "appeal.outcome": _("This outcome is not recorded."),
    "officer.same": _("Somebody else decides: you took the step before."),
    "officer.registrar": _("This takes the registrar."),
    "proposal.expired": _("What was proposed has run out; it is to be proposed anew."),
}

SECTIONS: Final = {
    "agency": _("The agency"),
    "people": _("People"),
    "offices": _("Offices"),
    "scope": _("What for"),
    "security": _("Security"),
    "documents": _("Documents"),
}

FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "legal_name": (_("Legal name"), _("As the company register has it.")),
    "latin_name": (_("Name in Latin letters"), ""),
    "legal_form": (_("Legal form"), ""),
    "company_register": (_("Company register"), ""),
    "company_number": (_("Company number"), ""),
    "tax_number": (_("Tax number"), _("Never published.")),
    "incorporated_on": (_("Founded on"), ""),
    "address": (_("Address"), ""),
    "locality": (_("Town"), ""),
    "phone": (
        _("Telephone"),
        _("With the country's code, such as +977 1 555 0100. It will be an official channel."),
    ),
    "email": (_("E-mail"), _("It will be an official channel.")),
    "domain": (_("Web site"), ""),
    "name": (_("Name"), ""),
    "role": (_("Role"), ""),
    "birth_date": (_("Born on"), _("Never published.")),
    "nationality": (_("Nationality"), _("Two letters, such as NP.")),
    "document": (_("Number of passport or identity card"), _("Only a fingerprint of it is kept.")),
    "document_hmac": (_("Number of passport or identity card"), ""),
    "kind": (_("Kind"), ""),
    "licence_class": (_("Class of licence"), _("One letter, as the law names it.")),
    "corridors": (_("Countries of work"), _("Two letters each, such as QA, MY. Empty: all.")),
    "occupations": (_("Occupations"), _("Codes of ISCO-08, such as 9112, 5321. Empty: all.")),
    "workers_a_year": (_("Workers a year"), ""),
    "issuer": (_("Issuer"), _("The bank or insurer.")),
    "amount": (_("Amount"), ""),
    "currency": (_("Currency"), _("Three letters.")),
    "until": (_("Good until"), ""),
}

PERSON_ROLES: Final = {
    "responsible_officer": _("responsible officer"),
    "director": _("director"),
    "beneficial_owner": _("beneficial owner"),
    "authorised_representative": _("authorised representative"),
    "registered_recruiter": _("registered recruiter"),
}
OFFICE_KINDS: Final = {"head": _("head office"), "branch": _("branch")}
SECURITIES: Final = {
    "bank_guarantee": _("bank guarantee"),
    "cash": _("cash deposit"),
    "escrow": _("escrow account"),
    "surety": _("surety"),
    "letter_of_credit": _("irrevocable letter of credit"),
}
DOCUMENTS: Final = {
    "company_register": _("Extract from the company register"),
    "identity": _("Identity papers of the people named"),
    "good_conduct": _("Certificates of good conduct"),
    "premises": _("Lease or deed of the premises"),
    "finances": _("Accounts or bank statements"),
    "security": _("Draft of the security"),
    "other": _("Something else"),
}
KINDS: Final = {"licence": _("New licence"), "renewal": _("Renewal")}


def said(table: Mapping[str, str], code: str) -> str:
    """The words for a code, or the code itself."""
    return gettext(table[code]) if code in table else code


def state(code: str, *, to_applicant: bool = False) -> str:
    """A state in words."""
    return said(STATES, _TO_APPLICANTS.get(code, code) if to_applicant else code)
