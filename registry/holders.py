"""Accounts that act for an agency which is in the register: asked for, connected by two officers, ended by one.

An account whose agency a grant entered is connected by it. A connected account reads what is served on the agency,
files its answers and applies to renew; everything it files is judged by officers, and nothing it does changes a record
(ADR 0018).
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q

from registry import dossier, ledger, licensing, news, records
from registry.idempotency import Once
from registry.lookup import acts_for
from registry.models import Agency, Channel, Entry, EntryPaper, HolderAccount, Licence
from registry.rules import days, errors, four_eyes, lifecycle, standing
from registry.rules.four_eyes import Agreement
from registry.rules.lifecycle import HOLDER, Action, Actor, Role, StepTerms

READERS: Final = lifecycle.M | {Role.AUDITOR}
"""Who reads which accounts act for agencies of the own authority."""
OPEN_STATES: Final = frozenset({"asked", "supported", "connected"})
"""In which states a connection is not declined or ended."""
MOST_ASKED: Final = 3
"""Connections of one account that no officer has judged yet."""
MOST_ANSWERS: Final = 5
"""Answers to one notice."""
MOST_PAPERS: Final = 3
"""Papers with one answer."""
LONGEST: Final = 20_000
"""Characters of what a holder says."""


@dataclass(frozen=True, slots=True)
class Connection:
    """An account and an agency: how that stands, who asked in which words, and which officers said yes."""

    id: int
    agency: str
    name: str
    account: str
    said: str
    state: str
    asked_at: datetime
    first_by: str
    first_at: datetime | None
    second_by: str
    second_at: datetime | None
    ended_by: str
    ended_at: datetime | None
    reason: str
    zone: str
    licences: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()

    def agreement(self, *, at: datetime) -> Agreement:
        """Who may say the next yes at ``at``."""
        return _agreement(self, at=at)

    def stands(self, *, at: datetime) -> str:
        """The state, a first yes that has lapsed by ``at`` left out."""
        lapsed = self.state == "supported" and not self.agreement(at=at).said
        return "asked" if lapsed else self.state

    def may_end(self, by: Actor, *, at: datetime) -> bool:
        """Whether this officer may decline the request or end the connection, alone."""
        return self.state in OPEN_STATES and _ENDING.awaits(by, at=at)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to show cause, as its holder reads it. ``until``: when an answer must be in; ``open``: it may answer."""

    sequence: int
    licence: str
    served_at: datetime
    until: datetime | None
    grounds: tuple[str, ...]
    texts: Mapping[str, str]
    answers: tuple["Answer", ...]
    open: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a holder filed, and with which papers."""

    sequence: int
    at: datetime
    text: str
    papers: tuple["Paper", ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper that came with an entry, without its bytes; ``reference`` is its address."""

    reference: str
    name: str
    media_type: str
    size: int
    sha256: str
    stored_as: str


@dataclass(frozen=True, slots=True)
class Engaged:
    """Somebody who is appointed by an agency now, as the agency itself reads it."""

    number: str
    name: str
    role: str
    office: str


@dataclass(frozen=True, slots=True)
class Served:
    """Something that a holder is to be told of by mail: of which licence and agency, until when, and to whom."""

    key: int
    kind: str
    licence: str
    agency: str
    name: str
    zone: str
    until: datetime | None
    accounts: tuple[str, ...]
    emails: tuple[str, ...]


# --- the account -------------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def ask(account: str, licence: str, said: str, *, at: datetime, idempotency_key: str) -> int:
    """Ask to act for the agency that holds this licence; two officers of its authority judge it. The request's key."""
    once = Once(_actor(account), idempotency_key, "connect", {"licence": licence, "said": said}, at)
    if (done := once.outcome()) is not None:
        return int(done["connection"])
    words = _words(said, "said", 4000)
    held = (
        Licence.objects.select_related("agency__authority").filter(number=licence, origin="decided").first()
    )
    if held is None:
        raise errors.LicenceNotFound("no licence has this number", field="licence")
    mine = HolderAccount.objects.filter(account=account)
    if mine.filter(state__in=("asked", "supported")).count() >= MOST_ASKED:
        raise errors.BadInput("at most {most} requests at a time", field="licence", most=MOST_ASKED)
    try:
        with transaction.atomic():
            row = HolderAccount.objects.create(
                authority=held.authority, agency=held.agency, account=account, said=words, state="asked", asked_at=at
            )  # fmt: skip
    except IntegrityError as clash:
        raise errors.DuplicateRecord("you have asked for this agency already", field="licence") from clash
    once.keep({"connection": row.pk})
    news.put()
    return row.pk


