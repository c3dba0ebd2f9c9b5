"""A day at the desk with something of everything, named in Arabic: whatever stays in Latin letters is ours.

:func:`built` reaches it through the register's own doors and says where its pages are.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from api import auth, officers
from api.models import Officer, User
from registry import agencies, holders, licensing, persons, policies, screening
from registry.admission import applicants
from registry.remedy import cases, intake
from registry.rules.applying import Action as Step
from registry.rules.lifecycle import Action, Actor, Role, Scope, StepTerms
from tests import applying, builders
from tests.api.officials import PASSWORD, SECRET, appoint

NAME = "وكالة طائر الشمال للتوظيف"
ADDRESS: dict[str, Any] = {"address": "الطابق الثاني، ١٤ شارع الميناء", "locality": "مدينة الميناء"}
PERSON = "منى الراعي"
TEXTS = {"en": "تقاضت رسومًا من العمال.", "ar": "تقاضت رسومًا من العمال."}
EVERY_ROLE = [role.value for role in Role if role is not Role.SYSTEM]


@dataclass(frozen=True, slots=True)
class World:
    """Who looks, and the addresses of what there is to see."""

    officer: User
    applicant: User
    desk: tuple[str, ...]
    apply: tuple[str, ...]
    alone: tuple[str, ...]

    @property
    def shown(self) -> list[str]:
        """Pages of the desk that differ in more than their words: of the forms one of each shape."""
        forms = (
            "suspend_preventive",
            "correct",
            "perform",
            "record_inspection",
            "propose_grant",
            "invitations/new",
        )
        others = ("/steps/", "officers/DLA-31/", "applications/LA-", "reports/w", "reports/p", "as_of")
        return [one for one in self.desk if one.endswith(forms) or not any(other in one for other in others)]


def built(at: datetime) -> World:
    """Everything as it stands at ``at``; the clock must stand there."""
    start = at - timedelta(days=60)
    builders.authority(at=start, surveillance_points=6)
    officer = appoint("DLA-7", "XA-DLA", *EVERY_ROLE)
    agency, licence = _agency(start, at)
    waiting = _proposed(licence, at)
    twin = _twin(at)
    change = _people(at)
    applicant, applications, draft = _applications(at)
    by = builders.maker(at)
    person = persons.listed(by=by, at=at, q=PERSON)[0][0].number
    match = screening.of(twin, at=at).matches[0].id
    desk = [
        "", "keys", "account", "account/set-up", "agencies", "agencies?q=الشمال", f"agencies/{agency}",
        f"agencies/{agency}?as_of={(at - timedelta(days=9)).date()}", f"agencies/{agency}/versions",
        f"agencies/{agency}/versions/{agency}", f"agencies/{agency}/links", f"agencies/{agency}/steps/debar",
        f"licences/{licence}", f"licences/{licence}/letters", *(f"proposals/{number}" for number in waiting),
        *(f"licences/{licence}/steps/{action.value}" for action in Action if action is not Action.OBSERVE),
        "applications", *(f"applications/{number}" for number in applications.values()),
        *(f"applications/{applications[state]}/{step}" for state, step in _STEPS), "screening", f"screening/{match}",
        "securities", f"securities/{licence}", "officers", "officers/DLA-31", "officers/invitations/new",
        f"officers/changes/{change}", "officers/DLA-31/roles", "officers/DLA-31/device", "officers/DLA-31/end",
        "persons", "persons?q=x", f"persons/{person}", f"persons/{person}/bar", f"agencies/{agency}/merge", "holders",
        f"holders/{_asking(licence, at)}",
        "policies/XA-DLA", "policies/XA-DLA/new", "policies/XA-DLA/versions/1", f"policies/proposals/{_ruled(at)}",
        *_concerns(at), "readings", "reports", *(f"reports/{name}" for name in _REPORTS), "filters/new", "nothing/here",
    ]  # fmt: skip
    apply = [
        "", *(f"applications/{number}" for number in applications.values()), f"applications/{draft}",
        *(f"applications/{draft}/{name}" for name in ("agency", "people", "offices", "scope", "security", "documents")),
        f"applications/{draft}/check", f"applications/{draft}/withdraw", "agencies/connect",
        f"objections/{applications['called']}",
    ]  # fmt: skip
    alone = ("/desk/sign-in", "/desk/second-factor", "/apply/sign-in", "/apply/sign-up", "/apply/forgotten")
    return World(officer, applicant, tuple(desk), tuple(apply), alone)


def _concerns(at: datetime) -> list[str]:
    """Concerns to be triaged, being worked on, passed on and closed; the addresses of their pages."""
    said = intake.Report(
        ("held",),
        "يغلقون الباب ليلاً.",
        "XA-DLA",
        "ar",
        whom="رجل المتجر",
        name=PERSON,
        reach="+12025550142",
        wish="مساءً",
    )
    told: dict[str, Any] = {"by": builders.officer(Role.CASE_OFFICER, at=at), "at": at}
    codes = [intake.file(said, key=builders.key(), at=at - timedelta(hours=30)).code for _ in range(3)]
    for code in codes[1:]:
        cases.triage(code, categories=["held"], note="اتصلنا.", key=builders.key(), **told)
    cases.refer(codes[2], "police", why="قانون العقوبات", text="سيأتون.", key=builders.key(), **told)
    cases.close(codes[2], "repaid", repaid="10", currency="XTS", key=builders.key(), **told)
    pages = [f"concerns/{code}" for code in codes]
    forms = [f"concerns/{codes[1]}/{step}" for step in ("triage", "ask", "refer", "close", "person")]
    return ["concerns", "concerns?state=closed", *pages, *forms, f"concerns/{codes[2]}/reopen"]


def _ruled(at: datetime) -> int:
    """A version of the policy that waits."""
    by = Actor("ADMIN-1", None, frozenset({Role.ADMINISTRATOR}), second_factor_at=at)
    rules = {"law": "قانون", "appeal_days": 21, "surveillance_points": 6}
    return policies.propose(
        "XA-DLA", rules, in_force_from=None, by=by, at=at, idempotency_key=builders.key()
    ).id


_STEPS = (
    ("submitted", "ask"), ("submitted", "review"), ("reviewed", "order_inspection"), ("reviewed", "propose_refusal"),
    ("inspected", "record_inspection"), ("called", "propose_grant"), ("minded", "refuse"),
    ("reviewed", "call_for_objections"),
)  # fmt: skip
_REPORTS = ("register", "publication", "workload", "expiring", "policy")


def _agency(start: datetime, at: datetime) -> tuple[str, str]:
    """An agency with all that one can have, and its licence with a history; their numbers."""
    by = builders.maker(start)
    number = builders.agency(NAME, at=start, latin_name="Northbird", company_number="4711", tax_number="778")
    builders.head_office(number, at=start, **ADDRESS)
    said: dict[str, Any] = {"by": by, "at": start}
    for kind, value in (("phone", "+12025550142"), ("email", "office@northbird.example")):
        agencies.add_channel(number, kind, value, **said, idempotency_key=builders.key())
    agencies.add_trading_name(number, "طائر الشمال", **said, idempotency_key=builders.key())
    for role in ("registered_recruiter", "director", "responsible_officer"):
        agencies.appoint(
            number, name=PERSON, role=role, first_day=start.date(), **said, idempotency_key=builders.key(),
            document="P-2",
        )  # fmt: skip
    scope = Scope(corridors=("QA", "XB"), occupations=("5321", "9112"))
    licence = builders.active(number, "B", at=start, scope=scope, last_day=(at + timedelta(days=60)).date())
    later = start + timedelta(days=10)
    first = builders.suspended(licence, at=later)
    builders.lifted(licence, first, at=later + timedelta(days=5))
    builders.take(
        licence, Action.WARN, StepTerms(grounds=("AD-WITHOUT-NUMBER",)), at=later + timedelta(days=6)
    )
    for action, terms in (
        (Action.FINE, StepTerms(grounds=("FEE-PROHIBITED",), amount="500", currency="XTS")),
        (Action.DRAW_SECURITY, StepTerms(amount="1000", currency="XTS")),
        (
            Action.RESTRICT,
            StepTerms(
                grounds=("BANNED-CORRIDOR",), cut=Scope(corridors=("QA",)), notice_served_on=start.date()
            ),
        ),
    ):
        builders.take(licence, action, terms, at=at - timedelta(days=20))
    stopped = builders.suspended(licence, at=at - timedelta(days=2))
    builders.take(licence, Action.FILE_APPEAL, StepTerms(refers_to=stopped), at=at - timedelta(days=1))
    return number, licence


def _proposed(licence: str, at: datetime) -> list[int]:
    """Proposals that wait for the officer and for others; their numbers."""
    served = (at - timedelta(days=30)).date()
    revoked = StepTerms(grounds=("FEE-PROHIBITED",), notice_served_on=served, texts=TEXTS, no_conflict=True)
    by = builders.maker(at)
    return [
        licensing.propose(
            licence, Action.REVOKE, by=by, at=at, terms=revoked, idempotency_key=builders.key()
        ).id
    ]


def _asking(licence: str, at: datetime) -> int:
    """An account that asks to act for the licence's agency; the request's number."""
    return holders.ask("APPLICANT-900", licence, "أنا مديرها.", at=at, idempotency_key=builders.key())


def _twin(at: datetime) -> str:
    """An agency that may be one whose licence was revoked; its number."""
    start = at - timedelta(days=50)
    old = builders.agency("وكالة صقر البحر", at=start)
    builders.head_office(old, at=start, **ADDRESS)
    builders.revoked(builders.active(old, at=start), at=at - timedelta(days=20))
    new = builders.agency("وكالة صقر البحار", at=at)
    builders.head_office(new, at=at, **ADDRESS)
    for number in (old, new):
        agencies.appoint(
            number, name="رنا", role="director", first_day=date(2026, 4, 1), by=builders.maker(at), at=at,
            idempotency_key=builders.key(), document="P-3",
        )  # fmt: skip
    return new


def _people(at: datetime) -> int:
    """Officers of the authority, and the number of a change of them that waits."""
    appoint("DLA-31", "XA-DLA", "inspector", "officer")
    appoint("DLA-32", "XA-DLA", "inspector")
    Officer.objects.create(number="ADMIN-2", authority="XA-DLA", roles=["administrator"], appointed_at=at)
    by = Actor(
        number="ADMIN-2", authority="XA-DLA", roles=frozenset({Role.ADMINISTRATOR}), second_factor_at=at
    )
    return officers.propose_roles("DLA-32", roles=["officer"], reason="انتقال", by=by, at=at).pk


def _applications(at: datetime) -> tuple[User, dict[str, str], str]:
    """An applicant, applications in many states by name, and a draft."""
    user = User.objects.create_user("northbird@northbird.example", password=PASSWORD)
    auth.enrol(user, SECRET)
    account = f"APPLICANT-{user.pk}"
    named: dict[str, Any] = {"account": account, "legal_name": "وكالة جديدة", **ADDRESS}
    others = {**named, "account": "APPLICANT-0"}
    found = {
        "submitted": applying.submitted(at, **others, company_number="C 1"),
        "reviewed": applying.reviewed(at, **named, company_number="C 2"),
        "called": applying.called(at, **named, company_number="C 3"),
        "minded": applying.minded(at - timedelta(days=1), **named, company_number="C 4"),
        "refused": applying.refused(at - timedelta(days=30), **named, company_number="C 5"),
    }
    found["inspected"] = applying.reviewed(at, **others, company_number="C 6")
    applying.take(found["inspected"], Step.ORDER_INSPECTION, at=at)
    said = "لم يدفعوا أجور العمال."
    applicants.object_to(
        found["called"], text=said, name="سعاد", contact="هاتف", at=at, idempotency_key=builders.key()
    )
    return user, found, applying.drafted(at, **named, licence_class="B")
