"""The demonstration register: invented agencies with a past, made by the same lawful steps as real ones.

``load`` reads ``fixtures/demo.toml`` and lives its events in the order of time, so that histories, timelines and
numbers are as if officers had worked for years. Every agency's name says DEMO.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction

from api import demo_pictures
from api.models import EarlyWarning, Officer, User
from registry import agencies, holders, licensing, lookup, motions, search
from registry.admission import applicants
from registry.admission import officers as admitting
from registry.remedy import intake
from registry.rules import applying, days, numbering, particulars
from registry.rules.lifecycle import STEPS, Action, Actor, Role, Scope, StepTerms
from registry.rules.motions import Motion
from registry.rules.publication import PUBLIC_ROLES
from verification import badges, live_codes, tokens

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "demo.toml"
PASSWORD = "demo-only-never-in-use"  # noqa: S105 - public on purpose; ``check --deploy`` refuses a demo
#: The same secret for each demo officer, so that one authenticator entry serves them all (base 32, RFC 6238).
TOTP_SECRET = "DEMODEMODEMODEMODEMODEMODEMODEMO"  # noqa: S105 - public on purpose
#: Whose badges the greeting names: suspended yesterday, in good standing (and the tour leaves it so), limited, revoked.
SHOWN = ("Bluefinch Manpower (DEMO)", "Harbour Bridge Recruitment (DEMO)", "Silver Lotus Employment (DEMO)",
         "Kestrel Overseas (DEMO)")  # fmt: skip
_PICTURES: Mapping[str, Callable[[str], bytes]] = {
    "office": demo_pictures.office,
    "appointment": demo_pictures.person,
}
_PAPER = b"%PDF-1.4\n% DEMO: an empty paper\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
SYSTEM = Actor("SYSTEM", None, frozenset({Role.SYSTEM}))


@dataclass(order=True)
class _Event:
    """Something that happens at an instant; events of one instant keep the order of the file."""

    at: datetime
    place: int
    act: Callable[[datetime], object] = field(compare=False)


@dataclass
class _Story:
    """One licence while its story is told: its number, and the sequence of the latest entry of each action."""

    number: str = ""
    entries: dict[str, int] = field(default_factory=dict)


def load(*, at: datetime, progress: Callable[[int, int], None] = lambda _done, _all: None) -> dict[str, int]:
    """Fill an empty register with the demonstration; how many agencies, licences and badges. A full one stays."""
    told = tomllib.loads(FIXTURE.read_text(encoding="utf-8"))
    officers(told["officer"], at=at)
    if lookup.sequence_now():
        return {"agencies": 0, "licences": 0, "badges": 0}
    zones = {a["code"]: a["zone"] for a in told["authority"]}
    for row in told["authority"]:
        agencies.create_authority(
            row["code"], name=row["name"], zone=row["zone"], rules=row["rules"], languages=row["languages"],
            legal_basis=row["legal_basis"], contact=row["contact"], complaint=row["complaint"], by=SYSTEM,
            at=at - timedelta(days=4000),
        )  # fmt: skip
    teller = _Teller(today=at, zones=zones)
    for agency in told["agency"]:
        teller.agency(agency)
    for applicant in told["applicant"]:
        teller.application(applicant)
    for row in told["alert"]:
        teller.alert(row)
    events = sorted(teller.events)
    for done, event in enumerate(events):
        event.act(event.at)
        progress(done + 1, len(events))
    for row in told["concern"]:
        _concern(row, at=at)
    made = [badges.issue(kind, number, at=at) for kind, number in teller.subjects()]
    _enrol(told["applicant"][0]["email"], at=at)
    _ask_in_vain(told["asked"], at=at)
    return {"agencies": len(told["agency"]), "licences": len(teller.stories), "badges": len(made)}


def _ask_in_vain(rows: list[Mapping[str, Any]], *, at: datetime) -> None:
    """What the early warning has counted, as if visitors had asked."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    EarlyWarning.objects.bulk_create(
        EarlyWarning(
            hour=hour - timedelta(hours=int(ago)), kind=row["kind"], code=row["code"], authority=row["authority"],
            district=district, count=count,
        )
        for row in rows
        for district, told in (("", row["hours"]), *((place, {3: n}) for place, n in row["districts"].items()))
        for ago, count in told.items()
    )  # fmt: skip


