"""Notes, checkpoints and proofs against the references of others, and bent in every way."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from verification import merkle, notes
from verification.cbor import Malformed
from verification.notes import Checkpoint, Key, Kind, LogProof, NotGenuine

# The example of Go's own note package, which other implementations check themselves by.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
NOTE = (TEXT + "\n" + LINE).encode()

# The example of C2SP's text on cosignatures.
COSIGNED = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/\
5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/\
zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
""".encode()

ORIGIN = "verify.example.org/log"
LOG = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"the log").digest())
WITNESS = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"a witness").digest())


def _key(private: Ed25519PrivateKey, name: str, kind: Kind) -> Key:
    return Key(name, kind, private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


LOG_KEY = _key(LOG, ORIGIN, Kind.NOTE)
WITNESS_KEY = _key(WITNESS, "register.example.net/w", Kind.COSIGNATURE)
ENTRIES = [f"entry {number}".encode() for number in range(7)]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]
TILES = merkle.append(0, {}, LEAVES)
CHECKPOINT = Checkpoint(ORIGIN, 7, merkle.root(7, lambda _wanted: TILES))


def _signed() -> notes.Note:
    note = notes.sign(str(CHECKPOINT), LOG_KEY, LOG.sign)
    line = notes.cosign(note, WITNESS_KEY, WITNESS.sign, at=1_700_000_000)
    return notes.Note(note.text, (*note.signatures, line))


def _proof(index: int = 3, extra: bytes = b"") -> LogProof:
    path = merkle.inclusion_proof(index, 7, lambda _wanted: TILES)
    return LogProof(index, tuple(path), _signed(), extra)


def test_the_reference_note_is_read_checked_and_signed_byte_for_byte() -> None:
    key = notes.read_key(PETER)
    note = notes.read(NOTE)
    assert (note.text, str(note).encode(), key.vkey()) == (TEXT, NOTE, PETER)
    assert notes.check(note, key).line() == LINE
    private = Ed25519PrivateKey.from_private_bytes(PETERS_SEED)
    assert str(notes.sign(TEXT, key, private.sign)).encode() == NOTE


def test_the_reference_checkpoint_with_a_cosignature_is_read() -> None:
    note = notes.read(COSIGNED)
    checkpoint = notes.read_checkpoint(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert str(checkpoint) == note.text
    log, witness = note.signatures
    assert (log.name, log.key_id.hex()) == ("example.com/behind-the-sofa", "033de0ae")
    assert (witness.name, witness.time) == ("witness.example.com/w1", 1_679_315_147)
    assert notes.cosigned(note.text, witness.time).startswith(
        "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsUY"
    )


def test_the_reference_key_cut_or_bent_anywhere_is_no_key() -> None:
    cuts = {PETER[i:j] for i in range(len(PETER)) for j in range(i + 1, len(PETER) + 1)} - {PETER}
    bent = {PETER[:i] + chr(ord(PETER[i]) + 1) + PETER[i + 1 :] for i in range(len(PETER))}
    for text in cuts | bent | {PETER + "\n", PETER.replace("c74f20a3", "C74F20A3"), ""}:
        with pytest.raises(Malformed):
            notes.read_key(text)


def test_a_key_of_another_kind_or_length_is_refused() -> None:
    longer = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="
    other = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    for text in (longer, other):
        with pytest.raises(Malformed):
            notes.read_key(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        TEXT.encode(),
        NOTE[:-1],
        NOTE + b"\n",
        NOTE.replace("— ".encode(), b"- "),
        NOTE.replace(b"\n\n", b"\n"),
        NOTE.replace(b"PeterNeumann x", b"PeterNeumann  x"),
        NOTE.replace(b"PeterNeumann x", b" x"),
        NOTE.replace(b"PeterNeumann x", b"Peter+Neumann x"),
        NOTE.replace(b"PeterNeumann x", "Peter\u2003Neumann x".encode()),
        NOTE.replace(b"JnAM=", b"JnAM"),
        NOTE.replace(b"JnAM=", b"JnAN="),
        NOTE.replace(b"x08go/", b"x08go_"),
        NOTE.replace(b"is.\n", b"is.\r\n"),
        NOTE.replace(b"is.\n", b"is.\0\n"),
        NOTE.replace(b"is.\n", b"is.\xff\n"),
        (TEXT + "\n— PeterNeumann x08g\n").encode(),
        (TEXT + "\n— PeterNeumann\n").encode(),
        (TEXT + "\n" + LINE * 101).encode(),
        b"\n" + (LINE * 2).encode(),
        NOTE + b"x" * notes.LONGEST_NOTE,
    ],
)
def test_what_is_no_note_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        notes.read(data)


