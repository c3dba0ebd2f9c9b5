"""Status lists as rows: which badge has which index, what the lists say, and the newest signed forms of each.

The state is one array a list, made of the published answers; it is signed as a Token Status List (CWT and JWT)
and as two W3C Bitstring Status List credentials over the same indices (trust model, 6.3). The worker signs after
every change, at least hourly, and ahead of every boundary that the clock alone reaches: the list of that instant
lies ready before it, so that nobody waits for a job at midnight. Readers take the newest that has begun.

A round costs what has changed and not what there is: the journal names whose verdict may be another
(``journal.touched``), every badge has its next boundary in an indexed column (``BadgeWatch``), and only their entries
are written. Once an hour ``reconcile`` reads every badge all the same. Whoever works on the lists holds ``ListsPlace``,
so two rounds at once do no harm; each step is a transaction, and a list that is signed is out at once.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from registry import journal, lookup, news
from registry.rules.errors import NotFound
from registry.rules.lifecycle import State
from verification import credentials, signing, standings, status_list
from verification.models import (
    Badge,
    BadgeToken,
    BadgeWatch,
    ListsPlace,
    ListState,
    SignedList,
    StatusIndex,
    StatusPublication,
)
from verification.models import StatusList as ListRow
from verification.shapes import Kind
from verification.signing import Client, NotSigned, SignerDown
from verification.standings import BadgeStands
from verification.status_list import Status, StatusList
from verification.verdicts import Result

logger = logging.getLogger(__name__)

LIFETIME: Final = timedelta(minutes=5)
"""So long a copy may be kept, as the list itself says (``ttl``)."""

LONGEST_LIFE: Final = timedelta(days=7)
SIGNED_EVERY: Final = timedelta(hours=1)
AHEAD: Final = timedelta(seconds=150)
"""So far ahead of a boundary its list is signed: the worker looks every minute, and the signer allows five."""

READ_EVERY: Final = timedelta(hours=1)
"""So often every badge is read anew, whatever the journal says."""

RENEWED_BEFORE: Final = timedelta(days=180)
"""A print that ends before its licence does is followed by another so long before."""

AT_ONCE: Final = 1000
"""Badges that are read together, some tenths of a second's work: a suspension waits for no more."""

_ATTEMPTS: Final = 5
"""A signer that is busy for a moment must not leave a suspension unsaid until the next round."""

MOST_USED: Final = status_list.ENTRIES // 2
"""A list half full gets a sibling, so that a free index is drawn by chance and quickly."""


class ListNotFound(NotFound):
    """No list has this number, or nothing was signed of it yet."""

    code = "list.not_found"


