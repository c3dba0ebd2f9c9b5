"""Policies: an authority's law in numbers, version by version; one administrator proposes, another puts in force.

What was decided before keeps the numbers that were frozen into it (rulings 2). The register judges each version whole;
the form says at the field what cannot be law.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, ClassVar, Final

from django import forms
from django.forms.boundfield import BoundField
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from api.desk import door, parts, policy_words, refusals
from api.desk.door import Visit
from api.desk.forms import Deciding, Form
from api.desk.policy_words import EVER, Word
from api.pages import facts as public_facts
from registry import policies
from registry.policies import PolicyProposalRecord, Version
from registry.rules import days, errors, policy
from registry.rules.grounds import SanctionKind
from registry.rules.policy import Policy

_POST: Final = ("POST",)
LONGEST: Final = 20_000
"""Characters of a field of lines that are read."""
_PAIR: Final = re.compile(r"(?P<name>[^=]{1,60})=(?P<value>.{1,200})")
_DIALLED: Final = re.compile(r"\+?[0-9][0-9 ()/-]{1,30}", re.ASCII)
_MONEY: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,4})?)\s+([A-Z]{3})", re.ASCII)


class _Lines(forms.Field):
    """One thing a line; a line that cannot be read is named."""

    def __init__(self, read: Callable[[str], Any], fault: str | Promise, **more: Any) -> None:
        self.read, self.fault = read, fault
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": 6}), **more)

    def to_python(self, value: Any) -> Any:
        """The things, in order."""
        told = []
        for line in filter(None, map(str.strip, str(value or "")[:LONGEST].splitlines())):
            try:
                told.append(self.read(line))
            except ValueError:
                raise forms.ValidationError(str(self.fault) % {"line": line[:60]}) from None
        return told


class _Publicity(forms.Field):
    """Months, ``ever``, or nothing for the register's own number."""

    def to_python(self, value: Any) -> int | str | None:
        """The months, ``ever``, or ``None``."""
        text = str("" if value is None else value).strip().lower()
        if not text:
            return None
        if text in {EVER, gettext(EVER)}:
            return EVER
        if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or int(text) > 1200:
            raise forms.ValidationError(
                gettext("Months from 0 to 1200, or “%(ever)s” for ever.") % {"ever": gettext(EVER)}
            )
        return int(text)


def _money(line: str) -> tuple[str, dict[str, str]]:
    pair = _PAIR.fullmatch(line)
    found = _MONEY.fullmatch(pair["value"].strip()) if pair else None
    if pair is None or found is None:
        raise ValueError(line)
    return pair["name"].strip(), {"amount": found[1], "currency": found[2]}


def _district(line: str) -> tuple[str, str]:
    pair = _PAIR.fullmatch(line)
    if pair is None:
        raise ValueError(line)
    code, name = pair["name"].strip(), pair["value"].strip()
    try:
        policy.parse({"districts": {code: name}})
    except errors.PolicyInvalid as wrong:
        raise ValueError(line) from wrong
    return code, name


def _help_line(line: str) -> tuple[str, str]:
    pair = _PAIR.fullmatch(line)
    number = pair["value"].strip() if pair else ""
    if pair is None or not pair["name"].strip() or not _DIALLED.fullmatch(number):
        raise ValueError(line)
    return pair["name"].strip(), number


