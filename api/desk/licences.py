"""A licence's room: how it stands and why, what an officer may do about it now, and the form of each step.

The steps are those of the law's table. What a step would mean, and whether it may be taken, the register says
(``registry.outlook``, ``registry.licensing``); this room asks, shows and hands over.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import URLPattern, path
from django.utils.translation import get_language, gettext

from api import labels, problems, readings
from api.desk import door, law, parts, previews, terms
from api.desk.door import Visit
from api.pages import badge, written
from api.pages.facts import in_language
from registry import holders, licensing, outlook
from registry.outlook import Closed, File, Option
from registry.rules import errors, numbering
from registry.rules.lifecycle import STEPS, Action, Actor, State
from registry.rules.numbering import Kind
from verification import badges

_POST: Final = ("POST",)


@door.room(of="desk-agencies")
def licence(visit: Visit, number: str) -> HttpResponse:
    """One licence: how it stands, what is open, what may be done now, and everything that was entered."""
    number = canonical(number)
    found = readings.licence(number, by=visit.by, at=visit.at, through="desk")
    file, options = outlook.weighed(number, by=visit.by, at=visit.at)
    language = get_language() or "en"
    state = labels.text("states", found["state"], language)
    papers = _papers(visit, number)
    return visit.page(
        "licence.html",
        file.name,
        number=number,
        agency=file.agency,
        standing=parts.Standing(found["result"], found["state"], large=True),
        reasons=_reasons(found, language),
        marks=[labels.text("overlays", code, language) for code in found["overlays"]],
        groups=_groups(options, number),
        closed=[
            (law.title(one.step.action), law.why_closed(one, state))
            for one in options
            if one.closed is not None
        ],
        waiting=waiting(licensing.proposals_of(number, by=visit.by, at=visit.at), file.zone),
        dates=_dates(found["entries"], file, visit.at),
        about=_about(found, file),
        suspensions=_suspensions(found, file),
        conditions=_conditions(file),
        ledger=_ledger(file),
        hint=_hint(file),
        tasks=_tasks(file, visit.at),
        unpaid=_unpaid(file, visit.at),
        sanctions=_sanctions(file),
        complete_since=written.days(file.complete_since, file.zone) if file.complete_since else "",
        entries=[
            _entry(one, file.zone, language)
            | {
                "letter": resolve_url("desk-letter", number, one["sequence"]),
                "papers": papers.get(one["sequence"], []),
            }
            for one in reversed(found["entries"])
        ],
    )


@door.room(of="desk-agencies", methods=_POST)
def step(visit: Visit, number: str, action: str) -> HttpResponse:
    """The form of one step: what it needs, what it would change, and sending it."""
    number = canonical(number)
    if action not in set(STEPS):
        return door.nothing_here(visit.request)
    outlook.demand_role(Action(action), by=visit.by)  # before anything is read for them
    readings.licence(number, by=visit.by, at=visit.at, through="desk")
    file, options = outlook.weighed(number, by=visit.by, at=visit.at)
    return _asked(visit, next(one for one in options if one.step.action == action), file)


@door.room(of="desk-agencies", methods=_POST)
def agency_step(visit: Visit, number: str, action: str) -> HttpResponse:
    """The same for a step on all licences of an agency at once: a bar, the end of a company, what is said of them."""
    try:
        number = numbering.canonical(number, Kind.AGENCY)
    except numbering.NotOurs:
        raise errors.AgencyNotFound from None
    if action not in set(outlook.OF_AGENCY):
        return door.nothing_here(visit.request)
    outlook.demand_role(Action(action), by=visit.by)
    readings.agency(number, by=visit.by, at=visit.at, through="desk")
    file = outlook.agency_file(number, by=visit.by, at=visit.at)
    options = outlook.agency_options(number, by=visit.by, at=visit.at)
    return _asked(visit, next(one for one in options if one.step.action == action), file)


def _asked(visit: Visit, option: Option, file: File) -> HttpResponse:
    """Ask for what the step needs; show what it would change, or hand it over, as the officer presses."""
    posted = visit.request.method == "POST"
    if option.closed is Closed.AGENCY or (option.closed is not None and not posted):
        return _not_open(visit, option, file)
    trying = visit.request.POST.get("do") == "preview"
    form = terms.form(visit, option, file, trying=trying)
    status, found = 200, tuple[previews.Preview, ...]()
    good = posted and (not form.errors if trying else form.is_valid())
    if posted and not good:
        status = 422
    if good or (posted and form.errors.keys() <= set(form.closing)):  # without the tick the preview stays
        try:
            if good and not trying:
                return _taken(visit, form, option, file)
            found = _previews(form, option, file, by=visit.by, at=visit.at)
        except (errors.NotFound, errors.OutsideAuthority, errors.RoleNotAllowed):
            raise
        except errors.RegistryError as refusal:
            form.refuse(refusal)
            status = problems.told(refusal.code, refusal.facts, family=409).status
    context = {"form": form, "previews": found, "option": option}
    if trying and visit.request.headers.get("HX-Request"):
        return render(visit.request, "desk/preview.html", context)
    return visit.page(
        "step.html",
        law.title(option.step.action),
        status=status,
        sentence=law.sentence(option.step),
        needs=law.needs(option),
        subject=file.number or file.agency,
        back=_home(file),
        name=file.name,
        standing=parts.Standing(file.standing.result.value, file.standing.state.value) if file.number else "",
        danger=option.step.sanction is not None,
        button=gettext("Record") if form.records else "",
        **context,
    )


def _papers(visit: Visit, number: str) -> dict[int, list[parts.Link]]:
    """The papers that the holder sent, by the entry they came with."""
    found: dict[int, list[parts.Link]] = {}
    for sequence, one in holders.papers(number, by=visit.by):
        href = resolve_url("desk-holder-paper", number, one.reference)
        found.setdefault(sequence, []).append(parts.Link(one.name, href))
    return found


def _home(file: File) -> str:
    """The page of the licence, or of the agency where all its licences are meant."""
    return (
        resolve_url("desk-licence", file.number) if file.number else resolve_url("desk-agency", file.agency)
    )


def canonical(number: str) -> str:
    """The number in an address as the register writes it; what is no number of ours is not there."""
    try:
        return numbering.canonical(number, Kind.LICENCE, Kind.LISTED)
    except numbering.NotOurs:
        raise errors.LicenceNotFound from None


def _taken(visit: Visit, form: terms.AnyStepForm, option: Option, file: File) -> HttpResponse:
    """Hand the step over: a proposal where it needs further officers, else the step itself."""
    action, stated, key = option.step.action, form.terms(), form.idempotency_key
    version = form.cleaned_data.get("version")
    if option.step.approvals:
        if file.number:
            made = licensing.propose(
                file.number, action, by=visit.by, at=visit.at, terms=stated, expected_version=version,
                idempotency_key=key,
            )  # fmt: skip
        else:
            made = licensing.propose_for_agency(
                file.agency, action, by=visit.by, at=visit.at, terms=stated, idempotency_key=key
            )
        told = gettext("Proposed. It waits for: %(who)s.") % {"who": law.any_of(made.next_roles)}
        return visit.go("desk-proposal", made.id, told=told)
    by, at = visit.by, visit.at
    if isinstance(form, terms.DecidingStepForm):
        by, at = form.by, form.at
    if file.number:
        decided = licensing.decide(
            file.number, action, by=by, at=at, terms=stated, expected_version=version, idempotency_key=key
        )
    else:
        decided = licensing.decide_all(file.agency, action, by=by, at=at, terms=stated, idempotency_key=key)[
            0
        ]
    told = (
        gettext("Recorded: entry %(n)s.") if form.records else gettext("Decided and published: entry %(n)s.")
    )
    messages.success(visit.request, told % {"n": decided.sequence})
    return HttpResponseRedirect(_home(file))


def _previews(
    form: terms.AnyStepForm, option: Option, file: File, *, by: Actor, at: datetime
) -> tuple[previews.Preview, ...]:
    stated, action = form.terms(), option.step.action
    found = (
        (outlook.of(file.number, action, stated, by=by, at=at),)
        if file.number
        else outlook.of_agency(file.agency, action, stated, by=by, at=at)
    )
    return tuple(previews.of(one, stated.texts, published=option.step.published) for one in found)


def _not_open(visit: Visit, option: Option, file: File) -> HttpResponse:
    state = labels.text("states", file.standing.state.value, get_language() or "en")
    if option.closed is Closed.PROPOSED and option.proposal is not None:
        return HttpResponseRedirect(resolve_url("desk-proposal", option.proposal))
    return visit.page(
        "not_open.html",
        law.title(option.step.action),
        status=409,
        why=law.why_closed(option, state),
        back=_home(file),
        agency=file.agency if option.closed is Closed.AGENCY else "",
    )


def _reasons(found: Mapping[str, Any], language: str) -> list[str]:
    """Why it stands so, in sentences."""
    if found["state"] == State.NOT_GRANTED:
        return [
            gettext(
                "The licence was opened. No decision has granted it yet, and nobody may recruit under it."
            )
        ]
    return [labels.text("reasons", code, language) for code in found["reasons"]]


# --- the parts of the page ---------------------------------------------------------------------------------------


def _groups(options: Sequence[Option], number: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """The open steps as one looks for them."""
    open_ones = {one.step.action: one for one in options if one.closed is None}
    found = []
    for name, actions in law.GROUPS:
        steps = [
            _offered(open_ones[action], resolve_url("desk-step", number, action.value))
            for action in actions
            if action in open_ones
        ]
        if steps:
            found.append((gettext(name), steps))
    return found


def steps_of_agency(number: str, *, by: Actor, at: datetime) -> list[dict[str, Any]]:
    """The open steps on all licences of an agency, for its own page."""
    return [
        _offered(one, resolve_url("desk-agency-step", number, one.step.action.value))
        for one in outlook.agency_options(number, by=by, at=at)
        if one.closed is None
    ]


def _offered(option: Option, href: str) -> dict[str, Any]:
    action = option.step.action
    return {
        "title": law.title(action),
        "href": href,
        "sentence": law.sentence(option.step),
        "needs": law.needs(option),
    }


def waiting(found: Sequence[licensing.ProposalRecord], zone: str) -> parts.Table:
    """The proposals that wait, each with who may say yes."""
    rows = [
        (
            parts.Link(law.proposed(one), resolve_url("desk-proposal", one.id)),
            parts.officers(one.proposed_by),
            parts.Moment(one.expires_at, zone),
            law.any_of(one.next_roles),
        )
        for one in found
    ]
    columns = gettext("Step"), gettext("Proposed by"), gettext("Runs out"), gettext("Waits for")
    return parts.Table(gettext("Proposals"), columns, rows, gettext("No proposal waits."))


def _dates(entries: Sequence[Mapping[str, Any]], file: File, at: datetime) -> parts.Table:
    """What the clock will do or the holder may still do, the next first."""
    language = get_language() or "en"
    coming = sorted(
        (text, name, entry["sequence"], entry["action"])
        for entry in entries
        for name, text in entry["deadlines"].items()
        if name in law.DEADLINES and datetime.fromisoformat(text) > at
    )
    rows = [
        (
            law.by(text, file.zone),
            parts.Link(
                gettext(law.DEADLINES[name]), f"#entry-{sequence}", labels.text("actions", action, language)
            ),
        )
        for text, name, sequence, action in coming
    ]
    columns = gettext("Day"), gettext("What")
    return parts.Table(gettext("Dates to come"), columns, rows, gettext("No date is running."))


def _about(found: Mapping[str, Any], file: File) -> parts.Facts:
    now = file.standing
    spans = written.clauses(
        gettext("%(first)s to %(last)s")
        % {"first": written.stated(one["first_day"]), "last": written.stated(one["last_day"])}
        for one in found["terms"]
    )
    cut = terms.scope_told(now.cut) if now.cut is not None else ""
    return parts.Facts(
        (
            parts.Fact(gettext("Holder"), parts.Link(file.name, resolve_url("desk-agency", file.agency))),
            parts.Fact(gettext("Class"), found["class"]),
            parts.Fact(gettext("Terms"), spans),
            parts.Fact(gettext("Good for"), terms.scope_told(now.scope)),
            *((parts.Fact(gettext("Cut out"), cut),) if cut else ()),
            *(
                (parts.Fact(gettext("Number before"), found["legacy_number"]),)
                if found["legacy_number"]
                else ()
            ),
            *(
                (
                    parts.Fact(
                        gettext("Badge"),
                        parts.Link(parts.Number(numbering.shown_badge(code)), f"{badge.origin()}/v/{code}"),
                    ),
                )
                if (code := _badge(file.number))
                else ()
            ),
            parts.Fact(gettext("Version"), str(file.version), restricted=True),
        )
    )


def _badge(number: str) -> str:
    """The code of the licence's live badge; empty where it has none."""
    if not (held := badges.for_subject("licence", number)) or held[0].withdrawn_at:
        return ""
    return held[0].code


