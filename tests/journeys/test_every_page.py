"""Every page of the desk and of applicants in a real browser: nothing that axe objects to, nothing wider than a screen.

The pages are those of the URL tables: a route that this test does not know fails it. Each is opened by somebody who
may, in the states that matter, and measured on a desk's screen and on a tablet upright and across.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.test import Client

from api import auth, officers
from api.desk import navigation, urls
from api.desk.apply import urls as apply_urls
from api.models import SavedFilter, User
from registry import (
    agencies,
    bars,
    dossier,
    figures,
    holders,
    licensing,
    lookup,
    motions,
    outlook,
    persons,
    policies,
    screening,
    subjects,
)
from registry.admission import reading
from registry.remedy import cases, intake
from registry.remedy.acts import Evidence
from registry.rules import particulars
from registry.rules.applying import Action as Asked
from registry.rules.lifecycle import STEPS, Action, Actor, Role, StepTerms
from registry.rules.motions import Motion
from tests import applying, builders
from tests.api.officials import PASSWORD, SECRET, appoint, sign_in
from tests.conftest import Clock
from tests.journeys import axe
from tests.journeys.windows import Window, Windows
from verification import live_codes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS: Final = (768, 1024, 1280)
ME: Final = "XA-DLA-101"
NO_PAGE: Final = frozenset(
    {
        "desk-handed-over-json", "desk-concern-file",
        "desk-sign-out", "desk-passkey-options", "desk-passkey-sign-in", "desk-passkey-again", "desk-passkey-add",
        "desk-picture", "desk-certificate", "desk-letter", "desk-show-cause", "desk-report-book", "desk-report-sheet",
        "desk-warnings-sheet",
        "desk-application-paper", "desk-holder-paper", "desk-language", "apply-sign-out", "apply-paper", "apply-remove",
        "apply-language", "apply-letters-language", "apply-confirm-again", "apply-letter",
    }
)  # fmt: skip
"""Routes that answer with a document, with data, or only by sending on."""
_HEADER: Final = "document.querySelector('header').textContent"
_SEND: Final = "document.querySelector('main form[data-once]').submit()"


@dataclass
class Look:
    """One window on one site, and what was found wrong on each page."""

    window: Window
    faults: list[str] = field(default_factory=list)

    def at(self, path: str, *, sent: bool = False) -> None:
        """Open a page (and send its form as it is) and look at it at every width."""
        page = self.window.page
        answer = page.goto(f"{self.window.site}{path}", wait_until="domcontentloaded")
        if sent:
            with page.expect_navigation(wait_until="domcontentloaded"):
                page.evaluate(_SEND)
            path += " (sent empty)"
        elif answer.status != 200:
            self.faults.append(f"{path}: answered {answer.status}")
            return
        if "nothing on this page is real" not in page.evaluate(_HEADER):
            self.faults.append(f"{path}: does not say that it is a demo")
        self.faults += [
            f"{path}: wider than {width} pixels" for width in WIDTHS if not self.window.fits(width)
        ]
        self.faults += [f"{path}: {one}" for one in axe.objections(page)]


@pytest.fixture
def look(windows: Windows, desk_site: str, clock: Clock) -> Iterator[Callable[..., Look]]:
    """A window for whoever is signed in with this client, or for anybody; axe looks through it."""
    clock.stop(builders.START + timedelta(days=90))
    looks: list[Look] = []
    with ExitStack() as closing:

        def through(client: Client | None = None) -> Look:
            lent = windows.lend(desk_site, client=client, script=axe.SCRIPT)
            looks.append(Look(closing.enter_context(lent)))
            return looks[-1]

        yield through
        assert [one.window.complaints for one in looks if one.window.complaints] == []


def _names(patterns: list[Any]) -> set[str]:
    return {route.name for route in patterns} - NO_PAGE


def _world(at: Any) -> dict[str, Any]:
    """An authority with licences, applications and matters in every state that a page shows otherwise."""
    start = at - timedelta(days=80)
    builders.authority(at=start)
    holder = builders.agency("مكتب الميناء للتوظيف (DEMO)", at=start, company_number="C-1")
    builders.head_office(holder, at=start)
    by = builders.maker(start)
    agencies.appoint(
        holder, name="Mina Rai (DEMO)", role="director", first_day=start.date(), by=by, at=start,
        idempotency_key=builders.key(),
    )  # fmt: skip
    licence = builders.active(holder, at=start)
    builders.lifted(licence, builders.suspended(licence, at=start), at=start + timedelta(days=2))
    terms = StepTerms(
        grounds=("FEE-PROHIBITED",), notice_served_on=(at - timedelta(days=40)).date(), immediate=True
    )
    revoked = builders.active(holder, "B", at=start)
    builders.take(revoked, Action.REVOKE, terms, at=at - timedelta(days=3))
    builders.take(
        licence, Action.FINE, StepTerms(grounds=("FEE-PROHIBITED",), amount="500", currency="XTS"), at=at
    )
    builders.take(licence, Action.SHOW_CAUSE, StepTerms(grounds=("FEE-PROHIBITED",)), at=at)
    suspended = builders.active(
        builders.agency("Bluefinch Manpower (DEMO)", at=start, company_number="C-2"), at=start
    )
    builders.suspended(suspended, at=at)
    waiting = builders.granted(builders.agency("Ostwind (DEMO)", at=start, company_number="C-3"), "B", at=at)
    opened = builders.opened(builders.agency("Plover Jobs (DEMO)", at=start, company_number="C-4"), at=at)
    screening.of(builders.agency("مكتب الميناء للتوظيف (DEMO)", at=at, company_number="C-5"), at=at)
    ending = builders.active(holder, at=start, last_day=(at + timedelta(days=20)).date())
    stopped = StepTerms(grounds=("FALSE-DOC",), texts={"en": "Papers under examination."}, no_conflict=True)
    twins = _twins(start)
    waits = licensing.propose(
        ending,
        Action.SUSPEND_PREVENTIVE,
        by=builders.maker(at),
        at=at,
        terms=stopped,
        idempotency_key=builders.key(),
    )
    return {
        "agency": holder,
        "licences": [licence, suspended, waiting, opened, revoked, ending],
        **_people(at),
        "merger": motions.propose(
            Motion.MERGE,
            twins[0],
            {"into": twins[1], "reason": "One firm."},
            by=by,
            at=at,
            no_conflict=True,
            idempotency_key=builders.key(),
        ).id,
        "holders": [
            holders.ask(f"APPLICANT-{n}", licence, "Its director.", at=at, idempotency_key=builders.key())
            for n in range(2, 5)
        ],
        "concerns": _concerns(at),
        "proposals": [waits.id],
        "applications": [
            applying.submitted(at),
            applying.called(at, account="APPLICANT-2", legal_name="Heron Jobs (DEMO)", company_number="C 7"),
            applying.minded(at, account="APPLICANT-3", legal_name="Egret Jobs (DEMO)", company_number="C 8"),
            *_further(at - timedelta(days=40)),
        ],
    }


def _twins(at: Any) -> list[str]:
    """Two records of one firm."""
    return [builders.agency(f"Siskin {n} (DEMO)", at=at, company_number=f"S {n}") for n in range(2)]


def _concerns(at: Any) -> list[str]:
    """Concerns to be triaged too late, being worked on, and closed."""
    said = intake.Report(
        ("held", "fees"), "They lock the door (DEMO).", "XA-DLA", "en", reach="+999 1", consent=True
    )
    codes = [
        intake.file(said, key=builders.key(), at=at - timedelta(hours=30), files=_voice()).code
        for _ in range(3)
    ]
    told: dict[str, Any] = {"by": builders.officer(Role.CASE_OFFICER, at=at), "at": at}
    for code in codes[1:]:
        cases.triage(code, categories=["held"], key=builders.key(), **told)
        cases.refer(code, "police", text="They come.", note="By hand.", key=builders.key(), **told)
    cases.close(codes[2], "repaid", repaid="10", currency="XTS", key=builders.key(), **told)
    return codes


def _voice() -> list[Evidence]:
    """A voice note that nobody plays."""
    name = builders.key()
    return [Evidence(name, "audio/mpeg", 2048, "0" * 64, name)]


def _people(at: Any) -> dict[str, Any]:
    """Somebody who is barred, with an appeal open, and somebody whose bar waits for its officers."""
    start = at - timedelta(days=80)
    agency = builders.agency("Wagtail (DEMO)", at=start, company_number="W 1")
    for name in ("Rana Odeh (DEMO)", "Tariq Odeh (DEMO)"):
        agencies.appoint(
            agency, name=name, role="director", first_day=start.date(), by=builders.maker(start), at=start,
            idempotency_key=builders.key(),
        )  # fmt: skip
    lines, _ = persons.listed(by=builders.checker(at), at=at, q="Odeh")
    one, other = (line.number for line in lines)
    terms = {
        "last_day": (at + timedelta(days=300)).date().isoformat(), "grounds": ["CONVICTION"], "reason": "Judgment.",
    }  # fmt: skip
    said: dict[str, Any] = {"at": at, "no_conflict": True}
    moved = [
        motions.propose(
            Motion.BAR, number, terms, by=builders.maker(at), idempotency_key=builders.key(), **said
        ).id
        for number in (one, other)
    ]
    for by in (builders.checker(at), builders.registrar(at)):
        motions.approve(moved[0], by=by, idempotency_key=builders.key(), **said)
    alert = builders.warned(at=at, texts={"en": "They ask for money first."})
    withdrawing = motions.propose(
        Motion.END_ALERT, alert, {"cause": "error", "reason": "Another house."}, by=builders.maker(at),
        idempotency_key=builders.key(), **said,
    )  # fmt: skip
    bar = bars.of(one)[-1].sequence
    end = {"bar": bar, "cause": "error", "reason": "Another person."}
    ending = motions.propose(
        Motion.END_BAR, one, end, by=builders.maker(at), idempotency_key=builders.key(), **said
    )
    asked, given = (
        subjects.record(
            "access", person=other, asked_by="Lina Odeh (DEMO)", identity_check="Passport seen.", words="Everything.",
            received_on=at.date(), by=builders.maker(at), at=at, idempotency_key=builders.key(),
        ).id
        for _ in range(2)
    )  # fmt: skip
    answer = motions.propose(
        Motion.ANSWER, str(given), {"answer": "give", "reason": "As asked."}, by=builders.maker(at),
        idempotency_key=builders.key(), **said,
    )  # fmt: skip
    motions.approve(answer.id, by=builders.checker(at), idempotency_key=builders.key(), **said)
    return {
        "requests": [asked, given],
        "persons": [one, other],
        "bars": [f"{one}/bars/{bar}"],
        "motions": [*moved, ending.id, withdrawing.id],
        "alert": alert,
        "wagtail": agency,
    }


def _further(at: Any) -> list[str]:
    """Applications whose next step is another: to be inspected, to be granted, to be agreed to, to be refused."""
    told: list[dict[str, Any]] = [
        {"account": f"APPLICANT-{n}", "legal_name": f"Tern {n} (DEMO)", "company_number": f"T {n}"}
        for n in range(5)
    ]
    inspected = applying.reviewed(at, **told[0])
    applying.take(inspected, Asked.ORDER_INSPECTION, at=at)
    proposed, _ = applying.proposed(at, **told[1])
    letter = applying.reviewed(at, **told[2])
    applying.take(
        letter, Asked.PROPOSE_REFUSAL, at=at, grounds=["CAPITAL"], letter="The capital is not there."
    )
    called, minded = applying.called(at, **told[3]), applying.minded(at, **told[4])
    return [inspected, proposed, letter, called, minded, applying.reviewed(at)]


def _telling(actions: Iterable[Action]) -> list[Action]:
    """Of these steps those whose forms together hold every field; one page draws them all."""
    asked = {action: STEPS[action].needs | STEPS[action].optional for action in actions}
    found, seen = [], set[str]()
    for action in sorted(asked, key=lambda one: (-len(asked[one]), one)):
        if asked[action] - seen or action is Action.SUSPEND_PREVENTIVE:
            found.append(action)
            seen |= asked[action]
    return found


def test_every_page_of_the_desk_is_open_to_everybody_and_fits_its_screen(look: Any, clock: Clock) -> None:
    at = builders.START + timedelta(days=90)
    world = _world(at)
    roles = sorted(role.value for role in navigation.EVERYBODY)
    client = Client()
    me = appoint(ME, "XA-DLA", *roles)
    sign_in(client, me)
    key = Authenticator.objects.create(user=me, type=Authenticator.Type.WEBAUTHN, data={"name": "Key"})
    appoint("XA-DLA-102", "XA-DLA", "officer")
    one, two = (
        Actor(n, None, frozenset({Role.ADMINISTRATOR}), second_factor_at=at) for n in ("AD-1", "AD-2")
    )
    for admin in ("AD-1", "AD-2"):
        appoint(admin, "", "administrator")
    ruled = policies.propose(
        "XA-DLA", {"appeal_days": 21}, in_force_from=None, by=one, at=at, idempotency_key=builders.key()
    )
    change = officers.propose_roles("XA-DLA-102", roles=["supervisor"], reason="Promoted.", by=one, at=at)
    invited = officers.propose_invitation(
        "XA-DLA-109", authority="XA-DLA", roles=["officer"], username="hana", name="Hana", email="h@dla.example",
        by=one, at=at,
    )  # fmt: skip
    _, link = officers.approve(invited.pk, by=two, at=at)
    actor = Actor(ME, "XA-DLA", frozenset(map(Role, roles)), second_factor_at=at)
    matches = [item.id for item in screening.matches(by=actor).data[:1]]
    kept = SavedFilter.objects.create(officer=ME, name="Suspended", state="suspended", kept_at=at)
    agency, licences = world["agency"], world["licences"]
    steps = {
        option.step.action: f"licences/{number}/steps/{option.step.action}"
        for number in licences
        for option in outlook.options(number, by=actor, at=at)
        if option.closed is None
    }
    of_agency = [o.step.action for o in outlook.agency_options(agency, by=actor, at=at) if o.closed is None]
    asked = [
        (number, step.action.value)
        for number in world["applications"]
        for step in reading.one(number, by=actor, at=at).steps
    ]
    paths: dict[str, list[str]] = {
        "desk-queue": [""],
        "desk-agencies": ["agencies", "agencies?q=Bluefinch"],
        "desk-agency": [f"agencies/{agency}", f"agencies/{agency}?as_of={(at - timedelta(days=30)).date()}"],
        "desk-photograph": [
            f"agencies/{agency}/photographs/{shown['number']}"
            for shown in dossier.restricted_agency(agency, by=actor)["offices"][:1]
        ],
        "desk-versions": [f"agencies/{agency}/versions"],
        "desk-record": [f"agencies/{agency}/versions/{licences[0]}"],
        "desk-applications": ["applications"],
        "desk-merge": [f"agencies/{world['wagtail']}/merge"],
        "desk-motion": [f"motions/{number}" for number in (*world["motions"], world["merger"])],
        "desk-persons": ["persons", "persons?q=Odeh", "persons?q=Nobody"],
        "desk-person-file": [f"persons/{number}" for number in world["persons"]],
        "desk-bar-person": [f"persons/{world['persons'][0]}/bar"],
        "desk-bar": [f"persons/{place}" for place in world["bars"]],
        "desk-end-bar": [f"persons/{place}/end" for place in world["bars"]],
        "desk-dismiss-appeal": [f"persons/{place}/dismissal" for place in world["bars"]],
        "desk-alerts": ["alerts"],
        "desk-new-alert": ["alerts/new"],
        "desk-alert": [f"alerts/{world['alert']}"],
        "desk-correct-alert": [f"alerts/{world['alert']}/correction"],
        "desk-end-alert": [f"alerts/{world['alert']}/end"],
        "desk-requests": ["requests"],
        "desk-new-request": ["requests/new"],
        "desk-request": [f"requests/{number}" for number in world["requests"]],
        "desk-handed-over": [f"requests/{world['requests'][-1]}/file"],
        "desk-concerns": ["concerns", "concerns?state=closed"],
        "desk-concern": [f"concerns/{code}" for code in world["concerns"]],
        "desk-concern-person": [f"concerns/{world['concerns'][0]}/person"],
        "desk-concern-step": [
            *(f"concerns/{world['concerns'][0]}/{step}" for step in ("triage", "ask")),
            *(f"concerns/{world['concerns'][1]}/{step}" for step in ("refer", "close")),
            f"concerns/{world['concerns'][2]}/reopen",
        ],
        "desk-holders": ["holders"],
        "desk-holder": [f"holders/{number}" for number in world["holders"]],
        "desk-application": [f"applications/{number}" for number in world["applications"]],
        "desk-application-step": sorted(
            {action: f"applications/{n}/{action}" for n, action in asked}.values()
        ),
        "desk-licence": [f"licences/{number}" for number in licences],
        "desk-step": [steps[action] for action in _telling(steps)],
        "desk-agency-step": [f"agencies/{agency}/steps/{action}" for action in of_agency],
        "desk-letters": [f"licences/{licences[0]}/letters"],
        "desk-proposal": [f"proposals/{number}" for number in world["proposals"]],
        "desk-securities": ["securities"],
        "desk-security": [f"securities/{licences[2]}"],
        "desk-screening": ["screening", "screening?state=confirmed"],
        "desk-match": [f"screening/{number}" for number in matches],
        "desk-links": [f"agencies/{agency}/links"],
        "desk-people": ["officers"],
        "desk-invite": ["officers/invitations/new"],
        "desk-change": [f"officers/changes/{change.pk}"],
        "desk-person": ["officers/XA-DLA-102"],
        "desk-roles": ["officers/XA-DLA-102/roles"],
        "desk-new-device": ["officers/XA-DLA-102/device"],
        "desk-end": ["officers/XA-DLA-102/end"],
        "desk-policies": ["policies"],
        "desk-policy": ["policies/XA-DLA"],
        "desk-policy-version": ["policies/XA-DLA/versions/1"],
        "desk-new-policy": ["policies/XA-DLA/new"],
        "desk-policy-proposal": [f"policies/proposals/{ruled.id}"],
        "desk-readings": ["readings"],
        "desk-second-factor": ["second-factor"],
        "desk-account": ["account"],
        "desk-recovery-codes": ["account/recovery-codes"],
        "desk-forget": [f"account/passkeys/{key.pk}/forget"],
        "desk-keys": ["keys"],
        "desk-keep-filter": ["filters/new"],
        "desk-forget-filter": [f"filters/{kept.pk}/forget"],
        "desk-warnings": ["early-warning", "early-warning?days=7"],
        "desk-reports": ["reports"],
        "desk-report": [f"reports/{name}" for name in figures.REPORTS],
    }
    inside = look(client)
    for path in (path for several in paths.values() for path in several):
        inside.at(f"/desk/{path}")
    for path in (
        paths["desk-merge"][0],
        paths["desk-bar-person"][0],
        paths["desk-end-bar"][0],
        paths["desk-new-policy"][0],
    ):
        inside.at(f"/desk/{path}", sent=True)
    clock.stop(at + timedelta(minutes=6))  # where the second factor is stale, a form that decides asks for it
    for path in (steps[Action.SUSPEND_PREVENTIVE], paths["desk-match"][0], "officers/invitations/new"):
        inside.at(f"/desk/{path}", sent=True)
    outside = look()
    for path in ("sign-in", f"invitations/{link.rsplit('/', 1)[-1]}"):
        outside.at(f"/desk/{path}")
    outside.at("/desk/sign-in", sent=True)
    newcomer = User.objects.create_user("hana", password=PASSWORD, officer_number=None)
    newcomer.officer_number = "XA-DLA-103"
    newcomer.save()
    half = Client()
    half.force_login(newcomer)
    fresh = look(half)
    fresh.at("/desk/account/set-up")
    known = {*paths, "desk-sign-in", "desk-invitation", "desk-set-up"}
    assert inside.faults + outside.faults + fresh.faults == []
    assert all(paths.values()), [name for name, several in paths.items() if not several]
    assert known == _names(urls.urlpatterns)


def _acting(account: str, at: Any) -> tuple[str, int]:
    """A licence of an agency for which the account acts, with a notice to show cause; another that it asks about."""
    start = at - timedelta(days=80)
    licence, asked = (
        builders.active(builders.agency(f"Lark {n} (DEMO)", at=start, company_number=f"L {n}"), at=start)
        for n in range(2)
    )
    said: dict[str, Any] = {"at": at}
    first, _ = (
        holders.ask(account, number, "Its director.", idempotency_key=builders.key(), **said)
        for number in (licence, asked)
    )
    for by in (builders.maker(at), builders.checker(at)):
        holders.confirm(first, by=by, no_conflict=True, idempotency_key=builders.key(), **said)
    terms = StepTerms(grounds=("FEE-OVERCHARGE",), texts={"en": "Two workers paid you 900."})
    return licence, builders.take(licence, Action.SHOW_CAUSE, terms, at=at).sequence


def _invited(licence: str, account: str, at: Any) -> str:
    """The key of an invitation to one person of the licence's holder, where another shows live codes as the account."""
    agency = str(
        lookup.public_licence(licence, at=at).body.partition('"holder":{"number":"')[2].partition('"')[0]
    )
    keys = []
    for name in ("Mina Rai (DEMO)", "Sita Rai (DEMO)"):
        made = agencies.appoint(
            agency, name=name, role="registered_recruiter", first_day=at.date(), by=builders.maker(at), at=at,
            idempotency_key=builders.key(),
        )  # fmt: skip
        keys.append(live_codes.invite(builders.approved(made, at=at), by=account, at=at))
    live_codes.accept(keys[0], account=account, at=at)
    return keys[1]


