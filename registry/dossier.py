"""What officials read of their own authority's records, restricted fields included; scope is checked (ruling 11)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery, TextField, Value
from django.db.models.functions import Coalesce

from registry import records, timelines
from registry.lookup import Page, as_recorded
from registry.models import (
    Agency,
    ApplicationDocument,
    Authority,
    Debarment,
    Entry,
    EntryPaper,
    Licence,
    PolicySet,
    PublishedRecord,
)
from registry.rules import answer, errors, standing
from registry.rules.lifecycle import STEPS, Action, Actor, Role, State

_READERS = frozenset(Role) - {Role.ANALYST}


def may_read(authority: str, by: Actor, *, unseen: errors.NotFound | None = None) -> None:
    """Refuse whoever may not read restricted fields of this authority's records; ``unseen``: if there were none."""
    if by.authority is None and Role.SYSTEM in by.roles:
        return
    if by.authority != authority:
        raise errors.OutsideAuthority(
            "the record belongs to another authority", authority=authority, unseen=unseen
        )
    if not by.roles & _READERS:
        raise errors.RoleNotAllowed("this role reads aggregates only", roles=sorted(_READERS))


def restricted_agency(number: str, *, by: Actor) -> dict[str, Any]:
    """An agency with its restricted fields, for officials of its authority."""
    agency = Agency.objects.select_related("authority").filter(number=number).first()
    missing = errors.AgencyNotFound("no agency has this number", number=number)
    if agency is None:
        raise missing
    may_read(agency.authority.code, by, unseen=missing)
    records.as_it_stays(number)
    return {
        **columns(agency),
        "formerly": records.formerly(agency.pk),
        "authority": agency.authority.code,
        "trading_names": [columns(r) for r in agency.trading_names.order_by("pk")],
        "offices": [columns(r) for r in agency.offices.order_by("pk")],
        "channels": [columns(r) for r in agency.channels.order_by("pk")],
        "appointments": [
            {
                **columns(r),
                "person": r.person.number,
                "person_name": r.person.name,
                "office": r.office.number if r.office else None,
            }
            for r in agency.appointments.select_related("person", "office").order_by("pk")
        ],
        "licences": list(agency.licences.order_by("number").values_list("number", flat=True)),
        "debarments": [columns(r) for r in Debarment.objects.filter(agency=agency).order_by("pk")],
    }


@dataclass(frozen=True, slots=True)
class Document:
    """A paper that the agency sent: with an application, or with an entry (``sequence``) of a licence."""

    reference: str
    name: str
    kind: str
    size: int
    added_at: datetime
    application: str = ""
    licence: str = ""
    sequence: int = 0


def documents(agency: str, *, by: Actor) -> list[Document]:
    """What an agency of the officer's authority ever sent, the newest first; bytes are the edge's to hand out.

    Also what was sent under a number that was merged into this one: applications that have ended stay where they were.
    """
    may_read(by.authority or "", by)
    sent = ApplicationDocument.objects.filter(
        application__agency__in=records.family_of(agency),
        application__authority__code=by.authority,
        sent=True,
    ).select_related("application")
    filed = EntryPaper.objects.filter(
        entry__licence__agency__number=agency, entry__authority__code=by.authority
    ).select_related("entry__licence", "entry__commit")
    found = [
        Document(
            one.reference, one.name, one.kind, one.size, one.added_at, application=one.application.number
        )
        for one in sent
    ]
    found += [
        Document(
            one.reference, one.name, "other", one.size, one.added_at,
            licence=one.entry.licence.number, sequence=one.entry.sequence,
        )
        for one in filed
        if one.entry.licence is not None
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.added_at, one.reference), reverse=True)