def _suspensions(found: Mapping[str, Any], file: File) -> parts.Table:
    language = get_language() or "en"
    entries = {one["sequence"]: one for one in found["entries"]}
    rows = [
        (
            labels.text("sanctions", one["kind"], language),
            parts.Moment(datetime.fromisoformat(entries[one["sequence"]]["effective_from"]), file.zone),
            law.by(one["until"], file.zone) if one["until"] else gettext("until it is lifted"),
            written.listed(
                labels.text("grounds", ground["code"], language)
                for ground in entries[one["sequence"]]["grounds"]
            ),
            one["sequence"],
        )
        for one in found["suspensions"]
    ]
    columns = (
        gettext("Kind"),
        gettext("Since"),
        gettext("Ends by the clock"),
        gettext("Grounds"),
        gettext("Entry"),
    )
    return parts.Table(gettext("Open suspensions"), columns, rows, gettext("None is open."))


def _conditions(file: File) -> parts.Table:
    rows = [
        (
            one.get("code", ""),
            one.get("text", ""),
            parts.Day(date.fromisoformat(str(one["due_day"]))) if one.get("due_day") else "",
            file.sequences[ref],
        )
        for ref, one in file.standing.conditions
    ]
    columns = gettext("Code"), gettext("Words"), gettext("To be met by"), gettext("Entry")
    return parts.Table(gettext("Open conditions"), columns, rows, gettext("None is open."))


