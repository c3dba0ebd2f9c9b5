"""Filters of the queue: asked for in its address, and kept by an officer under a name."""

from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from api import labels
from api.desk import door, navigation
from api.desk.door import Visit
from api.desk.forms import Form
from api.models import SavedFilter
from registry.agenda import Matter, Wanted
from registry.rules.errors import NotFound
from registry.rules.lifecycle import State

MOST: Final = 20
"""Filters that one officer keeps."""

MATTERS: Final = {
    Matter.RATIFY: _("Emergency suspension to ratify"),
    Matter.LAPSE: _("Suspension that lapses"),
    Matter.HEARING: _("The holder is to be heard by"),
    Matter.ACTIVATION: _("Grant not yet activated"),
    Matter.TERM: _("Term that ends"),
    Matter.RENEWAL: _("Renewal to decide"),
    Matter.SECURITY: _("Security missing or running out"),
    Matter.STAY: _("Stay"),
    Matter.APPEAL: _("Appeal"),
    Matter.NOTICE: _("Answer awaited to a notice"),
    Matter.ANSWER: _("Answer to a notice came in"),
    Matter.APPLICATION: _("Application to take further"),
    Matter.INSPECTION: _("Inspection before a licence"),
    Matter.AGREEMENT: _("Application for a second officer"),
    Matter.DUTY: _("Duty of a holder"),
    Matter.CONDITION: _("Condition to be met"),
    Matter.PAYMENT: _("Fine or repayment to be paid"),
    Matter.MATCH: _("Possible match to judge"),
}
_STATES: Final = (
    State.PENDING_ACTIVATION,
    State.ACTIVE,
    State.RENEWAL_PENDING,
    State.SUSPENDED,
    State.EXPIRED,
)


class _Upper(forms.CharField):
    """Letters that are capitals however they were typed."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).upper()


class FilterForm(forms.Form):
    """What of the queue is shown; nothing said is everything."""

    button: ClassVar[str | Promise] = _("Show")
    matter = forms.MultipleChoiceField(
        label=_("What waits"),
        choices=list(MATTERS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    licence_class = _Upper(label=_("Class"), required=False, max_length=1)
    state = forms.ChoiceField(label=_("Stands"), required=False)
    corridor = _Upper(label=_("Destination country"), required=False, max_length=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what was asked."""
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        states = [(state.value, gettext(labels.STATES[state])) for state in _STATES]
        self.fields["state"].choices = [("", gettext("any")), *states]  # type: ignore[attr-defined]  # a choice field
        for name, width in (("licence_class", "1"), ("corridor", "2")):
            self.fields[name].widget.attrs |= {"size": width, "autocapitalize": "characters"}

    def clean_licence_class(self) -> str:
        """One letter."""
        return _letters(self.cleaned_data["licence_class"], gettext("A class is one letter, such as A."), 1)

    def clean_corridor(self) -> str:
        """A country's code."""
        return _letters(
            self.cleaned_data["corridor"], gettext("A country is two letters (ISO 3166), such as QA."), 2
        )

    @property
    def wanted(self) -> Wanted:
        """The filter; everything where nothing, or nothing possible, was asked."""
        if not self.is_bound or not self.is_valid():
            return Wanted()
        asked = self.cleaned_data
        return Wanted(
            frozenset(map(Matter, asked["matter"])), asked["licence_class"], asked["state"], asked["corridor"]
        )


class KeepForm(FilterForm, Form):
    """A filter and the name under which it is kept."""

    button: ClassVar[str | Promise] = _("Keep this filter")
    name = forms.CharField(label=_("Name"), max_length=60)
    field_order = ("name", "matter", "licence_class", "state", "corridor")


class ForgetForm(Form):
    """A yes."""

    button: ClassVar[str | Promise] = _("Forget it")


@door.room(*navigation.READERS, methods=("POST",))
def keep(visit: Visit) -> HttpResponse:
    """Keep a filter; the same one sent twice is kept once."""
    request = visit.request
    asked = request.POST if request.method == "POST" else None
    form = KeepForm(asked, initial=None if asked else _initial(visit))
    if asked is not None and form.is_valid() and _kept(visit, form):
        return visit.go("desk-queue", told=gettext("The filter is kept."))
    return visit.page(
        "form.html", gettext("Keep a filter"), status=422 if form.errors else 200, form=form, action=""
    )


@door.room(*navigation.READERS, methods=("POST",))
def forget(visit: Visit, number: int) -> HttpResponse:
    """Forget one of one's own filters."""
    found = SavedFilter.objects.filter(pk=number, officer=visit.by.number).first()
    if found is None:
        raise NotFound
    form = ForgetForm(visit.request.POST if visit.request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        found.delete()
        return visit.go("desk-queue", told=gettext("The filter is forgotten."))
    title = gettext("Forget the filter “%(name)s”") % {"name": found.name}
    return visit.page("form.html", title, form=form, action="")


def kept_by(visit: Visit) -> list[SavedFilter]:
    """The officer's filters by name."""
    return list(SavedFilter.objects.filter(officer=visit.by.number).order_by("name")[:MOST])


def address(wanted: Wanted | SavedFilter, **more: str) -> str:
    """The queue with this filter."""
    return f"{resolve_url('desk-queue')}?{query(wanted, **more)}"


def query(wanted: Wanted | SavedFilter, **more: str) -> str:
    """The filter as the query of an address."""
    asked = [("matter", str(matter)) for matter in sorted(wanted.matters)]
    asked += [(name, getattr(wanted, name)) for name in ("licence_class", "state", "corridor")]
    return urlencode([pair for pair in (*asked, *more.items()) if pair[1]])


def _kept(visit: Visit, form: KeepForm) -> bool:
    """Write it; or say at the name why not."""
    wanted, name = form.wanted, form.cleaned_data["name"]
    same = {"matters": sorted(wanted.matters), "licence_class": wanted.licence_class}
    same |= {"state": wanted.state, "corridor": wanted.corridor}
    held = SavedFilter.objects.filter(officer=visit.by.number)
    if held.filter(name=name, **same).exists():
        return True
    if held.count() >= MOST:
        form.add_error(
            "name", gettext("You keep %(most)d filters already: forget one first.") % {"most": MOST}
        )
        return False
    try:
        with transaction.atomic(durable=True):
            SavedFilter.objects.create(officer=visit.by.number, name=name, kept_at=visit.at, **same)
    except IntegrityError:
        form.add_error("name", gettext("You keep another filter under this name."))
        return False
    return True


def _initial(visit: Visit) -> dict[str, Any]:
    asked = visit.request.GET
    plain = {name: asked.get(name, "")[:20] for name in ("licence_class", "state", "corridor")}
    return {**plain, "matter": asked.getlist("matter")[: len(Matter)]}


def _letters(text: str, wrong: str, length: int) -> str:
    if text and not (len(text) == length and text.isascii() and text.isalpha()):
        raise forms.ValidationError(wrong)
    return text


urlpatterns: list[URLPattern] = [
    path("filters/new", keep, name="desk-keep-filter"),
    path("filters/<int:number>/forget", forget, name="desk-forget-filter"),
]
