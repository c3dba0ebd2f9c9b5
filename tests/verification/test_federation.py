"""Two States, each with a register of its own: they recognise each other's badges and watch over each other's logs."""

from __future__ import annotations

import hashlib
import json
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import builders
from tests.verification import places
from tests.verification.places import Place
from tests.verification.test_trust_list import PINNED, ROOTS, countersigned, thumbprint
from verification import (
    badges,
    ceremony,
    codec,
    envelopes,
    keys,
    log,
    merkle,
    notes,
    offline,
    published_keys,
    published_trust,
    signing,
    status_list,
    trust_list,
)
from verification.codec import Badge
from verification.log import Leaf
from verification.offline import Reason
from verification.signing import Kind, NotSigned
from verification.status_list import Status, StatusList
from verification.trust_list import Signed
from verification.verdicts import Result

AT = datetime(2027, 1, 15, 8, tzinfo=UTC)
NOW = int(AT.timestamp())
DAY = 86_400


@dataclass(frozen=True)
class Federation:
    """Two registers and the first list of trust, which both publish."""

    here: Place
    there: Place
    first: Signed


@pytest.fixture
def federation(transactional_db: None, tmp_path: Path, clock: Any) -> Iterator[Federation]:
    clock.stop(AT)
    with (
        places.place("verify.example.org", "XA-DLA", tmp_path / "a", at=NOW) as here,
        places.place("check.example.net", "XB-DOL", tmp_path / "b", at=NOW) as there,
    ):
        statements = [stated(one) for one in (here, there)]
        payload = ceremony.draft(
            statements,
            issuer="did:web:trust.example.int",
            known=None,
            next_roots=[thumbprint(name) for name in ROOTS],
            at=NOW,
        )
        document = envelopes.join_jws(payload, [countersigned(payload, name) for name in ROOTS[1:]])
        for one in (here, there):
            with one.inside():
                published_trust.publish(document, roots=PINNED, at=AT)
        yield Federation(here, there, trust_list.open_signed(document, PINNED))


def stated(one: Place) -> dict[str, Any]:
    """What a register states of its authority, from the keys that its signer tells."""
    with one.inside() as client:
        builders.authority(one.authority)
        published_keys.record(client.keys(), at=AT)
        return published_keys.statement(one.authority, at=AT)


def issued(one: Place) -> tuple[str, bytes]:
    """A licence and its badge in this register: the address that is printed, and the list that says it stands."""
    with one.inside() as client:
        agency = builders.agency(authority=one.authority)
        number = builders.active(agency, authority=one.authority)
        code = badges.issue("licence", number, at=AT).code
        uri = f"https://{one.host}/s/1"
        stands = Badge(
            issuer=one.issuer,
            licence=number,
            issued=NOW,
            expires=NOW + 400 * DAY,
            status_uri=uri,
            status_index=7,
            code=code,
            name="Everest Overseas",
            class_letter="A",
            leaf=0,
        )
        key = client.signer(Kind.BADGE, one.issuer)
        digits = codec.encode(stands, kid=key.kid, sign=key.sign)
        listing = client.signer(Kind.STATUS, one.issuer)
        status = StatusList(uri, NOW, NOW + 7 * DAY, 300, 2, status_list.array_of({7: Status.VALID}))
        signed = status_list.seal_cwt(status, kid=listing.kid, sign=listing.sign)
        return f"https://{one.host}/v/{code}#{digits}", signed


def judged(by: Place, address: str, status: bytes) -> offline.Verdict:
    """What somebody finds who trusts the list that this register publishes."""
    with by.inside():
        known = published_trust.believed()
        assert known is not None
        return offline.verify(
            address, trust=known.trust, status_list=status, at=AT, logged=published_trust.logged
        )


def test_each_recognises_the_others_badges_and_nobody_elses(federation: Federation) -> None:
    here, there = federation.here, federation.there
    for one, other in ((here, there), (there, here)):
        address, status = issued(one)
        verdict = judged(other, address, status)
        assert (verdict.result, verdict.reasons) == (Result.LICENSED, (Reason.STATUS_VALID,))
        assert verdict.badge is not None
        assert verdict.badge.issuer == one.issuer
        _, digits = address.split("#")
        moved = f"https://{other.host}/v/{verdict.badge.code}#{digits}"
        assert judged(other, moved, status).reasons == (Reason.HOST_UNKNOWN,)
        strange = address.replace(one.host, "verify-example.org")
        assert judged(other, strange, status).reasons == (Reason.HOST_UNKNOWN,)


