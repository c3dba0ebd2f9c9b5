"""Nobody outside reads a column that is not public: every route is asked about a register laden with secrets.

What a column holds is read from the tables themselves, so a new column is guarded on the day on which it is written.
A value is a secret if a restricted or internal column holds it, no public column does, and a register in which nothing
is entered says nothing of the kind (so codes of the law are no secrets).
"""

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from psycopg.types.range import Range

from api import standard_webhooks, throttles
from registry import (
    agencies,
    alerts,
    debarments,
    holders,
    licensing,
    lookup,
    motions,
    policies,
    retrospect,
    screening,
    subjects,
)
from registry.intake import taking
from registry.remedy import cases, intake
from registry.remedy.acts import Evidence
from registry.rules import publication
from registry.rules.lifecycle import Action, Actor, Role, Scope, StepTerms
from registry.rules.motions import RULES, Motion
from registry.rules.publication import Audience
from registry.rules.screening import Verdict
from tests import applying, builders
from tests.builders import START
from tests.conftest import Clock
from tests.house import House
from verification import badges, dumps, log, sequencing, statuses, tokens

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
SHORTEST = 6
"""Shorter texts are codes, initials and counts; they occur by chance."""

#: Made from the other tables; what they hold is public, or secret, only if a source says so.
DERIVED = frozenset({"PublishedRecord", "SearchName", "SearchWord", "ChangeJournal"})
#: Parts of an entry's effect that the public body tells: for what, on which conditions, how long, on whose list.
TOLD_OF_EFFECT = frozenset({"scope", "cut", "conditions", "term", "class", "source"})
#: Restricted columns of codes, counts, days of lists, and of law that is public once it has force: nothing in them is
#: told from what is public elsewhere.
CODES = frozenset(
    {
        ("Finding", "country"), ("Finding", "first_seen"), ("Finding", "last_seen"), ("Finding", "list_key"),
        ("ListSnapshot", "counts"), ("ObservedRow", "fields"), ("ObservedRow", "problems"),
        ("PolicyProposal", "state"), ("Proposal", "action"), ("Proposal", "subject"),
        ("ApplicationDocument", "kind"), ("ApplicationDocument", "media_type"),
        ("ApplicationEvent", "deadlines"), ("ApplicationEvent", "facts"), ("ApplicationEvent", "step"),
        ("Concern", "categories"), ("Concern", "state"), ("Concern", "body"), ("Concern", "outcome"),
        ("Concern", "language"),
        ("Concern", "agency"), ("Concern", "licence"),
        ("ConcernAct", "action"), ("ConcernAct", "facts"), ("ConcernFile", "media_type"),
        ("HolderAccount", "state"), ("EntryPaper", "media_type"),
        ("DeclaredLink", "kind"), ("Motion", "kind"), ("Motion", "state"), ("SubjectRequest", "kind"),
        ("SubjectRequest", "state"), ("Judgement", "verdict"), ("Screening", "why"), ("ScreeningMatch", "target_kind"),
    }
)  # fmt: skip
#: What stands in restricted texts and is no secret: the law's names for papers, and when something happened.
PLAIN = re.compile(rf"{'|'.join(applying.PAPERS)}|\d{{4}}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")

MARKED = {
    "Agency": {
        "legal_name": "Zibeline Manpower (DEMO)", "latin_name": "Zibeline Manpower", "legal_form": "Private Zlimited",
        "company_register": "Zregister of firms", "company_number": "ZC-55017", "tax_number": "ZTAX-40021",
        "address": "9 Zhidden Lane", "locality": "Zport", "bank_account": "ZBANK-77120099",
    },
    "Office": {
        "name": "Zmain office", "address": "14 Zharbour Road", "locality": "Zharbourtown", "postcode": "Z-80801",
        "authorisation": "ZAUTH-3301",
    },
}  # fmt: skip
PICTURE = b"\xff\xd8\xff"
PUBLIC = (
    "Zibeline Manpower (DEMO)", "Zibeline Jobs", "14 Zharbour Road", "office@zibeline.example", "+12025550142",
    "Zeno Public", "Zsummary for everybody", "Zcondition to keep", "ZLEGACY-81", "ZMinistry of Labour",
    "Zlisted Agency", "Zoltan Owner", "Zfalse Visa (DEMO)", "Zthey ask for money",
)  # fmt: skip
"""What the public is told somewhere: the proof that the search below would have found the rest."""