def _ledger(file: File) -> parts.Table:
    language = get_language() or "en"
    rows = [
        (
            labels.text("actions", one.action, language),
            str(one.points),
            law.by(one.until.isoformat(), file.zone),
            one.sequence,
        )
        for one in file.ledger
    ]
    columns = gettext("For"), gettext("Points"), gettext("Count until"), gettext("Entry")
    return parts.Table(gettext("Points that count"), columns, rows, gettext("No point counts."))


def _hint(file: File) -> str:
    """What the law's thresholds suggest; nothing is decided by it."""
    points, policy = file.points, file.policy
    facts = {"points": points, "watch": policy.surveillance_points, "cause": policy.show_cause_points}
    if points >= policy.show_cause_points:
        return gettext("%(points)s points: from %(cause)s on, ask the holder to show cause.") % facts
    if points >= policy.surveillance_points:
        return gettext("%(points)s points: from %(watch)s on, put the holder under surveillance.") % facts
    return gettext("%(points)s points. Surveillance from %(watch)s, show cause from %(cause)s.") % facts


def _sanctions(file: File) -> parts.Table:
    language = get_language() or "en"
    rows = [
        (
            labels.text("sanctions", one.kind, language),
            parts.Moment(one.since, file.zone),
            _money(one),
            _public(one, file.zone),
            one.sequence,
        )
        for one in reversed(file.sanctions)
    ]
    columns = gettext("Kind"), gettext("Since"), gettext("Amount"), gettext("Public"), gettext("Entry")
    return parts.Table(gettext("Sanctions"), columns, rows, gettext("There is none."))


