"""The keys of a directory: one for each use and authority, from the day it is made to the day it is forgotten.

The only module that reaches private keys. The signer opens them, ``manage.py keys`` keeps them; import contracts
hold everybody else away. The directory holds ``keys.json``, which is public, and a PEM file (0600) for each key
that is not in a device or a cloud's key service. Times are seconds since 1970.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from verification import codec, trust_list, vaults
from verification.shapes import Kind
from verification.signing import Signer
from verification.trust_list import KeyState
from verification.vaults import Algorithm, VaultClosed

DAY: Final = 86_400
NOTICE: Final = 7 * DAY
"""A successor is published so long before it signs, so that lists of trust kept offline know it."""

PIN: Final = "REGISTRY_HSM_PIN"
"""The environment variable that opens a PKCS#11 device."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.:-]*(?:/[a-z0-9._~-]+)*", re.ASCII)
INDEX: Final = "keys.json"
"""The file of public parts."""


class Use(StrEnum):
    """What a key is for; a key has one use. The first four stand in lists of trust."""

    BADGE = trust_list.Use.BADGE.value
    STATUS = trust_list.Use.STATUS.value
    CREDENTIAL = trust_list.Use.CREDENTIAL.value
    RECEIPT = trust_list.Use.RECEIPT.value
    LOG = "log"
    WITNESS = "witness"


SIGNS: Final[Mapping[Kind, frozenset[Use]]] = {
    Kind.BADGE: frozenset({Use.BADGE}),
    Kind.STATUS: frozenset({Use.STATUS}),
    Kind.RECEIPT: frozenset({Use.RECEIPT}),
    Kind.CREDENTIAL: frozenset({Use.CREDENTIAL}),
    Kind.CHECKPOINT: frozenset({Use.LOG, Use.WITNESS}),
}
"""Which keys sign which kind of message."""

_YEAR: Final = 365 * DAY
_QUARTER: Final = 91 * DAY
PERIOD: Final[Mapping[Use, int | None]] = {
    Use.BADGE: _YEAR,
    Use.STATUS: _QUARTER,
    Use.CREDENTIAL: _YEAR,
    Use.RECEIPT: _QUARTER,
    Use.LOG: None,
    Use.WITNESS: None,
}
"""After how long a key is to be rotated. A log's or a witness's name stands and falls with its key."""

_GRACE: Final = 30 * DAY
"""So long a key still signs when its rotation was forgotten."""


class KeyRefused(ValueError):  # noqa: N818 - named by the refusal, like the register's errors
    """A step in a key's life that is not possible; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a private key is: ``file``, ``hsm`` or ``aws``, and what it takes to find it there."""

    vault: str = "file"
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """A key's public part and its life. It signs from ``first`` until before ``last`` unless it is compromised.

    ``authority`` is the issuer on badges (``verify.example.org/a/np-dofe``), the origin of a log, or a witness's
    name. ``cutoff`` is the size of the log at the last moment when a compromised key was still trusted.
    """

    kid: str
    use: Use
    authority: str
    jwk: Mapping[str, str]
    state: KeyState
    created: int
    first: int
    last: int
    place: Place
    insecure: bool = False
    cutoff: int | None = None

    def signs_at(self, at: int) -> bool:
        """Whether the key may sign at that second."""
        return self.state is KeyState.ACTIVE and self.first <= at < self.last

    def due_at(self, at: int) -> bool:
        """Whether it is time to rotate the key: its period is over and no successor ends it."""
        period = PERIOD[self.use]
        return self.state is KeyState.ACTIVE and period is not None and self.first + period <= at

    def public(self) -> dict[str, Any]:
        """What the world may know of the key, as lists of trust state it; the log's and a witness's too.

        The world may believe it from the day it was made, so that a successor who waits can begin early when the
        key before it was stolen.
        """
        stated: dict[str, Any] = {"kid": self.kid, "use": self.use.value, "authority": self.authority}
        stated |= {"jwk": dict(self.jwk), "nbf": self.created, "exp": self.last, "state": self.state.value}
        stated["insecure"] = self.insecure
        return stated | ({} if self.cutoff is None else {"cutoff": self.cutoff})