PROFILE = """
profile = "xa_zlist"
kind = "register"
title = "Zlicensed recruiters"
source = "ZMinistry of Labour"
[authority]
code = "MOL"
name = { en = "DEMO Ministry of Labour" }
country = "XA"
time_zone = "Asia/Kathmandu"
[file]
format = "csv"
[columns]
number = { heading = "No.", absent = "refuse" }
name = { heading = "Name" }
locality = "Town"
[fixed]
status = "licensed"
[identity]
holder = ["number"]
licence = ["number"]
"""
FINDINGS = """
profile = "xa_zfindings"
kind = "findings"
title = "Zdebarred names"
source = "Zworld body"
[authority]
code = "MOL"
name = { en = "DEMO Ministry of Labour" }
country = "XA"
time_zone = "Asia/Kathmandu"
[file]
format = "csv"
[columns]
name = { heading = "Firm", absent = "refuse" }
locality = "Town"
grounds = "Why"
from = "From"
until = "To"
[identity]
holder = ["name", "from"]
"""


@dataclass
class Laden:
    """A register in which every text column that a door writes holds something, and what is asked about."""

    agency: str
    office: str
    licence: str
    listed: str
    codes: tuple[str, ...]
    application: str
    receipt: str = ""
    digits: str = ""
    published: tuple[dumps.Dump, ...] = ()
    before: str = ""
    bodies: dict[str, str] = field(default_factory=dict)


def _enter(tmp_path: Path) -> Laden:
    """Everything that the register can hold of a licence, by its own doors."""
    builders.authority(at=START)
    by, key = builders.maker(START), builders.key
    ruler, second = (
        Actor(number, None, frozenset({Role.ADMINISTRATOR}), second_factor_at=START)
        for number in ("ZOFFICER-ADMIN", "ZOFFICER-RULER")
    )
    rules = {**builders.POLICY, "appeal_days": 27}
    ruled = policies.propose("XA-DLA", rules, in_force_from=START, by=ruler, at=START, idempotency_key=key())
    policies.approve(ruled.id, by=second, at=START, idempotency_key=key())
    harsh = policies.propose("XA-DLA", {}, in_force_from=START, by=ruler, at=START, idempotency_key=key())
    policies.decline(harsh.id, reason="Zlaw too harsh", by=second, at=START, idempotency_key=key())
    agency = agencies.register(
        "XA-DLA", {**MARKED["Agency"], "country": "XA"}, by=by, at=START, idempotency_key=key()
    ).number
    office = builders.head_office(agency, at=START, **MARKED["Office"])
    agencies.add_trading_name(agency, "Zibeline Jobs", by=by, at=START, idempotency_key=key())
    for kind, value in (("phone", "+1 (202) 555-0142"), ("email", "Office@Zibeline.Example")):
        agencies.add_channel(agency, kind, value, by=by, at=START, idempotency_key=key(), verified=True)
    told: dict[str, Any] = {"by": by, "at": START, "first_day": START.date(), "office": office}
    appointment = agencies.appoint(
        agency, name="Zeno Public", role="registered_recruiter", birth_date=date(1961, 2, 3), nationality="XB",
        document="ZPASS-900001", idempotency_key=key(), **told,
    ).number  # fmt: skip
    clerk = Actor("ZOFFICER-OF-PICTURES", "XA-DLA", frozenset({Role.OFFICER}), second_factor_at=START)
    for shown, agreed_on in ((office, None), (appointment, date(2025, 12, 23))):
        agencies.show_photograph(
            shown,
            PICTURE + shown.encode(),
            agreed_on=agreed_on,
            by=clerk,
            at=START,
            idempotency_key=key(),
        )
    withheld = agencies.appoint(
        agency, name="Ζήνα Hidden", latin_name="Zena Hidden", role="sub_agent", public_name=False,
        withheld_reason="Zthreats were made", idempotency_key=key(), **told,
    ).number  # fmt: skip
    agencies.appoint(agency, name="Zoltan Owner", role="beneficial_owner", idempotency_key=key(), **told)
    agencies.amend(
        agency, {"locality": MARKED["Agency"]["locality"]}, by=by, at=START, idempotency_key=key(),
        reason="Znote in the file",
    )  # fmt: skip
    licence = builders.opened(agency, "B", at=START, legacy_number="ZLEGACY-81")
    _decide(licence)
    other = builders.active(builders.agency("Zother (DEMO)", at=START), at=START)
    licensing.propose(
        other, Action.WARN, by=by, at=START, idempotency_key=key(),
        terms=StepTerms(grounds=("DISCRIMINATION",), restricted_reasons="Zsuspicion not proved", no_conflict=True),
    )  # fmt: skip
    lists = {
        "xa_zlist": (PROFILE, "No.,Name,Town,Owner\nZ-1,Zlisted Agency,Ztown of the list,Zowner as read\n"),
        "xa_zfindings": (
            FINDINGS,
            "Firm,Town,Why,From,To,Remark\nZebedee Freight,Zfoundtown,Zfraud abroad,2024-05-06,2031-07-08,Zremark\n",
        ),
    }  # fmt: skip
    for name, (profile, rows) in lists.items():
        (tmp_path / f"{name}.toml").write_text(profile, encoding="utf-8")
        (tmp_path / f"{name}-zfile.csv").write_text(rows, encoding="utf-8")
        taking.take_in(
            str(tmp_path / f"{name}.toml"),
            tmp_path / f"{name}-zfile.csv",
            on=START.date(),
            at=START,
            by="ZINTAKE-CLERK",
        )
    (listed,) = lookup.by_legacy("Z-1", at=START)
    kinds = (
        ("licence", licence),
        ("office", office),
        ("appointment", appointment),
        ("appointment", withheld),
    )
    codes = tuple(badges.issue(kind, of, at=START).code for kind, of in kinds)
    _move(agency)
    _hold(licence)
    _report(licence)
    return Laden(agency, office, licence, listed.number, codes, _ask_and_screen())


