"""What a badge states survives every form it takes, and no form is read in a second way."""

from __future__ import annotations

import unicodedata
import zlib
from dataclasses import replace

import cbor2
import cwt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from tests.verification import minting
from tests.verification.minting import BADGE, digits, sealed, signer
from verification import cbor, codec, envelopes, public_keys
from verification.cbor import Malformed
from verification.codec import Badge

numbers = st.integers(-(2**53), 2**53 - 1)
values = st.recursive(
    numbers | st.binary(max_size=300) | st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    lambda items: (
        st.lists(items, max_size=4)
        | st.dictionaries(numbers | st.text("ab\u0416", max_size=3), items, max_size=4)
    ),
    max_leaves=12,
).filter(lambda value: depth(value) <= cbor.DEEPEST)


def depth(value: object) -> int:
    inner = (
        [*value.keys(), *value.values()]
        if isinstance(value, dict)
        else value
        if isinstance(value, list)
        else []
    )
    return 1 + max(map(depth, inner), default=0)


@settings(deadline=None)
@given(values)
@example(23).via("the last integer in one byte")
@example(24).via("the first in two")
@example(2**32).via("the first in nine")
@example(-(2**53)).via("the least of all")
def test_cbor_is_read_back_and_another_library_reads_the_same(value: cbor.Value) -> None:
    encoded = cbor.encode(value)
    assert cbor.decode(encoded) == value
    assert cbor2.loads(encoded) == value
    assert cbor.decode(cbor2.dumps(value), sorted_keys=False) == value


