"""A licence's room: how it stands and why, what an officer may do about it now, and the form of each step.

The steps are those of the law's table. What a step would mean, and whether it may be taken, the register says
(``registry.outlook``, ``registry.licensing``); this room asks, shows and hands over.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import URLPattern, path
from django.utils.translation import get_language, gettext

from api import labels, problems, readings
from api.desk import door, law, parts, previews, terms
from api.desk.door import Visit
from api.pages import written
from api.pages.facts import in_language
from registry import licensing, outlook
from registry.outlook import Closed, File, Option
from registry.rules import errors, numbering
from registry.rules.lifecycle import STEPS, Action, Actor
from registry.rules.numbering import Kind

_POST: Final = ("POST",)
#: What the form itself judges nothing of; the register says no to the rest.
_SHUT: Final = frozenset({Closed.ROLE, Closed.AGENCY})


@door.room(of="desk-agencies")
def licence(visit: Visit, number: str) -> HttpResponse:
    """One licence: how it stands, what is open, what may be done now, and everything that was entered."""
    number = canonical(number)
    found = readings.licence(number, by=visit.by, at=visit.at, through="desk")
    file = outlook.file(number, by=visit.by, at=visit.at)
    options = outlook.options(number, by=visit.by, at=visit.at)
    language = get_language() or "en"
    state = labels.text("states", found["state"], language)
    return visit.page(
        "licence.html",
        file.name,
        number=number,
        agency=file.agency,
        standing=parts.Standing(found["result"], found["state"], large=True),
        reasons=[labels.text("reasons", code, language) for code in found["reasons"]],
        marks=[labels.text("overlays", code, language) for code in found["overlays"]],
        groups=_groups(options, number),
        closed=[
            (law.title(one.step.action), law.why_closed(one, state))
            for one in options
            if one.closed is not None
        ],
        waiting=_waiting(licensing.proposals_of(number, by=visit.by, at=visit.at), file),
        dates=_dates(found["entries"], file, visit.at),
        about=_about(found, file),
        suspensions=_suspensions(found, file),
        conditions=_conditions(file),
        ledger=_ledger(file),
        hint=_hint(file),
        sanctions=_sanctions(file),
        complete_since=_day_of(file.body.get("history_complete_since"), file.zone),
        entries=[_entry(one, file.zone, language) for one in reversed(found["entries"])],
    )


@door.room(of="desk-agencies", methods=_POST)
def step(visit: Visit, number: str, action: str) -> HttpResponse:
    """The form of one step: what it needs, what it would change, and sending it."""
    number = canonical(number)
    if action not in set(STEPS):
        return door.nothing_here(visit.request)
    readings.licence(number, by=visit.by, at=visit.at, through="desk")
    file = outlook.file(number, by=visit.by, at=visit.at)
    option = next(
        one for one in outlook.options(number, by=visit.by, at=visit.at) if one.step.action == Action(action)
    )
    if option.closed is Closed.ROLE:
        raise errors.RoleNotAllowed("this role may not begin the step", roles=sorted(option.step.proposes))
    if option.closed in _SHUT or (option.closed is not None and visit.request.method != "POST"):
        return _not_open(visit, option, file)
    trying = visit.request.POST.get("do") == "preview"
    form = terms.form(visit, option, file, trying=trying)
    preview, status = None, 200
    if visit.request.method == "POST":
        good = not form.errors if trying else form.is_valid()
        if good:
            try:
                if not trying:
                    return _taken(visit, form, option, file)
                preview = _preview(form, option, file, by=visit.by, at=visit.at)
            except (errors.NotFound, errors.OutsideAuthority, errors.RoleNotAllowed):
                raise
            except errors.RegistryError as refusal:
                form.refuse(refusal)
                status = problems.told(refusal.code, refusal.facts, family=409).status
        else:
            status = 422
    context = {"form": form, "preview": preview, "option": option, "number": number}
    if trying and visit.request.headers.get("HX-Request"):
        return render(visit.request, "desk/preview.html", context)
    return visit.page(
        "step.html",
        law.title(action),
        status=status,
        sentence=law.sentence(option.step),
        needs=law.needs(option),
        name=file.name,
        standing=parts.Standing(file.standing.result.value, file.standing.state.value),
        danger=option.step.sanction is not None,
        **context,
    )


def canonical(number: str) -> str:
    """The number in an address as the register writes it; what is no number of ours is not there."""
    try:
        return numbering.canonical(number, Kind.LICENCE, Kind.LISTED)
    except numbering.NotOurs:
        raise errors.LicenceNotFound from None


def _taken(visit: Visit, form: terms.AnyStepForm, option: Option, file: File) -> HttpResponse:
    """Hand the step over: a proposal where it needs further officers, else the step itself."""
    action, stated = option.step.action, form.terms()
    version, key = form.cleaned_data.get("version"), form.idempotency_key
    if option.step.approvals:
        made = licensing.propose(
            file.number, action, by=visit.by, at=visit.at, terms=stated, expected_version=version,
            idempotency_key=key,
        )  # fmt: skip
        told = gettext("Proposed. It waits for: %(who)s.") % {"who": law.any_of(made.next_roles)}
        return visit.go("desk-proposal", made.id, told=told)
    deciding = isinstance(form, terms.DecidingStepForm)
    by: Actor = form.by if isinstance(form, terms.DecidingStepForm) else visit.by
    at = form.at if isinstance(form, terms.DecidingStepForm) else visit.at
    decided = licensing.decide(
        file.number, action, by=by, at=at, terms=stated, expected_version=version, idempotency_key=key
    )
    told = gettext("Decided and published: entry %(n)s.") if deciding else gettext("Recorded: entry %(n)s.")
    return visit.go("desk-licence", file.number, told=told % {"n": decided.sequence})


def _preview(
    form: terms.AnyStepForm, option: Option, file: File, *, by: Actor, at: datetime
) -> previews.Preview:
    stated = form.terms()
    found = outlook.of(file.number, option.step.action, stated, by=by, at=at)
    return previews.of(found, stated.texts, published=option.step.published)


def _not_open(visit: Visit, option: Option, file: File) -> HttpResponse:
    state = labels.text("states", file.standing.state.value, get_language() or "en")
    if option.closed is Closed.PROPOSED and option.proposal is not None:
        return HttpResponseRedirect(resolve_url("desk-proposal", option.proposal))
    return visit.page(
        "not_open.html",
        law.title(option.step.action),
        status=409,
        why=law.why_closed(option, state),
        number=file.number,
        agency=file.agency if option.closed is Closed.AGENCY else "",
    )


# --- the parts of the page ---------------------------------------------------------------------------------------


def _groups(options: Sequence[Option], number: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """The open steps as one looks for them."""
    open_ones = {one.step.action: one for one in options if one.closed is None}
    found = []
    for name, actions in law.GROUPS:
        steps = [
            {
                "title": law.title(action),
                "href": resolve_url("desk-step", number, action.value),
                "sentence": law.sentence(open_ones[action].step),
                "needs": law.needs(open_ones[action]),
            }
            for action in actions
            if action in open_ones
        ]
        if steps:
            found.append((gettext(name), steps))
    return found


def _waiting(found: Sequence[licensing.ProposalRecord], file: File) -> parts.Table:
    rows = [
        (
            parts.Link(law.title(one.action), resolve_url("desk-proposal", one.id)),
            one.proposed_by,
            parts.Moment(one.expires_at, file.zone),
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
            gettext(law.DEADLINES[name]),
            labels.text("actions", action, language),
            sequence,
        )
        for text, name, sequence, action in coming
    ]
    columns = gettext("Day"), gettext("What"), gettext("Of"), gettext("Entry")
    return parts.Table(gettext("Dates to come"), columns, rows, gettext("No date is running."))


def _about(found: Mapping[str, Any], file: File) -> parts.Facts:
    now = file.standing
    spans = "; ".join(
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
            parts.Fact(gettext("Version"), str(file.version), restricted=True),
        )
    )


def _suspensions(found: Mapping[str, Any], file: File) -> parts.Table:
    language = get_language() or "en"
    entries = {one["sequence"]: one for one in found["entries"]}
    rows = [
        (
            labels.text("sanctions", one["kind"], language),
            parts.Moment(datetime.fromisoformat(entries[one["sequence"]]["effective_from"]), file.zone),
            law.by(one["until"], file.zone) if one["until"] else gettext("until it is lifted"),
            ", ".join(
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
            f"{one.amount} {one.currency}".strip(),
            _public(one, file.zone),
            one.sequence,
        )
        for one in reversed(file.sanctions)
    ]
    columns = gettext("Kind"), gettext("Since"), gettext("Amount"), gettext("Public"), gettext("Entry")
    return parts.Table(gettext("Sanctions"), columns, rows, gettext("There is none."))


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
        "grounds": [labels.text("grounds", ground["code"], language) for ground in one["grounds"]],
        "text": in_language(one["texts"], language) if one["texts"] else "",
        "reasons": one["restricted_reasons"],
        "refers_to": one["refers_to"],
        "officers": ", ".join(one["officers"]),
        "published": one["published"],
        "amount": f"{one['effect'].get('amount', '')} {one['effect'].get('currency', '')}".strip(),
        "points": one["effect"].get("points") or "",
    }


def _day_of(text: Any, zone: str) -> str:
    instant = written.instant(text)
    return written.days(instant, zone) if instant else ""


urlpatterns: list[URLPattern] = [
    path("licences/<str:number>", licence, name="desk-licence"),
    path("licences/<str:number>/steps/<str:action>", step, name="desk-step"),
]