def _move(agency: str) -> None:
    """What officers decide beside licences: an owner is barred and asks what is held, two records are merged."""
    by, told = builders.maker(START), retrospect.agency(agency, by=builders.checker(START), at=START)
    owner = next(one["person"] for one in told.appointments if one["role"] == "beneficial_owner")

    def move(kind: Motion, about: str, **terms: Any) -> int:
        return motions.propose(
            kind, about, terms, by=by, at=START, idempotency_key=builders.key(), no_conflict=True
        ).id

    def take(kind: Motion, about: str, **terms: Any) -> None:
        moved = move(kind, about, **terms)
        for officer in (builders.checker(START), builders.registrar(START))[: len(RULES[kind].approvals)]:
            motions.approve(moved, by=officer, at=START, idempotency_key=builders.key(), no_conflict=True)

    gone, stays = builders.agency("Zdouble (DEMO)", at=START), builders.agency("Zdoubled (DEMO)", at=START)
    builders.active(gone, at=START)
    take(Motion.MERGE, gone, into=stays, reason="Zthe clerk entered it twice")
    take(Motion.BAR, owner, last_day="2031-04-05", grounds=["DISCRIMINATION"], reason="Zwhistle was blown")
    builders.warned(
        names=["Zfalse Visa (DEMO)"], contacts=["+12025550199"], place="Zmarket", source="Znotice seven",
        texts={"en": "Zthey ask for money"}, reason="Zthe neighbour told us", seen_on="2025-12-30",
    )  # fmt: skip
    declined = move(Motion.MERGE, agency, into=stays, reason="Zno reason at all")
    motions.decline(
        declined, by=builders.checker(START), at=START, reason="Ztwo firms", idempotency_key=builders.key()
    )
    for kind, answer in (("access", "give"), ("rectification", "refuse")):
        asked = subjects.record(
            kind, person=owner, asked_by="Zoltan himself", identity_check="Zpassport seen", words="Zeverything of mine",
            received_on=date(2025, 11, 17), by=by, at=START, idempotency_key=builders.key(),
        )  # fmt: skip
        take(Motion.ANSWER, str(asked.id), answer=answer, reason="Zanswered as the law asks")