def of_account(account: str) -> list[Connection]:
    """The agencies that the account acts for or has asked to, with their licences."""
    rows = HolderAccount.objects.filter(account=account).select_related("agency", "authority")
    return _connections(rows.order_by("-pk")[:50])


def licence(account: str, number: str, *, at: datetime) -> dict[str, Any]:
    """A licence of an agency that the account acts for: how it stands, the notices served on it, and the decisions.

    ``decisions``: what was published of it, the newest first, each by its number with its step and when.
    """
    row = _held(account, number)
    now = standing.at(records.fold_entries(row.pk), at=at)
    return {
        "number": row.number, "agency": row.agency.number, "name": row.agency.legal_name,
        "authority": row.authority.code, "zone": row.authority.zone, "class": row.licence_class,
        "state": now.state.value, "result": now.result.value, "reasons": list(now.reasons),
        "terms": [{"first_day": first, "last_day": last} for first, last in now.terms],
        "notices": _notices(row, at=at),
        "decisions": [
            {"sequence": one.sequence, "action": one.action, "at": one.decided_at}
            for one in reversed(_entries(row))
            if one.published and one.officers != [HOLDER]
        ],
    }  # fmt: skip


def people(account: str, number: str, *, at: datetime) -> list[Engaged]:
    """Who acts for the holder of a licence on the day of ``at``, by name; for an account that acts for it."""
    agency = _held(account, number).agency
    today = days.local_day(at, agency.authority.zone)
    rows = agency.appointments.filter(first_day__lte=today).exclude(last_day__lt=today)
    return [
        Engaged(row.number, row.person.name, row.role, row.office.locality if row.office else "")
        for row in rows.select_related("person", "office").order_by("person__name", "pk")
    ]


