"""Merging: two records of one firm become one (ADR 17). The motion ``Motion.MERGE`` takes it, nobody else.

What hangs on the merged record (licences, offices, channels, trading names, appointments, bars, accounts
that act for it) is moved to the one
that stays, each with its history, so that what was known before stays answerable. Entries never move: what was decided
under the old number is read through ``records.family``. The merged record keeps its columns and leads on.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from registry import history, ledger, marks, news, publishing, records
from registry.models import (
    Agency,
    Application,
    Appointment,
    Authority,
    Channel,
    Debarment,
    Entry,
    EntryText,
    HolderAccount,
    Licence,
    Merger,
    Motion,
    Office,
    Proposal,
    TradingName,
)
from registry.models.holder import OPEN_STATES
from registry.recording import bars_to_heed
from registry.rules import applying, days, errors, numbering, standing
from registry.rules.lifecycle import Action, Kind, State
from registry.search import indexing

LONGEST: Final = 4000
"""Characters of a reason."""

#: States in which a licence is one, or is about to become one.
_LIVE: Final = frozenset(
    {State.LISTED, State.PENDING_ACTIVATION, State.ACTIVE, State.RENEWAL_PENDING, State.SUSPENDED}
)


def clean(authority: Authority, about: str, terms: Mapping[str, Any], *, at: datetime) -> dict[str, str]:
    """The terms in normal form, with both records locked; refuses what must not be merged.

    ``about``: the number of the record that is merged. ``terms``: ``into``, the number of the one that stays, and
    ``reason``, which officers read.
    """
    reason = _reason(terms.get("reason"))
    into = _number(terms.get("into"), "into")
    if into == about:
        raise errors.MergerRefused("a record is not merged into itself", why="itself", field="into")
    merged, stays = _both(authority, about, into)
    for row, field in ((merged, "about"), (stays, "into")):
        if (now := records.led_on(row.number)) is not None:
            raise errors.MergerRefused(
                "{merged} was merged into {number} already",
                why="merged",
                merged=row.number,
                number=now,
                field=field,
            )
    _nothing_waits(merged, stays, at)
    _bars_agree(merged, stays, at)
    _licences_agree(merged, stays, at)
    _appointments_agree(merged, stays)
    return {"into": into, "reason": reason}


def take(
    authority: Authority, about: str, terms: Mapping[str, Any], *, officers: Sequence[str], commit: ledger.Commit,
    at: datetime,
) -> Entry:  # fmt: skip
    """Make the two records one, within the caller's transaction; the entry that says so.

    ``clean`` has locked both and found nothing against it in the same transaction.
    """
    merged, stays = _both(authority, about, str(terms["into"]))
    licences = list(Licence.objects.select_for_update().filter(agency__in=[merged, stays]).order_by("number"))
    by = officers[-1]

    def entry(**more: Any) -> Entry:
        return commit.add(
            Entry(
                authority=authority, kind=Kind.FACT.value, action=Action.MERGE_AGENCIES.value, decided_at=at,
                effective_from=at, effective_day=days.local_day(at, authority.zone), zone=authority.zone,
                officers=list(officers), **more,
            )
        )  # fmt: skip

    numbers = {"merged": merged.number, "into": stays.number}
    told = entry(agency=stays, effect=numbers)
    gone = entry(agency=merged, effect=numbers)
    EntryText.objects.create(entry=gone, language="-", text=terms["reason"], restricted=True)
    Merger.objects.create(merged=merged, into=stays, entry=gone)
    behind = {licence.pk: told for licence in licences}
    for licence in licences:
        if licence.agency_id == merged.pk:
            if licence.entries.exists():
                behind[licence.pk] = entry(licence=licence, agency=stays, effect=numbers)
            licence.agency = stays
            licence.version += 1
            history.save(licence, by=by, at=at, reason=f"merged from {merged.number}")
    _move(merged, stays, by=by, at=at)
    stays.version += 1
    history.save(stays, by=by, at=at, reason=f"{merged.number} merged into it")
    for licence in licences:
        if licence.renumbered_to_id is None and (entries := records.fold_entries(licence.pk, own_at=at)):
            publishing.publish(
                licence, entries, commit_id=commit.id, ordinal=behind[licence.pk].ordinal, at=at
            )
    indexing.index([stays.number, merged.number])
    marks.index([stays.number, merged.number], at=at)
    news.put()
    return told


def _move(merged: Agency, stays: Agency, *, by: str, at: datetime) -> None:
    """Hang what the merged record has on the one that stays; of two equal channels one ends with the day."""
    note = f"merged from {merged.number}"
    today = days.local_day(at, merged.authority.zone)
    held = set(Channel.objects.filter(agency=stays, last_day=None).values_list("kind", "value"))
    for channel in Channel.objects.filter(agency=merged).order_by("pk"):
        if channel.last_day is None and (channel.kind, channel.value) in held:
            channel.last_day = max(today, channel.first_day or today)
        channel.agency = stays
        history.save(channel, by=by, at=at, reason=note)
    has_head = Office.objects.filter(agency=stays, kind="head", last_day=None).exists()
    for office in Office.objects.filter(agency=merged).order_by("pk"):
        if office.kind == "head" and office.last_day is None and has_head:
            office.kind = "branch"
        office.agency = stays
        history.save(office, by=by, at=at, reason=note)
    known = set(Debarment.objects.filter(agency=stays).values_list("first_day", "last_day"))
    for bar in Debarment.objects.filter(agency=merged).order_by("pk"):
        if (bar.first_day, bar.last_day) not in known:
            bar.agency = stays
            history.save(bar, by=by, at=at, reason=note)
    _move_accounts(merged, stays, by=by, at=at)
    rows: list[Any] = [
        *TradingName.objects.filter(agency=merged).order_by("pk"),
        *Appointment.objects.filter(agency=merged).order_by("pk"),
    ]
    for row in rows:
        row.agency = stays
        history.save(row, by=by, at=at, reason=note)


def _move_accounts(merged: Agency, stays: Agency, *, by: str, at: datetime) -> None:
    """Have who acts for the merged record act for the one that stays.

    Of two open rows of one account the one that is further on stays open, the other is closed before it moves.
    """
    theirs = HolderAccount.objects.select_for_update().filter(agency__in=[merged, stays]).order_by("pk")
    kept: dict[str, HolderAccount] = {}
    for row in theirs.filter(state__in=OPEN_STATES):
        other = kept.get(row.account)
        if other is None:
            kept[row.account] = row
            continue
        first, last = sorted((other, row), key=lambda one: OPEN_STATES.index(one.state))
        kept[row.account] = last
        first.state = "ended" if first.state == "connected" else "declined"
        first.ended_by, first.ended_at, first.reason = by, at, f"merged from {merged.number}"
        first.save()
    for row in theirs.filter(agency=merged):
        row.agency = stays
        row.save()


# --- what stands against it --------------------------------------------------------------------------------------


def _both(authority: Authority, about: str, into: str) -> tuple[Agency, Agency]:
    """The two records of the authority, locked in the order of their numbers."""
    rows = Agency.objects.select_for_update(of=("self",), no_key=True).select_related("authority")
    found = {row.number: row for row in rows.filter(number__in=[about, into]).order_by("number")}
    for number, field in ((about, "about"), (into, "into")):
        if number not in found or found[number].authority_id != authority.pk:
            raise errors.AgencyNotFound("no agency has this number", number=number, field=field)
    return found[about], found[into]


def _nothing_waits(merged: Agency, stays: Agency, at: datetime) -> None:
    """What officers were asked about one of two records is answered about that one, before they are one."""
    both = [merged.pk, stays.pk]
    if Proposal.objects.filter(agency__in=both, state="open", expires_at__gt=at).exists():
        raise errors.MergerRefused(
            "a proposal about one of the two is open: decide on it or decline it first", why="proposal"
        )
    others = Motion.objects.filter(state="open", expires_at__gt=at, about=stays.number)
    if others.exists():
        raise errors.MergerRefused(
            "a motion about the record that stays is open: decide on it first", why="motion"
        )
    waiting = Application.objects.filter(agency=merged).exclude(state__in=sorted(applying.ENDED))
    if waiting.exists():
        raise errors.MergerRefused(
            "an application of the agency that is to be merged is not decided yet", why="application"
        )


def _bars_agree(merged: Agency, stays: Agency, at: datetime) -> None:
    """A bar of one record would not reach what the other holds, or would be shaken off."""
    barred = {row.number: bool(bars_to_heed(records.bars_of(row.pk), at)) for row in (merged, stays)}
    if barred[merged.number] != barred[stays.number]:
        one = next(number for number, is_ in barred.items() if is_)
        other = stays.number if one == merged.number else merged.number
        raise errors.MergerRefused(
            "{barred} is barred or dissolved and {other} is not: decide the same of {other} first",
            why="bar",
            barred=one,
            other=other,
        )


def _licences_agree(merged: Agency, stays: Agency, at: datetime) -> None:
    """One firm never holds two live licences of a class, and what only a list knows follows what was decided."""
    live: dict[int, set[str]] = {merged.pk: set(), stays.pk: set()}
    rows = Licence.objects.filter(agency__in=[merged, stays], renumbered_to=None).order_by("number")
    for licence in rows:
        entries = records.fold_entries(licence.pk)
        if entries and standing.at(entries, at=at).state in _LIVE:
            live[licence.agency_id].add(licence.licence_class)
    if both := sorted(filter(None, live[merged.pk] & live[stays.pk])):
        raise errors.MergerRefused(
            "both hold a licence of class {licence_class} that is not ended: end one of the two first",
            why="licences", licence_class=both[0],
        )  # fmt: skip
    listed = any(one.origin == "listed" for one in rows if one.agency_id == merged.pk)
    decided = any(one.origin == "decided" for one in rows if one.agency_id == stays.pk)
    if listed and not decided:
        raise errors.MergerRefused(
            "the record that is to be merged is known from a list, and the one that stays has no licence by decision:"
            " the next list would write its name again",
            why="listed",
        )


def _appointments_agree(merged: Agency, stays: Agency) -> None:
    """Somebody with the same role in both has two badges: one of the two appointments is ended first."""
    held = Appointment.objects.filter(agency=stays, last_day=None).values_list("person_id", "role")
    mine = Appointment.objects.filter(agency=merged, last_day=None).values_list("person_id", "role", "number")
    both = set(held)
    for person, role, number in mine:
        if (person, role) in both:
            raise errors.MergerRefused(
                "a person has the same role in both: end appointment {number} first",
                why="appointment", number=number,
            )  # fmt: skip


def _reason(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise errors.StepIncomplete("say how it is known that both are one firm", field="reason")
    if len(value) > LONGEST or "\x00" in value:
        raise errors.BadInput("a reason has at most {most} characters", field="reason", most=LONGEST)
    return value.strip()


def _number(value: object, field: str) -> str:
    try:
        return numbering.canonical(str(value or ""), numbering.Kind.AGENCY)
    except errors.NotFound:
        raise errors.AgencyNotFound("no agency has this number", field=field) from None