def officers(rows: list[Mapping[str, Any]], *, at: datetime) -> None:
    """The demo's sign-ins: one password, one authenticator secret, roles as in the fixture."""
    from api import auth  # noqa: PLC0415 - the sign-in stack is heavy and only the demo's first start needs it

    for row in rows:
        if User.objects.filter(username=row["username"]).exists():
            continue
        with transaction.atomic():
            Officer.objects.create(
                number=row["number"], authority=row["authority"], roles=row["roles"], appointed_at=at
            )
            user = User(username=row["username"], first_name=row["name"], officer_number=row["number"])
            user.is_staff = "administrator" in row["roles"]
            user.set_password(PASSWORD)
            user.save()
            auth.enrol(user, TOTP_SECRET)


def _concern(row: Mapping[str, Any], *, at: datetime) -> None:
    """Somebody reports a concern, so many hours ago."""
    told = {name: value for name, value in row.items() if name not in {"categories", "hours_ago"}}
    reported = intake.Report(categories=tuple(row["categories"]), language="en", **told)
    intake.file(reported, key=f"demo-{row['hours_ago']}", at=at - timedelta(hours=row["hours_ago"]))


def _enrol(email: str, *, at: datetime) -> None:
    """Have an account act for an agency in good standing, and show live codes as one of its people."""
    account = f"APPLICANT-{User.objects.get(username=email).pk}"
    rows = lookup.agencies(at=at, limit=1000).data
    licence = next(row["licence"]["number"] for row in rows if row["name"] == SHOWN[1])
    authority = licence.rpartition("-A-")[0]
    asked = holders.ask(account, licence, "Of the agency (DEMO).", at=at, idempotency_key="demo live 1")
    for place, role in enumerate((Role.OFFICER, Role.SUPERVISOR), 2):
        by = _officer(authority, role, at)
        holders.confirm(asked, by=by, at=at, no_conflict=True, idempotency_key=f"demo live {place}")
    person = holders.people(account, licence, at=at)[0].number
    live_codes.accept(live_codes.invite(person, by=account, at=at), account=account, at=at)


