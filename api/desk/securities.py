"""Securities: what runs out soon and what is missing, and the word of an issuer or a draw entered for one licence."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import get_language, gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from api import labels, readings
from api.desk import door, parts
from api.desk.door import Visit
from api.desk.forms import Form
from api.pages import written
from registry import licensing, securities
from registry.rules import days, errors, numbering
from registry.rules.lifecycle import Action, StepTerms
from registry.securities import Secured

_POST: Final = ("POST",)
_KINDS: Final = {
    "": gettext_noop("not stated"),
    "bank_guarantee": gettext_noop("bank guarantee"),
    "surety": gettext_noop("surety bond"),
    "escrow": gettext_noop("escrow"),
    "cash": gettext_noop("cash deposit"),
    "letter_of_credit": gettext_noop("letter of credit"),
}


class _Money(Form):
    """An amount in a currency."""

    amount = forms.RegexField(
        r"^\s*\d{1,14}([.]\d{1,4})?\s*$",
        label=_("Amount"),
        error_messages={"invalid": _("Digits, with a point before decimals: 100000.00")},
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "short"}),
    )
    currency = forms.RegexField(
        r"^\s*[A-Za-z]{3}\s*$",
        label=_("Currency"),
        help_text=_("Three letters (ISO 4217)."),
        error_messages={"invalid": _("Three letters, such as USD.")},
        widget=forms.TextInput(attrs={"class": "short"}),
    )

    @property
    def money(self) -> tuple[str, str]:
        """Amount and currency as a step states them."""
        return self.cleaned_data["amount"].strip(), self.cleaned_data["currency"].strip().upper()


class ConfirmForm(_Money):
    """What the issuer said when it was asked."""

    button: ClassVar[str | Promise] = _("Enter the issuer's word")
    draft: ClassVar[str] = "confirm"
    what = forms.CharField(initial="confirm", widget=forms.HiddenInput)
    issuer = forms.CharField(
        label=_("Issuer"), max_length=200, help_text=_("Its newest word says all that it holds.")
    )
    kind = forms.ChoiceField(label=_("Kind of security"), required=False)
    until = forms.DateField(
        label=_("In force until (last day)"), widget=forms.DateInput(attrs={"type": "date"})
    )
    reference = forms.CharField(label=_("Issuer's reference"), max_length=200)
    confirmed_by = forms.CharField(
        label=_("Who at the issuer confirmed it"),
        max_length=200,
        help_text=_("Name and how they were reached: call back a number that you found yourself."),
    )
    # Named apart from ``document``, which is the number of an identity paper and never kept in a draft.
    filed_as = forms.CharField(label=_("Document in the file"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the kinds in the reader's words."""
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(code, gettext(word)) for code, word in _KINDS.items()]  # type: ignore[attr-defined]


