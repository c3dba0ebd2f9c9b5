"""Status lists as rows: which badge has which index, what the lists say, and the newest signed forms of each.

The state is one array a list, read from the published answers; it is signed as a Token Status List (CWT and JWT)
and as two W3C Bitstring Status List credentials over the same indices (trust model, 6.3). The worker signs after
every change, at least hourly, and ahead of every boundary that the clock alone reaches: the list of that instant
lies ready before it, so that nobody waits for a job at midnight. Readers take the newest that has begun.
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

from registry.rules.errors import NotFound
from registry.rules.lifecycle import State
from verification import credentials, signing, standings, status_list
from verification.models import Badge, SignedList, StatusIndex, StatusPublication
from verification.models import StatusList as ListRow
from verification.shapes import Kind
from verification.signing import Client, NotSigned
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

    How many were signed; none where nobody signs. A list whose authority has no key for it is passed over.
    """
    client = signing.client()
    if client is None:
        return 0
    with transaction.atomic():
        assign()
    stands = standings.every(at=at)
    coming = {one.until for one in stands if one.until is not None and at < one.until <= at + AHEAD}
    # What was signed ahead for an instant that is no boundary any more must never be served.
    SignedList.objects.filter(issued_at__gt=at).exclude(issued_at__in=coming).delete()
    signed = _sign_all(client, stands, at=at, now=at)
    for instant in sorted(coming):
        signed += _sign_all(client, standings.every(at=instant), at=instant, now=at)
    return signed


def assign() -> int:
    """Give every badge without one an index in a list of its authority, drawn by chance; how many.

    Inside a transaction, one at a time.
    """
    wanting: dict[str, list[str]] = {}
    rows = Badge.objects.filter(status__isnull=True).order_by("code")
    for code, authority in rows.values_list("code", "authority"):
        wanting.setdefault(authority, []).append(code)
    for authority, codes in wanting.items():
        _assign(authority, codes)
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


def _sign_all(client: Client, stands: Sequence[BadgeStands], *, at: datetime, now: datetime) -> int:
    """Sign what the lists say at ``at``, where that is new or was signed long ago."""
    by_code = {one.code: one for one in stands}
    of_list: dict[int, dict[int, BadgeStands]] = {}
    for code, number, index in StatusIndex.objects.values_list("badge", "list", "index"):
        if code in by_code:
            of_list.setdefault(number, {})[index] = by_code[code]
    signed = 0
    for row in ListRow.objects.order_by("number"):
        try:
            signed += _sign(client, row, of_list.get(row.number, {}), at=at, now=now)
        except NotSigned as refusal:
            if refusal.code != "key.absent":
                raise
            logger.info("%s has no key for lists", row.authority)
    return signed


def _sign(
    client: Client, row: ListRow, stands: Mapping[int, BadgeStands], *, at: datetime, now: datetime
) -> bool:
    said = {index: status(one.result, one.state) for index, one in stands.items()}
    array = status_list.array_of({index: value for index, value in said.items() if value})
    boundary = min((one.until for one in stands.values() if one.until and one.until > at), default=None)
    with transaction.atomic():
        ListRow.objects.select_for_update().get(pk=row.pk)
        before = SignedList.objects.filter(list=row, issued_at__lte=at).order_by("-issued_at").first()
        same = before is not None and bytes(before.array) == array
        if before is not None and same and _lasts(before, at):
            return False
        SignedList.objects.filter(list=row, issued_at=at).delete()
        _seal(client, row, array, at=at, boundary=boundary).save(force_insert=True)
        current = SignedList.objects.filter(list=row, issued_at__lte=now).order_by("-issued_at").first()
        if current is not None:
            SignedList.objects.filter(list=row, issued_at__lt=current.issued_at).delete()
        if not same:
            digest = hashlib.sha256(array).hexdigest()
            StatusPublication(list=row, uri=uri(row.number), sha256=digest, published_at=at).save(
                force_insert=True
            )
    return True


def _lasts(signed: SignedList, at: datetime) -> bool:
    """Whether the list needs no new signature yet: it is not an hour old, and no boundary has come since."""
    return at - signed.issued_at < SIGNED_EVERY and at < signed.expires_at - LIFETIME


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