def _report(licence: str) -> None:
    """Somebody reports a concern with a photograph, and a case officer sees to it until it is closed."""
    said = intake.Report(
        ("fees", "held"), "Zthey locked the door", "XA-DLA", "en", whom="Zman of the shop", licence=licence,
        place="Zbus station", amount="ZM 900", name="Zahra Witness", reach="+9771999000", wish="Zafter midnight",
    )  # fmt: skip
    photo = Evidence("zreference-of-photo", "audio/amr", 9, "5a" * 32, "zstored/photo-1")
    filed = intake.file(said, key="zform-1", files=[photo], at=START)
    told: dict[str, Any] = {
        "by": builders.officer(Role.CASE_OFFICER, at=START, number="ZCASE-OFFICER"),
        "at": START,
    }
    cases.triage(filed.code, categories=["held"], subject=licence, note="Zcalled her", key="z1", **told)
    cases.ask(filed.code, "Zwhere are you now", key="z2", **told)
    seen = intake.enter(filed.code, filed.pin, at=START)
    intake.reply(seen.ticket, "Zat my sister's", key="z3", at=START)
    cases.refer(filed.code, "anti_trafficking", why="Zlaw of need", key="z4", **told)
    cases.close(filed.code, "repaid", repaid="914.25", currency="XTS", text="Zpaid", key="z5", **told)


def _hold(licence: str) -> None:
    """An account that two officers let act for the agency answers a notice with a paper, and is ended."""
    account, when = "ZACCOUNT-77120", START + 2 * DAY
    said: dict[str, Any] = {"at": when}
    asked = holders.ask(account, licence, "Zits director's word", idempotency_key=builders.key(), **said)
    for by in (builders.maker(when), builders.checker(when)):
        holders.confirm(asked, by=by, no_conflict=True, idempotency_key=builders.key(), **said)
    notice = builders.take(licence, Action.SHOW_CAUSE, StepTerms(grounds=("FEE-OVERCHARGE",)), at=when)
    paper = {
        "name": "zreceipts.pdf", "media_type": "application/pdf", "size": 8, "sha256": "5a" * 32,
        "stored_as": "zstored/paper-1",
    }  # fmt: skip
    holders.represent(
        account,
        licence,
        notice.sequence,
        "Zpaid it all back",
        [paper],
        idempotency_key=builders.key(),
        **said,
    )
    end: dict[str, Any] = {"reason": "Zleft the firm", "no_conflict": True, "idempotency_key": builders.key()}
    holders.end(asked, by=builders.maker(when), **said, **end)


def _ask_and_screen() -> str:
    """A refused application, whose number is returned, and two agencies that screening finds alike."""
    application = applying.refused(START, tax_number="ZTAX-88", legal_name="Zapplicant Works (DEMO)")
    gone, fresh = builders.agency("Zharbour Bridge (DEMO)"), builders.agency("Zharbour Bridges (DEMO)")
    by = builders.maker(START)
    for number in (gone, fresh):
        agencies.add_channel(number, "phone", "+97714412345", by=by, at=START, idempotency_key=builders.key())
    builders.revoked(builders.active(gone), at=START)
    screening.run_due(at=START)
    (found,) = screening.of(fresh, at=START).matches
    said = {"reason": "Zthe same house", "no_conflict": True, "at": START, "idempotency_key": builders.key()}
    screening.judge(found.id, Verdict.CONFIRM, by=by, **said)  # type: ignore[arg-type]
    screening.declare(
        gone, fresh, "family", evidence="Zof marriages", by=by, at=START, idempotency_key=builders.key()
    )
    return application


def _decide(licence: str) -> None:
    """A life with every kind of entry: granted, secured, watched, punished, appealed against, suspended, lifted."""
    at = START
    secret: dict[str, Any] = {
        "restricted_reasons": "Zinformer's own words",
        "texts": {"en": "Zsummary for everybody"},
    }
    first, last = at.date(), at.date() + 700 * DAY

    def take(action: Action, **said: Any) -> int:
        return builders.take(licence, action, StepTerms(**said), at=at).sequence

    take(
        Action.GRANT, first_day=first, last_day=last, scope=Scope(("XB",), ("5321",)),
        conditions=({"code": "REPORT", "text": "Zcondition to keep"},), **secret,
    )  # fmt: skip
    take(Action.CONFIRM_SECURITY, amount="100000", currency="XTS", issuer="Zissuing Bank", until=last)
    take(Action.ACTIVATE)
    at = START + DAY
    take(Action.ENTER_DEMERIT, grounds=("DISCRIMINATION",), points=93, **secret)
    take(Action.FINE, grounds=("DISCRIMINATION",), amount="250", currency="XTS", **secret)
    cut = take(Action.RESTRICT, grounds=("BANNED-CORRIDOR",), cut=Scope(("XC",)), immediate=True, **secret)
    take(Action.FILE_APPEAL, refers_to=cut, restricted_reasons="Zappellant's letter")
    take(Action.STAY, refers_to=cut, order_reference="ZCOURT 7/2026")
    take(Action.LIFT, refers_to=take(Action.SUSPEND_PREVENTIVE, grounds=("TRAFFICKING",), **secret))
    by = builders.maker(at)
    waiting = licensing.propose(
        licence, Action.WARN, by=by, at=at, idempotency_key=builders.key(),
        terms=StepTerms(grounds=("RETALIATION",), restricted_reasons="Zunproven", no_conflict=True),
    )  # fmt: skip
    licensing.decline(
        waiting.id, by=builders.checker(at), at=at, reason="Znot enough proof", idempotency_key=builders.key()
    )


