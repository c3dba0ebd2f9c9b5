"""The read-only admin for auditors and administrators: every table as it is, nothing to press."""

from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import Http404, HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from api import auth, problems, readings
from api.models import Officer, User
from registry import clock


class SignInForm(AdminAuthenticationForm):
    """Name, password and one-time code together: nobody learns which of them was wrong."""

    code = forms.CharField(
        label=_("Code of your device"),
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Open the session, or say no."""
        found = self.cleaned_data
        if {"username", "password", "code"} <= set(found) and self.request is not None:
            try:
                user = auth.sign_in(
                    self.request, username=found["username"], password=found["password"], code=found["code"]
                )
            except problems.Refusal as refusal:
                raise forms.ValidationError(gettext(problems.KINDS[refusal.code].title)) from refusal
            try:
                self.confirm_login_allowed(user)
            except forms.ValidationError:
                auth.sign_out(self.request)
                raise
            self.user_cache = user
        return found


class ReadingRoom(AdminSite):
    """The admin site: behind a second factor, for those who may read every authority's rows."""

    site_title = _("Register, read only")
    site_header = _("Register, read only")
    index_title = _("Tables")
    login_form = SignInForm
    login_template = "staff/sign_in.html"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page has around it; that of a demo says so in its head."""
        found = super().each_context(request)
        if settings.REGISTRY_DEMO:
            mark = gettext("DEMO: nothing on this page is real.")
            found["site_header"] = f"{found['site_header']} · {mark}"
        return found

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this is an auditor or administrator of all authorities, with a second factor in the session.

        Tables show every authority's rows, and restricted fields never cross (ruling 11).
        """
        user = request.user
        if not isinstance(user, User) or not user.is_staff or not request.session.get(auth.SECOND_FACTOR):
            return False
        return Officer.objects.filter(number=user.officer_number, authority="", ended_at=None).exists()

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """The view behind the door; whatever table or row it shows is in the log of reads before it is shown."""
        inner, opts = (
            super().admin_view(view, cacheable),
            getattr(getattr(view, "__self__", None), "opts", None),
        )

        @wraps(inner)
        def logged(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            row = kwargs.get("object_id") or next(iter(args), "")  # the pages of history name it by place
            if "\x00" in row:  # no column can hold it, and the log of reads is made of columns
                raise Http404
            if opts is not None and self.has_permission(request):
                record = f"{opts.model_name} {row}".strip()[: readings.LONGEST]
                what = "row" if row else "table"
                readings.note(record, what, by=auth.actor(request), at=clock.now(), through="tables")
            return inner(request, *args, **kwargs)

        return logged

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take the read-only tables; those that other applications offer for editing have no place here."""
        if getattr(admin_class, "read_only", False):
            super().register(model_or_iterable, admin_class, **options)