class _Teller:
    """Turns the fixture's stories into events."""

    def __init__(self, *, today: datetime, zones: Mapping[str, str]) -> None:
        self.today, self.zones = today, zones
        self.events: list[_Event] = []
        self.stories: list[_Story] = []
        self.others: list[tuple[str, str]] = []

    def subjects(self) -> Iterator[tuple[str, str]]:
        """What gets a badge: every licence, office and named person."""
        yield from (("licence", story.number) for story in self.stories)
        yield from self.others

    def at(self, day: int, hour: int = 10) -> datetime:
        """The instant of an hour, so many days from today, never after now."""
        return min(
            self.today.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=day, hours=hour),
            self.today,
        )

    def add(self, day: int, act: Callable[[datetime], object], *, hour: int = 10) -> None:
        """Have ``act`` happen then."""
        self.events.append(_Event(self.at(day, hour), len(self.events), act))

    def agency(self, row: Mapping[str, Any]) -> None:
        """Register the agency with all that belongs to it, then tell its licences."""
        code, since = row["authority"], row["since"]
        number: list[str] = []
        maker = _officer(code, Role.OFFICER)

        def register(at: datetime) -> None:
            fields = {"legal_name": row["name"], "latin_name": row.get("latin", ""), "country": code[:2],
                      "company_register": "DEMO", "company_number": row["company"]}  # fmt: skip
            made = agencies.register(code, fields, by=maker, at=at, idempotency_key=f"demo {row['company']}")
            number.append(made.number)

        self.add(since, register)
        keys = iter(range(1000))

        def also(
            write: Callable[..., agencies.Written | agencies.Waiting],
            *args: Any,
            keep: str = "",
            **named: Any,
        ) -> None:
            def act(at: datetime) -> None:
                key = f"demo {row['company']} {next(keys)}"
                made = write(number[0], *args, by=maker, at=at, idempotency_key=key, **named)
                if keep:
                    self.others.append((keep, made.number))
                    _show(keep, made.number, named, by=maker, at=at)

            self.add(since, act)

        first_day = days.local_day(self.at(since), self.zones[code])
        for name in row.get("trading", ()):
            also(agencies.add_trading_name, name, first_day=first_day)
        for office in row["offices"]:
            also(agencies.add_office, {**office, "country": code[:2], "first_day": first_day}, keep="office")
        for kind, value in row.get("channels", ()):
            also(agencies.add_channel, kind, value, verified=True, first_day=first_day)
        for name, role in row.get("persons", ()):
            also(agencies.appoint, name=name, role=role, first_day=first_day, keep="appointment")
        for licence in row["licence"]:
            self.licence(licence, code, number)

    def application(self, row: Mapping[str, Any]) -> None:
        """An application for a first licence, sent and then taken under review; whoever sent it can sign in."""
        from api import auth  # noqa: PLC0415 - as in ``officers``

        number: list[str] = []

        def send(at: datetime) -> None:
            user = User.objects.create_user(row["email"], email=row["email"], password=PASSWORD)
            EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
            auth.enrol(user, TOTP_SECRET)
            account, key = f"APPLICANT-{user.pk}", f"demo {row['email']}"
            number.append(applicants.begin(account, row["authority"], at=at, idempotency_key=f"{key} 1"))
            for section, said in row["sections"].items():
                applicants.save(number[0], section, said, account=account, at=at)
            for kind in particulars.NEEDED_DOCUMENTS:
                name = f"{kind}.pdf"
                applicants.attach(
                    number[0], kind, name=name, media_type="application/pdf", size=len(_PAPER), account=account, at=at,
                    sha256=sha256(_PAPER).hexdigest(), stored_as=storages["documents"].save(name, ContentFile(_PAPER)),
                )  # fmt: skip
            applicants.submit(number[0], account=account, at=at, idempotency_key=f"{key} 2")

        def review(at: datetime) -> None:
            by = _officer(row["authority"], Role.OFFICER, at)
            admitting.take(
                number[0], applying.Action.REVIEW, by=by, at=at, said={}, no_conflict=True,
                idempotency_key=f"demo {row['email']} 3",
            )  # fmt: skip

        self.add(row["sent"], send)
        self.add(row["reviewed"], review)

    def alert(self, row: Mapping[str, Any]) -> None:
        """The public is warned, by two officers; a clone is of the agency of the name given."""
        code = row["authority"]

        def warn(at: datetime) -> None:
            terms = {name: value for name, value in row.items() if name not in {"authority", "day", "of"}}
            if "of" in row:
                terms["agency"] = search.find(row["of"], limit=1, after=None, at=at).data[0].agency
            about = row["names"][0]
            said: dict[str, Any] = {"at": at, "no_conflict": True}
            made = motions.propose(
                Motion.PUBLISH_ALERT, about, terms, by=_officer(code, Role.OFFICER, at),
                idempotency_key=f"demo alert {row['contacts'][0]} 1", **said,
            )  # fmt: skip
            by, key = _officer(code, Role.SUPERVISOR, at), f"demo alert {row['contacts'][0]} 2"
            motions.approve(made.id, by=by, idempotency_key=key, **said)

        self.add(row["day"], warn)

    def licence(self, row: Mapping[str, Any], code: str, agency: list[str]) -> None:
        """Open, grant, secure, activate and renew, then the steps of the story."""
        story = _Story()
        self.stories.append(story)
        zone = self.zones[code]
        first = days.local_day(self.at(row["granted"]), zone)
        last = days.add_months(first, row["months"]) - timedelta(days=1)

        def begin(at: datetime) -> None:
            key = f"demo {agency[0]} {row['class']}"
            made = licensing.open_licence(agency[0], row["class"], by=_officer(code, Role.OFFICER), at=at,
                                          idempotency_key=key, legacy_number=row.get("legacy", ""))  # fmt: skip
            story.number = made.number
            terms = StepTerms(
                first_day=first, last_day=last, provisional=row.get("provisional"),
                scope=Scope(tuple(row.get("corridors", ())), tuple(row.get("occupations", ()))),
                conditions=tuple({"code": "CONDITION", "text": text} for text in row.get("conditions", ())),
            )  # fmt: skip
            take(story, Action.GRANT, terms, code, at)

        self.add(row["granted"], begin)
        if "secured" in row:
            until = days.local_day(self.at(row["secured"]), zone)
            money = StepTerms(amount="100000", currency="XTS", issuer="DEMO Bank", until=until)
            self.add(row["granted"], lambda at: take(story, Action.CONFIRM_SECURITY, money, code, at))
        self.add(row["granted"], lambda at: take(story, Action.ACTIVATE, StepTerms(), code, at))
        end = last
        for day, months in row.get("renewals", ()):
            end = self.renewal(story, code, day, months, end)
        for step in row.get("step", ()):
            self.step(story, code, step)

    def renewal(self, story: _Story, code: str, day: int, months: int, last: Any) -> Any:
        """A further term, decided while the one before still runs; gives its last day."""
        first = last + timedelta(days=1)
        new_last = days.add_months(first, months) - timedelta(days=1)
        terms = StepTerms(first_day=first, last_day=new_last)
        self.add(day, lambda at: take(story, Action.RENEW, terms, code, at))
        return new_last

    def step(self, story: _Story, code: str, row: Mapping[str, Any]) -> None:
        """One step as the story tells it."""
        zone = self.zones[code]

        def day_of(name: str) -> Any:
            return days.local_day(self.at(row[name]), zone) if name in row and row[name] <= 0 else (
                days.local_day(self.today + timedelta(days=row[name]), zone) if name in row else None
            )  # fmt: skip

        def act(at: datetime) -> None:
            terms = StepTerms(
                grounds=tuple(row.get("grounds", ())),
                points=row.get("points"),
                effective=day_of("effective"),
                until=day_of("until"),
                notice_served_on=day_of("notice"),
                immediate=row.get("immediate", False),
                cut=Scope(corridors=tuple(row["cut"])) if "cut" in row else None,
                refers_to=story.entries[row["refers_to"]] if "refers_to" in row else None,
                texts={"en": row["text"]} if "text" in row else {},
            )
            take(story, Action(row["action"]), terms, code, at)

        self.add(row["day"], act, hour=row.get("hour", 10))