def test_every_page_of_an_applicant_is_open_to_everybody_and_fits_its_screen(look: Any, clock: Clock) -> None:
    at = builders.START + timedelta(days=90)
    builders.authority(at=at)
    user = User.objects.create_user("kestrel@kestrel.example", "kestrel@kestrel.example", PASSWORD)
    half = Client()
    half.force_login(user)
    beginning = look(half)
    beginning.at("/apply/set-up")
    auth.enrol(user, SECRET)
    client = Client()
    sign_in(client, user)
    account = f"APPLICANT-{user.pk}"
    address = EmailAddress.objects.create(user=user, email="kestrel@kestrel.example")
    licence, notice = _acting(account, at)
    key = EmailConfirmationHMAC(address).key
    draft = applying.drafted(at, account=account)
    minded = applying.minded(at, account=account, legal_name="Egret Jobs (DEMO)", company_number="C 8")
    objected = applying.called(
        at, account="APPLICANT-9", legal_name="Heron Jobs (DEMO)", company_number="C 7"
    )
    paths: dict[str, list[str]] = {
        "apply-home": [""],
        "apply-application": [f"applications/{draft}", f"applications/{minded}"],
        "apply-check": [f"applications/{draft}/check"],
        "apply-withdraw": [f"applications/{draft}/withdraw"],
        "apply-section": [f"applications/{draft}/{name}" for name in particulars.SECTIONS],
        "apply-connect": ["agencies/connect"],
        "apply-licence": [f"licences/{licence}"],
        "apply-notice": [f"licences/{licence}/notices/{notice}"],
        "apply-people": [f"licences/{licence}/people"],
        "apply-live": ["live"],
        "apply-live-invitation": [f"live/invitations/{_invited(licence, account, at)}"],
    }
    inside, outside = look(client), look()
    reset = f"{user_pk_to_url_str(user)}/{default_token_generator.make_token(user)}"
    for path in (path for several in paths.values() for path in several):
        inside.at(f"/apply/{path}")
    outside.at(f"/apply/confirm/{key}")
    address.verified = address.primary = True
    address.save()
    for path in ("", "agencies/connect", f"applications/{draft}/check"):
        inside.at(f"/apply/{path}")
    for path in (f"applications/{minded}", "agencies/connect", f"licences/{licence}/notices/{notice}"):
        inside.at(f"/apply/{path}", sent=True)
    for path in (
        "sign-up", "sign-in", f"objections/{objected}", "forgotten", f"new-password/{reset}",
    ):  # fmt: skip
        outside.at(f"/apply/{path}")
    outside.at("/apply/forgotten", sent=True)
    outside.at(f"/apply/new-password/{reset}", sent=True)
    known = {
        *paths, "apply-sign-up", "apply-sign-in", "apply-set-up", "apply-objection", "apply-confirm", "apply-forgotten",
        "apply-new-password",
    }  # fmt: skip
    assert inside.faults + outside.faults + beginning.faults == []
    assert known == _names(apply_urls.urlpatterns)