class PolicyForm(Deciding):
    """The next version, whole: it begins with the newest one."""

    button: ClassVar[str | Promise] = _("Propose this version")
    draft: ClassVar[str] = "policy"
    in_force_from = forms.DateField(
        label=_("In force from"),
        required=False,
        help_text=_(
            "The first moment of that day, not before tomorrow. Empty: from the moment of the approval."
        ),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, visit: Visit, newest: Policy) -> None:
        """Take what was sent, or begin with the newest version."""
        self.newest = newest
        super().__init__(visit)
        told = policy_words.flat(newest)
        for group in policy_words.GROUPS:
            for word in group.words:
                self.fields[word.name] = field = _field(word)
                field.label, field.initial = gettext(word.label), told.get(word.name, "")
                field.help_text = _help(word)
        self.fields["holidays"].initial = "\n".join(told["holidays"])
        self.fields["securities"].initial = "\n".join(
            f"{kind} = {one.amount} {one.currency}" for kind, one in newest.securities.items()
        )
        self.fields["help_lines"].initial = "\n".join(
            f"{name} = {number}" for name, number in newest.help_lines.items()
        )
        for kind in SanctionKind:
            stated = newest.publication_months.get(kind.value, "")
            self.fields[f"public_{kind.value}"].initial = gettext(EVER) if stated is None else stated

    def groups(self) -> Iterator[tuple[str, list[BoundField]]]:
        """The fields, group by group."""
        for group in policy_words.GROUPS:
            yield gettext(group.title), [self[word.name] for word in group.words]

    def clean_in_force_from(self) -> date | None:
        """Refuse a year that no calendar of ours has."""
        day: date | None = self.cleaned_data["in_force_from"]
        if day is not None and day.year not in days.YEARS:
            raise forms.ValidationError(gettext("The year is out of reach."))
        return day

    def clean(self) -> dict[str, Any]:
        """Judge the fee of workers as a whole, before the code is spent."""
        fee = self._worker_fee()
        if not self.errors and fee is not None:
            try:
                policy.parse({"worker_fee": fee})
            except errors.PolicyInvalid as wrong:
                self.add_error(
                    "fee_rule", refusals.sentence(wrong, field=gettext(policy_words.FEE_RULE.label))
                )
        return super().clean()

    def rules(self) -> dict[str, Any]:
        """The version as the register takes it; good after ``is_valid``. What the form does not know is kept."""
        sent = self.cleaned_data
        rules = self.newest.as_json()
        del rules["version"]
        rules |= {
            name: sent[name] for name in ("law", "renewal_deemed_in_force", *sorted(policy_words.COUNTS))
        }
        rules["weekend"] = sorted(map(int, sent["weekend"]))
        rules["holidays"] = sorted({day.isoformat() for day in sent["holidays"]})
        rules["securities"] = dict(sent["securities"])
        rules["districts"] = dict(sent["districts"])
        rules["help_lines"] = dict(sent["help_lines"])
        rules["worker_fee"] = self._worker_fee()
        for column, prefix in (("fees", "fee_of_"), ("legal_terms", "term_")):
            stated = {name.removeprefix(prefix): sent[name] for name in sent if name.startswith(prefix)}
            kept = {name: text for name, text in rules[column].items() if name not in stated}
            rules[column] = kept | {name: text for name, text in stated.items() if text}
        months = {kind.value: sent[f"public_{kind.value}"] for kind in SanctionKind}
        rules["publication_months"] = {
            kind: None if told == EVER else told for kind, told in months.items() if told is not None
        }
        return rules

    def refuse(self, error: Any) -> None:
        """Show a refusal of the register at the field it names, or at the first of those that it is made of."""
        of = {"worker_fee": "fee_rule", "publication_months": "public_advice", "fees": "fee_of_application"}
        field = str(error.facts.get("field", ""))
        name = of.get(field, "term_active" if field == "legal_terms" else field)
        known = name in self.fields
        label = str(self.fields[name].label) if known else ""
        self.add_error(name if known else None, refusals.sentence(error, field=label))

    def _worker_fee(self) -> dict[str, str] | None:
        sent = {name: self.cleaned_data.get(f"fee_{name}") or "" for name in _FEE}
        return sent if any(sent.values()) else None


_FEE: Final = ("rule", "amount", "currency", "months_of_wage", "law")


def _field(word: Word) -> forms.Field:
    """The field in which a value is stated."""
    name = word.name
    if name in policy_words.COUNTS:
        number = forms.NumberInput(attrs={"class": "short", "inputmode": "numeric"})
        return forms.IntegerField(min_value=0, max_value=3650, widget=number)
    if name.startswith("public_"):
        return _Publicity(required=False, widget=forms.TextInput(attrs={"class": "short"}))
    made = _MADE.get(name)
    return made() if made else forms.CharField(max_length=200, required=False)


