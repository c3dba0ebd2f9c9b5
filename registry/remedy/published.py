"""What the public reads before it reports a concern: which authorities take one, and who helps at once."""

from dataclasses import dataclass
from datetime import datetime

from registry import records
from registry.models import Authority, Licence
from registry.rules import errors, numbering
from registry.rules.numbering import Kind


@dataclass(frozen=True, slots=True)
class Office:
    """An authority that takes concerns: its code, its name by language, and its help lines (name and number)."""

    code: str
    name: dict[str, str]
    help_lines: tuple[tuple[str, str], ...]


def offices(*, at: datetime) -> list[Office]:
    """Every authority that licenses, by code, with the help lines that its policy names."""
    rows = Authority.objects.filter(kind="licensing").order_by("code")
    return [
        Office(
            row.code,
            dict(row.name),
            tuple(records.current_policy(row.pk, at=at).help_lines.items()),
        )
        for row in rows
    ]


def licence_meant(text: str) -> tuple[str, str, str] | None:
    """The licence whose number somebody typed, its agency's number and its authority's code; ``None``: no such."""
    try:
        number = numbering.canonical(text, Kind.LICENCE, Kind.LISTED)
    except errors.RegistryError:
        return None
    row = Licence.objects.select_related("agency", "authority").filter(number=number).first()
    return (row.number, row.agency.number, row.authority.code) if row else None