def _questions(laden: Laden) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Everything that a visitor may read, in each form in which it is given."""
    html, signed = {"Accept": "text/html"}, {"Accept": "application/jwt"}
    day = START.date() + DAY
    yield from (("/where", html), ("/scan", html), ("/nothing/here", html))
    yield from (
        (path, {}) for path in ("/worker.js", "/manifest.webmanifest", "/healthz", "/readyz", "/mark.svg")
    )
    yield (f"/photographs/{hashlib.sha256(PICTURE + laden.office.encode()).hexdigest()}.jpg", {})
    yield from (
        (path, {}) for path in (*laden_free(), "/api/nothing", "/s", "/log/checkpoint", "/log/policy")
    )
    for asked in (
        "Zibeline Manpower",
        "Zena Hidden",
        "Zoltan Owner",
        "ZTAX-40021",
        "Zlisted",
        "office@zibeline.example",
    ):
        yield f"/api/v1/search?q={asked}", {}
        yield f"/?q={asked}", html
    for number in (laden.licence, laden.listed):
        path = f"/api/v1/licences/{number}"
        yield from (
            (path, {}),
            (f"{path}?as_of={day}", {}),
            (f"{path}?known_at={day}T00:00:00Z", {}),
            (path, signed),
        )
        yield from (
            (f"{path}/timeline", {}),
            (f"{path}/certificate?on={day}", {}),
            (f"{path}/certificate", signed),
        )
        yield f"/licences/{number}", html
    yield from (("/api/v1/licences?number=ZLEGACY-81", {}), ("/api/v1/changes?after=0&limit=1000", {}))
    yield from (("/api/v1/agencies?limit=100", {}), (f"/api/v1/agencies/{laden.agency}", {}))
    yield f"/agencies/{laden.agency}", html
    yield from ((f"/report?licence={laden.licence}", html), ("/report/status", html))
    yield from (("/applications", html), (f"/applications/{laden.application}", html))
    yield from (("/api/v1/debarments", {}), ("/api/v1/debarments?q=Zoltan", {}), ("/debarments", html))
    yield from (
        ("/api/v1/alerts", {}),
        ("/alerts", html),
        ("/alerts.csv", {}),
        ("/agencies", html),
        ("/agencies.csv", {}),
    )
    yield from (("/?q=Zfalse+Visa", html), ("/api/v1/search?q=Zfalse&contact=%2B12025550199", {}))
    for alert in alerts.listed(at=START + DAY, limit=9).data:
        yield from ((f"/api/v1/alerts/{alert.number}", {}), (f"/alerts/{alert.number}", html))
    for bar in debarments.listed(at=START + DAY, limit=9).data:
        yield from ((f"/api/v1/debarments/{bar.sequence}", {}), (f"/debarments/{bar.sequence}", html))
    for code in laden.codes:
        yield from (
            (f"/v/{code}", html),
            (f"/v/{code}", {"Accept": "application/json"}),
            (f"/v/{code}/", html),
        )
        yield from ((f"/api/v1/verify/{code}", {}), (f"/api/v1/verify/{code}", signed), (f"/c/{code}", {}))
        yield from ((f"/v/{code}/badge", html), (f"/v/{code}/qr.svg", {}), (f"/v/{code}/qr.png", {}))
    for dump in laden.published:
        yield f"/api/v1/dumps/{dump.name}/proof", {}
        for name in ("manifest.json", *(one["name"] for one in dump.manifest["files"])):
            yield f"/api/v1/dumps/{dump.name}/{name}", {}
    size = log.size()
    yield from ((f"/log/tile/entries/000.p/{size}", {}), (f"/log/tile/0/000.p/{size}", {}))
    yield from ((f"/log/proof/{index}", {}) for index in range(size))
    yield from ((f"/log/consistency?from=1&to={size}", {}), (f"/log/badge/{'0' * 64}", {}))
    yield from (
        (f"/s/{statuses.places([laden.codes[0]])[laden.codes[0]].number}", {}),
        ("/b/1/revocation", {}),
    )
    yield from (("/log/witness/add-checkpoint", {}), ("/log/nothing", {}), ("/a/xa-dla/did.json", {}))


def laden_free() -> tuple[str, ...]:
    """Routes that can be asked of a register in which nothing is entered."""
    return (
        "/", "/api/v1/codes", "/api/v1/schema", "/api/v1/docs", "/api/v1/docs/start.js", "/api/v1/dumps",
        "/.well-known/recruiter-trust-list", "/.well-known/jwks.json", "/.well-known/did.json",
        "/.well-known/security.txt",
    )  # fmt: skip


def _read(answer: Any) -> str:
    """An answer's headers and body as text, whatever its form: unpacked, and a token's parts decoded."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    text = body.decode("utf-8", "replace")
    if re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", text):
        from verification.public_keys import unbase64url

        text += b"".join(map(unbase64url, text.split("."))).decode("utf-8", "replace")
    if text[:1] in {"{", "["}:
        text += json.dumps(json.loads(text), ensure_ascii=False) if "\n{" not in text else ""
    return text + "\n".join(f"{name}: {value}" for name, value in answer.headers.items())


