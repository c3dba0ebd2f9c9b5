"""Screening: possible matches by score, the two records of one side by side, and what an agency is linked with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from api import labels, readings
from api.desk import door, parts
from api.desk.door import Visit
from api.desk.forms import Deciding, Form
from api.pages import written
from registry import screening
from registry.rules import errors, numbering
from registry.rules.screening import ASKS_REGISTRAR, State, Verdict
from registry.screening.sides import Value

_POST: Final = ("POST",)
_PIECE: Final = 50

REASONS: Final = {
    "company.same": gettext_noop("same company number"),
    "bank.same": gettext_noop("same bank account"),
    "officer.same": gettext_noop("same officer or owner"),
    "phone.same": gettext_noop("same telephone"),
    "email.same": gettext_noop("same e-mail"),
    "domain.same": gettext_noop("same web domain"),
    "social.same": gettext_noop("same social page"),
    "staff.moved": gettext_noop("same staff or sub-agent"),
    "address.same": gettext_noop("same address"),
    "family.declared": gettext_noop("family of its people (declared)"),
    "client.same": gettext_noop("same main client (declared)"),
    "name.similar": gettext_noop("similar name"),
    "revocation.near": gettext_noop("founded within 12 months of the revocation"),
    "owner.same_name": gettext_noop("an owner of the same name"),
    "document.same": gettext_noop("same identity paper"),
    "person.same": gettext_noop("the same person in the register"),
    "name.same": gettext_noop("same name"),
    "name.like": gettext_noop("name spelt alike"),
    "name.in_part": gettext_noop("one name within the other"),
    "born.same": gettext_noop("same day of birth"),
    "born.near": gettext_noop("day of birth mistyped or swapped"),
    "born.differs": gettext_noop("another day of birth"),
    "country.same": gettext_noop("same country"),
}
"""Every reason in words."""

_STATES: Final = {
    State.POSSIBLE_MATCH: gettext_noop("To be judged"),
    State.CONFIRMED: gettext_noop("Confirmed"),
    State.FALSE_POSITIVE: gettext_noop("Not the same"),
}
_FIELDS: Final = {
    "names": gettext_noop("Names"),
    "standing": gettext_noop("Decided against it"),
    "born": gettext_noop("Day of birth"),
    "begun": gettext_noop("Incorporated on"),
    "company": gettext_noop("Company number"),
    "country": gettext_noop("Country"),
    "document": gettext_noop("Identity paper"),
    "address": gettext_noop("Addresses"),
    "channels": gettext_noop("Reached at"),
    "bank": gettext_noop("Bank account"),
    "officers": gettext_noop("Officers and owners"),
    "staff": gettext_noop("Staff and sub-agents"),
    "agencies": gettext_noop("Works for"),
    "place": gettext_noop("Place"),
    "days": gettext_noop("From and until"),
    "grounds": gettext_noop("Grounds"),
    "source": gettext_noop("Source"),
}
_WORDS: Final = {Verdict.CONFIRM: gettext_noop("the same"), Verdict.CLEAR: gettext_noop("not the same")}


@dataclass(frozen=True)
class Graph(parts.Part):
    """What an agency is linked with, drawn: a line for each, the thicker the higher the score, a word at its end."""

    template = "graph"
    name: str
    links: Sequence[screening.Link]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Where each link is drawn."""
        return [
            {
                "y": 40 + 64 * place,
                "name": link.name,
                "number": link.agency,
                "adverse": link.adverse,
                "score": link.score,
                "width": 1 + link.score / 20,
                "why": in_words(reason.code for reason in link.reasons),
            }
            for place, link in enumerate(self.links)
        ]

    @property
    def height(self) -> int:
        """Of the whole picture."""
        return 16 + 64 * max(1, len(self.links))

    @property
    def middle(self) -> int:
        """Where the agency itself stands."""
        return self.height // 2