class DrawForm(_Money):
    """What was taken out of the security."""

    button: ClassVar[str | Promise] = _("Enter the draw")
    draft: ClassVar[str] = "draw"
    what = forms.CharField(initial="draw", widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("What for"),
        max_length=2000,
        help_text=_("The award or order that is paid out of it. Officers read it; the public never."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@door.room(of="desk-securities")
def attention(visit: Visit) -> HttpResponse:
    """The authority's licences whose security is missing, to be filled up, or ends within ninety days."""
    found = securities.attention(by=visit.by, at=visit.at)
    readings.note("securities", "securities", by=visit.by, at=visit.at, through="desk")
    return visit.page(
        "securities.html",
        gettext("Securities"),
        missing=sum(one.position.missing for one in found),
        table=table_of(found, gettext("Every security is whole and lasts for ninety days and more.")),
    )


@door.room(of="desk-securities", methods=_POST)
def security(visit: Visit, number: str) -> HttpResponse:
    """The security behind one licence; an issuer's word or a draw is entered here."""
    try:
        number = numbering.canonical(number, numbering.Kind.LICENCE)
    except numbering.NotOurs:
        raise errors.LicenceNotFound from None
    one = securities.of(number, by=visit.by, at=visit.at)
    readings.note(number, "securities", by=visit.by, at=visit.at, through="desk")
    writes = securities.may_enter(visit.by)
    confirm: ConfirmForm | None = ConfirmForm() if writes else None
    draw: DrawForm | None = DrawForm(auto_id="draw_%s") if writes else None
    status = 200
    if visit.request.method == "POST":
        if not writes:
            raise errors.RoleNotAllowed
        form: ConfirmForm | DrawForm
        if visit.request.POST.get("what") == "draw":
            form = draw = DrawForm(visit.request.POST, auto_id="draw_%s")
        else:
            form = confirm = ConfirmForm(visit.request.POST)
        if form.is_valid() and _entered(visit, number, form):
            return visit.go("desk-security", number, told=gettext("Entered."))
        status = 422
    position = one.position
    return visit.page(
        "security.html",
        gettext("Security of %(number)s") % {"number": number},
        status=status,
        agency=parts.Link(one.agency_name, resolve_url("desk-agency", one.agency), one.agency),
        missing=position.missing,
        confirm=confirm,
        draw=draw,
        facts=parts.Facts(
            (
                parts.Fact(gettext("Class"), one.licence_class),
                parts.Fact(gettext("Asked for"), _money(position.required, position.currency)),
                parts.Fact(gettext("Available"), _money(position.available, position.currency)),
                parts.Fact(gettext("Coverage"), _share(one)),
                parts.Fact(gettext("Runs out"), _last_day(position.runs_out, one.zone)),
                parts.Fact(gettext("To be filled up by"), _last_day(position.replenish_by, one.zone)),
            )
        ),
        held=parts.Table(
            gettext("What issuers hold"),
            (
                gettext("Issuer"),
                gettext("Amount"),
                gettext("From"),
                gettext("Until"),
                gettext("Confirmed"),
                gettext("Now"),
            ),
            [
                (
                    held.issuer,
                    _money(held.amount, held.currency),
                    parts.Moment(held.since, one.zone),
                    _last_day(held.until, one.zone),
                    _confirmed(held.confirmation),
                    gettext("in force") if held.in_force else gettext("not in force"),
                )
                for held in position.held
            ],
            gettext("No issuer's word is recorded."),
        ),
        draws=parts.Table(
            gettext("Draws not filled up"),
            (gettext("Drawn"), gettext("Amount"), gettext("To be filled up by"), gettext("Now")),
            [
                (
                    parts.Moment(one_draw.drawn_at, one.zone),
                    _money(one_draw.amount, one_draw.currency),
                    _last_day(one_draw.replenish_by, one.zone),
                    gettext("overdue") if one_draw.overdue else gettext("in time"),
                )
                for one_draw in position.draws
            ],
            gettext("Nothing was drawn, or all of it was filled up."),
        ),
    )


def _entered(visit: Visit, number: str, form: ConfirmForm | DrawForm) -> bool:
    """Enter the fact, or say at the field why not."""
    said, (amount, currency) = form.cleaned_data, form.money
    if isinstance(form, ConfirmForm):
        action = Action.CONFIRM_SECURITY
        told = {
            "kind": said["kind"],
            "reference": said["reference"],
            "confirmed_by": said["confirmed_by"],
            "document": said["filed_as"],
        }
        extra = {name: text for name, text in told.items() if text}
        terms = StepTerms(
            amount=amount, currency=currency, issuer=said["issuer"], until=said["until"], extra=extra
        )
    else:
        action = Action.DRAW_SECURITY
        terms = StepTerms(amount=amount, currency=currency, restricted_reasons=said["reason"])
    try:
        licensing.decide(
            number, action, by=visit.by, at=visit.at, terms=terms, idempotency_key=form.idempotency_key
        )
    except errors.RegistryError as refusal:
        form.refuse(refusal)
        return False
    return True


def table_of(found: Sequence[Secured], empty: str) -> parts.Table:
    """Licences with their security, one a row."""
    return parts.Table(
        gettext("What is asked for and what is held"),
        (
            gettext("Due"),
            gettext("Licence"),
            gettext("Asked for"),
            gettext("Available"),
            gettext("Coverage"),
            gettext("What is due"),
        ),
        [
            (
                _last_day(one.due, one.zone) if one.due else gettext("now"),
                parts.Link(one.licence, resolve_url("desk-security", one.licence), one.agency_name),
                _money(one.position.required, one.position.currency),
                _money(one.position.available, one.position.currency),
                _share(one),
                _due(one),
            )
            for one in found
        ],
        empty,
    )


def _due(one: Secured) -> Any:
    if one.position.missing:
        said = labels.text("grounds", one.ground, get_language() or "en")
        return format_html('<b class="gap">{}</b>', gettext("missing: %(why)s") % {"why": said})
    if one.position.replenish_by:
        return gettext("to be filled up")
    return gettext("runs out") if one.due else gettext("nothing")


def _last_day(end: datetime | None, zone: str) -> parts.Day | str:
    """The last local day before an end, which is the first instant after it."""
    return parts.Day(days.local_day(end - timedelta(microseconds=1), zone)) if end else ""


def _money(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else f"{amount:,f} {currency}"


def _share(one: Secured) -> str:
    """Coverage in whole per cent, rounded down: 99.9 is not all of it."""
    share = one.position.coverage
    return "" if share is None else written.percent(int(share * 100) / 100)


def _confirmed(said: Any) -> Any:
    if not said:
        return gettext("not stated how")
    kind = gettext(_KINDS.get(said.get("kind", ""), _KINDS[""]))
    who = written.listed(
        filter(None, (said.get("confirmed_by"), said.get("reference"), said.get("document")))
    )
    return format_html("<bdi>{}</bdi><small>{}</small>", who, kind)


urlpatterns: list[URLPattern] = [
    path("securities", attention, name="desk-securities"),
    path("securities/<str:number>", security, name="desk-security"),
]
