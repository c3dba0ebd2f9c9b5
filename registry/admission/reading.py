"""Applications as their applicants and their authority's officers read them; scope is checked (rulings 11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import F, Q

from registry import records
from registry.admission import cases, officers
from registry.admission.cases import Case
from registry.models import (
    Application,
    ApplicationDocument,
    ApplicationEvent,
    ApplicationText,
    Authority,
    Licence,
)
from registry.rules import applying, days, errors, lifecycle, particulars, standing
from registry.rules.applying import Action, Party, State
from registry.rules.lifecycle import Actor, Role

READERS: Final = frozenset(
    {Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR, Role.INSPECTOR, Role.APPEALS_BODY, Role.AUDITOR}
)
"""Who reads applications to the own authority."""
_INSTANT: Final = timedelta(microseconds=1)
#: What is said to the applicant.
_LETTERS: Final = frozenset(
    {Action.ASK, Action.SERVE_NOTICE, Action.REFUSE, Action.ALLOW_APPEAL, Action.DISMISS_APPEAL}
)
_TOLD: Final = _LETTERS | {
    Action.CALL_FOR_OBJECTIONS, Action.GRANT, Action.RECORD_FEE, Action.RECORD_APPEAL, Action.FORGET,
    Action.ORDER_INSPECTION,
}  # fmt: skip
"""What the applicant reads of what others did."""
_CHECKED: Final[Mapping[Action, Action]] = {
    Action.SERVE_NOTICE: Action.PROPOSE_REFUSAL,
    Action.ALLOW_APPEAL: Action.RECORD_OUTCOME,
    Action.DISMISS_APPEAL: Action.RECORD_OUTCOME,
}
"""What is served when a second officer has confirmed it, and where it was written."""


@dataclass(frozen=True, slots=True)
class Line:
    """An application in a list."""

    number: str
    kind: str
    name: str
    licence_class: str
    state: str
    due: datetime | None
    due_for: str
    submitted_at: datetime | None
    opened_at: datetime
    authority: str
    zone: str


@dataclass(frozen=True, slots=True)
class Happened:
    """An event with what was said in it; ``by`` is empty for an applicant, who never reads officers' numbers."""

    action: str
    step: str
    at: datetime
    by: str
    facts: dict[str, Any]
    deadlines: dict[str, str]
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Paper:
    """An uploaded document, without its bytes."""

    reference: str
    kind: str
    name: str
    media_type: str
    size: int
    sha256: str
    added_at: datetime
    sent: bool
    stored_as: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """One application with all that its reader may see."""

    line: Line
    zone: str
    version: int
    standing: applying.Standing
    content: dict[str, Any]
    papers: tuple[Paper, ...]
    happened: tuple[Happened, ...]
    faults: tuple[particulars.Fault, ...] = ()
    licence: str = ""
    agency: str = ""
    steps: tuple[applying.Step, ...] = ()
    hindered: tuple[tuple[applying.Step, str], ...] = ()
    secured: bool = False
    fee: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """An event that its applicant may be told of by e-mail: of which application, whose, which step, until when."""

    number: str
    account: str
    ordinal: int
    action: str
    at: datetime
    zone: str
    deadlines: Mapping[str, str]
    on: date | None = None

    def day(self, name: str) -> date | None:
        """The last local day of a deadline."""
        text = self.deadlines.get(name)
        return days.local_day(datetime.fromisoformat(text) - _INSTANT, self.zone) if text else None


# --- applicants --------------------------------------------------------------------------------------------------


def authorities() -> list[tuple[str, dict[str, str]]]:
    """To whom one can apply: code and names."""
    rows = Authority.objects.filter(kind="licensing").order_by("code")
    return [(row.code, dict(row.name)) for row in rows]


def of_account(account: str, *, at: datetime) -> list[Line]:
    """The account's applications, the newest first."""
    rows = Application.objects.filter(account=account).select_related("authority").order_by("-pk")
    return [_line(cases.case(row, at=at)) for row in rows[:100]]


def renewable(account: str, *, at: datetime) -> list[str]:
    """The licences that the account may apply to renew: of the agencies it acts for, running or just expired."""
    held = Licence.objects.filter(
        agency__holder_accounts__account=account, origin="decided", renumbered_to=None
    )
    held = held.filter(agency__holder_accounts__state="connected").distinct()
    now = (
        (row.number, standing.at(records.fold_entries(row.pk), at=at).state)
        for row in held.order_by("number")
    )
    return [number for number, state in now if state in lifecycle.RUNNING | {lifecycle.State.EXPIRED}]


