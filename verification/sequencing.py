"""Takes the register into the transparency log: whatever is committed, in the order of commits, exactly once.

One round reads a piece of the journal, makes entries of it and appends them, in one transaction under the log's lock,
together with the place to go on from. What the journal holds without an entry of the register behind it (a row changed
by hand) is logged as ``unattributed`` and raises an alarm until somebody has looked into it (rulings 26).
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import rfc8785
from django.conf import settings
from django.db import transaction

from registry import audit, journal
from registry.journal import Change, Place
from verification import leaves, log, merkle, signing
from verification.leaves import Leaf

BATCH: Final = 5_000
"""Entries of the register in one round; larger ones would make others wait for the lock."""

_ATTEMPTS: Final = 5
"""A signer that is busy for a moment must not leave the log unsigned until the next round."""

_NAMED: Final = 20
"""So many numbers an unattributed entry names."""

_QUIET: Final = (
    "verification_badge I",
    "verification_liveenrolment I",
    "verification_liveenrolment U",
    "verification_logcheckpoint I",
    "verification_logcosignature I",
    "verification_statusindex I",
    "verification_statuslist I",
)
"""What the journal holds for the audit alone: a badge is spoken of by its token, a list by what it publishes.

Who is enrolled for live codes is between an agency and its people.
"""

logger = logging.getLogger(__name__)


class State(StrEnum):
    """How the log stands: complete and signed, or what is the matter."""

    OK = "ok"
    NO_SIGNER = "no signer"
    UNSIGNED = "unsigned"
    BEHIND = "behind"
    UNATTRIBUTED = "unattributed"


def advance(*, at: datetime) -> int:
    """Append everything that is committed; how many entries the log has gained."""
    first = log.size()
    while _round(at=at):
        pass
    return log.size() - first


def publish(*, at: datetime) -> None:
    """Have the log as it stands signed; without a signer the next call does it, and ``state`` tells."""
    client = signing.client()
    if client is None:
        return
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            log.publish(client, log.origin(), at=at)
        except signing.SignerDown as fault:
            if attempt == _ATTEMPTS:
                logger.warning("The log is not signed: %s", fault)
        except signing.NotSigned as refusal:
            logger.error("The log is not signed: %s", refusal)  # noqa: TRY400 - the signer's words say it all
            return
        else:
            return


def append(leaf: Leaf, *, at: datetime) -> int:
    """Append one entry that is not about the register's own entries (a key, a list, a dump); its index."""
    with transaction.atomic():
        log.hold()
        index = log.size()
        _append([leaf], at=at)
    return index


def state(*, at: datetime, patience: timedelta) -> State:
    """How the log stands: the gravest first. What waits for less than ``patience`` is no matter."""
    position = log.position()
    if _unattributed() >= position.acknowledged:
        return State.UNATTRIBUTED
    oldest = journal.waiting(after=position.sequence)
    if oldest is not None and at - oldest > patience:
        return State.BEHIND
    if not settings.REGISTRY_SIGNER:
        return State.NO_SIGNER
    late = position.unsigned_since is not None and at - position.unsigned_since > patience
    return State.UNSIGNED if late else State.OK


def acknowledge() -> int:
    """Say that every unattributed entry up to now was looked into; the size of the log that this is said of."""
    with transaction.atomic():
        log.hold()
        position = log.position()
        position.acknowledged = log.size()
        position.save(update_fields=["acknowledged"])
    return int(position.acknowledged)


def reconcile(*, at: datetime) -> list[str]:
    """Compare every published answer with the log; the numbers of the licences that nobody speaks for, logged as such.

    Finds what was changed with the triggers switched off, which the journal never saw.
    """
    odd: list[str] = []
    for numbers in journal.published(batch=BATCH):
        suspects = _unlike(numbers, at=at)
        if suspects:
            advance(at=at)  # what was decided meanwhile is no difference
            odd += _unlike(suspects, at=at)
    if odd:
        logger.error("Published answers that are not those of the log: %s", ", ".join(odd[:_NAMED]))
        append(_unattributed_leaf("registry_publishedrecord", "U", odd, "", at), at=at)
    return odd