@pytest.fixture
def laden(
    tmp_path: Path, clock: Clock, settings: LazySettings, sign_for: Callable[..., House], public: Client
) -> Laden:
    """The register, and all that is told of it two days later."""
    clock.stop(START)
    throttles.look_ups.forget()
    settings.REGISTRY_DUMPS = tmp_path / "dumps"
    before = "".join(_read(public.get(path)) for path in laden_free())
    found = _enter(tmp_path)
    found.before = before
    at = clock.stop(START + 2 * DAY)
    sign_for("XA-DLA", "XA-MOL", at=START)
    statuses.refresh(at=at)
    tokens.refresh(at=at)
    sequencing.advance(at=at)
    found.published = tuple(dumps.publish(at=at))
    sequencing.publish(at=at)
    for path, headers in _questions(found):
        found.bodies[f"{path} {headers.get('Accept', '')}"] = _read(public.get(path, headers=headers))
    items = [
        {"number": found.licence, "name": "Zena Hidden"},
        {"number": "ZLEGACY-81"},
        {"number": found.listed},
    ]
    receipt = public.get(
        f"/api/v1/verify/{found.codes[0]}", headers={"Accept": "application/jwt"}
    ).content.decode()
    for path, sent in (
        ("/api/v1/verifications", {"items": items}),
        ("/api/v1/receipts/verify", {"receipt": receipt}),
        ("/api/v1/verify-token", {"token": tokens.digits(found.codes[0], at=at)}),
        ("/api/v1/credentials/verify", {"credential": public.get(f"/c/{found.codes[0]}").content.decode()}),
    ):
        found.bodies[path] = _read(public.post(path, json.dumps(sent), content_type="application/json"))
    for path, body in _typed(found):
        media = "application/json" if body.startswith("{") else "application/x-www-form-urlencoded"
        signed = standard_webhooks.headers(
            path.strip("/"), body.encode(), settings.REGISTRY_GATEWAY_SECRETS, at=at
        )
        found.bodies[f"{path} {body}"] = _read(public.post(path, body, content_type=media, headers=signed))
    return found


def _typed(found: Laden) -> Iterator[tuple[str, str]]:
    """What is asked by form, and by telephone through the gateway."""
    for code in found.codes:
        yield f"/v/{code}/live", "digits=482913"
        yield f"/api/v1/verify/{code}/live", '{"digits": "482913"}'
        yield "/gateway/sms", json.dumps({"from": "+9779812345678", "text": f"{code} 482913"})
        yield "/gateway/ussd", f"sessionId=1&phoneNumber=%2B9779812345678&text=1*1*{code}"
    for number in (found.licence, found.listed, "ZLEGACY-81"):
        yield "/gateway/sms", json.dumps({"from": "+9779812345678", "text": number})


