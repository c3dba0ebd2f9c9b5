"""What is signed about a badge: the statement behind print L, and the same as a verifiable credential.

The worker signs when what is published of a badge's licence has changed and the licence is good, and verifies its
own product as anybody would before it is stored. Everybody else only reads. A badge keeps its code and its older
prints stay genuine: status lists say whether they are good.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from django.conf import settings

from registry import lookup, news
from registry.rules import days
from registry.rules.lifecycle import State
from verification import check, codec, credentials, log, offline, qr, signing, standings, statuses
from verification.cbor import Malformed
from verification.codec import Badge
from verification.credentials import Anchor
from verification.models import BadgeToken, BadgeWatch
from verification.shapes import Kind
from verification.signing import Client, NotSigned
from verification.statuses import Place
from verification.trust_list import TrustList

logger = logging.getLogger(__name__)

LONGEST_LIFE: Final = timedelta(seconds=codec.LONGEST_LIFE)
AT_ONCE: Final = 1000
"""Tokens that one call signs at most, a few seconds' work; the next goes on."""

GIVES_WAY: Final = 20
"""After so many it looks whether something was decided meanwhile: a suspension waits for no print."""


@dataclass(frozen=True, slots=True)
class Due:
    """A badge whose token is to be signed, what the token rests on, and its place in a status list."""

    code: str
    authority: str
    rests_on: str
    place: Place
    due_at: datetime


def digits(code: str, *, at: datetime) -> str:
    """The newest signed statement of a badge, as print L holds it; empty when there is none that is still good."""
    rows = BadgeToken.objects.filter(badge=code).order_by("-id").values_list("digits", "expires_at")
    found = rows.first()
    return found[0] if found is not None and at < found[1] else ""


def credential(code: str) -> str:
    """The newest verifiable credential of a badge; empty when there is none."""
    found = BadgeToken.objects.filter(badge=code).order_by("-id").values_list("credential", flat=True).first()
    return found or ""


def due(
    *,
    at: datetime,
    distrusted: frozenset[str] = frozenset(),
    authorities: Collection[str] | None = None,
    without: Collection[str] = (),
    most: int = AT_ONCE,
) -> list[Due]:
    """The badges to sign for at ``at``, at most so many: their licence is good, and what was published is newer.

    Also those whose token ends long before the licence, or was signed by one of the ``distrusted`` keys. Never those
    of a licence that is known from lists alone: no authority of ours issued it (ADR 13). ``authorities``: only theirs,
    where that is said; badges ``without`` are passed over. What is to be looked at ``statuses`` has noted; here it is
    judged anew, and what need not be signed for is noted so.
    """
    BadgeWatch.objects.filter(kid__in=distrusted).update(kid="", token_due_at=at)
    found: list[Due] = []
    passed = set(without)
    while len(found) < most:
        rows = BadgeWatch.objects.filter(token_due_at__lte=at).exclude(badge__in=passed)
        if authorities is not None:
            rows = rows.filter(list__authority__in=authorities)
        told = rows.order_by("token_due_at", "badge").values_list("badge", "token_due_at")[:most]
        noted = {code: seen for code, seen in told if seen is not None}
        if not noted:
            break
        passed |= noted.keys()
        found += _due(noted, distrusted, at)
    return found[:most]


def _due(noted: Mapping[str, datetime], distrusted: frozenset[str], at: datetime) -> list[Due]:
    """Those of the noted badges that are to be signed for; the others are looked at when they change."""
    places, held = statuses.places(noted), statuses.newest_tokens(noted)
    found = []
    for one in standings.of(noted.keys(), at=at):
        token = held.get(one.code)
        renewed = statuses.renewed_at(token) if token is not None else None
        good = token is not None and token.rests_on == one.rests_on and token.kid not in distrusted
        if one.signed_for and not (good and (renewed is None or at <= renewed)):
            found.append(Due(one.code, one.authority, one.rests_on, places[one.code], noted[one.code]))
        else:
            _note(one.code, noted[one.code], renewed if one.signed_for else None, token)
    return found


def _note(code: str, seen: datetime, next_: datetime | None, token: BadgeToken | None) -> None:
    """When to look at the badge's token again, unless somebody found in the meantime that it is due anew."""
    watch = BadgeWatch.objects.filter(badge=code, token_due_at=seen)
    watch.update(token_due_at=next_, kid=token.kid if token else "")


def refresh(*, at: datetime) -> int:
    """Sign what is due; how many. None where nobody signs; an authority without a key is passed over."""
    client = signing.client()
    if client is None:
        return 0
    known = client.keys()
    distrusted = frozenset(key["kid"] for key in known if key["state"] == "compromised")
    keyed = {key["authority"] for key in known if key["use"] == Kind.BADGE and key["state"] == "active"}
    authorities = [code for code in statuses.authorities() if signing.issuer(code) in keyed]
    chosen = partial(due, at=at, distrusted=distrusted, authorities=authorities)
    trust: TrustList | None = None
    decided, signed, tried = lookup.sequence_now(), 0, set[str]()
    while signed < AT_ONCE and (not tried or lookup.sequence_now() == decided):
        waiting = chosen(without=tried, most=min(GIVES_WAY, AT_ONCE - signed))
        if not waiting:
            return signed
        tried.update(one.code for one in waiting)
        trust = trust or signing.trust(known, at=at)
        signed += sign(client, waiting, trust=trust, at=at)
    if signed and chosen(without=tried, most=1):
        news.put()  # the rest comes after whatever else has waited meanwhile: a suspension goes before
    return signed