def _unlike(numbers: Sequence[str], *, at: datetime) -> list[str]:
    """The licences whose answer is another than the newest entry about them says."""
    told = journal.answers(numbers)
    heads = log.heads(numbers)
    found = []
    for one in told:
        number = one.licence or ""
        said = leaves.read(heads[number][1]).get("pub", {}).get("spans", []) if number in heads else []
        if said != (leaves.republished(one, settings.REGISTRY_HOST, at=at)["pub"] or {}).get("spans"):
            found.append(number)
    return found


def _unattributed() -> int:
    try:
        return log.latest(leaves.ABOUT_NOBODY)
    except log.NotInLog:
        return -1


@transaction.atomic
def _round(*, at: datetime) -> bool:
    """Take the next piece of the journal; whether there may be more."""
    log.hold()
    position = log.position()
    told = journal.entries(after=position.sequence, limit=BATCH)
    found = [leaves.of_entry(one, settings.REGISTRY_HOST) for one in told]
    if told:
        position.sequence = told[-1].sequence
    more = len(told) == BATCH
    if not more:
        changes, place = journal.changes(Place(position.transaction, position.journal), quiet=_QUIET)
        position.transaction, position.journal = place.transaction, place.row
        found += _of_changes(changes, at=at)
    position.save(update_fields=["sequence", "transaction", "journal"])
    _append(found, at=at)
    return more


def _append(found: Sequence[Leaf], *, at: datetime) -> None:
    """Chain the entries about each licence and append them; the log is held."""
    if not found:
        return
    first = log.size()
    names = {name for leaf in found for name in (leaf.get("lic"), leaf.get("was")) if name}
    heads = {name: (index, merkle.leaf_hash(data)) for name, (index, data) in log.heads(names).items()}
    made: list[log.Leaf] = []
    for index, leaf in enumerate(found, first):
        number = leaf.get("lic")
        before = heads.get(number or "") or heads.get(leaf.get("was") or "")
        if number and before:
            leaf = leaf | {"prev": {"i": before[0], "h": before[1].hex()}}  # noqa: PLW2901 - the same, in its place
        data = leaves.write(leaf)
        if number:
            heads[number] = (index, merkle.leaf_hash(data))
            heads.pop(leaf.get("was") or "", None)
        made.append(log.Leaf(data, about=leaves.about(leaf)))
    position = log.position()
    if position.unsigned_since is None:
        position.unsigned_since = at
        position.save(update_fields=["unsigned_since"])
    for start in range(0, len(made), log.MOST_AT_ONCE):
        log.append(made[start : start + log.MOST_AT_ONCE])


# Changes that no entry of the register speaks for


def _of_changes(changes: Iterable[Change], *, at: datetime) -> list[Leaf]:
    found: list[Leaf] = []
    published: dict[str, None] = {}
    for change in changes:
        if change.relation == "registry_publishedrecord" and change.image["numbers"] is not None:
            published |= dict.fromkeys(change.image["numbers"])
        elif (lawful := _LAWFUL.get((change.relation, change.operation))) is not None:
            found += lawful(change, at)
        else:
            found += _nobodys(change, at)
    return found + _republished(list(published), at=at)


def _nobodys(change: Change, at: datetime) -> list[Leaf]:
    logger.error("A change of %s that no entry speaks for: row %s of the journal", change.relation, change.id)
    number = change.image.get("number")
    return [
        _unattributed_leaf(
            change.relation, change.operation, [number] if number else [], journal.commit_change(change), at
        )
    ]


def _unattributed_leaf(relation: str, operation: str, numbers: Sequence[str], row: str, at: datetime) -> Leaf:
    return {
        "t": leaves.ABOUT_NOBODY,
        "at": leaves.instant(at),
        "rel": relation,
        "op": operation,
        "of": list(numbers[:_NAMED]) or None,
        "row": row,
    }


def _republished(numbers: Sequence[str], *, at: datetime) -> list[Leaf]:
    """What was published again without an entry: right if the entries give it, else nobody speaks for it."""
    wrong = sorted({one.number for one in audit.of_numbers(numbers, at=at)})
    found: list[Leaf] = []
    if wrong:
        logger.error("Published answers that no entry speaks for: %s", ", ".join(wrong))
        found.append(_unattributed_leaf("registry_publishedrecord", "U", wrong, "", at))
    told = journal.answers(numbers)
    heads = log.heads([one.licence for one in told if one.licence])
    for one in told:
        leaf = leaves.republished(one, settings.REGISTRY_HOST, at=at)
        before = heads.get(one.licence or "")
        if one.licence not in wrong and before and leaves.read(before[1]).get("pub") != leaf["pub"]:
            found.append(leaf)
    return found


