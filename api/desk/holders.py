"""Accounts that ask to act for agencies: what they say, who has said yes, and ending it; papers that holders sent."""

from datetime import datetime
from typing import Any, Final, cast

from django import forms
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from api import documents, readings
from api.desk import door, licences, parts
from api.desk.door import Visit
from api.desk.forms import Deciding
from registry import holders
from registry.holders import Connection
from registry.rules.errors import HolderNotFound, RegistryError, RoleNotAllowed

_POST: Final = ("POST",)
STATES: Final = {
    "asked": _("waits for two officers"),
    "supported": _("waits for a second officer"),
    "connected": _("connected"),
    "declined": _("declined"),
    "ended": _("ended"),
}


class _Impartial(Deciding):
    """A decision whose officer declares to have no conflict of interest."""

    no_conflict = forms.BooleanField(
        label=_("I have no conflict of interest in this matter"),
        error_messages={"required": _("Declare it, or leave the decision to somebody else.")},
    )


class ConfirmForm(_Impartial):
    """One officer's yes."""


class EndForm(_Impartial):
    """Why it is declined or ended."""

    button = _("Decline, or end it")
    reason = forms.CharField(label=_("Why"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


@door.room(of="desk-holders")
def waiting(visit: Visit) -> HttpResponse:
    """Who asks to act for an agency, and who does."""
    asking = readings.holders(by=visit.by, at=visit.at, through="desk", waiting=True)
    acting = readings.holders(by=visit.by, at=visit.at, through="desk", waiting=False)
    return visit.page(
        "holders.html",
        gettext("Accounts of agencies"),
        asking=_table(gettext("Requests"), asking, gettext("Nobody waits."), at=visit.at),
        acting=_table(gettext("Connected"), acting, gettext("No account acts for an agency."), at=visit.at),
    )


@door.room(of="desk-holders", methods=_POST)
def one(visit: Visit, key: int) -> HttpResponse:
    """One request: who asks in which words, how to reach the agency, and the officers' yes or no."""
    found = readings.holder(key, by=visit.by, at=visit.at, through="desk")
    posted = visit.request.method == "POST"
    ending = posted and "reason" in visit.request.POST
    agreement, stands = found.agreement(at=visit.at), found.stands(at=visit.at)
    confirm = ConfirmForm(visit) if agreement.awaits(visit.by, at=visit.at) and not ending else None
    may_end = found.may_end(visit.by, at=visit.at)
    end = EndForm(visit, auto_id="end_%s") if may_end and (ending or not posted) else None
    try:
        if posted and ending and end is not None and end.is_valid():
            state = holders.end(
                key,
                by=end.by,
                at=end.at,
                reason=end.cleaned_data["reason"],
                no_conflict=end.cleaned_data["no_conflict"],
                idempotency_key=end.idempotency_key,
            )
            return visit.go("desk-holder", key, told=str(STATES[state]))
        if posted and not ending and confirm is not None and confirm.is_valid():
            state = holders.confirm(
                key,
                by=confirm.by,
                at=confirm.at,
                no_conflict=confirm.cleaned_data["no_conflict"],
                idempotency_key=confirm.idempotency_key,
            )
            return visit.go("desk-holder", key, told=str(STATES[state]))
    except RegistryError as refusal:
        (end if ending else confirm).refuse(refusal)  # type: ignore[union-attr]
    if posted and (end if ending else confirm) is None:
        raise RoleNotAllowed("this officer may not", roles=agreement.next_roles)
    return visit.page(
        "holder.html",
        found.name,
        status=422 if posted else 200,
        state=str(STATES[stands]),
        about=_about(found, stands),
        said=found.said,
        confirm=confirm,
        end=end,
        button=gettext("Confirm as the first officer")
        if stands == "asked"
        else gettext("Connect the account"),
        agency=found.agency,
    )


@door.room(of="desk-agencies")
def paper(visit: Visit, number: str, reference: str) -> HttpResponse:
    """A paper that came with a holder's answer, as an attachment."""
    number = licences.canonical(number)
    held = next((one for _, one in holders.papers(number, by=visit.by) if one.reference == reference), None)
    if held is None:
        raise HolderNotFound
    readings.note(f"{number} {reference}", "document", by=visit.by, at=visit.at, through="desk")
    answer = documents.hand_out(held.stored_as, name=held.name, media_type=held.media_type)
    return cast("HttpResponse", answer)


def _table(title: str, rows: list[Connection], empty: str, *, at: datetime) -> parts.Table:
    lines: list[tuple[Any, ...]] = [
        (
            parts.Moment(row.asked_at, row.zone),
            parts.Link(row.name, resolve_url("desk-holder", row.id), row.agency),
            row.account,
            str(STATES[row.stands(at=at)]),
        )
        for row in rows
    ]
    columns = gettext("Asked"), gettext("Agency"), gettext("Account"), gettext("Stands")
    return parts.Table(title, columns, lines, empty)


def _about(found: Connection, stands: str) -> parts.Facts:
    def yes(by: str, at: Any) -> Any:
        return parts.Noted(parts.officers(by), parts.Moment(at, found.zone)) if by else gettext("not yet")

    first = "" if stands == "asked" else found.first_by
    facts = [
        parts.Fact(gettext("Account"), found.account, True),
        parts.Fact(gettext("Asked"), parts.Moment(found.asked_at, found.zone)),
        parts.Fact(gettext("Licences"), ", ".join(found.licences)),
        parts.Fact(gettext("Official e-mail on record"), ", ".join(found.emails)),
        parts.Fact(gettext("First officer"), yes(first, found.first_at)),
        parts.Fact(gettext("Second officer"), yes(found.second_by, found.second_at)),
    ]
    if found.ended_at is not None:
        facts.append(parts.Fact(gettext("Ended by"), yes(found.ended_by, found.ended_at)))
        facts.append(parts.Fact(gettext("Why"), found.reason, True))
    return parts.Facts(tuple(facts))


urlpatterns: list[URLPattern] = [
    path("holders", waiting, name="desk-holders"),
    path("holders/<int:key>", one, name="desk-holder"),
    path("licences/<str:number>/papers/<str:reference>", paper, name="desk-holder-paper"),
]
