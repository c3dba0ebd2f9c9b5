"""The form of a step: a field for each thing that the step needs or takes, and the terms that come out of it.

Nothing is decided here. Which fields there are stands in the law's table (``Step.needs``, ``Step.optional``); what is
wrong with what was typed, beside its shape, the register says.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from django import forms
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from api import labels, problems
from api.desk import law, parts
from api.desk.door import Visit
from api.desk.forms import Deciding, Form
from api.pages import written
from registry.outlook import File, Option
from registry.rules import countries
from registry.rules.errors import RegistryError, VersionConflict
from registry.rules.lifecycle import Action, Kind, Scope, Step, StepTerms

_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,39}")
_OCCUPATION: Final = re.compile(r"\d{1,4}")
_CONDITIONS: Final = 3
_ALONE: Final = frozenset({Kind.FACT, Kind.FILING})
"""What one officer records without deciding anything."""

#: What a field of the terms is called, and what helps to fill it in.
_WORDS: Final[Mapping[str, tuple[Any, Any]]] = {
    "effective": (_("Has effect from"), _("Left empty: as the law says for this step.")),
    "until": (_("Until, the last day counted"), ""),
    "first_day": (_("First day of the term"), ""),
    "last_day": (_("Last day of the term"), ""),
    "grounds": (_("Grounds"), _("Those that can carry this step.")),
    "refers_to": (_("Which entry this is about"), ""),
    "licence_class": (_("Class"), _("One letter. Left empty: as it is.")),
    "provisional": (_("Provisional"), ""),
    "new_recruitment_only": (_("New recruitment only: what was begun may be finished"), ""),
    "immediate": (_("At once, without waiting for an appeal"), ""),
    "ab_initio": (_("From the beginning, as if it had never been"), ""),
    "permanent": (_("For ever"), ""),
    "notice_served_on": (_("The holder was given notice on"), ""),
    "order_reference": (_("Reference of the order"), ""),
    "duty": (_("What was done"), ""),
    "points": (_("Points"), _("Minor 2, major 8, critical 30.")),
    "amount": (_("Amount"), ""),
    "currency": (_("Currency"), _("Three letters: ISO 4217.")),
    "issuer": (_("Issuer of the security"), ""),
    "under_investigation": (_("The holder gives it up while a case against it is open"), ""),
    "hand_over_plan": (_("Plan for workers in process"), ""),
    "conditions_to_lift": (_("What must be met before it is lifted"), _("One on each line.")),
    "restricted_reasons": (_("Reasons for the file"), _("Never public.")),
    "no_conflict": (_("I have no conflict of interest in this case"), ""),
}

#: What the day of a step is called where it is one on which something happened.
_HAPPENED_ON: Final = {
    Action.SHOW_CAUSE: _("Served on"),
    Action.REPRESENT: _("Received on"),
    Action.HEAR: _("Held on"),
    Action.PERFORM: _("Done on"),
    Action.PAY: _("Paid on"),
    Action.FILE_APPEAL: _("Received on"),
    Action.FILE_RENEWAL: _("Received on"),
}

_DAY = {"type": "date", "class": "day"}


class _Parts(forms.MultiWidget):
    """Several small inputs of one answer, each named for whoever hears the page."""

    use_fieldset = True

    def __init__(self, widgets: Sequence[forms.Widget]) -> None:
        super().__init__(widgets)

    def decompress(self, value: Any) -> list[Any]:
        return list(value) if isinstance(value, list | tuple) else [None] * len(self.widgets)


class Moment(forms.MultiValueField):
    """A local day of the authority, or an instant on it where an hour is given too."""

    def __init__(self, zone: str, **kwargs: Any) -> None:
        """Read hours in ``zone``."""
        self.zone = zone
        day = forms.DateField(
            widget=forms.DateInput(attrs={**_DAY, "aria-label": gettext("Day")}, format="%Y-%m-%d"),
            error_messages={"invalid": _("A day is wanted: year, month, day.")},
        )
        hour = forms.TimeField(
            required=False,
            widget=forms.TimeInput(
                attrs={"type": "time", "class": "day", "aria-label": gettext("Hour, if it matters")},
                format="%H:%M",
            ),
            error_messages={"invalid": _("An hour is wanted, such as 14:30.")},
        )
        super().__init__(
            [day, hour], widget=_Parts([day.widget, hour.widget]), require_all_fields=False, **kwargs
        )

    def compress(self, data_list: list[Any]) -> date | datetime | None:
        """The day, or the instant."""
        day, hour = [*data_list, None, None][:2]
        if day is None:
            return None
        return datetime.combine(day, hour, ZoneInfo(self.zone)) if isinstance(hour, time) else day


class Condition(forms.MultiValueField):
    """A condition of a licence: its code, the words that the public reads, the day by which it is to be met."""

    def __init__(self, **kwargs: Any) -> None:
        code = forms.RegexField(
            _CODE,
            required=False,
            max_length=40,
            error_messages={"invalid": _("Capitals, digits and hyphens.")},
        )
        words = forms.CharField(required=False, max_length=2000)
        due = forms.DateField(required=False)
        widgets = [
            forms.TextInput(
                attrs={"aria-label": gettext("Code"), "placeholder": gettext("Code"), "class": "day"}
            ),
            forms.TextInput(
                attrs={"aria-label": gettext("Words"), "placeholder": gettext("Words for the public")}
            ),
            forms.DateInput(attrs={**_DAY, "aria-label": gettext("To be met by")}, format="%Y-%m-%d"),
        ]
        super().__init__([code, words, due], widget=_Parts(widgets), require_all_fields=False, **kwargs)

    def compress(self, data_list: list[Any]) -> dict[str, str] | None:
        """The condition as entries keep it, or nothing."""
        code, words, due = [*data_list, None, None, None][:3]
        if not (code or words):
            return None
        if not (code and words):
            raise forms.ValidationError(gettext("A condition has a code and words."))
        return {"code": code, "text": words} | ({"due_day": due.isoformat()} if due else {})


class Codes(forms.CharField):
    """Codes between commas or spaces, each once and in order; empty: all of them."""

    def __init__(self, allowed: Any, wrong: Any, **kwargs: Any) -> None:
        """Take codes for which ``allowed`` is true."""
        self.allowed, self.wrong = allowed, wrong
        super().__init__(required=False, max_length=3000, **kwargs)

    def clean(self, value: Any) -> Any:
        """The codes."""
        found = sorted({one for one in re.split(r"[\s,;]+", str(super().clean(value)).upper()) if one})
        for one in found:
            if not self.allowed(one):
                raise forms.ValidationError(self.wrong % {"code": one[:20]})
        return tuple(found)


class _Spoken(forms.ChoiceField):
    """The entry spoken of. Only its shape is judged here: a form sent twice still names what it named."""

    def valid_value(self, value: Any) -> bool:
        """Whether it is a number."""
        return str(value).isascii() and str(value).isdigit() and len(str(value)) < 19


class _Asking(Form):
    """The fields of a step, for a form that proposes it or decides it."""

    draft: ClassVar[str] = "step"
    enters: ClassVar[str] = "preview"
    option: Option
    file: File
    visit: Visit

    def ask(self, option: Option, file: File) -> None:
        """Put a field for each thing that the step needs or takes, in the order in which one thinks of them."""
        self.option, self.file = option, file
        step = option.step
        for name in _ORDER:
            if name in step.needs or name in step.optional or (name == "grounds" and step.grounds):
                for key, field in self._fields(name, step).items():
                    self.fields[key] = field
        if step.published:
            for language in languages(file):
                self.fields[f"text_{language.replace('-', '_')}"] = _text(language)
        if step.kind not in _ALONE or not step.published:
            self.fields["restricted_reasons"] = _named(
                "restricted_reasons",
                forms.CharField,
                required=False,
                max_length=20_000,
                widget=_area(),
            )
        if step.kind not in _ALONE:
            self.fields["no_conflict"] = _named(
                "no_conflict",
                forms.BooleanField,
                error_messages={"required": _("Without this declaration nobody decides.")},
            )
        self.fields["version"] = forms.IntegerField(
            required=False, widget=forms.HiddenInput, initial=file.version
        )

    @property
    def records(self) -> bool:
        """Whether sending it records something and decides nothing."""
        return self.option.step.kind in _ALONE

    def refuse(self, error: RegistryError | problems.Refusal) -> None:
        """Show a refusal at the field that holds what it names; after a change of the licence, expect the new one."""
        field = str(error.facts.get("field", ""))
        error.facts["field"] = _HELD_BY.get(field, field)
        super().refuse(error)
        if isinstance(error, VersionConflict):
            sent = self.visit.request.POST.copy()
            sent["version"] = str(self.file.version)
            self.data = sent

    def terms(self) -> StepTerms:
        """What was stated, as the register takes it."""
        said = self.cleaned_data
        stated: dict[str, Any] = {
            name: said[name] for name in _PLAIN if name in said and said[name] not in (None, "", ())
        }
        for name in ("scope", "cut"):
            if f"{name}_corridors" in said:
                given = Scope(tuple(said[f"{name}_corridors"]), tuple(said[f"{name}_occupations"]))
                if self._scope_is_said(name, given):
                    stated[name] = given
        if spoken_of := said.get("refers_to"):
            stated["refers_to"] = int(spoken_of)
        conditions = [said[f"condition_{n}"] for n in range(_CONDITIONS) if said.get(f"condition_{n}")]
        if conditions:
            stated["conditions"] = tuple(conditions)
        if "grounds" in stated:
            stated["grounds"] = tuple(stated["grounds"])
        if lift := said.get("conditions_to_lift"):
            stated["conditions_to_lift"] = tuple(one.strip() for one in lift.splitlines() if one.strip())
        texts = {
            language: said[key]
            for language in languages(self.file)
            if said.get(key := f"text_{language.replace('-', '_')}")
        }
        extra = {name: said[name] for name in ("under_investigation", "hand_over_plan") if said.get(name)}
        return StepTerms(**stated, texts=texts, extra=extra)

    def _scope_is_said(self, name: str, given: Scope) -> bool:
        """Whether a scope was stated: a cut where it names something, a scope where it is another than now."""
        if name == "cut":
            return bool(given.corridors or given.occupations or self.cleaned_data.get("new_recruitment_only"))
        return given != self.file.standing.scope

    def _fields(self, name: str, step: Step) -> dict[str, forms.Field]:
        """The fields that a thing of the terms takes."""
        if name == "effective" and step.action in _HAPPENED_ON:
            label = _HAPPENED_ON[step.action]
            return {
                name: Moment(self.file.zone, required=False, label=label, help_text=_("Left empty: now."))
            }
        several: Mapping[str, Callable[[], dict[str, forms.Field]]] = {
            "grounds": lambda: {"grounds": self._grounds(step)},
            "refers_to": lambda: {"refers_to": self._refers_to()},
            "scope": self._scope,
            "cut": self._cut,
            "conditions": _conditions,
            "provisional": _provisional,
            "duty": _duties,
            "extra": _surrendering,
        }
        if name in several:
            return several[name]()
        found = _plain(name, self.file.zone, required=name in step.needs)
        if name == "notice_served_on":
            found.initial = self.file.served_on
        return {name: found}

    def _grounds(self, step: Step) -> forms.Field:
        language = get_language() or "en"
        elsewhere = {"ENTITY-DISSOLVED"} if self.file.number else set()  # of the agency: it is begun there
        carrying = (step.grounds or frozenset()) - elsewhere
        choices = sorted((labels.text("grounds", code, language), code) for code in carrying)
        return _named(
            "grounds",
            forms.MultipleChoiceField,
            help_text=_("Those that can carry this step. The public reads them.") if step.published else None,
            choices=[(code, text) for text, code in choices],
            widget=forms.CheckboxSelectMultiple(attrs={"class": "grounds"}),
            error_messages={"required": _("Name at least one ground.")},
        )

    def _refers_to(self) -> forms.Field:
        language = get_language() or "en"
        choices = [
            (
                str(one.sequence),
                gettext("%(what)s, %(day)s (entry %(sequence)s)")
                % {
                    "what": labels.text("actions", one.action, language),
                    "day": written.days(one.effective_from, self.file.zone),
                    "sequence": one.sequence,
                },
            )
            for one in self.option.targets
        ]
        return _named(
            "refers_to",
            _Spoken,
            choices=choices,
            initial=choices[0][0] if len(choices) == 1 else None,
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose the entry.")},
        )

    def _scope(self) -> dict[str, forms.Field]:
        now = self.file.standing.scope
        return {
            "scope_corridors": Codes(
                countries.CODES.__contains__,
                _("%(code)s is no country code (ISO 3166-1)."),
                label=_("Countries"),
                help_text=_("Codes of two letters between commas. Empty: all."),
                initial=", ".join(now.corridors),
            ),
            "scope_occupations": Codes(
                _OCCUPATION.fullmatch,
                _("%(code)s is no occupation (ISCO-08, one to four digits)."),
                label=_("Occupations"),
                help_text=_("ISCO-08 codes between commas. Empty: all."),
                initial=", ".join(now.occupations),
            ),
        }

    def _cut(self) -> dict[str, forms.Field]:
        now = self.file.standing.scope
        return {
            "cut_corridors": self._picked(
                now.corridors, _("Countries cut out"), written.country, self._codes_of_countries
            ),
            "cut_occupations": self._picked(
                now.occupations, _("Occupations cut out"), str, self._codes_of_occupations
            ),
        }

    @staticmethod
    def _codes_of_countries(label: Any) -> forms.Field:
        return Codes(
            countries.CODES.__contains__,
            _("%(code)s is no country code (ISO 3166-1)."),
            label=label,
            help_text=_("The licence is good for all. Codes of two letters between commas."),
        )

    @staticmethod
    def _codes_of_occupations(label: Any) -> forms.Field:
        return Codes(
            _OCCUPATION.fullmatch,
            _("%(code)s is no occupation (ISCO-08, one to four digits)."),
            label=label,
            help_text=_("The licence is good for all. ISCO-08 codes between commas."),
        )

    @staticmethod
    def _picked(codes: Sequence[str], label: Any, named: Any, free: Any) -> forms.Field:
        """What is cut, picked from what the licence is good for; typed where that is everything."""
        if not codes:
            found: forms.Field = free(label)
            return found
        return forms.MultipleChoiceField(
            label=label,
            required=False,
            choices=[(code, named(code)) for code in codes],
            widget=forms.CheckboxSelectMultiple(attrs={"class": "grounds"}),
        )


class StepForm(_Asking):
    """What is stated about a step that needs further officers, or about a fact or filing."""

    button: ClassVar[str | Promise] = _("Propose")
    closing: ClassVar[tuple[str, ...]] = ("no_conflict",)
    deciding = True  # drawn with the declaration at its end; a proposal needs no code
    asks_code = False

    def __init__(self, visit: Visit, option: Option, file: File) -> None:
        """Ask for what ``option`` needs of the licence in ``file``."""
        self.visit = visit
        super().__init__(visit.request.POST if visit.request.method == "POST" else None)
        self.ask(option, file)


class DecidingStepForm(_Asking, Deciding):
    """What is stated about a step that one officer decides alone: it asks for the second factor too."""

    button: ClassVar[str | Promise] = _("Decide now")

    def __init__(self, visit: Visit, option: Option, file: File, *, trying: bool = False) -> None:
        """Ask for what ``option`` needs of the licence in ``file``; ``trying``: spend no code."""
        self.trying = trying
        super().__init__(visit)
        self.ask(option, file)

    def clean(self) -> dict[str, Any]:
        """Spend the code only for a decision."""
        return dict(self.cleaned_data) if self.trying else super().clean()


AnyStepForm = StepForm | DecidingStepForm


def form(visit: Visit, option: Option, file: File, *, trying: bool = False) -> AnyStepForm:
    """The form for this step of this licence, filled with what was sent.

    ``trying``: it is only to be looked at, so nobody declares or signs anything yet.
    """
    if option.step.approvals or option.step.kind is not Kind.DECISION:
        made: AnyStepForm = StepForm(visit, option, file)
    else:
        made = DecidingStepForm(visit, option, file, trying=trying)
    if trying:
        for name in made.closing:
            made.errors.pop(name, None)
    return made


def languages(file: File) -> tuple[str, ...]:
    """The languages in which the public reads a decision: those of the authority, English among them."""
    return tuple(dict.fromkeys((*file.languages, "en")))


def told(stated: Mapping[str, Any], zone: str) -> list[parts.Fact]:
    """The terms that a proposal keeps, in words."""
    language = get_language() or "en"
    found = []
    for name, value in stated.items():
        if name in {"no_conflict", "texts", "restricted_reasons"}:
            continue
        label = _WORDS.get(name, (_NAMES.get(name, name), ""))[0]
        found.append(parts.Fact(str(label), _told(name, value, zone, language)))
    for code, text in (stated.get("texts") or {}).items():
        found.append(
            parts.Fact(gettext("For the public (%(language)s)") % {"language": written.language(code)}, text)
        )
    if reasons := stated.get("restricted_reasons"):
        found.append(parts.Fact(gettext("Reasons for the file"), reasons, restricted=True))
    return found


def _told(name: str, value: Any, zone: str, language: str) -> Any:  # noqa: PLR0911 - one return a kind of value
    match name:
        case "grounds":
            return written.listed(labels.text("grounds", code, language) for code in value)
        case "effective" | "until" | "first_day" | "last_day" | "notice_served_on":
            text = str(value)
            return (
                parts.Moment(datetime.fromisoformat(text), zone)
                if "T" in text
                else parts.Day(date.fromisoformat(text))
            )
        case "scope" | "cut":
            return scope_told(Scope(tuple(value["corridors"]), tuple(value["occupations"])))
        case "conditions":
            return written.clauses(f"{one.get('code')}: {one.get('text')}" for one in value)
        case "conditions_to_lift":
            return written.clauses(map(str, value))
        case "extra":
            return written.clauses(
                f"{_WORDS[key][0]}: {said}" if said is not True else str(_WORDS[key][0])
                for key, said in value.items()
                if key in _WORDS
            )
        case _ if value is True:
            return gettext("yes")
        case _ if value is False:
            return gettext("no")
        case _:
            return str(value)


def scope_told(scope: Scope) -> str:
    """Countries and occupations in words."""
    where = written.listed(written.country(code) for code in scope.corridors) or gettext("all countries")
    what = written.listed(scope.occupations) or gettext("all occupations")
    return f"{where}; {what}"


def _plain(name: str, zone: str, *, required: bool) -> forms.Field:
    """The field of a thing that is one day, instant, number, word or yes."""
    if name in {"effective", "until"}:
        return _named(name, Moment, zone=zone, required=required)
    if name in {"first_day", "last_day", "notice_served_on"}:
        day = forms.DateInput(attrs=dict(_DAY), format="%Y-%m-%d")
        return _named(name, forms.DateField, required=required, widget=day)
    if name in {"immediate", "ab_initio", "permanent", "new_recruitment_only"}:
        return _named(name, forms.BooleanField, required=False)
    if name == "points":
        return _named(name, forms.IntegerField, required=required, min_value=1, max_value=100)
    if name == "conditions_to_lift":
        return _named(name, forms.CharField, required=False, max_length=8000, widget=_area())
    return _named(name, forms.CharField, required=required, max_length=_LONGEST[name])


def _conditions() -> dict[str, forms.Field]:
    return {
        f"condition_{n}": Condition(required=False, label=gettext("Condition %(n)s") % {"n": n + 1})
        for n in range(_CONDITIONS)
    }


def _provisional() -> dict[str, forms.Field]:
    choice = forms.TypedChoiceField(
        choices=[("", _("As it is")), ("yes", _("Yes")), ("no", _("No"))],
        coerce={"yes": True, "no": False}.get,
        empty_value=None,
        required=False,
        label=_WORDS["provisional"][0],
    )
    return {"provisional": choice}


def _duties() -> dict[str, forms.Field]:
    choices = [(duty.value, gettext(words)) for duty, words in law.DUTIES.items()]
    return {"duty": _named("duty", forms.ChoiceField, choices=choices, widget=forms.RadioSelect)}


def _surrendering() -> dict[str, forms.Field]:
    return {
        "under_investigation": _named("under_investigation", forms.BooleanField, required=False),
        "hand_over_plan": _named(
            "hand_over_plan", forms.CharField, required=False, max_length=4000, widget=_area()
        ),
    }


def _area() -> forms.Textarea:
    return forms.Textarea(attrs={"rows": 3})


def _named(name: str, kind: Callable[..., forms.Field], **kwargs: Any) -> forms.Field:
    label, help_text = _WORDS[name]
    return kind(label=label, help_text=kwargs.pop("help_text", None) or help_text, **kwargs)


def _text(language: str) -> forms.Field:
    return forms.CharField(
        label=_("Words for the public: %(language)s") % {"language": written.language(language)},
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "lang": language, "dir": "auto"}),
    )


_NAMES: Final = {
    "scope": _("Good for"),
    "cut": _("Cut out"),
    "conditions": _("Conditions"),
    "extra": _("Also"),
}
_PLAIN: Final = (
    "effective", "until", "first_day", "last_day", "grounds", "licence_class", "provisional", "new_recruitment_only",
    "immediate", "ab_initio", "permanent", "notice_served_on", "order_reference", "points", "amount", "currency",
    "issuer", "restricted_reasons", "no_conflict", "duty",
)  # fmt: skip
_ORDER: Final = (
    "refers_to", "duty", "grounds", "order_reference", "points",
    "amount", "currency", "issuer", "cut", "new_recruitment_only",
    "licence_class", "scope", "provisional", "conditions", "notice_served_on", "first_day", "last_day", "effective",
    "immediate", "ab_initio", "until", "permanent", "conditions_to_lift", "extra",
)  # fmt: skip
_HELD_BY: Final = {
    "cut": "cut_corridors", "scope": "scope_corridors", "conditions": "condition_0", "texts": "text_en",
    "extra": "hand_over_plan",
}  # fmt: skip
_LONGEST: Final = {"licence_class": 1, "order_reference": 200, "amount": 20, "currency": 3, "issuer": 300}