def served(account: str, number: str, sequence: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """An entry that the holder may read whole, and the agency it is addressed to; for the letter of it.

    What is published, and notices served on the holder; nothing that is for the file alone.
    """
    row = _held(account, number)
    entry = next((one for one in _entries(row) if one.sequence == sequence), None)
    if entry is None or not (entry.published or entry.action == Action.SHOW_CAUSE):
        raise errors.EntryNotFound("there is no such letter", sequence=sequence)
    told = {
        "sequence": entry.sequence, "action": entry.action, "recorded_at": entry.commit.recorded_at.isoformat(),
        "effective_from": entry.effective_from.isoformat(), "grounds": [{"code": code} for code in entry.grounds],
        "deadlines": entry.deadlines, "texts": {t.language: t.text for t in entry.texts.all() if not t.restricted},
    }  # fmt: skip
    agency = row.agency
    addressed = {
        "number": agency.number, "legal_name": agency.legal_name, "address": agency.address,
        "locality": agency.locality, "authority": row.authority.code,
    }  # fmt: skip
    return told, addressed


@transaction.atomic(durable=True)
def may_answer(account: str, number: str, sequence: int, *, at: datetime) -> None:
    """Refuse before papers are read what :func:`represent` would refuse after it."""
    _open_notice(_held(account, number), sequence, at=at)


@transaction.atomic(durable=True)
def represent(
    account: str, number: str, sequence: int, text: str, papers: Sequence[Mapping[str, Any]], *, at: datetime,
    idempotency_key: str,
) -> int:  # fmt: skip
    """File the holder's answer to a notice before its last day: an entry (N2) that officers alone read; its number.

    ``papers``: name, media_type, size, sha256 and stored_as of each, checked and stored by the edge. The answer names
    them by their digests, so that none is exchanged later.
    """
    said = {"number": number, "sequence": sequence, "text": text}
    once = Once(_actor(account), idempotency_key, "represent", said, at)
    if (done := once.outcome()) is not None:
        return Entry.objects.select_related("commit").get(pk=done["entry"]).sequence
    held = _held(account, number)
    words = _words(text, "text", LONGEST)
    if len(papers) > MOST_PAPERS:
        raise errors.BadInput("at most {most} papers", field="papers", most=MOST_PAPERS)
    Licence.objects.select_for_update().get(pk=held.pk)
    _open_notice(held, sequence, at=at)
    listed = "".join(f"\n{one['name']} (SHA-256 {one['sha256']})" for one in papers)
    commit = ledger.Commit()
    terms = StepTerms(refers_to=sequence, restricted_reasons=f"{words}\n{listed}" if listed else words)
    entry = licensing.settle(held.pk, Action.REPRESENT, terms, officers=(HOLDER,), commit=commit, at=at)
    EntryPaper.objects.bulk_create(
        EntryPaper(
            entry=entry, reference=secrets.token_urlsafe(18), name=str(one["name"])[:200], added_at=at,
            media_type=one["media_type"], size=one["size"], sha256=one["sha256"], stored_as=one["stored_as"],
        )
        for one in papers
    )  # fmt: skip
    once.keep({"entry": entry.pk})
    commit.close(by=HOLDER, at=at)
    return entry.sequence


def stored(account: str, number: str) -> frozenset[str]:
    """Under which names the papers of a holder's licence are stored."""
    rows = EntryPaper.objects.filter(entry__licence=_held(account, number))
    return frozenset(rows.values_list("stored_as", flat=True))


# --- officers ----------------------------------------------------------------------------------------------------


def listed(*, by: Actor, waiting: bool = True) -> list[Connection]:
    """The requests to the officer's authority that wait, the oldest first; or the accounts that are connected."""
    _may_read(by.authority or "", by)
    states = ("asked", "supported") if waiting else ("connected",)
    rows = HolderAccount.objects.filter(authority__code=by.authority, state__in=states)
    return _connections(rows.select_related("agency", "authority").order_by("asked_at", "pk")[:200])


def one(key: int, *, by: Actor) -> Connection:
    """A connection of the officer's authority."""
    return _connections([_of_officer(key, by)])[0]


@transaction.atomic(durable=True)
def confirm(key: int, *, by: Actor, at: datetime, no_conflict: bool, idempotency_key: str) -> str:
    """Say yes as the first officer or as the second, who is somebody else and a supervisor; how it stands then.

    Both declare that they have no conflict of interest and give the second factor anew. A first yes that nobody joined
    within ``four_eyes.RUNS`` has lapsed: the next one is the first again.
    """
    once = Once(by, idempotency_key, "confirm_holder", {"connection": key}, at)
    if (done := once.outcome()) is not None:
        return str(done["state"])
    row = _of_officer(key, by, lock=True)
    agreed = _agreement(row, at=at)
    if not agreed.is_open(at):
        raise errors.HolderNotAllowed("the request is decided or ended already", why=row.state)
    agreed = agreed.say(by, at=at, no_conflict=no_conflict)
    if agreed.wanted:
        row.state, row.first_by, row.first_at = "supported", by.number, at
    else:
        row.state, row.second_by, row.second_at = "connected", by.number, at
    row.save()
    once.keep({"state": row.state})
    news.put()
    return row.state


@transaction.atomic(durable=True)
def end(key: int, *, by: Actor, at: datetime, reason: str, no_conflict: bool, idempotency_key: str) -> str:
    """Decline a request, or end a connection: one officer alone, at once, and said why; how it stands then.

    The officer declares that they have no conflict of interest and gives the second factor anew.
    """
    once = Once(by, idempotency_key, "end_holder", {"connection": key, "reason": reason}, at)
    if (done := once.outcome()) is not None:
        return str(done["state"])
    row = _of_officer(key, by, lock=True)
    _ENDING.say(by, at=at, no_conflict=no_conflict)
    if row.state not in OPEN_STATES:
        raise errors.HolderNotAllowed("the request is decided or ended already", why=row.state)
    row.reason = _words(reason, "reason", 4000)
    row.state = "ended" if row.state == "connected" else "declined"
    row.ended_by, row.ended_at = by.number, at
    row.save()
    once.keep({"state": row.state})
    news.put()
    return row.state


def papers(number: str, *, by: Actor) -> list[tuple[int, Paper]]:
    """The papers that came with entries of a licence of the officer's authority, by the entry's number.

    For whoever reads those entries (``dossier.may_read``); none of a licence that is another authority's or nobody's.
    """
    dossier.may_read(by.authority or "", by)
    rows = EntryPaper.objects.filter(entry__licence__number=number, entry__authority__code=by.authority)
    rows = rows.select_related("entry__commit").order_by("pk")
    return [(row.entry.sequence, _paper(row)) for row in rows]


def accounts(agency: str) -> list[str]:
    """The accounts that act for an agency."""
    rows = HolderAccount.objects.filter(agency__number=agency, state="connected").order_by("pk")
    return list(rows.values_list("account", flat=True))


# --- within others' transactions, and the mails ------------------------------------------------------------------


def connect(agency: Agency, account: str, *, officers: Sequence[str], at: datetime) -> None:
    """Connect the account whose agency two officers entered with its first licence, in their transaction."""
    HolderAccount.objects.create(
        agency=agency, account=account, authority=agency.authority, state="connected", asked_at=at,
        first_by=officers[0], first_at=at, second_by=officers[-1], second_at=at,
    )  # fmt: skip


def held_by(account: str, authority: str) -> dict[str, Agency]:
    """The agencies of that authority that the account acts for, by number."""
    rows = HolderAccount.objects.filter(account=account, state="connected", authority__code=authority)
    return {row.agency.number: row.agency for row in rows.select_related("agency__authority")}


def to_tell(*, since: datetime) -> list[Served]:
    """What holders are to be told of by mail since: notices served, and accounts that ask to act for them or do."""
    found: list[tuple[int, str, Agency, str, datetime | None]] = []
    notices = Entry.objects.filter(action=Action.SHOW_CAUSE.value, decided_at__gte=since)
    for notice in notices.select_related("agency__authority", "licence"):
        if notice.licence is not None and notice.agency is not None:
            until = _when(notice.deadlines.get("represent_by"))
            found.append((notice.pk, "show_cause", notice.agency, notice.licence.number, until))
    rows = HolderAccount.objects.filter(Q(asked_at__gte=since) | Q(second_at__gte=since)).exclude(said="")
    for row in rows.select_related("agency__authority"):
        found.append((row.pk, "holder_asked", row.agency, "", None))
        if row.state == "connected":
            found.append((row.pk, "holder_connected", row.agency, "", None))
    return _served(found)


def to_tell_of(kind: str, told: Iterable[tuple[int, str]]) -> list[Served]:
    """The same for something that is known elsewhere: its key and its agency's number each."""
    rows = list(told)
    agencies = {
        one.number: one
        for one in Agency.objects.select_related("authority").filter(
            number__in=[number for _, number in rows]
        )
    }
    return _served((key, kind, agencies[number], "", None) for key, number in rows if number in agencies)


def _served(
    told: Iterable[tuple[int, str, Agency, str, datetime | None]],
) -> list[Served]:
    found = list(told)
    keys = {agency.pk for _, _, agency, _, _ in found}
    emails, connected = _emails(keys), _connected(keys)
    return [
        Served(
            key=key, kind=kind, licence=licence, agency=agency.number, name=agency.legal_name,
            zone=agency.authority.zone, until=until, emails=emails.get(agency.pk, ()),
            accounts=connected.get(agency.pk, ()) if kind != "holder_asked" else (),
        )
        for key, kind, agency, licence, until in found
    ]  # fmt: skip


# --- pieces ------------------------------------------------------------------------------------------------------


def _held(account: str, number: str) -> Licence:
    """A licence of an agency that the account acts for; any other is not there."""
    row = Licence.objects.select_related("agency__authority", "authority").filter(number=number).first()
    if row is None or not acts_for(account, row.agency.number):
        raise errors.LicenceNotFound("no licence has this number", number=number)
    return row


def _entries(row: Licence) -> list[Entry]:
    return list(row.entries.select_related("commit").prefetch_related("texts", "papers").order_by("pk"))


def _notices(row: Licence, *, at: datetime) -> list[Notice]:
    """The notices to show cause, the newest first."""
    entries = _entries(row)
    undone = {one.refers_to_id for one in entries if one.action in {Action.CORRECT, Action.SET_ASIDE}}
    found = []
    for one in reversed(entries):
        if one.action != Action.SHOW_CAUSE or one.pk in undone:
            continue
        until = _when(one.deadlines.get("represent_by"))
        answers = tuple(
            Answer(
                given.sequence,
                given.decided_at,
                next((t.text for t in given.texts.all() if t.restricted), ""),
                tuple(_paper(paper) for paper in given.papers.all()),
            )
            for given in entries
            if given.action == Action.REPRESENT
            and given.refers_to_id == one.pk
            and given.officers == [HOLDER]
        )
        texts = {t.language: t.text for t in one.texts.all() if not t.restricted}
        may = until is not None and at < until and len(answers) < MOST_ANSWERS
        found.append(
            Notice(one.sequence, row.number, one.decided_at, until, tuple(one.grounds), texts, answers, may)
        )
    return found


def _open_notice(row: Licence, sequence: int, *, at: datetime) -> None:
    notice = next((one for one in _notices(row, at=at) if one.sequence == sequence), None)
    if notice is None:
        raise errors.EntryNotFound("there is no such notice", sequence=sequence)
    if notice.until is None or at >= notice.until:
        raise errors.HolderNotAllowed("the time for an answer is over", why="over")
    if not notice.open:
        raise errors.HolderNotAllowed("at most {most} answers", why="many", most=MOST_ANSWERS)


def _of_officer(key: int, by: Actor, *, lock: bool = False) -> HolderAccount:
    rows = HolderAccount.objects.select_related("agency", "authority").filter(pk=key)
    row = (rows.select_for_update(of=("self",)) if lock else rows).first()
    missing = errors.HolderNotFound("there is no such request")
    if row is None:
        raise missing
    _may_read(row.authority.code, by, unseen=missing)
    return row


def _may_read(authority: str, by: Actor, *, unseen: errors.NotFound | None = None) -> None:
    if by.authority != authority or not authority:
        raise errors.OutsideAuthority(
            "the record belongs to another authority", authority=authority, unseen=unseen
        )
    if not by.roles & READERS:
        raise errors.RoleNotAllowed("this role reads no accounts of holders", roles=sorted(READERS))


_CONNECTING: Final = Agreement((lifecycle.M, lifecycle.C), fresh_from=0)
_ENDING: Final = Agreement((lifecycle.M,), fresh_from=0)
"""One officer alone (ADR 0018)."""


def _agreement(row: HolderAccount | Connection, *, at: datetime) -> Agreement:
    """How far the officers have come at ``at``; the account that asks is none of them."""
    lapses = row.first_at + four_eyes.RUNS if row.first_at else None
    if row.state == "asked" or (row.state == "supported" and lapses is not None and lapses <= at):
        return _CONNECTING
    return replace(
        _CONNECTING,
        said=tuple(by for by in (row.first_by, row.second_by) if by),
        state="open" if row.state == "supported" else row.state,
        expires_at=lapses,
    )


def _connections(given: Iterable[HolderAccount]) -> list[Connection]:
    """The rows as they are read, with the licences and addresses of all their agencies in one question each."""
    rows = list(given)
    keys = {row.agency_id for row in rows}
    emails, licences = _emails(keys), _licences(keys)
    return [
        Connection(
            id=row.pk, agency=row.agency.number, name=row.agency.legal_name, account=row.account, said=row.said,
            state=row.state, asked_at=row.asked_at, first_by=row.first_by, first_at=row.first_at,
            second_by=row.second_by, second_at=row.second_at, ended_by=row.ended_by, ended_at=row.ended_at,
            reason=row.reason, zone=row.authority.zone, emails=emails.get(row.agency_id, ()),
            licences=licences.get(row.agency_id, ()),
        )
        for row in rows
    ]  # fmt: skip


def _emails(agencies: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The official addresses on record, by agency."""
    rows = Channel.objects.filter(agency__in=list(agencies), kind="email", last_day=None)
    return _grouped(rows.order_by("pk").values_list("agency_id", "value"))


def _licences(agencies: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The numbers of the licences, by agency."""
    rows = Licence.objects.filter(agency__in=list(agencies), renumbered_to=None, origin="decided")
    return _grouped(rows.order_by("number").values_list("agency_id", "number"))


def _connected(agencies: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The accounts that act, by agency."""
    rows = HolderAccount.objects.filter(agency__in=list(agencies), state="connected")
    return _grouped(rows.order_by("pk").values_list("agency_id", "account"))


def _grouped(rows: Iterable[tuple[int, str]]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for key, value in rows:
        found[key] = (*found.get(key, ()), value)
    return found


def _paper(row: EntryPaper) -> Paper:
    return Paper(row.reference, row.name, row.media_type, row.size, row.sha256, row.stored_as)


def _words(text: object, field: str, longest: int) -> str:
    if not isinstance(text, str) or not text.strip():
        raise errors.BadInput("say something", field=field)
    if len(text) > longest or "\x00" in text:
        raise errors.BadInput("at most {most} characters", field=field, most=longest)
    return text.strip()


def _when(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _actor(account: str) -> Actor:
    """Who acts, for the idempotency of what they send."""
    return Actor(account, None, frozenset())
