"""What an application says: its sections and fields, what is missing or wrong in them, and their normal form.

An applicant's words are kept as typed until they are sent; :func:`faults` judges them, for each form as it is filled in
and for the whole when it is sent. :func:`read` gives what the register would hold. A document's number is never among
them: it comes as HMAC (rulings 13).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as kept_by
from datetime import date
from typing import Any, Final

from registry.rules import contacts, numbering
from registry.rules.errors import BadInput

LONGEST: Final = 1000
"""Characters of one field."""
MOST_ROWS: Final = 30
"""People, or offices, of one application."""
SECTIONS: Final = ("agency", "people", "offices", "scope", "security", "documents")
_OF_AGENCY: Final = frozenset({"agency", "people", "offices", "documents"})
"""Sections about the agency itself."""
LISTS: Final = frozenset({"people", "offices"})
"""Sections that hold several of the same."""

PERSON_ROLES: Final = ("responsible_officer", "director", "beneficial_owner", "authorised_representative",
                       "registered_recruiter")  # fmt: skip
OFFICE_KINDS: Final = ("head", "branch")
SECURITIES: Final = ("bank_guarantee", "cash", "escrow", "surety", "letter_of_credit")
DOCUMENTS: Final = (
    "company_register",
    "identity",
    "good_conduct",
    "premises",
    "finances",
    "security",
    "other",
)
NEEDED_DOCUMENTS: Final = ("company_register", "identity", "good_conduct", "premises")
"""Without these an application for a licence is not complete."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: section, row in it (from 0), field. ``code`` is ``missing`` or the refusal's own.

    ``words`` say it with places for ``facts``, as those of a :class:`RegistryError` do.
    """

    section: str
    field: str
    code: str
    row: int | None = None
    words: str = ""
    facts: Mapping[str, Any] = kept_by(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """A field: whether it must be filled in, and the reader that gives its normal form or refuses."""

    name: str
    read: Callable[[str], Any]
    needed: bool = False


def _text(text: str) -> str:
    if len(text) > LONGEST or "\x00" in text:
        raise BadInput("at most {most} characters", most=LONGEST)
    return " ".join(text.split())


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("a day is written YYYY-MM-DD") from None


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise BadInput("one of {choices}", choices=list(allowed))
        return text

    return read


def _phone(text: str) -> str:
    return contacts.phone(text)


def _codes(one: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one(part) for part in re.split(r"[\s,;]+", text.strip()) if part))

    return read


def _amount(text: str) -> str:
    plain = text.replace(" ", "").replace(",", "")
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,2})?", plain):
        raise BadInput("an amount in digits, such as 100000.00")
    return plain


def _workers(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text.strip()):
        raise BadInput("a whole number")
    return int(text)


FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "agency": (
        Field("legal_name", contacts.name, needed=True),
        Field("latin_name", contacts.name),
        Field("legal_form", _text),
        Field("company_register", _text),
        Field("company_number", _text, needed=True),
        Field("tax_number", _text),
        Field("incorporated_on", _day),
        Field("address", _text, needed=True),
        Field("locality", _text, needed=True),
        Field("phone", _phone, needed=True),
        Field("email", contacts.email, needed=True),
        Field("domain", contacts.web_domain),
    ),
    "people": (
        Field("name", contacts.name, needed=True),
        Field("latin_name", contacts.name),
        Field("role", _one_of(*PERSON_ROLES), needed=True),
        Field("birth_date", _day, needed=True),
        Field("nationality", contacts.corridor, needed=True),
        Field("document_hmac", _text, needed=True),
    ),
    "offices": (
        Field("kind", _one_of(*OFFICE_KINDS), needed=True),
        Field("name", _text),
        Field("address", _text, needed=True),
        Field("locality", _text, needed=True),
    ),
    "scope": (
        Field("licence_class", numbering.class_letter, needed=True),
        Field("corridors", _codes(contacts.corridor)),
        Field("occupations", _codes(contacts.occupation)),
        Field("workers_a_year", _workers),
    ),
    "security": (
        Field("kind", _one_of(*SECURITIES)),
        Field("issuer", _text),
        Field("amount", _amount),
        Field("currency", contacts.currency),
        Field("until", _day),
    ),
    "documents": (),
}


def faults(
    content: Mapping[str, Any],
    documents: Sequence[str],
    *,
    secured: bool,
    renewal: bool = False,
    known: bool = False,
) -> tuple[Fault, ...]:
    """Everything missing or wrong in an application with documents of these kinds.

    ``secured``: the class asks for a security, so its issuer and amount must be named. A renewal says anew only what
    has changed, and needs nothing. Of an agency that is ``known`` to the register only what for, and the security, are
    needed: who it is and where stands there already.
    """
    found: list[Fault] = []
    for section in SECTIONS:
        rows = content.get(section)
        if section in LISTS:
            for place, row in enumerate(rows or ()):
                found += of_row(section, row, row_number=place)
        elif rows or not (renewal or (known and section in _OF_AGENCY)):
            found += of_row(section, rows or {}, needed=not (renewal or (known and section in _OF_AGENCY)))
    if renewal:
        return tuple(found)
    if not known:
        found += _persons(content.get("people") or ())
        found += _head_office(content)
        found += [Fault("documents", kind, "missing") for kind in NEEDED_DOCUMENTS if kind not in documents]
    if secured:
        said = content.get("security") or {}
        lacking = [name for name in ("kind", "issuer", "amount", "currency") if not _said(said, name)]
        found += [Fault("security", name, "missing") for name in lacking]
    return tuple(sorted(found, key=lambda fault: SECTIONS.index(fault.section)))


def _head_office(content: Mapping[str, Any]) -> list[Fault]:
    if any(row.get("kind") == "head" for row in content.get("offices") or ()):
        return []
    return [Fault("offices", "kind", "missing", None, "one of the offices is the head office")]


def _persons(rows: Sequence[Mapping[str, Any]]) -> list[Fault]:
    if any(row.get("role") == "responsible_officer" for row in rows):
        return []
    return [Fault("people", "role", "missing", None, "one of the people is the responsible officer")]


def of_row(
    section: str, row: Mapping[str, Any], *, row_number: int | None = None, needed: bool = True
) -> list[Fault]:
    """What is missing or wrong in one row of a section."""
    found = []
    for one in FIELDS[section]:
        text = _said(row, one.name)
        if not text:
            if one.needed and needed:
                found.append(Fault(section, one.name, "missing", row_number))
            continue
        try:
            one.read(text)
        except (BadInput, numbering.NumberPartInvalid) as wrong:
            found.append(Fault(section, one.name, wrong.code, row_number, wrong.words, wrong.facts))
    return found


def _said(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def kept(section: str, sent: object) -> Any:
    """A section as a draft keeps it: known fields as typed, empty rows left out; refuses what is no form of ours."""
    if section not in SECTIONS:
        raise BadInput("there is no such section", field="section")
    if section in LISTS:
        if not isinstance(sent, list) or len(sent) > MOST_ROWS:
            raise BadInput("at most {most}", field=section, most=MOST_ROWS)
        rows = [_kept_row(section, row) for row in sent]
        return [row for row in rows if row]
    return _kept_row(section, sent)


def _kept_row(section: str, row: object) -> dict[str, str]:
    if not isinstance(row, Mapping):
        raise BadInput("this is no form of ours", field=section)
    found: dict[str, str] = {}
    for one in FIELDS[section]:
        text = row.get(one.name, "")
        if not isinstance(text, str) or len(text) > 4 * LONGEST or "\x00" in text:
            raise BadInput("at most {most} characters", field=one.name, most=LONGEST)
        if text.strip():
            found[one.name] = text
    return found


def read(section: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """One row in normal form, only what was said; the row must be without faults."""
    return {one.name: one.read(text) for one in FIELDS[section] if (text := _said(row, one.name))}