@dataclass(frozen=True, slots=True)
class Signed:
    """A list as it is served."""

    cwt: bytes
    jwt: str
    revocation: str
    suspension: str
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where a badge stands in the lists."""

    number: int
    index: int

    @property
    def uri(self) -> str:
        """The address of the list, as on badges."""
        return uri(self.number)


def uri(number: int) -> str:
    """The address of the list with this number."""
    return f"{_origin()}/s/{number}"


def _origin() -> str:
    return f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}"


def read(number: int, *, at: datetime) -> Signed:
    """The list as signed for ``at``; refuses with ``ListNotFound``. One query."""
    rows = SignedList.objects.filter(list=number, issued_at__lte=at).order_by("-issued_at")
    found = rows.values_list("cwt", "jwt", "revocation", "suspension", "issued_at").first()
    if found is None:
        raise ListNotFound(number=number)
    cwt, jwt, revocation, suspension, issued_at = found
    return Signed(bytes(cwt), jwt, revocation, suspension, issued_at)


def published() -> list[str]:
    """The addresses of all lists of which something was signed."""
    numbers = SignedList.objects.order_by("list").values_list("list", flat=True).distinct()
    return [uri(number) for number in numbers]


def authorities() -> list[str]:
    """The codes of the authorities that have a list, and so badges."""
    return list(ListRow.objects.order_by("authority").values_list("authority", flat=True).distinct())


def places(codes: Iterable[str]) -> dict[str, Place]:
    """Where these badges stand in the lists; those that have no place yet are left out."""
    rows = StatusIndex.objects.filter(badge__in=list(codes))
    return {code: Place(number, index) for code, number, index in rows.values_list("badge", "list", "index")}


def status(result: Result, state: str) -> Status:
    """What a list says of this verdict: only a badge that may be relied on without asking again is valid.

    One of a licence that is known from lists alone is not: the authority that signs this list did not issue it.
    """
    if result is Result.LICENSED and state != State.LISTED:
        return Status.VALID
    if result in {Result.LICENSED, Result.LIMITED, Result.UNKNOWN, Result.AMBIGUOUS}:
        return Status.LIMITED
    return Status.SUSPENDED if result is Result.NOT_LICENSED and state == "suspended" else Status.INVALID


def refresh(*, at: datetime) -> int:
    """Give new badges an index, and sign every list that is due by ``at``, and those of coming boundaries.

    How many were signed; none where nobody signs. A list whose authority has no key for it is passed over. What it has
    never read, or has lost its place in, it reads whole before it signs anything.
    """
    client = signing.client()
    if client is None:
        return 0
    with transaction.atomic():
        at = _follow(_held(), at=at)
    return _sign_now(client, at=at) + _sign_ahead(client, at=at)


def reconcile(*, at: datetime) -> int:
    """Read every badge anew where that was not done for an hour, and put right what the lists do not say.

    How many entries were wrong, which is logged: only a change past the triggers is not followed at once. Goes on in
    portions over several calls, and gives way to whatever is decided meanwhile.
    """
    if signing.client() is None:
        return 0
    wrong, decided, more = 0, lookup.sequence_now(), True
    while more:
        with transaction.atomic():
            place = _held()
            if place.read_at is None or (not place.reading and at - place.read_at < READ_EVERY):
                break
            at = _follow(place, at=at)  # what changed lawfully is no difference
            codes = _codes(after=place.reading)
            wrong += _look_at(codes, at=at)
            place.reading = codes[-1] if len(codes) == AT_ONCE else ""
            if not place.reading:
                place.read_at = at
            place.save()
        more = bool(place.reading)
        if more and lookup.sequence_now() != decided:
            news.put()
            break
    if wrong:
        logger.error("%s entries of status lists were not what the register says", wrong)
        refresh(at=at)
    return wrong


def _held() -> ListsPlace:
    """The place that the lists have come to, held until the transaction ends."""
    ListsPlace.objects.bulk_create([ListsPlace(pk=1)], ignore_conflicts=True)
    return ListsPlace.objects.select_for_update().get(pk=1)


def _follow(place: ListsPlace, *, at: datetime) -> datetime:
    """Bring what the lists are to say up to what is committed and to the clock; the place is held.

    The instant that they are brought up to: whoever had to wait goes on from that of whoever was before. A clock that
    was set back begins anew.
    """
    set_back = place.at is not None and place.at - at > AHEAD
    if set_back or place.read_at is None or ListRow.objects.filter(state__isnull=True).exists():
        _begin(place, at=at)
        return at
    at = max(at, place.at or at)
    told, behind = journal.touched(
        journal.Place(place.transaction, place.journal), outside={"verification_badge": "code"}
    )
    named = Q(subject_number__in=told.numbers) | Q(code__in=told.outside["verification_badge"])
    codes = set(Badge.objects.filter(named).values_list("code", flat=True))
    codes.update(BadgeWatch.objects.filter(until__lte=at).values_list("badge", flat=True))
    _look_at(sorted(codes), at=at)
    place.transaction, place.journal, place.at = behind.transaction, behind.row, at
    if told.unknown:
        place.reading, place.read_at = "", at - READ_EVERY
    place.save()
    return at


def _begin(place: ListsPlace, *, at: datetime) -> None:
    """Read every badge: nothing is signed before all of them stand in what their lists are to say."""
    end = journal.end()
    ListState.objects.all().delete()
    SignedList.objects.filter(issued_at__gt=at).delete()
    for row in ListRow.objects.all():
        ListState.objects.create(list=row, array=status_list.array_of({}))
    codes = _codes(after="")
    while codes:
        _look_at(codes, at=at)
        codes = _codes(after=codes[-1])
    place.transaction, place.journal, place.at = end.transaction, end.row, at
    place.read_at, place.reading = at, ""
    place.save()


def _codes(*, after: str) -> list[str]:
    """The next badges in the order of their codes, as many as are read together."""
    rows = Badge.objects.filter(code__gt=after).order_by("code")
    return list(rows.values_list("code", flat=True)[:AT_ONCE])


def _look_at(codes: Sequence[str], *, at: datetime) -> int:
    """Write what the lists are to say of these badges, and when to look again; how many entries are others now.

    What was signed ahead of their lists is dropped, for it knew less. The place is held.
    """
    changed = 0
    for start in range(0, len(codes), AT_ONCE):
        some = codes[start : start + AT_ONCE]
        assign(some)
        where, stands = places(some), standings.of(some, at=at)
        tokens = newest_tokens(some)
        BadgeWatch.objects.bulk_create(
            [
                BadgeWatch(
                    badge_id=one.code,
                    list_id=where[one.code].number,
                    until=one.until,
                    token_due_at=_token_due(one, tokens.get(one.code), at),
                    kid=tokens[one.code].kid if one.code in tokens else "",
                )
                for one in stands
            ],
            update_conflicts=True,
            unique_fields=["badge"],
            update_fields=["list", "until", "token_due_at", "kid"],
        )
        for number, said in _by_list(stands, where).items():
            state = ListState.objects.get(list=number)
            array = bytearray(state.array)
            wrong = _write(array, said)
            if wrong:
                state.array = bytes(array)
                state.save(update_fields=["array"])
            changed += wrong
            SignedList.objects.filter(list=number, issued_at__gt=at).delete()
    return changed


def newest_tokens(codes: Iterable[str]) -> dict[str, BadgeToken]:
    """The newest token of each of these badges that has one; without what is printed."""
    rows = BadgeToken.objects.filter(badge__in=list(codes)).order_by("badge", "-id").distinct("badge")
    return {row.badge_id: row for row in rows.only("badge", "kid", "rests_on", "expires_at", "term_ends_at")}


def _token_due(one: BadgeStands, held: BadgeToken | None, at: datetime) -> datetime | None:
    """When the badge is to be signed for: now, when its token fades, or not before something changes."""
    if not one.signed_for:
        return None
    return renewed_at(held) if held is not None and held.rests_on == one.rests_on else at


def renewed_at(token: BadgeToken) -> datetime | None:
    """When another follows that ends later; nothing where the licence ends with the token."""
    return token.expires_at - RENEWED_BEFORE if token.expires_at < token.term_ends_at else None


def _by_list(stands: Iterable[BadgeStands], where: Mapping[str, Place]) -> dict[int, dict[int, Status]]:
    """What each list is to say of these badges, by index."""
    found: dict[int, dict[int, Status]] = {}
    for one in stands:
        place = where[one.code]
        found.setdefault(place.number, {})[place.index] = status(one.result, one.state)
    return found


def _write(array: bytearray, said: Mapping[int, Status]) -> int:
    """Put these entries into the array; how many were others."""
    changed = 0
    for index, value in said.items():
        changed += status_list.read(array, index) != value
        status_list.write(array, index, value)
    return changed


def assign(codes: Sequence[str]) -> int:
    """Give each of these badges that has none an index in a list of its authority, drawn by chance; how many.

    Inside a transaction, one at a time.
    """
    wanting: dict[str, list[str]] = {}
    rows = Badge.objects.filter(code__in=codes, status__isnull=True).order_by("code")
    for code, authority in rows.values_list("code", "authority"):
        wanting.setdefault(authority, []).append(code)
    for authority, those in wanting.items():
        _assign(authority, those)
    return sum(map(len, wanting.values()))


def _assign(authority: str, codes: Sequence[str]) -> None:
    newest = ListRow.objects.select_for_update().filter(authority=authority).order_by("-number").first()
    waiting = list(codes)
    while waiting:
        used = set[int]()
        if newest is not None:
            used = set(StatusIndex.objects.filter(list=newest).values_list("index", flat=True))
        if newest is None or len(used) >= MOST_USED:
            newest = ListRow.objects.create(authority=authority)
            ListState.objects.create(list=newest, array=status_list.array_of({}))
            continue
        taken, waiting = waiting[: MOST_USED - len(used)], waiting[MOST_USED - len(used) :]
        drawn = [(code, _draw(used)) for code in taken]
        rows = [StatusIndex(badge_id=code, list=newest, index=index) for code, index in drawn]
        StatusIndex.objects.bulk_create(rows, batch_size=2000)


def _draw(used: set[int]) -> int:
    """A free index that nobody can guess, which is used from now on."""
    while (index := secrets.randbelow(status_list.ENTRIES)) in used:
        pass
    used.add(index)
    return index


def _sign_now(client: Client, *, at: datetime) -> int:
    """Sign every list that says something else than it did, and then those that were signed long ago; how many."""
    newest = SignedList.objects.filter(issued_at__lte=at).order_by("list", "-issued_at").distinct("list")
    held = {row.list_id: row for row in newest.only("list", "array", "issued_at", "expires_at")}
    due: list[tuple[bool, int]] = []
    for number, array in ListState.objects.order_by("list").values_list("list", "array"):
        same = number in held and held[number].array == array
        if not same or not _lasts(held[number], at, _boundary(number, at)):
            due.append((same, number))
    signed = 0
    for _, number in sorted(due):
        with transaction.atomic():
            _held()
            state = ListState.objects.select_related("list").get(list=number)
            array, boundary = bytes(state.array), _boundary(number, at)
            signed += _sign(client, state.list, array, at=at, boundary=boundary, now=at)
    return signed


def _boundary(number: int, after: datetime) -> datetime | None:
    """When the clock alone may next change what the list says, as far as its badges were looked at."""
    later = BadgeWatch.objects.filter(list=number, until__gt=after).order_by("until")
    return later.values_list("until", flat=True).first()


def _sign_ahead(client: Client, *, at: datetime) -> int:
    """Sign what the lists say from coming boundaries on, where that was not done; how many."""
    coming = BadgeWatch.objects.filter(until__gt=at, until__lte=at + AHEAD).order_by("until", "list")
    pairs = [(until, number) for until, number in coming.values_list("until", "list").distinct() if until]
    signed = 0
    for instant, number in pairs:
        with transaction.atomic():
            _held()
            if SignedList.objects.filter(list=number, issued_at=instant).exists():
                continue
            state = ListState.objects.select_related("list").get(list=number)
            those = BadgeWatch.objects.filter(list=number, until__lte=instant)
            stands = standings.of(list(those.values_list("badge", flat=True)), at=instant)
            array = bytearray(state.array)
            _write(array, _by_list(stands, places(one.code for one in stands)).get(number, {}))
            ends = [_boundary(number, instant), *(one.until for one in stands)]
            boundary = min((end for end in ends if end is not None), default=None)
            signed += _sign(client, state.list, bytes(array), at=instant, boundary=boundary, now=at)
    return signed


def _sign(
    client: Client, row: ListRow, array: bytes, *, at: datetime, boundary: datetime | None, now: datetime
) -> bool:
    """Sign that the list says so from ``at`` on; not where its authority has no key for it."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            made = _seal(client, row, array, at=at, boundary=boundary)
            break
        except SignerDown:
            if attempt == _ATTEMPTS:
                raise
        except NotSigned as refusal:
            if refusal.code != "key.absent":
                raise
            logger.info("%s has no key for lists", row.authority)
            return False
    before = SignedList.objects.filter(list=row, issued_at__lte=at).order_by("-issued_at").first()
    SignedList.objects.filter(list=row, issued_at=at).delete()
    made.save(force_insert=True)
    current = SignedList.objects.filter(list=row, issued_at__lte=now).order_by("-issued_at").first()
    if current is not None:
        SignedList.objects.filter(list=row, issued_at__lt=current.issued_at).delete()
    if before is None or bytes(before.array) != array:
        digest = hashlib.sha256(array).hexdigest()
        StatusPublication(list=row, uri=uri(row.number), sha256=digest, published_at=at).save(
            force_insert=True
        )
    return True


