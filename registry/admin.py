"""A read-only admin for auditors and administrators: each table as it is, with its history; it writes nothing.

Nothing here is a way around ``licensing``: no row can be added, changed, deleted or reverted, by anybody.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from simple_history.admin import SimpleHistoryAdmin

from registry.models import (
    Agency,
    Appointment,
    Approval,
    Authority,
    ChangeJournal,
    Channel,
    Debarment,
    Entry,
    EntryText,
    Finding,
    Licence,
    ListSnapshot,
    Office,
    Person,
    PolicyProposal,
    PolicySet,
    Proposal,
    PublishedRecord,
    Register,
    RegisterCommit,
    Sanction,
    Term,
    TradingName,
)

_PER_PAGE = 50

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:  # the class takes no parameter when it runs
    _Admin = admin.ModelAdmin


class ReadOnly(_Admin):
    """A table to read: whoever the admin site lets in may look, nobody may touch."""

    read_only = True
    list_per_page = _PER_PAGE
    show_full_result_count = False
    actions = None

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Look: the site has asked already who this is."""
        return bool(self.admin_site.has_permission(request))

    def has_module_permission(self, request: Any) -> bool:
        """Show the table on the first page."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Nothing is added here."""
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Nothing is changed here."""
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Nothing is deleted here."""
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Filter by nothing from the address: no list has filters, and the database would run whatever is said."""
        return False

    def get_readonly_fields(self, request: Any, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 - Django's
        """Show every column as words."""
        return tuple(field.name for field in self.opts.concrete_fields)

    def save_model(self, request: Any, obj: Any, form: Any, change: Any) -> None:  # noqa: ARG002 - Django's
        """Refuse, whatever led here."""
        raise PermissionDenied


class WithHistory(ReadOnly, SimpleHistoryAdmin):  # type: ignore[misc]  # the library is not typed
    """A table whose earlier states can be read too, and not brought back."""

    def history_form_view(self, request: Any, object_id: str, version_id: str, **more: Any) -> Any:
        """Show an earlier state; the library itself would let a reader's POST bring it back."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        return super().history_form_view(request, object_id, version_id, **more)

    def revert_disabled(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002 - the library's signature
        """Offer nothing to bring back."""
        return True


def _columns(model: type[models.Model]) -> tuple[str, ...]:
    """The columns of a list: the plain short ones, in the table's order."""
    plain = [
        field.name
        for field in model._meta.concrete_fields
        if not isinstance(field, models.JSONField) and not field.is_relation
    ]
    return tuple(plain[:8])


_SEARCHED: dict[type[models.Model], tuple[str, ...]] = {
    Agency: ("number", "legal_name", "latin_name"),
    Appointment: ("number",),
    Licence: ("number", "legacy_number"),
    Office: ("number", "locality"),
    Person: ("number", "name"),
    TradingName: ("name",),
    Channel: ("value",),
    Finding: ("name",),
}

for _model in (
    Agency, Appointment, Authority, Channel, Debarment, Licence, Office, Person, Term, TradingName,
    Approval, ChangeJournal, Entry, EntryText, Finding, ListSnapshot, PolicyProposal, PolicySet, Proposal,
    PublishedRecord, Register, RegisterCommit, Sanction,
):  # fmt: skip
    _base = WithHistory if hasattr(_model, "history") else ReadOnly
    _facts = {
        "list_display": _columns(_model),
        "search_fields": _SEARCHED.get(_model, ()),
        "ordering": ("-pk",),
        "__doc__": f"Rows of {_model.__name__}, to read.",
    }
    admin.site.register(_model, type(f"{_model.__name__}Admin", (_base,), _facts))
