"""How the records of an agency changed: who, when, why, and any two versions side by side, column by column."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from api import labels, readings
from api.desk import agency, door, parts
from api.desk.door import Visit
from api.desk.forms import Form
from api.pages import facts as public_facts
from api.pages import written
from registry import retrospect
from registry.history import Version
from registry.retrospect import Changed, Life
from registry.rules import errors, numbering
from registry.rules.numbering import Kind

_PIECE: Final = 50
_LARGEST: Final = 2**62
_KINDS: Final = {
    Kind.AGENCY: gettext_noop("the agency"),
    Kind.OFFICE: gettext_noop("an office"),
    Kind.PERSON: gettext_noop("a person"),
    Kind.APPOINTMENT: gettext_noop("an appointment"),
    Kind.LICENCE: gettext_noop("a licence"),
    Kind.LISTED: gettext_noop("a licence"),
}
_COLUMNS: Final = {
    **agency.COLUMNS,
    "number": gettext_noop("Number"),
    "authority": gettext_noop("Authority"),
    "agency": gettext_noop("Agency"),
    "sole_trader": gettext_noop("Sole trader"),
    "bank_account_hmac": gettext_noop("Bank account (kept as a digest)"),
    "kind": gettext_noop("Kind"),
    "name": gettext_noop("Name"),
    "region": gettext_noop("Region"),
    "postcode": gettext_noop("Post code"),
    "latitude": gettext_noop("Latitude"),
    "longitude": gettext_noop("Longitude"),
    "authorisation": gettext_noop("Authorisation"),
    "first_day": gettext_noop("First day"),
    "last_day": gettext_noop("Last day"),
    "birth_date": gettext_noop("Born on"),
    "nationality": gettext_noop("Nationality"),
    "document_hmac": gettext_noop("Identity paper (kept as a digest)"),
    "person": gettext_noop("Person"),
    "office": gettext_noop("Office"),
    "role": gettext_noop("Acts as"),
    "public_name": gettext_noop("Name is public"),
    "withheld_reason": gettext_noop("Why the name is withheld"),
    "photograph": gettext_noop("Photograph"),
    "photographs": gettext_noop("Photographs"),
    "photograph_agreed_on": gettext_noop("The person agreed on"),
    "licence_class": gettext_noop("Class"),
    "origin": gettext_noop("Origin"),
    "legacy_number": gettext_noop("Number elsewhere"),
    "renumbered_to": gettext_noop("Number now"),
    "list_source": gettext_noop("List"),
    "version": gettext_noop("Version"),
    "value": gettext_noop("Reached at"),
    "as_given": gettext_noop("As it was given"),
    "verified_at": gettext_noop("Tried by an officer"),
    "trading_names": gettext_noop("Trading names"),
    "channels": gettext_noop("Official channels"),
    "offices": gettext_noop("Offices"),
    "appointments": gettext_noop("People"),
    "bank_account": gettext_noop("Bank account"),
}
_DIGESTS: Final = frozenset({"bank_account_hmac", "document_hmac"})
_REASONS: Final = {
    "registered": gettext_noop("registered"),
    "entered": gettext_noop("entered"),
    "appointed": gettext_noop("appointed"),
    "office": gettext_noop("office opened"),
    "office amended": gettext_noop("office amended"),
    "appointment ended": gettext_noop("appointment ended"),
    "photograph": gettext_noop("photograph shown"),
    "photograph withdrawn": gettext_noop("photograph withdrawn"),
    "opened": gettext_noop("opened"),
}


_DRAWN: Final[Mapping[str, Callable[[Any], Any]]] = {
    "photograph": parts.Photograph,
    "role": public_facts.role,
}
"""What draws the values of these columns."""
_AMENDED: Final = "amended: "
"""How the register's own reason begins where an officer gave none; the names of columns follow."""


class PairForm(Form):
    """Which two versions to lay side by side."""

    button: ClassVar[str | Promise] = _("Compare")
    older = forms.IntegerField(
        min_value=1, max_value=_LARGEST, error_messages={"required": _("Choose the older version.")}
    )
    newer = forms.IntegerField(
        min_value=1, max_value=_LARGEST, error_messages={"required": _("Choose the newer version.")}
    )


@door.room(of="desk-agencies")
def records(visit: Visit, number: str) -> HttpResponse:
    """The records of an agency whose versions are kept."""
    number = _number(number)
    found = readings.kept(number, by=visit.by, at=visit.at, through="desk")
    zone = retrospect.zone_of(number, by=visit.by)
    rows = [
        (
            parts.Link(one.number, resolve_url("desk-record", number, one.number)),
            gettext(_KINDS[one.kind]),
            str(one.versions),
            parts.Moment(one.newest, zone),
        )
        for one in found
    ]
    columns = gettext("Record"), gettext("Of what"), gettext("Versions"), gettext("Last changed")
    table = parts.Table(gettext("Records and their versions"), columns, rows, gettext("No version is kept."))
    return visit.page("versions.html", gettext("How its records changed"), number=number, table=table)