def _money(one: outlook.Owed) -> str:
    amount = f"{one.amount} {one.currency}".strip()
    if one.outstanding:
        return gettext("%(amount)s, of which %(left)s is unpaid") % {
            "amount": amount,
            "left": one.outstanding,
        }
    return gettext("%(amount)s, paid") % {"amount": amount} if one.pay_by and not one.undone else amount


def _unpaid(file: File, at: datetime) -> list[str]:
    """What ran out unpaid: a reason for an administrative suspension, which an officer proposes."""
    language = get_language() or "en"
    return [
        gettext(
            "%(what)s (entry %(n)s): %(left)s %(currency)s unpaid since %(day)s. It can carry a suspension."
        )
        % {
            "what": labels.text("sanctions", one.kind, language),
            "n": one.sequence,
            "left": one.outstanding,
            "currency": one.currency,
            "day": written.last_day(one.pay_by, file.zone),
        }
        for one in file.sanctions
        if one.outstanding and one.pay_by is not None and one.pay_by <= at
    ]


def _tasks(file: File, at: datetime) -> parts.Table:
    """What the holder has to do, each with its day."""
    language = get_language() or "en"
    today = at.astimezone(ZoneInfo(file.zone)).date()
    rows = [
        (
            parts.Day(one.due),
            gettext(law.DUTIES[one.duty]),
            labels.text("actions", one.action, language),
            gettext("done, entry %(n)s") % {"n": one.done}
            if one.done
            else gettext("overdue")
            if one.due < today
            else gettext("open"),
        )
        for one in file.tasks
    ]
    columns = gettext("By"), gettext("What"), gettext("Because of"), gettext("Stands")
    return parts.Table(
        gettext("Duties of the holder"), columns, rows, gettext("No measure asks for anything.")
    )