@settings(deadline=None)
@given(st.binary(max_size=60))
@example(bytes.fromhex("a2616101616101")).via("a key twice")
@example(bytes.fromhex("a20201 0102".replace(" ", ""))).via("keys out of order")
@example(b"\x18\x17").via("a number in more bytes than it needs")
@example(b"\x81" * 9 + b"\x01").via("too deep")
@example(b"\xbf\xff").via("a map without its length")
@example(b"\xfb" + bytes(8)).via("a float")
@example(b"\x9b" + b"\xff" * 8).via("a list without end")
@example(b"").via("nothing")
def test_whatever_cbor_is_read_has_no_other_encoding(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except Malformed:
        return
    assert cbor.encode(value) == data


def test_what_has_no_place_in_a_proof_is_not_written() -> None:
    for value in (True, None, 1.5, 2**53, -(2**53) - 1, "\ud800", {b"key": 1}, (1,)):
        with pytest.raises(Malformed):
            cbor.encode(value if not isinstance(value, dict) else {"a": set()})  # type: ignore[arg-type, dict-item]


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_digits_are_read_back_and_as_many_as_promised(data: bytes) -> None:
    written = codec.to_digits(data)
    assert len(written) == len(data) // 7 * 17 + (0, 3, 5, 8, 10, 13, 15)[len(data) % 7]
    if data:
        assert codec.from_digits(written) == data


@settings(deadline=None)
@given(st.text("0123456789", min_size=1, max_size=40))
@example(str(2**56 - 1)).via("the largest group")
@example(str(2**56)).via("one more")
@example("256").via("one more than a byte")
@example("0").via("no byte has one digit")
def test_digits_that_nothing_is_written_as_are_refused(text: str) -> None:
    try:
        data = codec.from_digits(text)
    except Malformed:
        return
    assert codec.to_digits(data) == text


@pytest.mark.parametrize("text", ["", " 000", "+00", "0_0", "٠٠٠", "000\n", "000" + "0" * 7090])
def test_only_plain_digits_are_digits(text: str) -> None:
    with pytest.raises(Malformed):
        codec.from_digits(text)


names = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf"]), min_size=1, max_size=80).filter(
    lambda text: len(text) <= 80 and unicodedata.is_normalized("NFC", text)
)
places = st.integers(0, 2**53 - 1)
badges = st.builds(
    Badge,
    issuer=names,
    licence=names,
    issued=st.just(BADGE.issued),
    expires=st.integers(BADGE.issued + 1, BADGE.issued + codec.LONGEST_LIFE),
    status_uri=names,
    status_index=places,
    code=st.just(BADGE.code),
    name=names,
    class_letter=names,
    leaf=places,
    person=st.none() | names,
    destinations=st.lists(st.text("ABC", min_size=2, max_size=2), max_size=4).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(badges)
def test_a_badge_is_read_back_as_it_was_written(badge: Badge) -> None:
    read, envelope = codec.decode(codec.encode(badge, kid=minting.kid("badge"), sign=signer("badge")))
    assert read == badge
    assert envelope.kid == minting.kid("badge")
    assert public_keys.vouches(minting.jwk("badge"), envelope.signed, envelope.signature)
    assert not public_keys.vouches(minting.jwk("status"), envelope.signed, envelope.signature)


def test_every_turned_bit_of_a_token_is_refused() -> None:
    cose, jwk = sealed(), minting.jwk("badge")
    for place in range(len(cose) * 8):
        altered = bytearray(cose)
        altered[place // 8] ^= 1 << place % 8
        try:
            _, envelope = codec.decode(digits(bytes(altered)))
        except Malformed:
            continue
        same_key = envelope.kid == minting.kid("badge")
        assert not (same_key and public_keys.vouches(jwk, envelope.signed, envelope.signature)), place


def test_every_turned_bit_under_the_digits_is_refused_or_states_the_same_bytes() -> None:
    packed = zlib.compress(sealed(), 9)
    for place in range(len(packed) * 8):
        altered = bytearray(packed)
        altered[place // 8] ^= 1 << place % 8
        try:
            assert codec.inflate(bytes(altered), codec.MOST_BYTES) == sealed()
        except Malformed:
            continue


@settings(deadline=None)
@given(st.data())
def test_every_changed_digit_is_refused_or_states_the_same_bytes(data: st.DataObject) -> None:
    token = digits(sealed())
    place = data.draw(st.integers(0, len(token) - 1))
    altered = token[:place] + data.draw(st.sampled_from("0123456789")) + token[place + 1 :]
    try:
        assert codec.inflate(codec.from_digits(altered), codec.MOST_BYTES) == sealed()
    except Malformed:
        assert altered != token


def test_another_library_reads_our_token_and_believes_it() -> None:
    key = cwt.COSEKey.from_jwk({**minting.jwk("badge"), "alg": "ES256", "kid": "badge"})
    key._kid = public_keys.unbase64url(minting.kid("badge"))
    assert cbor2.loads(cwt.COSE.new().decode(sealed(), key)) == cbor.decode(codec.to_claims(BADGE))


def test_a_key_is_named_by_the_thumbprint_that_others_compute() -> None:
    assert (
        public_keys.base64url(public_keys.thumbprint(minting.jwk("badge")))
        == ECKey.import_key(minting.jwk("badge")).thumbprint()
    )
    assert public_keys.unbase64url(minting.kid("badge")) == public_keys.thumbprint(minting.jwk("badge"))[:8]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kty": "OKP"},
        {"crv": "P-384"},
        {"x": None},
        {"x": "AA"},
        {"y": "=" * 43},
        {"d": "A" * 43},
    ],
)
def test_what_is_no_public_key_on_our_curve_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        public_keys.vouches(minting.jwk("badge") | wrong, b"", bytes(64))


def test_a_point_beside_the_curve_and_a_signature_of_another_length_vouch_for_nothing() -> None:
    off_curve = minting.jwk("badge") | {"x": minting.jwk("status")["x"]}
    signature = signer("badge")(b"signed")
    assert public_keys.vouches(minting.jwk("badge"), b"signed", signature)
    assert not public_keys.vouches(off_curve, b"signed", signature)
    for other in (signature[:-1], signature + b"\0", bytes(64), b""):
        assert not public_keys.vouches(minting.jwk("badge"), b"signed", other)


@pytest.mark.parametrize(
    "name", ["e\u0301", "two\nlines", "\u202egnp.eman", "a\u2066b", "bell\a", "", "n" * 81, "half \ud800"]
)
def test_a_name_that_misleads_is_not_printed(name: str) -> None:
    with pytest.raises(Malformed):
        codec.encode(replace(BADGE, name=name), kid=minting.kid("badge"), sign=signer("badge"))


@pytest.mark.parametrize(
    "changed",
    [
        {"expires": BADGE.issued},
        {"expires": BADGE.issued + codec.LONGEST_LIFE + 1},
        {"issued": -1},
        {"leaf": -1},
        {"status_index": -1},
        {"code": BADGE.code.lower()},
        {"code": BADGE.code[:-1]},
        {"destinations": ("Qatar",)},
        {"person": ""},
        {"issuer": ""},
    ],
)
def test_a_badge_that_no_verifier_would_read_is_not_made(changed: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        replace(BADGE, **changed)  # type: ignore[arg-type] # one wrong fact each


def test_a_signer_that_answers_in_another_form_is_not_believed() -> None:
    with pytest.raises(Malformed, match="64 bytes"):
        codec.encode(BADGE, kid=minting.kid("badge"), sign=lambda _: bytes(70))


def test_the_same_badge_has_the_same_digits_each_time() -> None:
    written = [codec.encode(BADGE, kid=minting.kid("badge"), sign=signer("badge")) for _ in range(2)]
    assert written[0] == written[1]


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "é.a.a", "e30.e30.AA", "bm8.e30.AA"])
def test_what_is_no_signed_json_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        envelopes.open_jws(text, kind="statuslist+jwt")


@pytest.mark.parametrize("text", ["A", "AB", "A===", "+/8", "AA==", " AA", "AA\n"])
def test_base64url_that_nobody_would_write_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        public_keys.unbase64url(text)
