"""What stands in the transparency log: one JSON text (RFC 8785) an event, and what all of them say together.

Plain Python: no rows, no clock, no keys. An entry of the log holds codes, states, dates and numbers. What may have to
be forgotten (texts, officers, names that may be a person's, the grounds of a sanction) is there as a salted commitment
or in the digest of the whole row (rulings 27, trust model 6.7). ``apply`` folds entries into what the public register
answers: whoever has the log can say what the register must say.

Fields: ``v`` version, ``t`` type, ``seq`` the register's sequence number, ``at`` when it was recorded, ``auth`` the
authority's DID, ``lic`` licence, ``ag`` agency, ``code`` badge, ``dec`` decided, ``eff`` local day of effect, ``from``
and ``to`` instants of effect, ``ref`` the sequence number spoken of, ``was`` the number before, ``txt`` and ``by``
commitments, ``row`` digest of the whole row, ``pub`` what the public reads from now on, ``prev`` index and hash of the
entry before about the same licence.
"""

import json
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from registry.rules.lifecycle import STEPS, Action
from registry.rules.recorded import Recorded
from verification.cbor import Malformed

VERSION: Final = 1
LONGEST: Final = 65_535
"""Bytes of an entry; a longer one could not be published."""

ABOUT_NOBODY: Final = "unattributed"
"""What entries are found by that nothing in the register speaks for."""

TYPE_OF: Final = {action: f"licence.{action.value}" for action in STEPS} | {Action.CORRECT: "correction"}
"""The type of the entry that a step of the law leaves about a licence: each has its own."""

TYPES: Final = frozenset(
    {
        *TYPE_OF.values(),
        *(f"agency.{action.value}" for action in Action),
        "licence.observe",
        "licence.merge_agencies",
        "licence.republished",
        "entry.restricted",
        "authority.added",
        "policy.set",
        "key.added",
        "key.retired",
        "key.compromised",
        "badge.issued",
        "badge.withdrawn",
        "statuslist.published",
        "trustlist.published",
        "dump.published",
        "log.continued",
        "unattributed",
    }
)
"""Every type that an entry may have; the steps of the law have one each."""

Leaf = dict[str, Any]
"""An entry as JSON has it, before it is written."""


def did(host: str, authority: str) -> str:
    """The authority as a did:web: ``XA-DLA`` at ``verify.example.org`` is ``did:web:verify.example.org:a:xa-dla``."""
    return f"did:web:{host.replace(':', '%3A')}:a:{authority.lower()}"


def write(leaf: Leaf) -> bytes:
    """The entry's bytes; refuses with ``Malformed`` an unknown type, and what no entry can hold."""
    if leaf.get("t") not in TYPES:
        raise Malformed(f"no entry is of the type {leaf.get('t')}")
    told = {name: value for name, value in leaf.items() if value not in (None, "")} | {"v": VERSION}
    # RFC 8785 for what an entry is made of: names in ASCII, whole numbers, texts; the library is ten times slower.
    data = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    if len(data) > LONGEST:
        raise Malformed("an entry is too long")
    return data


def read(data: bytes) -> Leaf:
    """The entry in these bytes; ``Malformed`` unless it is an object with a version and a type that are known."""
    try:
        leaf = json.loads(data)
    except ValueError:
        raise Malformed("an entry is not JSON") from None
    if not isinstance(leaf, dict) or leaf.get("v") != VERSION or leaf.get("t") not in TYPES:
        raise Malformed("an entry of another version or type")
    return leaf


def of_entry(told: Recorded, host: str) -> Leaf:
    """The entry of the log for an entry of the register."""
    head: Leaf = {
        "seq": told.sequence,
        "at": instant(told.recorded_at),
        "auth": did(host, told.authority),
        "row": told.row,
    }
    if not told.published:
        return {"t": "entry.restricted", **head}
    return {
        "t": _type(told),
        **head,
        "lic": told.licence,
        "ag": told.agency,
        "was": told.was,
        "dec": instant(told.decided_at),
        "eff": told.effective_day.isoformat() if told.effective_day else None,
        "from": instant(told.effective_from),
        "to": instant(told.effective_until),
        "ref": told.refers_to,
        "by": told.by,
        "txt": dict(told.texts) or None,
        "pub": _public(told),
    }