def _authority_added(change: Change, at: datetime) -> list[Leaf]:
    image = change.image
    return [
        {
            "t": "authority.added",
            "at": leaves.instant(at),
            "auth": leaves.did(settings.REGISTRY_HOST, image["code"]),
            "pub": {name: image[name] for name in ("code", "country", "kind", "name", "zone")},
        }
    ]


def _policy_set(change: Change, _at: datetime) -> list[Leaf]:
    image = change.image
    return [
        {
            "t": "policy.set",
            "at": _said(image["recorded_at"]),
            "auth": leaves.did(settings.REGISTRY_HOST, journal.authority_code(image["authority_id"])),
            "ver": image["version"],
            "from": _said(image["in_force_from"]),
            "rules": hashlib.sha256(rfc8785.dumps(image["rules"])).hexdigest(),
        }
    ]


def _licence_opened(change: Change, at: datetime) -> list[Leaf]:
    """A licence that waits to be granted is nothing public yet."""
    image = change.image
    opened = image["state"] == "not_granted" and not image["may_recruit"] and image["origin"] == "decided"
    return [] if opened else _nobodys(change, at)


def _nothing_public(_change: Change, _at: datetime) -> list[Leaf]:
    """A step of an application: what comes of it is an entry, and the rest concerns nobody who reads the log."""
    return []


def _badge_withdrawn(change: Change, at: datetime) -> list[Leaf]:
    """A badge changes once, when it is withdrawn: one that is good after a change was altered by hand."""
    image = change.image
    if image["withdrawn_at"] is None:
        return _nobodys(change, at)
    return [
        {
            "t": "badge.withdrawn",
            "at": _said(image["withdrawn_at"]),
            "auth": leaves.did(settings.REGISTRY_HOST, image["authority"]),
            "code": image["code"],
            "why": image["withdrawn_reason"],
            "row": journal.commit_change(change),
        }
    ]


def _token_issued(change: Change, _at: datetime) -> list[Leaf]:
    image = change.image
    return [
        {
            "t": "badge.issued",
            "at": _said(image["issued_at"]),
            "code": image["badge_id"],
            "kid": image["kid"],
            "tok": image["sha256"],
        }
    ]


def _status_list_published(change: Change, _at: datetime) -> list[Leaf]:
    image = change.image
    return [
        {
            "t": "statuslist.published",
            "at": _said(image["published_at"]),
            "uri": image["uri"],
            "sha256": image["sha256"],
        }
    ]


def _trust_list_published(change: Change, _at: datetime) -> list[Leaf]:
    image = change.image
    return [
        {
            "t": "trustlist.published",
            "at": _said(image["published_at"]),
            "ver": image["version"],
            "sha256": image["digest"],
        }
    ]


def _key_stated(change: Change, _at: datetime) -> list[Leaf]:
    image = change.image
    return [
        {
            "t": {"active": "key.added"}.get(image["state"], f"key.{image['state']}"),
            "at": _said(image["recorded_at"]),
            "of": image["authority"],
            "use": image["use"],
            "kid": image["kid"],
            "jwk": image["jwk"],
            "first": image["first"],
            "last": image["last"],
            "cutoff": image["cutoff"],
        }
    ]


def _said(instant: str) -> str | None:
    return leaves.instant(datetime.fromisoformat(instant))


_LAWFUL: Final[Mapping[tuple[str, str], Callable[[Change, datetime], list[Leaf]]]] = {
    ("registry_authority", "I"): _authority_added,
    ("registry_policyset", "I"): _policy_set,
    ("registry_licence", "I"): _licence_opened,
    ("registry_applicationevent", "I"): _nothing_public,
    ("verification_badge", "U"): _badge_withdrawn,
    ("verification_badgetoken", "I"): _token_issued,
    ("verification_statuspublication", "I"): _status_list_published,
    ("verification_trustlistversion", "I"): _trust_list_published,
    ("verification_keystatement", "I"): _key_stated,
}
"""What may happen without an entry of the register, by table and operation, and what the log says of it."""
