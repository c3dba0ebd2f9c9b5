"""Status lists: the draft's own vectors byte for byte, both formats from one array, nothing read carelessly."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import cwt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from tests.verification import minting
from tests.verification.minting import HOUR, INDEX, LIST, TODAY, listed, signer
from verification import cbor, codec, envelopes, public_keys, status_list
from verification.cbor import Malformed
from verification.status_list import Status, StatusList

DRAFT = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "token-status-list" / "examples"
needs_draft = pytest.mark.skipif(not DRAFT.is_dir(), reason="the draft's vectors are not on this machine")

LISTS = ("encoding", "encoding2", "encoding1_long", "encoding2_long", "encoding4", "encoding8")


def draft(name: str) -> str:
    return (DRAFT / f"status_list_{name}.md").read_text(encoding="utf-8")


def from_hex(text: str) -> bytes:
    return bytes.fromhex(re.sub(r"\s", "", text.rpartition("encoded:")[2]))


@needs_draft
@pytest.mark.parametrize("name", LISTS)
def test_the_drafts_lists_are_written_again_byte_for_byte(name: str) -> None:
    stated: dict[str, Any] = json.loads(re.sub(r"\s", "", draft(f"{name}_json").rpartition("encoded:")[2]))
    array = codec.inflate(public_keys.unbase64url(stated["lst"]), status_list.MOST_BYTES)
    assert cbor.encode(status_list.list_claim(array, stated["bits"]), sort=False) == from_hex(
        draft(f"{name}_cbor")
    )
    assert public_keys.base64url(zlib.compress(array, 9)) == stated["lst"]
    said = re.search(r"byte_array = \[(.*)\]", draft(f"{name}_json"))
    assert said is None or bytes(int(byte, 16) for byte in said[1].split(",")) == array


@needs_draft
def test_the_drafts_signed_lists_are_taken_apart_and_written_again() -> None:
    cose, jwt = from_hex(draft("cwt")), re.sub(r"\s", "", draft("jwt_raw"))
    for stated, envelope in (status_list.unseal(cose), status_list.unseal(jwt)):
        assert (stated.uri, stated.lifetime, stated.bits) == ("https://example.com/statuslists/1", 43_200, 1)
        assert (stated.issued, stated.expires, stated.array) == (1_686_920_170, 2_291_720_170, b"\xb9\xa3")
        assert [stated.status(index) for index in range(16)] == [
            1,
            0,
            0,
            1,
            1,
            1,
            0,
            1,
            1,
            1,
            0,
            0,
            0,
            1,
            0,
            1,
        ]
        assert len(envelope.signature) == 64
    stated, envelope = status_list.unseal(cose)
    again = status_list.seal_cwt(stated, kid="MTI", sign=lambda _: envelope.signature)
    assert status_list.unseal(again)[1].payload == envelope.payload


def test_two_bits_are_counted_from_the_lowest() -> None:
    array = bytes([0xC9, 0x44, 0xF9])
    assert [status_list.read(array, index) for index in range(12)] == [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]
    assert status_list.array_of({0: 1, 1: 2, 3: 3, 5: 1, 7: 1, 8: 1, 9: 2, 10: 3, 11: 3}, 12) == array


statuses = st.dictionaries(st.integers(0, 999), st.sampled_from(Status), max_size=40)


@settings(deadline=None)
@given(statuses, st.sampled_from([2, 4, 8]))
def test_every_status_is_read_where_it_was_put(stated: dict[int, Status], bits: int) -> None:
    array = status_list.array_of(stated, 1000, bits)
    assert [status_list.read(array, index, bits) for index in range(1000)] == [
        stated.get(index, Status.VALID) for index in range(1000)
    ]


@settings(deadline=None)
@given(statuses)
@example({0: Status.INVALID})
@example({7: Status.SUSPENDED, 8: Status.LIMITED})
def test_the_lists_of_the_w3c_say_the_same_bit_by_bit(stated: dict[int, Status]) -> None:
    array = status_list.array_of(stated, 1000)
    revoked = status_list.bitstring(array, status_list.REVOCATION)
    suspended = status_list.bitstring(array, status_list.SUSPENSION)
    for index in range(1000):
        status = status_list.read(array, index)
        assert status_list.read_bitstring(revoked, index) is (status == Status.INVALID)
        assert status_list.read_bitstring(suspended, index) is (status == Status.SUSPENDED)


def test_a_list_of_the_w3c_is_gzip_under_its_letter_with_the_first_index_leftmost() -> None:
    encoded = status_list.bitstring(
        status_list.array_of({0: Status.INVALID, 9: Status.INVALID}), {Status.INVALID}
    )
    ones = gzip.decompress(public_keys.unbase64url(encoded.removeprefix("u")))
    assert ones == b"\x80\x40" + bytes(16_384 - 2)
    assert status_list.bitstring(bytes(5), {Status.INVALID}) == status_list.bitstring(
        bytes(6), {Status.INVALID}
    )


@pytest.mark.parametrize("encoded", ["", "zAAAA", "uAAAA", "u====", "u" + "A" * (3 << 20)])
def test_a_broken_list_of_the_w3c_is_refused(encoded: str) -> None:
    with pytest.raises(Malformed):
        status_list.read_bitstring(encoded, 0)


def test_a_bomb_is_no_list_of_the_w3c() -> None:
    bomb = "u" + public_keys.base64url(gzip.compress(bytes(3 << 20)))
    with pytest.raises(Malformed):
        status_list.read_bitstring(bomb, 0)


def test_an_index_beyond_the_list_has_no_status() -> None:
    array = status_list.blank(8)
    encoded = status_list.bitstring(bytes(array), {Status.INVALID})
    for index in (-1, 8, 2**53):
        with pytest.raises(IndexError):
            status_list.read(array, index)
        with pytest.raises(IndexError):
            status_list.write(array, index, Status.VALID)
        with pytest.raises(IndexError):
            status_list.read_bitstring(encoded, index)
    for status in (-1, 4):
        with pytest.raises(Malformed):
            status_list.write(array, 0, status)


STATED = StatusList(LIST, TODAY, TODAY + 7 * 86_400, 300, 2, status_list.array_of({INDEX: Status.SUSPENDED}))


def test_a_signed_list_is_read_back_from_both_forms() -> None:
    for signed in (
        status_list.seal_cwt(STATED, kid=minting.kid("status"), sign=signer("status")),
        status_list.seal_jwt(STATED, kid=minting.kid("status"), sign=signer("status")),
        status_list.seal_jwt(
            replace(STATED, lifetime=None), kid=minting.kid("status"), sign=signer("status")
        ),
    ):
        stated, envelope = status_list.unseal(signed)
        assert replace(stated, lifetime=300) == STATED
        assert stated.status(INDEX) == Status.SUSPENDED
        assert envelope.kid == minting.kid("status")
        assert public_keys.vouches(minting.jwk("status"), envelope.signed, envelope.signature)


def test_other_libraries_believe_our_signed_lists() -> None:
    key = cwt.COSEKey.from_jwk({**minting.jwk("status"), "alg": "ES256", "kid": "status"})
    key._kid = public_keys.unbase64url(minting.kid("status"))
    claims = cbor2.loads(cwt.COSE.new().decode(listed(Status.SUSPENDED), key))
    assert claims[2] == LIST
    assert list(claims) == [2, 6, 4, 65_534, 65_533]
    signed = status_list.seal_jwt(STATED, kid=minting.kid("status"), sign=signer("status"))
    believed = jws.deserialize_compact(signed, ECKey.import_key(minting.jwk("status")), algorithms=["ES256"])
    assert believed.headers()["typ"] == "statuslist+jwt"
    assert json.loads(believed.payload)["ttl"] == 300


def _claims(**changed: object) -> dict[str, Any]:
    packed = public_keys.base64url(zlib.compress(bytes(4)))
    good: dict[str, Any] = {
        "sub": LIST,
        "iat": TODAY,
        "exp": TODAY + HOUR,
        "status_list": {"bits": 2, "lst": packed},
    }
    return good | changed


@pytest.mark.parametrize(
    "claims",
    [
        _claims(sub=None),
        _claims(iat=None),
        _claims(iat=True),
        _claims(exp=1.5),
        _claims(exp=-1),
        _claims(exp=codec.LAST_SECOND + 1),
        _claims(ttl="300"),
        _claims(status_list=None),
        _claims(status_list={"bits": 2}),
        _claims(status_list={"bits": 3, "lst": _claims()["status_list"]["lst"]}),
        _claims(status_list={"bits": True, "lst": _claims()["status_list"]["lst"]}),
        _claims(status_list={"bits": 2, "lst": "AAAA"}),
    ],
)
def test_a_list_that_does_not_say_what_it_must_is_refused(claims: dict[str, Any]) -> None:
    assert status_list.unseal(_sealed(_claims()))[0].array == bytes(4)
    with pytest.raises(Malformed):
        status_list.unseal(_sealed(claims))


def _sealed(claims: dict[str, Any]) -> str:
    return envelopes.seal_jws(
        claims, kid=minting.kid("status"), sign=signer("status"), kind=status_list.JWT_TYPE
    )


def test_what_is_longer_than_any_list_is_not_read() -> None:
    for signed in (b"\xd2" + bytes(status_list.MOST_SIGNED), "a" * (status_list.MOST_SIGNED + 1)):
        with pytest.raises(Malformed, match="long"):
            status_list.unseal(signed)


@settings(deadline=None)
@given(st.integers(0))
def test_every_turned_bit_of_a_list_as_jwt_is_refused(place: int) -> None:
    jwt = bytearray(status_list.seal_jwt(STATED, kid=minting.kid("status"), sign=signer("status")), "ascii")
    place %= len(jwt) * 8
    jwt[place // 8] ^= 1 << place % 8
    try:
        _, envelope = status_list.unseal(jwt.decode("latin-1"))
    except Malformed:
        return
    same_key = envelope.kid == minting.kid("status")
    assert not (same_key and public_keys.vouches(minting.jwk("status"), envelope.signed, envelope.signature))


@settings(deadline=None)
@given(st.integers(0))
def test_every_turned_bit_of_a_list_is_refused(place: int) -> None:
    cose = bytearray(listed(Status.SUSPENDED))
    place %= len(cose) * 8
    cose[place // 8] ^= 1 << place % 8
    try:
        _, envelope = status_list.unseal(bytes(cose))
    except Malformed:
        return
    same_key = envelope.kid == minting.kid("status")
    assert not (same_key and public_keys.vouches(minting.jwk("status"), envelope.signed, envelope.signature))
