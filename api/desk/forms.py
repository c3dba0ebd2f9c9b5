"""Forms of the desk: a refused one keeps what was typed and says at the field what is wrong.

:class:`Form` takes the register's own refusals (``refuse``) and carries a key, so that a double click or a reload
does a thing once. :class:`Deciding` also asks for the second factor where it is older than five minutes, in the same
form: nothing typed is lost on the way.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.forms.boundfield import BoundField
from django.forms.utils import ErrorDict
from django.http import HttpRequest, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from api import auth, problems
from api.desk import refusals, unsent
from api.desk.door import Visit
from api.models import FormDraft, User
from registry.rules.errors import RegistryError
from registry.rules.lifecycle import Actor


class Form(forms.Form):
    """Fields, each with its label, help and errors. ``button`` is what the one button says.

    ``draft`` names the form among those of its page, where what is typed into it is kept until it is sent;
    ``enters``: what the key Enter does in it (``do``), where that is not to send it;
    ``element`` is the id of the form that the page's buttons of the languages send (``desk.unsent``).
    """

    button: ClassVar[str | Promise] = _("Save")
    unsent: ClassVar[str | Promise] = _("Not done yet. What you typed is still here.")
    deciding: ClassVar[bool] = False
    draft: ClassVar[str] = ""
    enters: ClassVar[str] = ""
    element: str = ""
    resumed: datetime | None = None
    resumed_on: str = ""
    closing: ClassVar[tuple[str, ...]] = ()
    key = forms.RegexField(r"^[!-~]{8,80}$", widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what was sent, or begin anew with a key of its own."""
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.fields["key"].initial = uuid4().hex

    @property
    def idempotency_key(self) -> str:
        """The key under which this form does its work once; good after ``is_valid``."""
        return str(self.cleaned_data.get("key") or uuid4().hex)

    def resume(self, kept: FormDraft | None, *, zone: str = "UTC") -> None:
        """Show what was kept in the fields, as it was typed and before anything of it is judged."""
        if kept is None or self.is_bound:
            return
        typed = QueryDict(mutable=True)
        for field in self.hidden_fields():
            typed[field.html_name] = str(field.value() or "")
        for name, texts in kept.fields.items():
            typed.setlist(name, texts)
        self.data, self.is_bound, self._errors = typed, True, ErrorDict()
        self.resumed = kept.kept_at
        self.resumed_on = unsent.when(kept, zone)

    def is_valid(self) -> bool:
        """Whether it was sent, and rightly: a draft was not."""
        return self.resumed is None and super().is_valid()

    def refuse(self, error: RegistryError | problems.Refusal) -> None:
        """Show a refusal of the register at the field it names, or above the form."""
        field = str(error.facts.get("field", ""))
        label = str(self.fields[field].label or "") if field in self.fields else ""
        self.add_error(field if field in self.fields else None, refusals.sentence(error, field=label))

    def own_fields(self) -> Iterator[BoundField]:
        """The fields of the matter itself, in order."""
        return (self[name] for name in self.fields if name not in self.closing)

    def closing_fields(self) -> Iterator[BoundField]:
        """The fields at the end of a decision."""
        return (self[name] for name in self.fields if name in self.closing)


class Deciding(Form):
    """A form whose sending is a decision: it needs a second factor not older than five minutes.

    ``is_valid`` spends the code last, when everything else is good; the room then acts with :attr:`by`.
    """

    button: ClassVar[str | Promise] = _("Confirm")
    deciding = True
    closing = ("no_conflict", "code")
    code = forms.RegexField(
        r"^\s*\d{3}\s?\d{3}\s*$",
        label=_("Code of your device"),
        help_text=_("The six digits shown now. A decision is signed with them."),
        error_messages={
            "invalid": _("Six digits, as the device shows them."),
            "required": _("Type the code."),
        },
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "short"}
        ),
    )

    def __init__(self, visit: Visit, *args: Any, **kwargs: Any) -> None:
        """Take what was sent by ``visit`` when it writes, else begin anew."""
        self.visit = visit
        if visit.request.method == "POST":
            args = (visit.request.POST, *args)
        super().__init__(*args, **kwargs)
        self.asks_code = not visit.fresh
        if not self.asks_code:
            del self.fields["code"]

    @property
    def has_passkey(self) -> bool:
        """Whether the officer could prove a passkey instead of typing a code."""
        user = self.visit.request.user
        return isinstance(user, User) and auth.has_passkey(user)

    def clean(self) -> dict[str, Any]:
        """Spend the code, once everything else is good; keep the officer with the fresh second factor."""
        found: dict[str, Any] = super().clean() or {}
        if self.asks_code and not self.errors:
            renew(self.visit.request, self, found.get("code", ""))
        return found

    @property
    def by(self) -> Actor:
        """The officer, with the second factor as it is now."""
        return auth.actor(self.visit.request)

    @property
    def at(self) -> datetime:
        """The instant of the decision: the visit's, or that of the code if it was given since."""
        return max(self.visit.at, self.by.second_factor_at or self.visit.at)


def renew(request: HttpRequest, form: forms.Form, code: str) -> None:
    """Note a new second factor, or say at the field ``code`` that it is wrong or was used before."""
    try:
        auth.renew_second_factor(request, "".join(str(code).split()))
    except problems.Refusal as refusal:
        if refusal.code == "rate.exceeded":
            form.add_error("code", gettext("Too many attempts. Wait five minutes."))
        else:
            form.add_error(
                "code", gettext("This code is not good, or was used before. Wait for the next one.")
            )