def _weekend() -> forms.Field:
    days = [(str(n), gettext(day)) for n, day in enumerate(policy_words.WEEKDAYS)]
    return forms.MultipleChoiceField(choices=days, required=False, widget=forms.CheckboxSelectMultiple)


def _fee_rule() -> forms.Field:
    choices = [(code, gettext(text)) for code, text in policy_words.RULES.items()]
    return forms.ChoiceField(choices=choices, required=False)


_MADE: Final[Mapping[str, Callable[[], forms.Field]]] = {
    "law": lambda: forms.CharField(max_length=300),
    "weekend": _weekend,
    "holidays": lambda: _Lines(date.fromisoformat, _("“%(line)s” is no day as 2026-12-25.")),
    "securities": lambda: _Lines(_money, _("“%(line)s” is not as B = 100000 XTS.")),
    "districts": lambda: _Lines(_district, _("“%(line)s” is not as NP-P3 = Bagmati.")),
    "help_lines": lambda: _Lines(_help_line, _("“%(line)s” is not as Police = 112.")),
    "renewal_deemed_in_force": lambda: forms.BooleanField(required=False),
    "fee_rule": _fee_rule,
}


def _help(word: Word) -> str:
    """What a value means and in which unit it is stated."""
    if word.unit == "public":
        standard = policy_words.standard(word.name.removeprefix("public_"))
        return gettext("Months after its effect; 0: never; “%(ever)s”: for ever. Empty: %(standard)s.") % {
            "ever": gettext(EVER), "standard": standard,
        }  # fmt: skip
    units = {
        "day": gettext("In days."), "week": gettext("In weeks."), "month": gettext("In months."),
        "hour": gettext("In hours."), "points": gettext("A number."),
    }  # fmt: skip
    told = (gettext(word.meaning) if word.meaning else "", units.get(word.unit, ""))
    return " ".join(filter(None, told))