def grown(one: Place, *entries: str) -> notes.Note:
    """The register's log with these entries more, and its checkpoint."""
    with one.inside() as client:
        log.append([Leaf(entry.encode()) for entry in entries])
        log.publish(client, one.origin, at=AT)
        return log.newest()


def cosigned(by: Place, other: Place, note: notes.Note, proof: list[bytes] | None = None) -> notes.Note:
    """The other register's checkpoint with this witness's line; its own signature is checked by the list of trust."""
    with by.inside() as client:
        known = published_trust.believed()
        assert known is not None
        key = known.trust.authorities[other.issuer].log
        assert key is not None
        stated, note = notes.open_checkpoint(str(note).encode(), key)
        last = client.last(by.witness, stated.origin)
    if proof is None:
        with other.inside():
            proof = log.consistency_proof(last, stated.size) if 0 < last < stated.size else []
    line = signing.cosignature(by.client, by.witness, note, proof, at=NOW)
    return notes.Note(note.text, (*note.signatures, line))


def test_each_cosigns_the_others_checkpoints(federation: Federation) -> None:
    authorities = federation.first.trust.authorities
    for one, other in (
        (federation.here, federation.there),
        (federation.there, federation.here),
    ):
        witness, own = authorities[other.issuer].witness, authorities[one.issuer].log
        assert witness is not None
        assert own is not None
        cosigned(other, one, grown(one, "1", "2", "3"))
        seen = cosigned(other, one, grown(one, "4", "5"))
        assert notes.witnesses(seen, [witness]) == {witness.vkey()}
        with one.inside():
            proof = replace(log.proof(3), note=seen)
        assert notes.read_proof(str(proof).encode()).check(b"4", own).size == 5


def test_a_witness_refuses_the_second_history_of_a_register_whose_every_part_was_set_back(
    federation: Federation, tmp_path: Path
) -> None:
    here, there = federation.here, federation.there
    cosigned(there, here, grown(here, "1", "2"))
    backup = tmp_path / "backup"
    shutil.copytree(here.directory, backup)
    cosigned(there, here, grown(here, "3: suspended", "4"))

    # an insider puts database and signer back, and lets the suspension never have been
    forked = [merkle.leaf_hash(entry) for entry in (b"1", b"2", b"3: nothing", b"4", b"5")]
    tiles = dict(merkle.append(0, {}, forked))

    def read(wanted: Any) -> dict[merkle.Tile, bytes]:
        return {one: tiles[one] for one in wanted if one in tiles}

    stated = notes.Checkpoint(here.origin, 5, merkle.root(5, read))
    with places.signing_with(backup, tmp_path / "insider") as insider:
        note = signing.checkpoint(insider, stated, lambda old, new: merkle.consistency_proof(old, new, read))
    with pytest.raises(NotSigned, match=r"log\.forked"):
        cosigned(there, here, note, merkle.consistency_proof(4, 5, read))


def test_a_stolen_key_is_believed_nowhere_after_the_next_list(federation: Federation, clock: Any) -> None:
    here, there = federation.here, federation.there
    address, status = issued(here)
    digits = address.split("#")[1]
    token = hashlib.sha256(zlib.decompress(codec.from_digits(digits))).hexdigest()
    forged, _ = issued(here)
    grown(here, "1")
    with here.inside() as client:
        entry = {"t": "badge.issued", "tok": token}
        log.append([Leaf(json.dumps(entry).encode(), about=token)])
        key = client.signer(Kind.BADGE, here.issuer)
    keys.compromise(here.directory, key.kid, at=NOW, cutoff=2)
    with here.inside() as client:
        published_keys.record(client.keys(), at=AT)
        statement = published_keys.statement(here.authority, at=AT)
    payload = ceremony.draft([statement], issuer=None, known=federation.first, next_roots=None, at=NOW)
    document = envelopes.join_jws(payload, [countersigned(payload, name) for name in ROOTS[:2]])
    for one in (here, there):
        with one.inside():
            published_trust.publish(document, roots=(), at=AT + timedelta(minutes=1))
    assert judged(here, address, status).result is Result.LICENSED, "it was logged before the theft"
    assert judged(here, forged, status).reasons == (Reason.TOKEN_NOT_LOGGED,)
    assert judged(there, address, status).reasons == (Reason.KEY_COMPROMISED,), "ask the log of its own State"
