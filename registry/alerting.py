"""Alerts: the only writer of what the public is warned of. Motions take them, in two officers' names.

An alert is an entry without a licence, and a version that says all of it; a correction is another version, and its end
one more. Nothing is ever altered: who was warned of what, and since when, can always be told (``alerts``).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.db.models import Q

from registry import changes, ledger, lookup
from registry.models import Agency, Alert, Authority, Channel, Entry, EntryText
from registry.rules import alerts as rules
from registry.rules import days, errors, motions, numbering
from registry.rules.lifecycle import Action, Kind
from registry.search import indexing

_SHORT: Final = {"place": 120, "source": 300}
MOST_TEXT: Final = 1000
"""Characters of what the authority says to the public, in each language."""


def clean(authority: Authority, about: str, terms: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """The terms of a new alert in normal form; ``about`` is its chief name.

    ``kind``, ``names``, ``contacts`` (as written), ``agency`` (of a clone), ``place``, ``seen_on``, ``grounds``,
    ``source``, ``texts`` by language, ``last_day``, and ``reason``, which officers read. Refuses a contact that is on
    the record of an agency.
    """
    said = _said(authority, terms, at=at)
    if said["names"][0] != about:
        raise errors.BadInput("it is about its chief name", field="names")
    return said


def take(
    authority: Authority, about: str, terms: Mapping[str, Any], *, officers: Sequence[str], commit: ledger.Commit,
    at: datetime,
) -> Entry:  # fmt: skip
    """Publish the alert within the caller's transaction; the entry that says so."""
    del about
    number = changes.next_number(numbering.Kind.ALERT)
    first = days.local_day(at, authority.zone)
    entry = _entry(authority, Action.PUBLISH_ALERT, number, terms, officers, commit, at=at)
    _write(authority, number, 1, terms, entry, first_day=first)
    return entry


def clean_correction(
    authority: Authority, about: str, terms: Mapping[str, Any], *, at: datetime
) -> dict[str, Any]:
    """The terms of a correction in normal form: all that the alert says from now on, as of a new one."""
    row = _standing(authority, about, terms)
    said = _said(authority, terms, at=at)
    if all(said[name] == value for name, value in _columns(row).items()):
        raise errors.BadInput("nothing would be other than it is", field="names")
    return said | {"version": row.version}


def take_correction(
    authority: Authority, about: str, terms: Mapping[str, Any], *, officers: Sequence[str], commit: ledger.Commit,
    at: datetime,
) -> Entry:  # fmt: skip
    """Write the alert anew within the caller's transaction; what it said before stays answerable."""
    row = _standing(authority, about, terms)
    entry = _entry(
        authority, Action.CORRECT_ALERT, about, terms, officers, commit, at=at, refers_to=row.entry_id
    )
    _write(authority, about, row.version + 1, terms, entry, first_day=row.first_day)
    return entry