@door.room(of="desk-agencies")
def record(visit: Visit, number: str, record: str) -> HttpResponse:
    """The versions of one record, and the difference between two of them: the newest two until others are chosen."""
    number, asked = _number(number), visit.request.GET
    before = asked.get("before", "")
    found = readings.versions(
        number,
        record,
        by=visit.by,
        at=visit.at,
        before=int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None,
        limit=_PIECE,
        through="desk",
    )
    chosen = "older" in asked or "newer" in asked
    newest = [one.id for one in found.versions[:2]]
    form = PairForm(asked) if chosen else PairForm(initial={"newer": newest[:1], "older": newest[1:]})
    pair = _pair(form, newest, chosen=chosen)
    differing = None
    if pair is not None:
        try:
            differing = readings.difference(number, record, *pair, by=visit.by, at=visit.at, through="desk")
        except errors.NotFound:
            form.add_error(None, gettext("This record has no such version. Choose two from the list."))
    here = resolve_url("desk-record", number, record)
    return visit.page(
        "record.html",
        record,
        status=422 if form.errors else 200,
        number=number,
        kind=gettext(_KINDS[found.kind]),
        form=form,
        versions=_versions(found, pair, here, first=bool(before)),
        difference=difference(differing, found.zone) if differing is not None else None,
        pair=_sides(found, pair),
        erased=sorted({one.erased for one in found.versions if one.erased}),
    )


def _pair(form: PairForm, newest: list[int], *, chosen: bool) -> tuple[int, int] | None:
    """The two versions to compare, the older first."""
    if chosen:
        if not form.is_valid():
            return None
        older, newer = sorted((form.cleaned_data["older"], form.cleaned_data["newer"]))
        return older, newer
    return (newest[1], newest[0]) if len(newest) > 1 else None


def _versions(found: Life, pair: tuple[int, int] | None, here: str, *, first: bool) -> parts.Table:
    older, newer = pair or (0, 0)
    rows = [
        (
            parts.Moment(one.at, found.zone),
            parts.officers(one.by),
            _reason(one),
            _radio("older", one, older),
            _radio("newer", one, newer),
        )
        for one in found.versions
    ]
    columns = gettext("When"), gettext("Who"), gettext("Why"), gettext("Older"), gettext("Newer")
    further = f"{here}?{urlencode({'before': found.further})}" if found.further else ""
    return parts.Table(
        gettext("Versions, the newest first"),
        columns,
        rows,
        gettext("No version is kept."),
        pages=parts.Pages(following=further, first=here if first else ""),
    )


def _radio(name: str, one: Version, chosen: int) -> str:
    label = (
        gettext("Version %(id)s as the older") if name == "older" else gettext("Version %(id)s as the newer")
    )
    return format_html(
        '<label class="choice"><input type="radio" name="{}" value="{}" aria-label="{}" {}></label>',
        name,
        one.id,
        label % {"id": one.id},
        "checked" if one.id == chosen else "",
    )


def _reason(one: Version) -> Any:
    """Why a record was changed: our own word in the reader's language, an officer's as it was typed."""
    if one.erased:
        return parts.Noted(gettext("something was erased by order"), one.erased)
    if one.deleted:
        return parts.Noted(gettext("taken away"), one.reason)
    before, _colon, columns = one.reason.partition(_AMENDED)
    if not before and columns:
        told = (gettext(_COLUMNS.get(name, name)) for name in columns.split(", "))
        return gettext("amended: %(columns)s") % {"columns": written.listed(told)}
    if one.reason in _REASONS:
        return gettext(_REASONS[one.reason])
    return agency.text("actions", one.reason) if one.reason in labels.ACTIONS else parts.Noted(one.reason)


def difference(found: list[Changed], zone: str) -> parts.Table:
    """Columns before and after, side by side."""
    rows = [
        (
            _column(one),
            _value(one.column, one.before, zone, erased=one.erased),
            _value(one.column, one.after, zone, erased=one.erased),
        )
        for one in found
    ]
    columns = gettext("Field"), gettext("Before"), gettext("After")
    empty = gettext("No field differs that anybody reads; the register's own working may.")
    return parts.Table(gettext("What differs"), columns, rows, empty)


def _column(one: Changed) -> Any:
    name = gettext(_COLUMNS.get(one.column, one.column))
    if not one.restricted:
        return name
    return format_html('{} <span class="restricted">{}</span>', name, gettext("restricted"))


def _value(column: str, value: Any, zone: str, *, erased: bool) -> Any:
    if value in (None, "", []):
        return gettext("erased by order, or never recorded") if erased else gettext("not recorded")
    if column in _DIGESTS and value is True:
        return gettext("recorded")
    if column in _DIGESTS:
        return parts.Number(f"{str(value)[:12]}…")
    if column in _DRAWN:
        return _DRAWN[column](value)
    if column == "kind":
        return gettext((agency.OFFICES | agency.CHANNELS).get(value, value))
    return parts.Noted(agency.told(value, zone))


def _sides(found: Life, pair: tuple[int, int] | None) -> list[Any]:
    """When the two versions were written, for the head of the difference; what is not on this piece goes by number."""
    shown = {one.id: parts.Moment(one.at, found.zone) for one in found.versions}
    return [shown.get(one, str(one)) for one in pair] if pair else []


def _number(number: str) -> str:
    try:
        return numbering.canonical(number, Kind.AGENCY)
    except numbering.NotOurs:
        raise errors.AgencyNotFound from None


urlpatterns: list[URLPattern] = [
    path("agencies/<str:number>/versions", records, name="desk-versions"),
    path("agencies/<str:number>/versions/<str:record>", record, name="desk-record"),
]