def test_a_false_signature_under_a_known_name_refuses_the_note_and_an_unknown_one_is_passed_over() -> None:
    key = notes.read_key(PETER)
    false = notes.read(NOTE.replace(b"cryptography", b"Cryptography"))
    with pytest.raises(NotGenuine):
        notes.check(false, key)
    stranger = notes.Signature("Somebody", b"\1\2\3\4", b"\0" * 64)
    note = notes.read(NOTE)
    both = notes.Note(note.text, (stranger, *note.signatures))
    assert notes.check(notes.read(str(both).encode()), key).name == "PeterNeumann"
    with pytest.raises(NotGenuine, match="not signed"):
        notes.check(notes.Note(note.text, (stranger,)), key)


def test_a_witness_counts_once_and_only_for_what_it_saw() -> None:
    note = _signed()
    again = notes.cosign(note, WITNESS_KEY, WITNESS.sign, at=1_700_000_009)
    other_name = _key(WITNESS, "elsewhere.example.net/w", Kind.COSIGNATURE)
    renamed = notes.cosign(note, other_name, WITNESS.sign, at=1_700_000_009)
    many = notes.Note(note.text, (*note.signatures, again, renamed))
    assert len(notes.witnesses(many, (WITNESS_KEY, other_name))) == 1
    assert notes.witnesses(many, ()) == frozenset()
    later = Checkpoint(ORIGIN, 8, merkle.leaf_hash(b"another"))
    with pytest.raises(NotGenuine):
        notes.witnesses(notes.Note(str(later), many.signatures), (WITNESS_KEY,))


def test_a_cosignature_states_its_time_and_no_other() -> None:
    line = _signed().signatures[1]
    assert line.time == 1_700_000_000
    moved = notes.Signature(line.name, line.key_id, (1_700_000_001).to_bytes(8, "big") + line.data[8:])
    with pytest.raises(NotGenuine):
        notes.check(notes.Note(str(CHECKPOINT), (moved,)), WITNESS_KEY)
    with pytest.raises(Malformed):
        assert _signed().signatures[0].time
    for at in (-1, 2**63):
        with pytest.raises((Malformed, OverflowError)):
            notes.cosign(_signed(), WITNESS_KEY, WITNESS.sign, at=at)


def test_a_log_does_not_witness_and_a_witness_signs_no_note_of_its_own() -> None:
    with pytest.raises(Malformed):
        notes.sign(str(CHECKPOINT), WITNESS_KEY, WITNESS.sign)
    with pytest.raises(Malformed):
        notes.cosign(_signed(), LOG_KEY, LOG.sign, at=1)