def republished(told: Recorded, host: str, *, at: datetime) -> Leaf:
    """The entry for an answer that changed without a decision: what was spent is no longer told."""
    return {
        "t": "licence.republished",
        "at": instant(at),
        "auth": did(host, told.authority),
        "lic": told.licence,
        "ag": told.agency,
        "pub": _public(told),
    }


def _type(told: Recorded) -> str:
    action = Action(told.action)
    if told.licence is None:
        return f"agency.{action.value}"
    return TYPE_OF.get(action, f"licence.{action.value}")


def _public(told: Recorded) -> Leaf | None:
    if told.holder is None:
        return None
    said: Leaf = {"holder": told.holder.number}
    said |= {"name": told.holder.name} if told.holder.name else {"name_sha256": told.holder.committed}
    if told.spans is not None:
        said["spans"] = [list(span) for span in told.spans]
    return said


def about(leaf: Mapping[str, Any]) -> str:
    """What an entry is found by: a token's digest, a licence, an agency, a dump, or that nobody speaks for it."""
    if leaf.get("t") == "unattributed":
        return ABOUT_NOBODY
    return str(leaf.get("tok") or leaf.get("lic") or leaf.get("ag") or leaf.get("name") or "")


def instant(at: datetime | None) -> str | None:
    """An instant as the log writes it: RFC 3339, UTC, ``Z``."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


# What the entries say together


@dataclass(slots=True)
class Answer:
    """What the public register must answer about one licence: its holder, and the result from when on.

    ``index`` and ``digest`` are those of the newest entry about it, which the next one names as ``prev``.
    """

    index: int
    digest: str
    holder: str = ""
    spans: Sequence[Sequence[Any]] = field(default_factory=tuple)

    def at(self, when: str) -> tuple[str, str, bool] | None:
        """State, result and whether it may recruit at an instant; ``None`` before anything was said."""
        said = None
        for start, state, result, may_recruit in self.spans:
            if start is None or _comparable(start) <= _comparable(when):
                said = (str(state), str(result), bool(may_recruit))
        return said


def _comparable(text: str) -> str:
    """An instant in a form that sorts by time: with or without microseconds."""
    return (
        text.removesuffix("Z").ljust(len("2026-01-01T00:00:00.000000"), "0")
        if "." in text
        else (f"{text.removesuffix('Z')}.000000")
    )


def apply(answers: MutableMapping[str, Answer], leaf: Leaf, index: int, digest: str) -> str | None:
    """Fold one entry, the next of the log, into the answers; what is wrong with its place, or ``None``.

    ``digest`` is the entry's hash, hexadecimal. An entry about a licence names the one before about the same.
    """
    number = leaf.get("lic")
    if number is None:
        return None
    before = answers.pop(leaf["was"], None) if "was" in leaf else None
    before = answers.get(number) or before
    named = leaf.get("prev")
    wanted = {"i": before.index, "h": before.digest} if before else None
    wrong = (
        None if named == wanted else f"names {named} as the entry before about {number}, which is {wanted}"
    )
    said = leaf.get("pub") or {}
    answers[number] = Answer(
        index,
        digest,
        said.get("holder") or (before.holder if before else ""),
        said.get("spans", before.spans if before else ()),
    )
    return wrong


def fold(entries: Sequence[bytes], digests: Sequence[str]) -> dict[str, Answer]:
    """What the register must answer about each licence after these entries; ``Malformed`` if one is out of place."""
    answers: dict[str, Answer] = {}
    for index, (data, digest) in enumerate(zip(entries, digests, strict=True)):
        if wrong := apply(answers, read(data), index, digest):
            raise Malformed(f"entry {index} {wrong}")
    return answers