def _lasts(signed: SignedList, at: datetime, boundary: datetime | None) -> bool:
    """Whether the list needs no new signature yet: it is not an hour old, and ends with the next boundary."""
    ends_in_time = boundary is None or signed.expires_at <= boundary + LIFETIME
    return at - signed.issued_at < SIGNED_EVERY and at < signed.expires_at - LIFETIME and ends_in_time


def _seal(
    client: Client, row: ListRow, array: bytes, *, at: datetime, boundary: datetime | None
) -> SignedList:
    """Every form of the list, signed. It ends with the next known boundary, a copy's lifetime later."""
    expires = at + LONGEST_LIFE if boundary is None else min(at + LONGEST_LIFE, boundary + LIFETIME)
    issuer = signing.issuer(row.authority)
    key = client.signer(Kind.STATUS, issuer)
    stated = StatusList(
        uri=uri(row.number),
        issued=int(at.timestamp()),
        expires=int(expires.timestamp()),
        lifetime=int(LIFETIME.total_seconds()),
        bits=status_list.BITS,
        array=array,
    )

    def bitstring(purpose: str, statuses: Iterable[Status]) -> str:
        return credentials.seal(
            credentials.bitstring(
                f"{_origin()}/b/{row.number}/{purpose}",
                purpose,
                status_list.bitstring(array, frozenset(statuses)),
                issuer=issuer,
                issued=at,
                expires=expires,
            ),
            issuer=issuer,
            kid=key.kid,
            sign=key.sign,
        )

    return SignedList(
        list=row,
        issued_at=at,
        expires_at=expires,
        array=array,
        cwt=status_list.seal_cwt(stated, kid=key.kid, sign=key.sign),
        jwt=status_list.seal_jwt(stated, kid=key.kid, sign=key.sign),
        revocation=bitstring("revocation", status_list.REVOCATION),
        suspension=bitstring("suspension", status_list.SUSPENSION),
    )