def sign(client: Client, waiting: Sequence[Due], *, trust: TrustList, at: datetime) -> int:
    """Sign and store the tokens of these badges; how many. What can't be printed is left out and logged."""
    signed = 0
    without_key: set[str] = set()
    for one in waiting:
        if one.authority in without_key:
            continue
        try:
            row = _signed(client, one, trust=trust, at=at)
        except NotSigned as refusal:
            if refusal.code != "key.absent":
                raise
            without_key.add(one.authority)
        except (Malformed, qr.PrintTooLarge) as unprintable:
            logger.warning("No token for badge %s: %s", one.code, unprintable)
            _note(one.code, one.due_at, None, None)
        else:
            if row is not None:
                row.save(force_insert=True)
                signed += 1
            _note(one.code, one.due_at, statuses.renewed_at(row) if row else None, row)
    return signed


def _signed(client: Client, one: Due, *, trust: TrustList, at: datetime) -> BadgeToken | None:
    """The token, verified as anybody would; nothing for a licence without a last day, or of a list."""
    found = check.verdict(one.code, at=at)
    issued = found.result in standings.GOOD and found.state != State.LISTED
    term_ends = _end_of_term(found.record) if issued else None
    if term_ends is None or term_ends <= at:
        return None
    stated = _stated(one, found, term_ends, at)
    key = client.signer(Kind.BADGE, stated.issuer)
    printed = codec.encode(stated, kid=key.kid, sign=key.sign)
    address = f"{_origin()}/v/{one.code}#{printed}"
    qr.version(_origin(), printed)
    judged = offline.verify(address, trust=trust, status_list=None, at=at)
    if judged.badge != stated or judged.reasons != (offline.Reason.STATUS_MISSING,):
        message = f"the token of badge {one.code} does not verify: {', '.join(judged.reasons)}"
        raise RuntimeError(message)
    return BadgeToken(
        badge_id=one.code,
        kid=key.kid,
        sha256=codec.token_digest(printed),
        digits=printed,
        credential=_credential(client, one, found, stated) if found.kind == "licence" else "",
        rests_on=one.rests_on,
        issued_at=at,
        expires_at=datetime.fromtimestamp(stated.expires, at.tzinfo),
        term_ends_at=term_ends,
    )


def _end_of_term(record: Mapping[str, Any]) -> datetime | None:
    """The end of the last day of the latest term, in the authority's zone."""
    last = max((term["last_day"] for term in record["terms"] if term["last_day"]), default=None)
    return days.end_of(date.fromisoformat(last), record["authority"]["zone"]) if last else None


def _stated(one: Due, found: check.Verdict, term_ends: datetime, at: datetime) -> Badge:
    issued = int(at.timestamp())
    return Badge(
        issuer=signing.issuer(one.authority),
        licence=found.licence,
        issued=issued,
        expires=min(int(term_ends.timestamp()), issued + codec.LONGEST_LIFE),
        status_uri=one.place.uri,
        status_index=one.place.index,
        code=one.code,
        name=legible(found.holder),
        class_letter=str(found.record["class"]),
        leaf=_leaf(found.licence),
        person=legible(found.person_name) or None,
        destinations=tuple(sorted(found.record["scope"]["corridors"])),
    )


def legible(name: str) -> str:
    """A name as it is printed: composed (NFC), without marks that nobody sees, of at most eighty characters."""
    kept = "".join(symbol for symbol in unicodedata.normalize("NFC", name) if not codec.misleads(symbol))
    return kept if len(kept) <= codec.LONGEST_NAME else f"{kept[: codec.LONGEST_NAME - 1].rstrip()}…"


def _leaf(licence: str) -> int:
    """The index of the licence's latest event in the log; 0, which no licence's event has, before there is one."""
    try:
        return log.latest(licence)
    except log.NotInLog:
        return 0


def _credential(client: Client, one: Due, found: check.Verdict, stated: Badge) -> str:
    """The same as a credential for wallets; empty where the authority has no key for one."""
    try:
        key = client.signer(Kind.CREDENTIAL, stated.issuer)
    except NotSigned as refusal:
        if refusal.code != "key.absent":
            raise
        return ""
    names = found.record["authority"]["name"]
    anchor = Anchor(
        address=f"{_origin()}/c/{one.code}",
        issuer=stated.issuer,
        issuer_name=str(names.get("en") or next(iter(names.values()), one.authority)),
        subject=credentials.subject_of(settings.REGISTRY_HOST, one.code),
        name=found.holder,
        licence=found.licence,
        scheme=(f"{_origin()}/a/{one.authority.lower()}", f"Licences of {one.authority}"),
        scopes=credentials.scopes([stated.class_letter], one.authority, _origin()),
        issued=datetime.fromtimestamp(stated.issued, days.zone("UTC")),
        expires=datetime.fromtimestamp(stated.expires, days.zone("UTC")),
        list_number=one.place.number,
        index=one.place.index,
    )
    claims = anchor.claims(settings.REGISTRY_UNTP_CONTEXT)
    return credentials.seal(claims, issuer=stated.issuer, kid=key.kid, sign=key.sign)


def _origin() -> str:
    return f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}"