def every(directory: Path) -> list[Record]:
    """All keys of the directory, the oldest first; none when it has no index yet."""
    try:
        stated = json.loads((directory / INDEX).read_text("utf-8"))["keys"]
        return [_record(one) for one in stated]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise VaultClosed(f"{directory / INDEX} can't be read: {fault}") from fault


def _record(stated: Mapping[str, Any]) -> Record:
    facts = dict(stated)
    facts["use"], facts["state"] = Use(facts["use"]), KeyState(facts["state"])
    facts["place"] = Place(**facts["place"])
    record = Record(**facts)
    if vaults.kid(record.jwk) != record.kid:
        raise ValueError("a key is not the one that its name says")
    return record


def in_force(records: list[Record], use: Use, authority: str, at: int) -> Record | None:
    """The authority's key that signs for this use at that second: of two, the later one."""
    found = [one for one in records if (one.use, one.authority) == (use, authority) and one.signs_at(at)]
    return max(reversed(found), key=lambda one: one.first, default=None)


def open_key(directory: Path, record: Record) -> Signer:
    """The key, ready to sign; refuses with ``VaultClosed`` one that can't be opened or is another."""
    facts = record.place.facts
    signer: Signer
    match record.place.vault:
        case "file":
            signer = vaults.FileSigner(directory / f"{record.kid}.pem")
        case "hsm":
            pin = os.environ.get(PIN, "")
            signer = vaults.HsmSigner(facts["module"], facts["token"], facts["label"], pin, record.jwk)
        case "aws":
            signer = vaults.aws_signer(facts["key"])
        case other:
            raise VaultClosed(f"Nobody knows how to open a key in {other}.")
    if signer.kid != record.kid:
        raise VaultClosed(f"Where {record.kid} should be lies {signer.kid}.")
    return signer


# The life of a key


def create(
    directory: Path, use: Use, authority: str, *, at: int, place: Place | None = None, insecure: bool = False
) -> Record:
    """Make the first key of this use and authority; it signs at once.

    Refuses with ``KeyRefused`` when there is one that signs or will sign: rotate it.
    """
    with _changing(directory) as records:
        if any(_lives(one, use, authority, at) for one in records):
            raise KeyRefused(f"{authority} has a key for {use}: rotate it.")
        forever = {one.authority for one in records if PERIOD[one.use] is None}
        if PERIOD[use] is None and authority in forever:
            raise KeyRefused(f"{authority} is or was a log or a witness: a new key needs a new name.")
        record = _make(directory, use, authority, created=at, first=at, place=place, insecure=insecure)
        records.append(record)
    return record


def rotate(
    directory: Path, use: Use, authority: str, *, at: int, notice: int = NOTICE, place: Place | None = None
) -> Record:
    """Make the successor of a key; it signs after ``notice`` seconds, and then the old one no more.

    The successor is kept where the old key is unless another ``place`` is given. One that waits for long stands by:
    it begins at once when the old one is compromised. Refuses with ``KeyRefused`` without an old key, with a successor
    that waits already or would come too late, and for logs and witnesses, which never change theirs.
    """
    if PERIOD[use] is None:
        raise KeyRefused(f"A {use} never changes its key: create one under a new name, and publish both.")
    with _changing(directory) as records:
        old = next((one for one in records if _lives(one, use, authority, at)), None)
        if old is None:
            raise KeyRefused(f"{authority} has no key for {use}: create one.")
        if any(one.first > at and _lives(one, use, authority, at) for one in records):
            raise KeyRefused(f"{authority} has a successor for {use} that waits for its day.")
        if not 0 <= notice <= max(NOTICE, old.last - at):
            raise KeyRefused(f"{old.kid} signs until {old.last}: its successor begins no later.")
        facts: dict[str, Any] = {
            "created": at,
            "first": at + notice,
            "place": place or old.place,
            "insecure": old.insecure,
        }
        record = _make(directory, use, authority, **facts)
        _change(records, old, last=max(record.first, old.first + 1))
        records.append(record)
    return record