class DeclineForm(Form):
    """One administrator's no."""

    button: ClassVar[str | Promise] = _("Decline")
    draft: ClassVar[str] = "decline"
    reason = forms.CharField(label=_("Why"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


class ApproveForm(Deciding):
    """The yes that puts a version in force."""

    button: ClassVar[str | Promise] = _("Put it in force")


@door.room(of="desk-policies")
def authorities(visit: Visit) -> HttpResponse:
    """The authorities whose policy one sees to; an administrator of one reads that one's."""
    if visit.by.authority:
        return _policy(visit, visit.by.authority)
    rows = [
        (
            parts.Link(code, resolve_url("desk-policy", code)),
            public_facts.authority_name({"authority": {"name": name}}),
        )
        for code, name in policies.authorities(by=visit.by)
    ]
    columns = gettext("Authority"), gettext("Name")
    return visit.page(
        "policies.html",
        gettext("Policies"),
        table=parts.Table(gettext("Policies"), columns, rows, gettext("There is no authority yet.")),
        waiting=_waiting(visit, "", "UTC"),
    )


@door.room(of="desk-policies")
def one(visit: Visit, code: str) -> HttpResponse:
    """An authority's policy in force, its versions, and what waits."""
    return _policy(visit, code)


def _policy(visit: Visit, code: str) -> HttpResponse:
    zone, held = policies.versions(code, by=visit.by, at=visit.at)
    current = next((version for version in held if version.current), None)
    rows = [
        (
            parts.Link(str(version.version), resolve_url("desk-policy-version", code, version.version)),
            _stands(version, visit),
            parts.Moment(version.in_force_from, zone),
            parts.Noted(parts.Moment(version.recorded_at, zone), parts.officers(version.by)),
            str(len(list(policy_words.differences(version.before, version.rules))))
            if version.before
            else gettext("the first one"),
        )
        for version in held
    ]
    columns = (
        gettext("Version"), gettext("Stands"), gettext("In force from"), gettext("Recorded"), gettext("Changes"),
    )  # fmt: skip
    return visit.page(
        "policy.html",
        gettext("Policy of %(code)s") % {"code": code},
        code=code,
        several=visit.by.authority is None,
        current=current,
        groups=_groups(current.rules) if current else (),
        waiting=_waiting(visit, code, zone),
        versions=parts.Table(gettext("Versions"), columns, rows, gettext("There is no version yet.")),
    )


@door.room(of="desk-policies")
def version(visit: Visit, code: str, number: int) -> HttpResponse:
    """One version: what it changed, and all of it."""
    zone, held = policies.versions(code, by=visit.by, at=visit.at)
    found = next((version for version in held if version.version == number), None)
    if found is None:
        raise errors.EntryNotFound
    facts = [
        parts.Fact(gettext("Stands"), _stands(found, visit)),
        parts.Fact(gettext("In force from"), parts.Moment(found.in_force_from, zone)),
        parts.Fact(gettext("Recorded"), parts.Moment(found.recorded_at, zone)),
        parts.Fact(gettext("Put in force by"), parts.officers(found.by)),
    ]
    return visit.page(
        "policy_version.html",
        gettext("Version %(number)s") % {"number": number},
        code=code,
        facts=parts.Facts(facts),
        changes=_differences(found.before, found.rules) if found.before else None,
        groups=_groups(found.rules),
    )


@door.room(of="desk-policies", methods=_POST)
def propose(visit: Visit, code: str) -> HttpResponse:
    """Propose the next version."""
    zone, held = policies.versions(code, by=visit.by, at=visit.at)
    form = PolicyForm(visit, held[0].rules if held else Policy())
    if visit.request.method == "POST" and form.is_valid():
        try:
            made = policies.propose(
                code, form.rules(), in_force_from=form.cleaned_data["in_force_from"], by=form.by, at=form.at,
                idempotency_key=form.idempotency_key,
            )  # fmt: skip
            return visit.go(
                "desk-policy-proposal", made.id, told=gettext("Proposed. It waits for another administrator.")
            )
        except errors.RegistryError as refusal:
            form.refuse(refusal)
    return visit.page(
        "policy_form.html",
        gettext("The next version"),
        status=422 if form.errors else 200,
        code=code,
        form=form,
        waiting=_waiting(visit, code, zone),
    )


@door.room(of="desk-policies", methods=_POST)
def proposal(visit: Visit, number: int) -> HttpResponse:
    """A version that waits: what would change and from when; another administrator's yes, or a no."""
    found = policies.proposal(number, by=visit.by)
    approving, declining = ApproveForm(visit), DeclineForm()
    if visit.request.method == "POST":
        if visit.request.POST.get("do") == "decline":
            approving, declining = ApproveForm(visit), DeclineForm(visit.request.POST)
            form: Form = declining
            done = declining.is_valid() and _take(form, lambda: _declined(visit, found, declining))
        else:
            form = approving
            done = approving.is_valid() and _take(form, lambda: _approved(approving, found))
        if done:
            told = gettext("Declined. Nothing was changed.") if form is declining else gettext("It is done.")
            return visit.go("desk-policy-proposal", number, told=told)
    return _page(visit, found, approving, declining)


def _take(form: Form, act: Callable[[], object]) -> bool:
    """Do it, or show at the form why not."""
    try:
        act()
    except errors.RegistryError as refusal:
        form.refuse(refusal)
        return False
    return True


def _approved(form: ApproveForm, found: PolicyProposalRecord) -> None:
    policies.approve(found.id, by=form.by, at=form.at, idempotency_key=form.idempotency_key)


def _declined(visit: Visit, found: PolicyProposalRecord, form: DeclineForm) -> None:
    reason = form.cleaned_data["reason"]
    policies.decline(found.id, reason=reason, by=visit.by, at=visit.at, idempotency_key=form.idempotency_key)


def _page(
    visit: Visit, found: PolicyProposalRecord, approving: ApproveForm, declining: DeclineForm
) -> HttpResponse:
    zone, held = policies.versions(found.authority, by=visit.by, at=visit.at)
    state = "expired" if found.state == "open" and found.expires_at <= visit.at else found.state
    is_open, mine = found.agreement.is_open(visit.at), found.agreement.is_proposed_by(visit.by)
    before = next((version for version in held if version.version == found.after_version), None)
    overtaken = is_open and bool(held) and held[0].version != found.after_version
    facts = [
        parts.Fact(gettext("Authority"), found.authority),
        parts.Fact(gettext("In force from"), _from_when(found, zone)),
        parts.Fact(gettext("Proposed by"), parts.officers(found.proposed_by)),
        parts.Fact(gettext("Proposed"), parts.Moment(found.proposed_at, zone)),
        parts.Fact(gettext("Runs out"), parts.Moment(found.expires_at, zone)),
    ]
    if found.closed_by:
        facts += [
            parts.Fact(gettext("Ended by"), parts.officers(found.closed_by)),
            parts.Fact(gettext("Ended"), parts.Moment(found.closed_at, zone)),
        ]
    if found.closed_reason:
        facts.append(parts.Fact(gettext("Reason"), found.closed_reason))
    return visit.page(
        "policy_proposal.html",
        gettext("A version that waits") if is_open else gettext("A proposed version"),
        status=422 if approving.errors or declining.errors else 200,
        found=found,
        outcome="" if is_open else gettext(_OUTCOMES[state]),
        changes=_differences(before.rules if before else None, policy.parse(found.rules)),
        first=before is None,
        from_when=_from_when(found, zone),
        overtaken=overtaken,
        facts=parts.Facts(facts),
        mine=mine,
        is_open=is_open,
        approving=approving if found.agreement.awaits(visit.by, at=visit.at) and not overtaken else None,
        declining=declining if found.agreement.may_end(visit.by, at=visit.at) else None,
    )


_OUTCOMES: Final[Mapping[str, str]] = {
    "approved": gettext_noop("Approved: it is the law from its day on."),
    "declined": gettext_noop("Declined. Nothing was changed."),
    "expired": gettext_noop("It ran out before anybody said yes."),
}


def _from_when(found: PolicyProposalRecord, zone: str) -> Any:
    if found.in_force_from is None:
        return gettext("the moment of the approval")
    return parts.Moment(found.in_force_from, zone)


def _stands(version: Version, visit: Visit) -> str:
    if version.current:
        return gettext("in force")
    return gettext("to come") if version.in_force_from > visit.at else gettext("was in force")


def _differences(before: Policy | None, after: Policy) -> parts.Table:
    rows = list(policy_words.differences(before, after))
    columns = gettext("What"), gettext("Before"), gettext("After")
    return parts.Table(gettext("Changes"), columns, rows, gettext("Nothing is changed by it."))


def _groups(read: Policy) -> list[tuple[str, parts.Facts]]:
    return [
        (title, parts.Facts([parts.Fact(name, value) for name, value in rows]))
        for title, rows in policy_words.shown(read)
        if rows
    ]


def _waiting(visit: Visit, code: str, zone: str) -> parts.Table | None:
    """The versions that wait, of one authority or of all that one administers; nothing where there is none."""
    found = [one for one in policies.waiting(by=visit.by, at=visit.at) if code in {"", one.authority}]
    if not found:
        return None
    rows = [
        (
            parts.Moment(one.expires_at, zone),
            parts.Link(
                gettext("Version of %(code)s") % {"code": one.authority},
                resolve_url("desk-policy-proposal", one.id),
            ),
            parts.officers(one.proposed_by),
            gettext("your yes") if one.agreement.awaits(visit.by, at=visit.at) else gettext("somebody else"),
        )
        for one in found
    ]
    columns = gettext("Runs out"), gettext("What"), gettext("Proposed by"), gettext("Waits for")
    return parts.Table(gettext("Versions that wait"), columns, rows, "")


urlpatterns: list[URLPattern] = [
    path("policies", authorities, name="desk-policies"),
    path("policies/proposals/<int:number>", proposal, name="desk-policy-proposal"),
    path("policies/<str:code>", one, name="desk-policy"),
    path("policies/<str:code>/new", propose, name="desk-new-policy"),
    path("policies/<str:code>/versions/<int:number>", version, name="desk-policy-version"),
]