def restricted_licence(number: str, *, by: Actor, at: datetime) -> dict[str, Any]:
    """A licence with all its entries, restricted reasons included, for officials of its authority."""
    licence = Licence.objects.select_related("authority", "agency").filter(number=number).first()
    missing = errors.LicenceNotFound("no licence has this number", number=number)
    if licence is None:
        raise missing
    may_read(licence.authority.code, by, unseen=missing)
    rows = licence.entries.select_related("commit").prefetch_related("texts").order_by("pk")
    now = standing.at([records.as_fold(row) for row in rows], at=at)
    sequences = {row.pk: row.sequence for row in rows}
    return {
        "number": licence.number,
        "agency": licence.agency.number,
        "class": licence.licence_class,
        "legacy_number": licence.legacy_number,
        "origin": licence.origin,
        "state": now.state.value,
        "result": now.result.value,
        "may_recruit": now.may_recruit,
        "overlays": sorted(now.overlays),
        "reasons": list(now.reasons),
        "until": answer.rfc3339(now.until),
        "version": licence.version,
        "terms": [{"first_day": first, "last_day": last} for first, last in now.terms],
        "suspensions": [
            {"sequence": sequences[s.ref], "kind": s.kind.value, "until": answer.rfc3339(s.until)}
            for s in now.suspensions
        ],
        "entries": [entry(row, sequences) for row in rows],
    }


def entry(row: Entry, sequences: Mapping[int, int]) -> dict[str, Any]:
    """One entry with its restricted reasons and officers; ``sequences``: the public number of each by its key."""
    return {
        **timelines.item(timelines.told(row), sequences, None),
        "officers": row.officers,
        "effect": row.effect,
        "restricted_reasons": next((t.text for t in row.texts.all() if t.restricted), ""),
        "published": row.published,
        "step_summary": STEPS[Action(row.action)].summary if Action(row.action) in STEPS else "",
    }


def restricted_agencies(*, by: Actor, after: str | None, limit: int) -> Page:
    """The authority's agencies by number, for its officials."""
    rows = Agency.objects.filter(authority__code=by.authority or "", merged_into=None).order_by("number")
    if after:
        rows = rows.filter(number__gt=after)
    may_read(by.authority or "", by)
    found = list(rows[: limit + 1])
    return Page(
        [columns(row) for row in found[:limit]], found[limit - 1].number if len(found) > limit else None
    )


def restricted_licences(
    *, by: Actor, at: datetime, after: str | None, limit: int, state: str | None = None
) -> Page:
    """The authority's licences by number with their standing at ``at``, for its officials.

    The standing is read from the published spans: the stored one is as of the last entry and knows no clock.
    """
    may_read(by.authority or "", by)
    now = PublishedRecord.objects.filter(licence=OuterRef("pk"), span__contains=as_recorded(at))
    held = Licence.objects.filter(authority__code=by.authority or "", renumbered_to__isnull=True)
    rows = held.annotate(
        now=Coalesce(
            Subquery(now.values("state")[:1]), Value(State.NOT_GRANTED.value, output_field=TextField())
        ),
        may=Coalesce(Subquery(now.values("may_recruit")[:1]), Value(value=False)),
    )
    if after:
        rows = rows.filter(number__gt=after)
    if state:
        rows = rows.filter(now=state)
    found = list(rows.select_related("agency").order_by("number")[: limit + 1])
    data = [
        {
            "number": row.number,
            "agency": row.agency.number,
            "name": row.agency.legal_name,
            "class": row.licence_class,
            "state": row.now,
            "may_recruit": row.may,
            "version": row.version,
        }
        for row in found[:limit]
    ]
    return Page(data, found[limit - 1].number if len(found) > limit else None)


def authority(code: str, *, at: datetime) -> dict[str, Any]:
    """An authority and its policy in force at ``at``, all of it public law."""
    row = Authority.objects.filter(code=code).first()
    if row is None:
        raise errors.AuthorityNotFound("no authority has this code", code=code)
    policies = PolicySet.objects.filter(authority=row, in_force_from__lte=at)
    current = policies.order_by("-in_force_from", "-version").first()
    return {
        "code": row.code, "country": row.country, "name": row.name, "zone": row.zone, "languages": row.languages,
        "legal_basis": row.legal_basis, "contact": row.contact, "complaint": row.complaint,
        "policy": current.rules if current else None,
    }  # fmt: skip


def columns(row: Any) -> dict[str, Any]:
    """The plain columns of a row, without database identities."""
    return {
        f.name: getattr(row, f.attname)
        for f in row._meta.concrete_fields
        if not f.primary_key and not f.is_relation
    }