def _show(kind: str, number: str, said: Mapping[str, Any], *, by: Actor, at: datetime) -> None:
    """Have a drawing shown by an office, or by a person whose name the public reads."""
    if kind == "office" or said["role"] in PUBLIC_ROLES:
        agencies.show_photograph(
            number, _PICTURES[kind](number), agreed_on=said.get("first_day"), by=by, at=at,
            idempotency_key=f"demo {number} shown",
        )  # fmt: skip


def take(story: _Story, action: Action, terms: StepTerms, code: str, at: datetime) -> None:
    """Take a step with as many demo officers as the table asks for."""
    from dataclasses import replace  # noqa: PLC0415 - one use

    step = STEPS[action]
    said = replace(terms, no_conflict=True)
    key = f"demo {story.number} {action} {at.isoformat()}"
    first = _officer(code, Role.OFFICER, at)
    if not step.proposes & {Role.OFFICER}:
        first = _officer(code, Role(min(step.proposes)), at)
    if not step.approvals:
        made = licensing.decide(story.number, action, by=first, at=at, terms=said, idempotency_key=key)
        story.entries[action.value] = made.sequence
        return
    waiting = licensing.propose(story.number, action, by=first, at=at, terms=said, idempotency_key=key)
    for place, roles in enumerate(step.approvals):
        by = _officer(code, Role.SUPERVISOR if Role.SUPERVISOR in roles else Role.REGISTRAR, at, place)
        waiting = licensing.approve(
            waiting.id, by=by, at=at, no_conflict=True, idempotency_key=f"{key} {place}"
        )
    story.entries[action.value] = waiting.decisions[0].sequence