def own(number: str, *, account: str, at: datetime) -> Dossier:
    """An account's own application: the draft while it is the applicant's, letters, never what others said."""
    row = Application.objects.select_related("authority", "licence", "agency").filter(number=number).first()
    if row is None or row.account != account:
        raise errors.ApplicationNotFound("no application has this number", number=number)
    found = cases.case(row, at=at)
    content = dict(row.draft.content)
    letters = {Party.APPLICANT.value}
    happened = [
        one for one in _happened(found, officers_too=False) if one.by in letters or one.action in _TOLD
    ]
    secured = (
        found.policy.security_for(str((content.get("scope") or {}).get("licence_class") or "")) is not None
    )
    papers = _papers(row)
    faults = particulars.faults(
        content,
        [paper.kind for paper in papers],
        secured=secured,
        renewal=row.kind == applying.RENEWAL,
        known=row.agency is not None,
    )
    return _dossier(found, content, papers, happened, faults=faults, secured=secured)


def heard(*, since: datetime) -> list[Heard]:
    """What happened to applications since, in the order of time and without what was said."""
    rows = ApplicationEvent.objects.filter(at__gte=since).select_related("application__authority")
    return [_heard(row) for row in rows.order_by("at", "pk")]


def lapsing(*, before: datetime, at: datetime) -> list[Heard]:
    """The letters that nobody has answered, whose application lapses between ``at`` and ``before``."""
    offices = Authority.objects.filter(kind="licensing")  # named, for the index begins with them
    rows = Application.objects.filter(
        authority__in=list(offices.values_list("pk", flat=True)), state=State.INCOMPLETE, due_at__lte=before
    ).select_related("authority")  # due is the answer, and after its day the lapse: never later than that
    found = []
    for row in rows.prefetch_related("events"):
        asked = max(
            (one for one in row.events.all() if one.action == Action.ASK), key=lambda one: one.ordinal
        )
        lapses = cases.as_event(asked).until("lapses_at")
        if lapses is not None and at < lapses <= before:
            asked.application = row
            found.append(_heard(asked))
    return found


def _heard(row: ApplicationEvent) -> Heard:
    held = row.application
    on = row.facts.get("on")
    return Heard(
        number=held.number, account=held.account, ordinal=row.ordinal, action=row.action, at=row.at,
        zone=held.authority.zone, deadlines=dict(row.deadlines), on=date.fromisoformat(on) if on else None,
    )  # fmt: skip


# --- officers ----------------------------------------------------------------------------------------------------