def test_a_signer_that_answers_with_another_keys_signature_is_found_out() -> None:
    with pytest.raises(NotGenuine):
        notes.sign(str(CHECKPOINT), LOG_KEY, WITNESS.sign)
    with pytest.raises(NotGenuine):
        notes.cosign(_signed(), WITNESS_KEY, LOG.sign, at=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        f"{ORIGIN}\n07\n{'A' * 43}=\n",
        f"{ORIGIN}\n-1\n{'A' * 43}=\n",
        f"{ORIGIN}\n+7\n{'A' * 43}=\n",
        f"{ORIGIN}\n7 \n{'A' * 43}=\n",
        f"{ORIGIN}\n٧\n{'A' * 43}=\n",
        f"{ORIGIN}\n{2**53}\n{'A' * 43}=\n",
        f"{ORIGIN}\n7\n{'A' * 43}\n",
        f"{ORIGIN}\n7\n{'A' * 42}=\n",
        f"{ORIGIN}\n7\n{'A' * 42}B=\n",
        f"{ORIGIN}\n7\n{'A' * 40}\n",
        f"{ORIGIN}\n7\n{'A' * 43}=",
        f"{ORIGIN}\n7\n{'A' * 43}=\n\nmore\n",
        f"\n7\n{'A' * 43}=\n",
        f"{ORIGIN}\n0\n{'A' * 43}=\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        notes.read_checkpoint(text)


def test_a_checkpoint_may_say_more_and_is_read_back_with_it() -> None:
    further = Checkpoint("elsewhere.example/log", 0, merkle.EMPTY_ROOT, ("more", "and more"))
    assert notes.read_checkpoint(str(further)) == further


def test_a_checkpoint_of_another_log_is_refused_even_under_our_key() -> None:
    other = Checkpoint("elsewhere.example/log", CHECKPOINT.size, CHECKPOINT.root)
    note = notes.sign(str(other), LOG_KEY, LOG.sign)
    with pytest.raises(NotGenuine, match="another log"):
        notes.open_checkpoint(str(note).encode(), LOG_KEY)
    found, whole = notes.open_checkpoint(str(_signed()).encode(), LOG_KEY)
    assert (found, whole) == (CHECKPOINT, _signed())


@pytest.mark.parametrize("extra", [b"", b"salt and value"])
@pytest.mark.parametrize("index", range(7))
def test_a_proof_is_read_back_and_shows_its_entry_and_no_other(index: int, extra: bytes) -> None:
    proof = notes.read_proof(str(_proof(index, extra)).encode())
    assert (proof.index, proof.extra) == (index, extra)
    assert proof.check(ENTRIES[index], LOG_KEY) == CHECKPOINT
    with pytest.raises(merkle.NotProven):
        proof.check(b"something else", LOG_KEY)
    with pytest.raises(NotGenuine):
        proof.check(ENTRIES[index], _key(WITNESS, ORIGIN, Kind.NOTE))


def test_a_proof_is_written_as_c2sp_shows_it() -> None:
    head, rest = str(_proof(3, b"x")).split("\n\n", 1)
    lines = head.split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra eA==", "index 3"]
    assert [base64.b64decode(line) for line in lines[3:]] == list(_proof(3).path)
    assert rest == str(_signed())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("@v1", "@v2"),
        ("index 3", "index 03"),
        ("index 3", "index -3"),
        ("index 3", "Index 3"),
        ("index 3\n", ""),
        ("index 3", "extra \nindex 3"),
        ("index 3", "extra eA\nindex 3"),
        ("index 3", "index 3\nextra eA=="),
        ("index 3", "index 3\n" + "A" * 40),
        ("index 3", "index 3" + f"\n{'A' * 43}=" * 200),
        ("\n\n", "\n"),
        ("\n\n", "\r\n\r\n"),
    ],
)
def test_what_is_no_proof_is_refused(before: str, after: str) -> None:
    text = str(_proof())
    assert before in text
    with pytest.raises(Malformed):
        notes.read_proof(text.replace(before, after, 1).encode())


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 8 * len(str(_proof()).encode()) - 1))
def test_one_changed_bit_anywhere_in_a_proof_is_refused_or_reads_as_another_witness(bit: int) -> None:
    data = bytearray(str(_proof()).encode())
    data[bit // 8] ^= 1 << bit % 8
    try:
        proof = notes.read_proof(bytes(data))
        checkpoint = proof.check(ENTRIES[3], LOG_KEY)
        seen = notes.witnesses(proof.note, (WITNESS_KEY,))
    except (Malformed, NotGenuine, merkle.NotProven):
        return
    # Only a witness's name or its key's number was changed: what the log signed is what it was, and nobody saw it.
    assert (checkpoint, seen) == (CHECKPOINT, frozenset())