def _officer(code: str, role: Role, at: datetime | None = None, place: int = 0) -> Actor:
    """A demo officer of that role, as the story's past knew them."""
    number = {Role.OFFICER: "101", Role.SUPERVISOR: "201", Role.REGISTRAR: "301"}.get(role, "401")
    return Actor(
        f"{code}-{number if not place else number + chr(64 + place)}",
        code,
        frozenset({role}),
        second_factor_at=at,
    )


def one_time_code(*, at: datetime) -> str:
    """The six digits that a demo officer's authenticator shows at ``at``; each is good once for each officer."""
    from allauth.mfa.totp.internal import auth as totp  # noqa: PLC0415 - needs the applications to be ready

    counter = int(at.timestamp()) // 30  # seconds (RFC 6238)
    return str(totp.format_hotp_value(totp.hotp_value(TOTP_SECRET, counter)))


def scanned(code: str, *, at: datetime) -> str:
    """What a scanner reads from the large square code of a badge; empty while the badge is not signed.

    Refuses with ``numbering.NotOurs`` and ``badges.BadgeNotFound``.
    """
    badge = badges.read(numbering.read_badge(code)).code
    digits = tokens.digits(badge, at=at)
    return f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}/v/{badge}#{digits}" if digits else ""


def greeting(*, at: datetime) -> str:
    """What somebody who has just started the demo wants to open, and who may sign in."""
    site = f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}"
    desk = f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_DESK_HOST}"
    told = tomllib.loads(FIXTURE.read_text(encoding="utf-8"))
    held = {row["name"]: row["licence"] for row in lookup.agencies(at=at, limit=1000).data}
    lines = ["", "Scan or open a badge"]
    lines += [
        f"  {site}/v/{badge.code}   {name}, {held[name]['number']}: {held[name]['result']} ({held[name]['state']})"
        for name in SHOWN
        if name in held
        for badge in badges.for_subject("licence", held[name]["number"])[:1]
    ]
    some = next((held[name]["number"] for name in SHOWN if name in held), "")
    lines += [
        f"  {site}/v/CODE/badge   the same, printed (of a licence that is good today)",
        "  every other licence's code stands on its page at the desk",
        "Look up",
        f"  {site}/?q=bluefinch",
        f"  {site}/api/v1/licences/{some}",
        f"  {site}/api/v1/docs",
        "Sign in as an officer",
        f"  {desk}/desk/   password {PASSWORD}, one-time code: scripts/demo code",
        f"  (an authenticator shows the same codes from the secret {TOTP_SECRET})",
        "  (a browser gives passkeys to a name alone: for those open it as localhost instead of 127.0.0.1)",
    ]
    lines += [
        f"  {row['username']:8} {', '.join(row['roles'])} {row['authority']}" for row in told["officer"]
    ]
    lines += [
        "Sign in as an applicant, in the same way",
        f"  {desk}/apply/   {told['applicant'][0]['email']}",
        f"  {desk}/apply/live   the live code that the badge of {SHOWN[1]} asks for",
    ]
    return "\n".join(lines)