def clean_end(authority: Authority, about: str, terms: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:  # noqa: ARG001 - as its kin
    """The terms of an end in normal form: ``cause`` and ``reason``."""
    row = _standing(authority, about, terms)
    cause = terms.get("cause")
    if cause not in rules.CAUSES:
        raise errors.BadInput("a cause is one of {causes}", field="cause", causes=list(rules.CAUSES))
    return {"cause": cause, "reason": motions.reason(terms.get("reason")), "version": row.version}


def take_end(
    authority: Authority, about: str, terms: Mapping[str, Any], *, officers: Sequence[str], commit: ledger.Commit,
    at: datetime,
) -> Entry:  # fmt: skip
    """Take the alert back within the caller's transaction: it is found by nobody any more, and its number says why."""
    row = _standing(authority, about, terms)
    entry = _entry(authority, Action.END_ALERT, about, terms, officers, commit, at=at, refers_to=row.entry_id)
    held = _columns(row) | {"agency": row.agency.number if row.agency else ""}
    _write(authority, about, row.version + 1, held, entry, first_day=row.first_day, ended=terms["cause"])
    return entry


# --- what they have in common ------------------------------------------------------------------------------------


def _said(authority: Authority, terms: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    kind = terms.get("kind")
    if kind not in rules.KINDS:
        raise errors.BadInput("an alert is one of {kinds}", field="kind", kinds=list(rules.KINDS))
    grounds = terms.get("grounds")
    if not isinstance(grounds, list | tuple) or not grounds:
        raise errors.StepIncomplete("give the ground of the alert", field="grounds")
    for ground in grounds:
        if ground not in rules.GROUNDS:
            refused = str(ground)[:40]
            raise errors.GroundNotAllowed(
                "this ground cannot carry an alert", field="grounds", ground=refused
            )
    today = days.local_day(at, authority.zone)
    seen, last = motions.day(terms.get("seen_on"), "seen_on"), motions.day(terms.get("last_day"), "last_day")
    if seen is not None and seen > today:
        raise errors.BadInput("they were seen today at the latest", field="seen_on")
    if last is not None and last < today:
        raise errors.BackdatingRefused("an alert is not for days that are past", field="last_day")
    contacts = rules.channels(terms.get("contacts") or [])
    _not_official(contacts, today)
    return {
        "kind": kind,
        "names": rules.names(terms.get("names") or []),
        "contacts": contacts_written(contacts),
        "agency": _cloned(kind, terms.get("agency"), at),
        **{name: _line(terms.get(name), name, most) for name, most in _SHORT.items()},
        "seen_on": seen.isoformat() if seen else None,
        "grounds": sorted(set(grounds)),
        "texts": _texts(terms.get("texts")),
        "last_day": last.isoformat() if last else None,
        "reason": motions.reason(terms.get("reason")),
    }


def contacts_written(contacts: Sequence[Mapping[str, str]]) -> list[str]:
    """Contacts as an officer would write them, one a line, to be read again by ``rules.alerts.channels``."""
    return [one["value"] for one in contacts]


def _not_official(contacts: Sequence[Mapping[str, str]], today: date) -> None:
    """Nobody is warned of what an agency has on the register: end the channel first."""
    for one in contacts:
        held = Channel.objects.filter(kind=one["kind"], value=one["value"])
        held = held.filter(Q(last_day__isnull=True) | Q(last_day__gte=today))
        whose = held.order_by("pk").values_list("agency__number", flat=True).first()
        if whose is not None:
            raise errors.AlertContactOfficial(
                "this contact is on the record of {agency}",
                field="contacts",
                agency=whose,
                value=one["value"],
            )


def _cloned(kind: str, given: object, at: datetime) -> str:
    """The number of the agency whom a clone pretends to be, which the public can look up; empty otherwise."""
    if kind != "clone":
        if given:
            raise errors.BadInput("only a clone pretends to be an agency", field="agency")
        return ""
    if not isinstance(given, str) or not given.strip():
        raise errors.StepIncomplete("name the agency that they pretend to be", field="agency")
    try:
        number = numbering.canonical(given, numbering.Kind.AGENCY)
    except numbering.NotOurs:
        raise errors.AgencyNotFound("no agency has this number", field="agency", number=given[:40]) from None
    if not lookup.holders([number], at=at):
        raise errors.AgencyNotFound(
            "no agency with a public licence has this number", field="agency", number=number
        )
    return number


def _texts(given: object) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, Mapping) or len(given) > 40:
        raise errors.BadInput("texts are by language", field="texts")
    told = {str(language): _line(text, "texts", MOST_TEXT) for language, text in given.items()}
    if any(len(language) > 12 or not language.replace("-", "").isalpha() for language in told):
        raise errors.BadInput("a language is written as en or pt-BR", field="texts")
    return {language: text for language, text in sorted(told.items()) if text}


def _line(given: object, field: str, most: int) -> str:
    text = " ".join(str(given or "").split())
    if len(text) > most or "\x00" in text:
        raise errors.BadInput("at most {most} characters", field=field, most=most)
    return text


def _standing(authority: Authority, number: str, terms: Mapping[str, Any]) -> Alert:
    """The newest version of the authority's alert; refuses one that was taken back, or written anew since.

    A row that only grows cannot be locked: the authority is, so that one version follows another.
    """
    Authority.objects.select_for_update(no_key=True).get(pk=authority.pk)
    held = Alert.objects.filter(number=number, authority=authority)
    row = held.select_related("agency").order_by("-version").first()
    if row is None:
        raise errors.AlertNotFound("there is no such alert", number=number)
    if row.ended:
        raise errors.StepNotAllowed("the alert was taken back already", field="cause")
    if terms.get("version", row.version) != row.version:
        raise errors.ProposalOvertaken("the alert was corrected since it was proposed")
    return row


def _columns(row: Alert) -> dict[str, Any]:
    """What a version says, as terms say it."""
    return {
        "kind": row.kind,
        "names": row.names,
        "contacts": contacts_written(row.contacts),
        "agency": row.agency.number if row.agency else "",
        "place": row.place,
        "source": row.source,
        "seen_on": row.seen_on.isoformat() if row.seen_on else None,
        "grounds": list(row.grounds),
        "texts": row.texts,
        "last_day": row.last_day.isoformat() if row.last_day else None,
    }


def _write(
    authority: Authority, number: str, version: int, said: Mapping[str, Any], entry: Entry, *, first_day: date,
    ended: str = "",
) -> None:  # fmt: skip
    agency = Agency.objects.get(number=said["agency"]) if said["agency"] else None
    Alert.objects.create(
        number=number, version=version, authority=authority, entry=entry, kind=said["kind"], names=list(said["names"]),
        contacts=rules.channels(said["contacts"]), agency=agency, place=said["place"], source=said["source"],
        seen_on=motions.day(said["seen_on"], "seen_on"), grounds=list(said["grounds"]), texts=dict(said["texts"]),
        first_day=first_day, last_day=motions.day(said["last_day"], "last_day"), ended=ended,
    )  # fmt: skip
    indexing.index([number])


def _entry(
    authority: Authority, action: Action, number: str, terms: Mapping[str, Any], officers: Sequence[str],
    commit: ledger.Commit, *, at: datetime, refers_to: int | None = None,
) -> Entry:  # fmt: skip
    """The entry, which the feed and the log do not tell of: what stands there cannot be taken back (ADR 20)."""
    kind = Kind.CORRECTION if terms.get("cause") == "error" else Kind.DECISION
    entry = commit.add(
        Entry(
            authority=authority, kind=kind.value, action=action.value, decided_at=at, effective_from=at,
            effective_day=days.local_day(at, authority.zone), zone=authority.zone, refers_to_id=refers_to,
            grounds=list(terms.get("grounds", ())), effect={"alert": number}, published=False, officers=list(officers),
        )
    )  # fmt: skip
    EntryText.objects.create(entry=entry, language="-", text=terms["reason"], restricted=True)
    return entry