def listed(
    *, by: Actor, at: datetime, state: str = "", after: str = "", limit: int = 50
) -> tuple[list[Line], str]:
    """The applications that were sent to the officer's authority, the next legal date first; and where to go on.

    Without ``state``, those that are not decided. Those without a date stand behind, the oldest first.
    """
    _may_read(by.authority or "", by)
    rows = Application.objects.filter(authority__code=by.authority or "", submitted_at__isnull=False)
    rows = rows.filter(state=state) if state else rows.exclude(state__in=applying.ENDED)
    if after:
        rows = rows.filter(_behind(after))
    ordered = (
        rows.select_related("authority")
        .prefetch_related("events")
        .order_by(F("due_at").asc(nulls_last=True), "pk")
    )
    found = list(ordered[: limit + 1])
    policy = records.current_policy(found[0].authority_id, at=at) if found else None
    lines = [_line(cases.case(row, at=at, policy=policy)) for row in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    return lines, f"{last.due_at.isoformat() if last.due_at else ''}~{last.pk}" if last else ""


def _behind(place: str) -> Q:
    """Behind a place that a list ended at."""
    due, _, key = place.partition("~")
    try:
        number, then = int(key), datetime.fromisoformat(due) if due else None
    except ValueError:
        raise errors.BadInput("there is no such place in the list", field="after") from None
    if then is None:
        return Q(due_at__isnull=True, pk__gt=number)
    return Q(due_at__gt=then) | Q(due_at=then, pk__gt=number) | Q(due_at__isnull=True)


def counts(*, by: Actor) -> dict[str, int]:
    """How many sent applications of the authority are in each state."""
    _may_read(by.authority or "", by)
    rows = Application.objects.filter(authority__code=by.authority or "", submitted_at__isnull=False)
    found: dict[str, int] = {}
    for state in rows.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def one(number: str, *, by: Actor, at: datetime) -> Dossier:
    """An application sent to the officer's authority, with all that was said and the steps open to this officer."""
    row = _sent_to(number, by)
    found = cases.case(row, at=at)
    steps: list[applying.Step] = []
    hindered: list[tuple[applying.Step, str]] = []
    for step in applying.open_steps(found.standing, frozenset(by.roles)):
        why = applying.why_not(step.action, found.standing, kind=row.kind, policy=found.policy, at=at)
        why = why or _not_by(step, found, by)
        if why:
            hindered.append((step, why))
        else:
            steps.append(step)
    content = officers.sent(found)["content"]
    return _dossier(
        found,
        content,
        [paper for paper in _papers(row) if paper.sent],
        _happened(found, officers_too=True),
        steps=tuple(steps),
        hindered=tuple(hindered),
        secured=found.policy.security_for(row.licence_class) is not None,
    )


def paper(reference: str, *, number: str, account: str = "", by: Actor | None = None) -> Paper:
    """A document of an application, for its applicant or for an officer of its authority."""
    row = Application.objects.select_related("authority").filter(number=number).first()
    mine = row is not None and bool(account) and row.account == account
    if row is None or not (mine or by is not None):
        raise errors.ApplicationNotFound("there is no such document", number=number)
    if by is not None and not mine:
        _sent_to(number, by)
    for held in _papers(row):
        if held.reference == reference and (mine or held.sent):
            return held
    raise errors.ApplicationNotFound("there is no such document", number=number)


def _sent_to(number: str, by: Actor) -> Application:
    row = Application.objects.select_related("authority", "licence", "agency").filter(number=number).first()
    missing = errors.ApplicationNotFound("no application has this number", number=number)
    if row is None or row.submitted_at is None:
        raise missing
    _may_read(row.authority.code, by, unseen=missing)
    return row


def _may_read(authority: str, by: Actor, *, unseen: errors.NotFound | None = None) -> None:
    if by.authority != authority or not authority:
        raise errors.OutsideAuthority(
            "the application is another authority's", authority=authority, unseen=unseen
        )
    if not by.roles & READERS:
        raise errors.RoleNotAllowed("this role does not read applications", roles=sorted(READERS))


def _not_by(step: applying.Step, found: Case, by: Actor) -> str:
    """Why not this officer, as a code."""
    try:
        officers.agreement(step, found).demand(by, at=found.at)
    except errors.OwnProposal:
        return "officer.same"
    except errors.ProposalClosed:
        return "proposal.expired"
    except errors.RoleNotAllowed:
        return "officer.registrar"
    return ""


def _line(found: Case) -> Line:
    row = found.row
    return Line(
        number=row.number,
        kind=row.kind,
        name=row.legal_name,
        licence_class=row.licence_class,
        state=found.standing.state.value,
        due=found.standing.due,
        due_for=found.standing.due_for,
        submitted_at=row.submitted_at,
        opened_at=row.opened_at,
        authority=row.authority.code,
        zone=row.authority.zone,
    )


def _happened(found: Case, *, officers_too: bool) -> list[Happened]:
    texts = ApplicationText.objects.filter(event__application=found.row).values_list("event__ordinal", "said")
    said = dict(texts)
    told = []
    for place, event in enumerate(found.events):
        words = dict(said.get(place) or {})
        if event.action in _CHECKED:
            written = applying.latest(found.events[:place], _CHECKED[event.action])
            words = (
                {"letter": (said.get(found.events.index(written)) or {}).get("letter", "")} if written else {}
            )
        if event.action is Action.SUBMIT:
            words = {}
        by = event.by if officers_too or event.by in set(Party) else ""
        facts = dict(event.facts) if officers_too or event.action is not Action.REVIEW else {}
        told.append(
            Happened(
                event.action.value, applying.STEPS[event.action].code, event.at, by, facts, dict(event.deadlines), words
            )
        )  # fmt: skip
    return told


def _papers(row: Application) -> list[Paper]:
    return [_paper(one) for one in row.documents.order_by("pk")]


def _paper(row: ApplicationDocument) -> Paper:
    return Paper(
        row.reference, row.kind, row.name, row.media_type, row.size, row.sha256, row.added_at, row.sent, row.stored_as
    )  # fmt: skip


def _dossier(
    found: Case, content: dict[str, Any], papers: Sequence[Paper], happened: Sequence[Happened], **more: Any
) -> Dossier:
    row = found.row
    return Dossier(
        line=_line(found),
        zone=found.zone,
        version=row.version,
        fee=applying.fee(found.policy, row.kind),
        standing=found.standing,
        content=content,
        papers=tuple(papers),
        happened=tuple(happened),
        licence=row.licence.number if row.licence else "",
        agency=row.agency.number if row.agency else "",
        **more,
    )