def _public(one: outlook.Owed, zone: str) -> Any:
    if one.undone:
        return gettext("undone")
    if one.never_public:
        return gettext("never as such")
    if one.spent:
        return gettext("no more: spent")
    if one.public_until is None:
        return gettext("while it lasts, then as the law says") if one.over is None else gettext("for ever")
    return gettext("until %(day)s") % {"day": written.last_day(one.public_until, zone)}


def _entry(one: Mapping[str, Any], zone: str, language: str) -> dict[str, Any]:
    """An entry as the page tells it, its texts and restricted reasons with it."""
    return {
        "sequence": one["sequence"],
        "action": labels.text("actions", one["action"], language),
        "recorded": parts.Moment(datetime.fromisoformat(one["recorded_at"]), zone),
        "effective": parts.Moment(datetime.fromisoformat(one["effective_from"]), zone),
        "until": law.by(one["until"], zone) if one["until"] else "",
        "grounds": written.clauses(
            labels.text("grounds", ground["code"], language) for ground in one["grounds"]
        ),
        "text": in_language(one["texts"], language) if one["texts"] else "",
        "reasons": one["restricted_reasons"],
        "refers_to": one["refers_to"],
        "officers": parts.officers(*one["officers"]),
        "published": one["published"],
        "amount": f"{one['effect'].get('amount', '')} {one['effect'].get('currency', '')}".strip(),
        "points": one["effect"].get("points") or "",
    }


urlpatterns: list[URLPattern] = [
    path("licences/<str:number>", licence, name="desk-licence"),
    path("licences/<str:number>/steps/<str:action>", step, name="desk-step"),
    path("agencies/<str:number>/steps/<str:action>", agency_step, name="desk-agency-step"),
]