def retire(directory: Path, kid: str, *, at: int) -> Record:
    """End a key that signs no more; what it signed stays good. ``KeyRefused`` while it signs or will sign."""
    with _changing(directory) as records:
        record = _find(records, kid)
        if record.state is not KeyState.ACTIVE:
            raise KeyRefused(f"{kid} is {record.state} already.")
        if at < record.last:
            raise KeyRefused(
                f"{kid} still signs, or will: rotate it first, and wait until its successor does."
            )
        return _change(records, record, state=KeyState.RETIRED)


def compromise(directory: Path, kid: str, *, at: int, cutoff: int) -> Record:
    """Say that somebody else may have the key: from now on it signs nothing.

    ``cutoff`` is the size of the log at the last moment when it was trusted: badges that stand below it are
    still believed by who can ask. A successor that waits begins at once; without one make a key with ``create``.
    A second call may only lower the cutoff.
    """
    with _changing(directory) as records:
        record = _find(records, kid)
        if cutoff < 0 or (record.cutoff is not None and cutoff > record.cutoff):
            raise KeyRefused("A cutoff is the size of a log, and is never raised.")
        for waiting in [
            one for one in records if one.first > at and _lives(one, record.use, record.authority, at)
        ]:
            _change(records, waiting, first=at)
        last = max(min(record.last, at), record.first + 1)
        return _change(records, record, state=KeyState.COMPROMISED, last=last, cutoff=cutoff)


def _lives(record: Record, use: Use, authority: str, at: int) -> bool:
    same = (record.use, record.authority) == (use, authority)
    return same and record.state is KeyState.ACTIVE and at < record.last


def _make(
    directory: Path,
    use: Use,
    authority: str,
    *,
    created: int,
    first: int,
    place: Place | None,
    insecure: bool,
) -> Record:
    if not _NAME.fullmatch(authority):
        raise KeyRefused(f"{authority!r} is no name: a host and a path in small letters, as on badges.")
    place = place or Place()
    algorithm = Algorithm.ED25519 if PERIOD[use] is None else Algorithm.ES256
    jwk, place = _made(
        directory, place, algorithm, label=f"{use}-{first}-{os.urandom(4).hex()}", insecure=insecure
    )
    period = PERIOD[use]
    last = codec.LAST_SECOND if period is None else first + period + _GRACE
    return Record(
        vaults.kid(jwk), use, authority, jwk, KeyState.ACTIVE, created, first, last, place, insecure=insecure
    )


def _made(
    directory: Path, place: Place, algorithm: Algorithm, *, label: str, insecure: bool
) -> tuple[dict[str, str], Place]:
    facts = dict(place.facts)
    match place.vault:
        case "file":
            return vaults.make_file(directory, algorithm, insecure=insecure), place
        case "hsm":
            facts["label"] = label
            pin = os.environ.get(PIN, "")
            return vaults.make_hsm(facts["module"], facts["token"], label, pin, algorithm), replace(
                place, facts=facts
            )
        case "aws" if algorithm is Algorithm.ES256:
            return vaults.aws_signer(facts["key"]).public_jwk, place
    raise KeyRefused(f"A key of {algorithm} can't be kept in {place.vault}.")


def _find(records: list[Record], kid: str) -> Record:
    found = next((one for one in records if one.kid == kid), None)
    if found is None:
        raise KeyRefused(f"There is no key {kid}.")
    return found


def _change(records: list[Record], record: Record, **changes: Any) -> Record:
    changed = replace(record, **changes)
    records[records.index(record)] = changed
    return changed


@contextmanager
def _changing(directory: Path) -> Iterator[list[Record]]:
    """The records to change, for one process at a time; written when the block ends well, at once or not at all."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / "keys.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        records = every(directory)
        yield records
        if len({one.kid for one in records}) != len(records):
            raise KeyRefused("This key stands in the directory already.")
        write_whole(directory / INDEX, {"v": 1, "keys": [asdict(one) for one in records]})


def write_whole(path: Path, stated: Mapping[str, Any]) -> None:
    """Put JSON in place of the file, so that a crash leaves the old one or the new one, and it is on the disk."""
    draft = path.with_name(f"{path.name}.new")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(stated, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
