"""The cases that every verifier of ours must judge alike, and what they must say: ``fixtures/vectors``."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.verification import minting
from tests.verification.minting import BADGE, DAY, HOUR, TODAY, address, digits, listed, printed, sealed
from verification import cbor, codec, offline, public_keys, trust_list
from verification.status_list import CWT_TYPE, Status

FOLDER: Final = Path(__file__).resolve().parents[2] / "fixtures" / "vectors"
TRUST: Final = "trust-list.json"


@dataclass(frozen=True)
class Case:
    """What is given, and the result and reasons that are right; ``says`` is for whoever reads the file."""

    name: str
    says: str
    given: str
    result: str
    reasons: tuple[str, ...]
    status: bytes | None
    at: datetime = minting.NOW
    trusting: bool = True

    def as_json(self) -> dict[str, Any]:
        """The case as its file holds it, with the verdict that our own verifier gives, if it is the right one."""
        trust = trust_list.read(minting.trust_payload()) if self.trusting else None
        verdict = offline.verify(self.given, trust=trust, status_list=self.status, at=self.at).as_json()
        right = [self.result, list(self.reasons)]
        if [verdict["result"], verdict["reasons"]] != right:
            raise AssertionError(f"{self.name}: {verdict} instead of {right}")
        return {
            "says": self.says,
            "given": self.given,
            "trust": TRUST if self.trusting else None,
            "status": None if self.status is None else public_keys.base64url(self.status),
            "at": f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            "verdict": verdict,
        }


VALID: Final = ("status.valid",)


def _good() -> Iterator[Case]:
    def good(name: str, says: str, given: str, status: bytes | None = None) -> Case:
        return Case(name, says, given, "licensed", VALID, status or listed())

    yield good("good", "All as it should be: green, in outline.", printed())
    yield good("good-digits-alone", "The digits without an address.", printed().partition("#")[2])
    shouted = f"HTTPS://VERIFY.EXAMPLE.ORG/v/{BADGE.code.lower()}?lang=ar#{printed().partition('#')[2]}"
    yield good("good-letter-case", "Letter case of host and code, and a language asked for.", shouted)
    specified = sealed(protected={1: -9, 4: public_keys.unbase64url(minting.kid("badge"))})
    yield good("good-alg-9", "The algorithm under its fully specified name.", address(digits(specified)))
    before = printed(key="badge before", issued=TODAY - 300 * DAY)
    yield good("good-retired-key", "A retired key signed while it was in use.", before)
    card = printed(person="রহিমা খাতুন", name="شركة الخليج لخدمات التوظيف", destinations=("QA", "SA"))
    yield good("good-person", "A sub-agent's card, in two scripts, for two countries.", card)
    marked = sealed(codec.to_claims(replace(BADGE, name="\ufeffEverest")))
    yield good("good-byte-order-mark", "A mark that a careless reader drops.", address(digits(marked)))
    yield good(
        "good-list-from-just-now", "The reader's clock is two minutes behind.", printed(), listed(age=-120)
    )
    foreign = _list_with({1: -7, 16: CWT_TYPE}, {4: public_keys.unbase64url(minting.kid("status"))})
    yield good("good-list-kid-outside", "A list may name its key outside the signature.", printed(), foreign)
    yield good("good-list-of-a-day", "The oldest list that still speaks.", printed(), listed(age=DAY))


def _list_with(protected: cbor.Value, unprotected: cbor.Value) -> bytes:
    payload = cbor.decode(listed()[1:], sorted_keys=False)
    if not isinstance(payload, list) or not isinstance(payload[2], bytes):
        raise TypeError
    return sealed(payload[2], key="status", protected=protected, unprotected=unprotected)


def _statuses() -> Iterator[Case]:
    def case(name: str, says: str, result: str, *reasons: str, status: bytes | None, **more: Any) -> Case:
        return Case(name, says, printed(), result, reasons, status, **more)

    yield case("suspended", "Suspended.", "not_licensed", "status.suspended", status=listed(Status.SUSPENDED))
    yield case("revoked", "Ended.", "not_licensed", "status.invalid", status=listed(Status.INVALID))
    yield case("limited", "Good for some only.", "limited", "status.limited", status=listed(Status.LIMITED))
    for name, status, result in (
        ("valid", Status.VALID, "unknown"),
        ("limited", Status.LIMITED, "unknown"),
        ("suspended", Status.SUSPENDED, "not_licensed"),
        ("revoked", Status.INVALID, "not_licensed"),
    ):
        reason = "status.invalid" if name == "revoked" else f"status.{name}"
        late = listed(status, age=25 * HOUR)
        yield case(f"stale-list-{name}", "A list of 25 hours.", result, reason, "status.old", status=late)
        old = listed(status, age=7 * DAY)
        yield case(f"old-list-{name}", "A list of seven days.", "unknown", "status.expired", status=old)
    short = listed(age=3 * HOUR, expires=TODAY - HOUR)
    yield case("list-over", "A list past its own end.", "unknown", "status.expired", status=short)
    yield case("no-list", "No list at all.", "unknown", "status.missing", status=None)
    ahead = listed(age=-2 * HOUR)
    yield case(
        "list-from-the-future", "The reader's clock is behind.", "unknown", "status.valid", "status.not_yet",
        status=ahead,
    )  # fmt: skip
    yield from _bad_lists(case)
    ended = minting.NOW + timedelta(seconds=BADGE.expires - TODAY)
    over: dict[str, Any] = {"expires": TODAY - 1, "issued": TODAY - 50 * DAY}
    for status, reason in ((Status.VALID, "status.valid"), (Status.SUSPENDED, "status.suspended")):
        yield Case(
            f"expired-print-{reason.removeprefix('status.')}", "An old print is amber, never red.",
            printed(**over), "unknown", ("badge.print_old", reason), listed(status),
        )  # fmt: skip
    yield Case(
        "trust-expired",
        "No list of trust is that old.",
        printed(),
        "unknown",
        ("trust.expired",),
        listed(),
        ended,
    )


def _bad_lists(case: Callable[..., Case]) -> Iterator[Case]:
    other = listed(uri="https://verify.example.org/s/2")
    yield case("list-other", "The list of others.", "unknown", "status.other_list", status=other)
    for name, key in (
        ("signed-by-stranger", "stranger"),
        ("signed-by-badge-key", "badge"),
        ("signed-by-stolen-key", "status stolen"),
        ("signed-by-other-authority", "other status"),
    ):
        yield case(
            f"list-{name}", "Not signed by the authority's key for lists.", "unknown", "status.not_genuine",
            status=listed(key=key),
        )  # fmt: skip
    altered = bytearray(listed(Status.SUSPENDED))
    altered[-1] ^= 1
    yield case("list-altered", "One bit turned.", "unknown", "status.not_genuine", status=bytes(altered))
    before = listed(issued=TODAY - 61 * DAY, expires=TODAY + DAY)
    yield case("list-before-key", "Older than its key.", "unknown", "status.not_genuine", status=before)
    few = listed(entries=1024)
    yield case(
        "list-too-short", "The index is not in the list.", "unknown", "status.out_of_range", status=few
    )
    one = listed(bits=1)
    yield case("list-of-one-bit", "Lists of ours have two bits.", "unknown", "status.malformed", status=one)
    bomb = listed(array=bytes(3 << 20))
    yield case("list-bomb", "Inflates to three megabytes.", "unknown", "status.malformed", status=bomb)
    longer = listed() + b"\0"
    yield case("list-trailing-byte", "A byte after the end.", "unknown", "status.malformed", status=longer)
    yield case("list-empty", "Nothing in it.", "unknown", "status.malformed", status=b"")
    untyped = _list_with({1: -7, 4: public_keys.unbase64url(minting.kid("status"))}, {})
    yield case("list-untyped", "Another kind of statement.", "unknown", "status.malformed", status=untyped)


def _not_genuine() -> Iterator[Case]:
    def fake(name: str, says: str, given: str, reason: str, result: str = "not_genuine") -> Case:
        return Case(name, says, given, result, (reason,), listed())

    token = printed().partition("#")[2]
    yield fake("forged", "A stranger's signature under the authority's key name.",
               address(digits(sealed(key="stranger", named="badge"))), "token.forged")  # fmt: skip
    for name, place in (("payload", -90), ("signature", -1)):
        altered = bytearray(sealed())
        altered[place] ^= 1
        yield fake(f"altered-{name}", "One bit turned.", address(digits(bytes(altered))), "token.forged")
    yield fake("unknown-key", "A key nobody vouches for.", printed(key="stranger"), "key.unknown")
    yield fake(
        "key-of-other-authority", "A key of another authority.", printed(key="other badge"), "key.unknown"
    )
    yield fake(
        "unknown-issuer", "An issuer nobody knows.", printed(issuer=f"{minting.HOST}/a/zz"), "issuer.unknown"
    )
    yield fake("wrong-use-key", "The key for lists signs no badges.", printed(key="status"), "key.wrong_use")
    yield fake(
        "key-not-yet", "Signed before its key was.", printed(issued=TODAY - 101 * DAY), "key.not_in_use"
    )
    late = printed(key="badge before")
    yield fake("key-retired-before", "Signed after its key retired.", late, "key.not_in_use")
    yield fake(
        "code-mismatch", "Another badge's token.", address(token, code="XA00000000000"), "code.mismatch"
    )
    yield fake(
        "code-missing", "A token under no code.", f"https://{minting.HOST}/about#{token}", "code.mismatch"
    )
    for name, host in (
        ("look-alike", "verify-example.org"),
        ("homograph", "vеrify.example.org"),
        ("host-in-name", "verify.example.org@example.com"),
        ("host-in-password", "verify.example.org:80@example.com"),
        ("host-below", "verify.example.org.example.com"),
        ("host-with-dot", "verify.example.org."),
        ("host-backslash", "example.com\\verify.example.org"),
        ("host-of-other-authority", minting.OTHER_HOST),
    ):
        yield fake(name, "A site that is not the authority's.", address(token, host=host), "host.unknown")
    bare = f"https://verify-example.org/v/{BADGE.code}"
    yield fake("look-alike-print-s", "A strange site and no token.", bare, "host.unknown")
    yield fake("other-scheme", "No address of the web.", f"javascript:alert(1)//{printed()}", "host.unknown")
    yield fake("stolen-key", "Only the log knows.", printed(key="badge stolen"), "key.compromised", "unknown")
    missing = printed().partition("#")[0]
    yield fake("no-token", "Print S: nothing to prove offline.", missing, "token.missing", "unknown")
    in_days = minting.NOW + timedelta(days=9)
    for name, given in (("key", printed(key="stranger")), ("issuer", printed(issuer=f"{minting.HOST}/a/zz"))):
        yield Case(f"unknown-{name}-and-old-trust", "A list of trust too old to know a new one.", given,
                   "unknown", (f"{name}.unknown",), None, in_days)  # fmt: skip
    yield Case(
        "no-trust", "Nobody to believe.", printed(), "unknown", ("trust.missing",), listed(), trusting=False
    )
    early = minting.NOW - timedelta(days=2)
    yield Case("trust-from-the-future", "The reader's clock is behind.", printed(), "unknown", ("trust.not_yet",),
               listed(), early)  # fmt: skip
    yield fake("badge-from-the-future", "The reader's clock is behind.",
               printed(issued=TODAY + HOUR), "badge.not_yet", "unknown")  # fmt: skip


def _malformed() -> Iterator[Case]:
    def malformed(name: str, says: str, given: str) -> Case:
        return Case(name, says, address(given), "not_genuine", ("token.malformed",), listed())

    claims, cose = codec.to_claims(BADGE), sealed()
    token = digits(cose)
    leaf = cbor.encode(BADGE.leaf)
    name = cbor.encode(BADGE.name)
    for title, says, old, new in (
        ("long-integer", "Eight bytes for a number of three.", leaf, b"\x1b" + BADGE.leaf.to_bytes(8, "big")),
        ("integer-of-54-bits", "Not the same everywhere.", leaf, b"\x1b" + (1 << 53).to_bytes(8, "big")),
        ("long-length", "Two bytes for a length of one.", name, b"\x79\0\x28" + name[2:]),
        ("indefinite-text", "A text without its length.", name, b"\x7f" + name + b"\xff"),
        ("text-not-utf-8", "Half a letter.", name, b"\x61\xc3"),
        ("text-surrogate", "Half a pair, in three bytes.", name, b"\x63\xed\xa0\x80"),
        ("float", "A number with a point.", leaf, b"\xfb\x41\x32\xd6\x87\0\0\0\0"),
        ("null", "Nothing, said in a byte.", leaf, b"\xf6"),
        ("tag", "A tag within.", leaf, b"\xc1" + leaf),
        ("name-empty", "No name.", name, b"\x60"),
        ("name-too-long", "81 letters.", name, cbor.encode("n" * 81)),
        ("deep-cbor", "Lists within lists.", name, b"\x81" * 200 + b"\0"),
        ("list-too-long", "A count that nothing can hold.", name, b"\x9a\xff\xff\xff\xff"),
    ):
        yield malformed(title, says, digits(sealed(claims.replace(old, new))))
    stated = cbor.decode(claims)
    if not isinstance(stated, dict):
        raise TypeError
    yield malformed("keys-not-sorted", "Claims out of order.",
                    digits(sealed(cbor.encode(dict(reversed(stated.items())), sort=False))))  # fmt: skip
    twice = b"\xa7\x01\x61x" + claims[1:]
    yield malformed("key-twice", "Two issuers.", digits(sealed(twice)))
    yield malformed("unknown-claim", "A claim nobody knows.", digits(sealed(cbor.encode({**stated, 5: 1}))))
    long_life = cbor.encode({**stated, 4: BADGE.issued + 731 * DAY + 1})
    yield malformed("life-too-long", "More than 24 months.", digits(sealed(long_life)))
    facts = stated[-65_537]
    if not isinstance(facts, dict):
        raise TypeError
    for title, key, fact in (
        ("unknown-fact", 7, 1),
        ("no-destinations", 6, []),
        ("destinations-text", 6, ""),
        ("destination-not-a-country", 6, ["Qatar"]),
        ("person-number", 5, 0),
        ("code-not-a-code", 1, "XAM9S346Q3D2I"),
        ("code-listed", 1, [BADGE.code]),
    ):
        changed: dict[int | str, cbor.Value] = {**stated, -65_537: {**facts, key: fact}}  # type: ignore[dict-item] # whatever
        yield malformed(title, "A fact of another kind.", digits(sealed(cbor.encode(changed))))
    yield malformed("trailing-in-claims", "A byte after the claims.", digits(sealed(claims + b"\0")))
    yield malformed("trailing-in-cose", "A byte after the signature.", digits(cose + b"\0"))
    packed = zlib.compress(cose, 9)
    yield malformed("trailing-in-zlib", "A byte after the stream.", codec.to_digits(packed + b"\0"))
    whole_again = codec.to_digits(packed + packed)
    yield malformed("trailing-stream", "A second stream.", whole_again)
    yield malformed("cut-short", "The last byte is missing.", codec.to_digits(packed[:-1]))
    yield malformed("not-deflated", "The statement as it is.", codec.to_digits(cose))
    bare = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = bare.compress(cose) + bare.flush()
    yield malformed("raw-deflate", "Without zlib's own frame.", codec.to_digits(raw))
    yield malformed("zlib-bomb", "Inflates to two and a half megabytes.", digits(bytes(2_500_000)))
    just = cose + bytes(4097 - len(cose))
    yield malformed("one-byte-too-many", "4,097 bytes.", digits(just))
    yield malformed("no-tag", "Not marked as COSE_Sign1.", digits(cose[1:]))
    yield malformed("cwt-tag", "Another tag around it.", digits(b"\xd8\x3d" + cose))
    kid = public_keys.unbase64url(minting.kid("badge"))
    for title, says, inner, outer in (
        ("kid-only-unprotected", "The key is named outside the signature.", {1: -7}, {4: kid}),
        ("kid-in-both", "The key is named twice.", {1: -7, 4: kid}, {4: kid}),
        ("unprotected-not-empty", "Something outside the signature.", {1: -7, 4: kid}, {5: b""}),
        ("other-algorithm", "ES384.", {1: -35, 4: kid}, {}),
        ("no-algorithm", "None.", {4: kid}, {}),
        ("critical-header", "A header that must be known.", {1: -7, 2: [99], 4: kid}, {}),
        ("kid-is-text", "A name of another kind.", {1: -7, 4: minting.kid("badge")}, {}),
    ):
        given = sealed(protected=inner, unprotected=outer)  # type: ignore[arg-type] # whatever
        yield malformed(title, says, digits(given))
    large = f"{(1 << 56):017d}"
    yield malformed("digits-group-too-large", "Seven bytes hold no such number.", large + token[17:])
    yield malformed(
        "digits-last-group-too-large", "Nor does a shorter group.", token[: len(token) // 17 * 17] + "999"
    )
    yield malformed("digits-of-no-length", "No bytes have so many digits.", token + "0" * (_odd(token)))
    yield malformed("digits-of-no-byte", "One digit more, and no byte more.", _even() + "0")
    yield malformed("digits-with-letter", "A letter among them.", token[:-1] + "x")
    yield malformed("digits-of-another-script", "Digits, but not these.", token[:-1] + "٣")
    yield malformed("digits-too-many", "More than any code holds.", "0" * 7090)


def _odd(token: str) -> int:
    """How many digits make the last group one of no bytes."""
    return next(more for more in range(17) if (len(token) + more) % 17 in {1, 2, 4, 6, 7, 9, 11, 12, 14, 16})


def _even() -> str:
    """The digits of a badge that has as many bytes as its groups hold."""
    tokens = (printed(leaf=leaf).partition("#")[2] for leaf in range(65_536, 65_600))
    return next(token for token in tokens if not len(token) % 17)


def cases() -> list[Case]:
    """Every case, by name."""
    return [*_good(), *_statuses(), *_not_genuine(), *_malformed()]


def files() -> dict[str, str]:
    """Every file of the vectors and its text, the same each time."""
    keys = {
        name: {"kid": minting.kid(name), "jwk": minting.jwk(name, private=True)}
        for name in (*minting.KEYS, *minting.OTHER_KEYS, "stranger")
    }
    found = {
        TRUST: minting.trust_payload(),
        "keys.json": {"warning": minting.WARNING, "keys": keys},
        **{f"badge/{case.name}.json": case.as_json() for case in cases()},
    }
    return {name: json.dumps(content, ensure_ascii=False, indent=2) + "\n" for name, content in found.items()}