# --- what the tables hold ------------------------------------------------------------------------------------------


def _leaves(value: Any) -> Iterator[str]:
    """The texts in a value, those of a JSON value one by one."""
    match value:
        case str() | UUID():
            yield str(value)
        case Mapping():
            for inner in value.values():
                yield from _leaves(inner)
        case list() | tuple():
            for inner in value:
                yield from _leaves(inner)
        case Range() if not value.isempty:
            yield from _leaves([value.lower, value.upper and value.upper - DAY])
        case datetime():
            pass
        case date():
            yield value.isoformat()


def _held() -> Iterator[tuple[str, str, Audience, str]]:
    """Every text that a column of a table or of its history holds: model, column, audience, text."""
    named: dict[str, Any] = {
        "appointments__role__in": publication.PUBLIC_ROLES, "appointments__public_name": True
    }  # fmt: skip
    persons = apps.get_model("registry", "Person")._default_manager
    shown = {
        key for rows in (persons.filter(**named), persons.filter(debarments__isnull=False))
        for key in rows.values_list("pk", flat=True)
    }  # fmt: skip
    for model in apps.get_app_config("registry").get_models():
        name = model.__name__.removeprefix("Historical")
        for row in model._default_manager.all() if name not in DERIVED else ():
            for column in model._meta.concrete_fields:
                audience, value = _audience(name, column.name, row, shown), getattr(row, column.attname)
                if (name, column.name) == ("Entry", "effect"):
                    told = {key: value.pop(key) for key in TOLD_OF_EFFECT & set(value)}
                    yield from ((name, column.name, Audience.PUBLIC, text) for text in _leaves(told))
                yield from ((name, column.name, audience, text) for text in _leaves(value))


def _audience(name: str, column: str, row: Any, shown: set[int]) -> Audience:
    """Who reads this column of this row: a name is public with a public appointment or a bar, reasons never are."""
    if column.startswith("history_") or (name == "EntryText" and row.restricted):
        return Audience.RESTRICTED
    if name == "Person" and column in {"name", "latin_name"} and row.id in shown:
        return Audience.PUBLIC
    return publication.audience(name, column)


def _secrets(laden: Laden) -> dict[str, set[tuple[str, str]]]:
    """The secrets of the register and the columns that hold each."""
    held = list(_held())
    public = [t.casefold() for _, _, audience, t in held if audience is Audience.PUBLIC]
    # Until when a bar is told is reckoned from what is public of it.
    public += [str(bar.public_until) for bar in debarments.listed(at=START + DAY, limit=9).data]
    told = "\n".join([laden.before.casefold(), *public])
    found: dict[str, set[tuple[str, str]]] = {}
    for name, column, audience, text in held:
        hidden = audience is not Audience.PUBLIC and not PLAIN.fullmatch(text)
        if hidden and len(text) >= SHORTEST and text.casefold() not in told:
            found.setdefault(text, set()).add((name, column))
    return found


def _routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from _routes(pattern, route)


def test_no_route_tells_what_a_column_that_is_not_public_holds(laden: Laden) -> None:
    secrets = _secrets(laden)
    texts = {
        (name, column.name)
        for name, named in publication.FIELDS.items()
        if name not in DERIVED
        for column in apps.get_model("registry", name)._meta.concrete_fields
        if named[column.name] is Audience.RESTRICTED
        and isinstance(column, models.TextField | models.JSONField | models.DateField)
        and not isinstance(column, models.DateTimeField)
    }
    covered = {place for places in secrets.values() for place in places}
    assert texts - covered - CODES == set(), "nothing secret stands in these columns: write something there"
    folded = {secret: secret.casefold() for secret in secrets}
    leaks = {
        (secret, where)
        for where, body in ((where, body.casefold()) for where, body in laden.bodies.items())
        for secret, text in folded.items()
        if text in body and text not in where.casefold()
    }
    assert leaks == set()
    for where, body in laden.bodies.items():
        assert not re.search(r'"points"|: ?93\b|>93<', body), where
    everything = "\n".join(laden.bodies.values())
    assert [text for text in PUBLIC if text not in everything] == [], "the search would not have found these"
    asked = {resolve(urlsplit(where.split(" ")[0]).path, "api.conf.public").route for where in laden.bodies}
    assert set(_routes(get_resolver("api.conf.public"))) - asked <= {".*"}