class JudgeForm(Deciding):
    """One officer's word on a possible match."""

    button: ClassVar[str | Promise] = _("Say so")
    draft: ClassVar[str] = "word"
    verdict = forms.ChoiceField(
        label=_("What do you say?"),
        widget=forms.RadioSelect,
        choices=[
            (Verdict.CONFIRM.value, _("They are the same (another officer must say so too)")),
            (Verdict.CLEAR.value, _("They are not the same; do not show it again")),
        ],
    )
    reason = forms.CharField(
        label=_("Why"),
        help_text=_(
            "What you compared, and what it showed. Officers and auditors read it; the public never."
        ),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    no_conflict = forms.BooleanField(label=_("I have no conflict of interest in this case"))


class DeclareForm(Form):
    """What an officer knows to link two agencies."""

    button: ClassVar[str | Promise] = _("Declare the link")
    draft: ClassVar[str] = "link"
    other = forms.CharField(label=_("Number of the other agency"), max_length=40)
    kind = forms.ChoiceField(
        label=_("What links them"),
        choices=[("family", _("family of their people")), ("client", _("the same main client"))],
    )
    evidence = forms.CharField(
        label=_("How it is known"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )


class AgainForm(Form):
    """Nothing but a button."""

    button: ClassVar[str | Promise] = _("Screen it again now")


@door.room(of="desk-screening")
def matches(visit: Visit) -> HttpResponse:
    """The possible matches of the authority, the strongest first."""
    asked = visit.request.GET.get("state", "")
    state = State(asked) if asked in set(_STATES) else State.POSSIBLE_MATCH
    after = visit.request.GET.get("after", "")[:40] or None
    page = screening.matches(by=visit.by, after=after, limit=_PIECE, state=state)
    readings.note("matches", "screening", by=visit.by, at=visit.at, through="desk")
    here = resolve_url("desk-screening")
    kept = {"state": state.value} if state is not State.POSSIBLE_MATCH else {}
    return visit.page(
        "screening.html",
        gettext("Screening"),
        states=[
            (gettext(word), f"{here}?{urlencode({'state': one.value})}", one is state)
            for one, word in _STATES.items()
        ],
        table=parts.Table(
            gettext("Possible matches"),
            (
                gettext("Score"),
                gettext("Agency"),
                gettext("May be"),
                gettext("Because of"),
                gettext("Waits for"),
            ),
            [_row(one) for one in page.data],
            gettext("Nothing is to be judged.")
            if state is State.POSSIBLE_MATCH
            else gettext("There is none."),
            pages=parts.Pages(
                following=f"{here}?{urlencode({**kept, 'after': page.next})}" if page.next else "",
                first=f"{here}?{urlencode(kept)}" if after else "",
            ),
        ),
    )


@door.room(of="desk-screening", methods=_POST)
def match(visit: Visit, number: int) -> HttpResponse:
    """One match: the two records beside each other, what was said, and the officer's own word."""
    pair = screening.match(number, by=visit.by)
    readings.note(f"match {number}", "screening", by=visit.by, at=visit.at, through="desk")
    one = pair.match
    asked = one.agreement.awaits(visit.by, at=visit.at) and not one.merged
    form = JudgeForm(visit) if asked else None
    if form is not None and visit.request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            done = screening.judge(
                number,
                Verdict(said["verdict"]),
                reason=said["reason"],
                by=form.by,
                at=form.at,
                idempotency_key=form.idempotency_key,
                no_conflict=said["no_conflict"],
            )
            return visit.go("desk-match", number, told=_told(done))
        except errors.RegistryError as refusal:
            form.refuse(refusal)
    elif visit.request.method == "POST" and form is None:
        one.agreement.demand(visit.by, at=visit.at)
    return visit.page(
        "match.html",
        gettext("%(one)s – %(other)s") % {"one": pair.one.name, "other": pair.other.name},
        status=422 if form is not None and form.errors else 200,
        match=one,
        state=gettext(_STATES[one.state]),
        waits=_waits(one),
        asks_registrar=one.counts and one.score >= ASKS_REGISTRAR,
        agency=parts.Link(one.agency_name, resolve_url("desk-agency", one.agency), one.agency),
        form=form,
        reasons=parts.Table(
            gettext("Reasons"),
            (gettext("Reason"), gettext("Points")),
            [(gettext(REASONS[reason.code]), reason.points) for reason in one.reasons],
            gettext("What spoke for it is gone."),
        ),
        sides=[heading(side) for side in (pair.one, pair.other)],
        compared=compared(pair.one, pair.other),
        said=parts.Table(
            gettext("What officers said"),
            (gettext("When"), gettext("Who"), gettext("What"), gettext("Why"), gettext("Reasons then")),
            [
                (
                    parts.Moment(w.at, visit.zone),
                    parts.officers(w.by),
                    gettext(_WORDS[w.verdict]),
                    w.reason,
                    written.listed(
                        f"{gettext(REASONS[reason.code])} ({reason.points})" for reason in w.about
                    ),
                )
                for w in one.said
            ],
            gettext("Nobody has said anything yet."),
        ),
    )


@door.room(of="desk-screening", methods=_POST)
def links(visit: Visit, number: str) -> HttpResponse:
    """What an agency is linked with and what was found of it; a link is declared here."""
    try:
        number = numbering.canonical(number, numbering.Kind.AGENCY)
    except numbering.NotOurs:
        raise errors.AgencyNotFound from None
    result = screening.matches_of(number, by=visit.by)
    if visit.request.method == "POST" and "again" in visit.request.POST:
        return _again(visit, number)
    form = _declaring(visit) if screening.may_declare(visit.by) else None
    if form is None and visit.request.method == "POST":
        raise errors.RoleNotAllowed
    if form is not None and visit.request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            screening.declare(
                number,
                said["other"].strip().upper(),
                said["kind"],
                evidence=said["evidence"],
                by=visit.by,
                at=visit.at,
                idempotency_key=form.idempotency_key,
            )
            return visit.go("desk-links", number, told=gettext("The link is declared."))
        except errors.RegistryError as refusal:
            form.refuse(refusal)
    readings.note(number, "screening", by=visit.by, at=visit.at, through="desk")
    found = screening.links_of(number, by=visit.by, at=visit.at)
    return visit.page(
        "links.html",
        gettext("Links of %(number)s") % {"number": number},
        status=422 if form is not None and form.errors else 200,
        number=number,
        result=result,
        again=again_form(visit),
        graph=Graph(number, found),
        linked=table_of(found),
        matches=parts.Table(
            gettext("Matches"),
            (
                gettext("Score"),
                gettext("Agency"),
                gettext("May be"),
                gettext("Because of"),
                gettext("Stands"),
            ),
            [(*_row(one)[:4], gettext(_STATES[one.state])) for one in result.matches],
            gettext("Nothing was found when it was last screened."),
        ),
        form=form,
    )


def again_form(visit: Visit) -> AgainForm | None:
    """The button that screens an agency, for whoever may ask for it."""
    return AgainForm(auto_id="again_%s") if screening.may_ask(visit.by) else None


def _again(visit: Visit, number: str) -> HttpResponse:
    """Screen the agency now, and say what came of it."""
    form = AgainForm(visit.request.POST)
    form.is_valid()
    found = screening.again(number, by=visit.by, at=visit.at, idempotency_key=form.idempotency_key)
    waiting = sum(one.state is State.POSSIBLE_MATCH for one in found.matches)
    told = ngettext(
        "Screened. %(n)d match is to be judged.", "Screened. %(n)d matches are to be judged.", waiting
    )
    return visit.go("desk-links", number, told=told % {"n": waiting})


def _declaring(visit: Visit) -> DeclareForm:
    return DeclareForm(visit.request.POST if visit.request.method == "POST" else None)


def table_of(found: Sequence[screening.Link]) -> parts.Table:
    """The links behind the picture."""
    return parts.Table(
        gettext("Links"),
        (gettext("Agency"), gettext("Score"), gettext("In common"), gettext("Decided against it")),
        [
            (
                parts.Link(link.name, resolve_url("desk-agency", link.agency), link.agency),
                link.score,
                in_words(reason.code for reason in link.reasons),
                gettext("revoked, barred, suspended or refused") if link.adverse else gettext("nothing"),
            )
            for link in found
        ],
        gettext("Nothing links it with another agency of your authority."),
    )


def in_words(reasons: Iterable[str]) -> str:
    """Codes of reasons in words, one after another."""
    return written.listed(gettext(REASONS[code]) if code in REASONS else code for code in reasons)


def _row(one: screening.Match) -> tuple[Any, ...]:
    target = one.target if one.target_kind != "finding" else gettext("outside list")
    return (
        one.score,
        parts.Link(one.agency_name, resolve_url("desk-match", one.id), one.subject),
        format_html("<bdi>{}</bdi><small>{}</small>", one.target_name, target),
        in_words(reason.code for reason in one.reasons),
        _waits(one) or gettext("an officer's word"),
    )


def _waits(one: screening.Match) -> str:
    if one.waits is None:
        return ""
    said = {"who": one.waits_by, "what": gettext(_WORDS[one.waits])}
    return gettext("a second officer: %(who)s says that they are %(what)s") % said


def _told(done: screening.Match) -> str:
    if done.waits is not None:
        return gettext("Noted. Another officer must say so too.")
    if done.state is State.CONFIRMED:
        return gettext("The match is confirmed.")
    return gettext("Not the same: it is not shown again.")


def heading(side: screening.Side) -> SafeString:
    """The head of a record's column: its name, and the way to its agency."""
    if side.agency:
        aside = side.number if side.number != side.agency else ""
        link = parts.Link(side.name, resolve_url("desk-agency", side.agency), side.number or aside)
        return link.__html__()
    return format_html("<bdi>{}</bdi>", side.name)


def compared(first: screening.Side, second: screening.Side) -> list[dict[str, Any]]:
    """The fields that either record has, values that both have marked."""
    one, other = first.fields, second.fields
    found = []
    for name, word in _FIELDS.items():
        mine, theirs = one.get(name, ()), other.get(name, ())
        if mine or theirs:
            shared = _all_keys(mine) & _all_keys(theirs)
            found.append(
                {
                    "name": gettext(word),
                    "one": _values(name, mine, shared),
                    "other": _values(name, theirs, shared),
                    "same": bool(shared),
                }
            )
    return found


def _all_keys(values: Sequence[Value]) -> frozenset[str]:
    return frozenset[str]().union(*(value.keys for value in values))


def _values(name: str, values: Sequence[Value], shared: frozenset[str]) -> SafeString:
    return format_html_join(
        "",
        '<p class="value">{}</p>',
        (
            (
                format_html("<mark><bdi>{}</bdi></mark>", _value(name, value))
                if value.keys & shared
                else format_html("<bdi>{}</bdi>", _value(name, value)),
            )
            for value in values
        ),
    )


def _value(name: str, value: Value) -> str:
    if name == "standing":
        return labels.text("actions", value.told, get_language() or "en")
    if name in {"bank", "document"}:
        return gettext("on record")
    return value.told


urlpatterns: list[URLPattern] = [
    path("screening", matches, name="desk-screening"),
    path("screening/<int:number>", match, name="desk-match"),
    path("agencies/<str:number>/links", links, name="desk-links"),
]
