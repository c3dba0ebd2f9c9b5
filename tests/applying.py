"""Reach any state of an application by lawful steps alone, through the register's own doors."""

from datetime import date, datetime, timedelta
from typing import Any

from registry.admission import applicants, officers
from registry.rules.applying import Action
from registry.rules.lifecycle import Actor, Role
from tests import builders

ACCOUNT = "APPLICANT-1"
AGENCY = {
    "legal_name": "Kestrel Overseas (DEMO)", "company_number": "C 4711", "address": "Level 2, 14 Harbour Road",
    "locality": "Port Demo", "phone": "+12025550177", "email": "office@kestrel.example", "tax_number": "TAX-4711",
}  # fmt: skip
PERSON = {
    "name": "Mina Rai (DEMO)", "role": "responsible_officer", "birth_date": "1980-02-03", "nationality": "XA",
    "document": "P 123456",
}  # fmt: skip
OFFICE = {"kind": "head", "address": "Level 2, 14 Harbour Road", "locality": "Port Demo"}
PAPERS = ("company_register", "identity", "good_conduct", "premises")
INSPECTION: dict[str, Any] = {
    "inspectors": ["DLA-31", "DLA-32"], "premises": "Level 2, 14 Harbour Road", "points": 2,
    "report": "Two rooms, a locked cabinet, records in order.",
}  # fmt: skip


def drafted(at: datetime, *, account: str = ACCOUNT, licence_class: str = "A", **agency: Any) -> str:
    """A draft in which nothing is missing; its number."""
    number = applicants.begin(account, "XA-DLA", at=at, idempotency_key=builders.key())
    filled: dict[str, object] = {
        "agency": {**AGENCY, **agency},
        "people": [PERSON],
        "offices": [OFFICE],
        "scope": {"licence_class": licence_class, "corridors": "XB, QA", "occupations": "9112"},
    }
    if licence_class == "B":
        said = {"kind": "bank_guarantee", "issuer": "DEMO Bank", "amount": "100000", "currency": "XTS"}
        filled["security"] = said
    for section, sent in filled.items():
        assert applicants.save(number, section, sent, account=account, at=at) == (), section
    for kind in PAPERS:
        attached(number, kind, account=account, at=at)
    return number


def attached(number: str, kind: str = "other", *, account: str = ACCOUNT, at: datetime) -> str:
    """A paper whose bytes are nowhere."""
    key = builders.key()
    return applicants.attach(
        number, kind, name=f"{kind}.pdf", media_type="application/pdf", size=10, sha256="0" * 64,
        stored_as=f"nowhere/{key}", account=account, at=at,
    )  # fmt: skip


def submitted(at: datetime, *, account: str = ACCOUNT, **more: Any) -> str:
    """An application that was sent; its number."""
    number = drafted(at, account=account, **more)
    applicants.submit(number, account=account, at=at, idempotency_key=builders.key())
    return number


def take(number: str, action: Action, *, at: datetime, by: Actor | None = None, **said: Any) -> int:
    """A step of an officer's: a licensing officer proposes, a supervisor decides."""
    deciding = {
        Action.GRANT, Action.REFUSE, Action.SERVE_NOTICE, Action.ALLOW_APPEAL, Action.DISMISS_APPEAL
    }  # fmt: skip
    officer = by or (builders.checker(at) if action in deciding else builders.maker(at))
    return officers.take(
        number, action, by=officer, at=at, said=said, no_conflict=True, idempotency_key=builders.key()
    )  # fmt: skip


def reviewed(at: datetime, **more: Any) -> str:
    """An application under review."""
    number = submitted(at, **more)
    take(number, Action.REVIEW, at=at)
    return number


def called(at: datetime, *, points: Any = 2, **more: Any) -> str:
    """An application that was inspected and that the public may object to."""
    number = reviewed(at, **more)
    take(number, Action.ORDER_INSPECTION, at=at)
    take(number, Action.RECORD_INSPECTION, at=at, on=at.date(), **{**INSPECTION, "points": points})
    take(number, Action.CALL_FOR_OBJECTIONS, at=at)
    return number


def minded(at: datetime, *, grounds: tuple[str, ...] = ("FIT-PROPER",), **more: Any) -> str:
    """An application whose applicant was told that it may be refused."""
    number = reviewed(at, **more)
    take(number, Action.PROPOSE_REFUSAL, at=at, grounds=list(grounds), letter="Two directors were convicted.")
    take(number, Action.SERVE_NOTICE, at=at)
    return number


def refused(at: datetime, **more: Any) -> str:
    """A refused application, the answer having been given."""
    account = more.get("account", ACCOUNT)
    number = minded(at, **more)
    applicants.represent(
        number, "It was another company.", account=account, at=at, idempotency_key=builders.key()
    )
    registrar = builders.registrar(at)
    take(number, Action.REFUSE, at=at, by=registrar, letter="The answer does not change the finding.")
    return number


def renewal(licence: str, at: datetime, *, account: str = ACCOUNT) -> str:
    """A renewal that the agency sent; its number."""
    number = applicants.begin(account, "XA-DLA", renews=licence, at=at, idempotency_key=builders.key())
    applicants.submit(number, account=account, at=at, idempotency_key=builders.key())
    return number


def proposed(at: datetime, **more: Any) -> tuple[str, datetime]:
    """An application whose grant is proposed, and when."""
    number = called(at, **more)
    later = at + timedelta(days=16)
    first = later.date() + timedelta(days=1)
    last = date(first.year + 2, first.month, min(first.day, 28))
    take(number, Action.PROPOSE_GRANT, at=later, first_day=first, last_day=last)
    return number, later


def granted(at: datetime, **more: Any) -> tuple[str, datetime]:
    """A granted application, and when."""
    number, later = proposed(at, **more)
    take(number, Action.GRANT, at=later)
    return number, later


def inspector(at: datetime) -> Actor:
    """An inspector of the authority."""
    return builders.officer(Role.INSPECTOR, at=at)
