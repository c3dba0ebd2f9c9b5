"""What is signed, as other people's programs fetch it: lists, credentials, receipts, certificates."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # has no stubs
import pypdfium2
import pytest
from django.conf import settings
from django.test import Client as Visitor
from django.test import override_settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from registry.rules import numbering
from tests import builders
from tests.conftest import Clock, Kept, signer_of
from tests.house import House
from tests.verification import minting
from verification import (
    badges,
    codec,
    envelopes,
    keys,
    leaves,
    log,
    offline,
    public_keys,
    published_keys,
    receipts,
    secured,
    sequencing,
    signing,
    status_list,
    statuses,
    tokens,
)
from verification.cbor import Malformed
from verification.keys import Use
from verification.shapes import Kind
from verification.signing import Client

AT = builders.START
VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"
JWT = {"Accept": "application/jwt"}
pytestmark = pytest.mark.django_db


class Known:
    """A licence in force and its badge, all signed."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.number = builders.active(builders.agency("शुभ यात्रा रोजगार (DEMO)"))
        self.code = badges.issue("licence", self.number, at=AT).code
        statuses.refresh(at=AT)
        published_keys.refresh(at=AT)
        tokens.refresh(at=AT)

    def trust(self, at: datetime = AT) -> Any:
        return signing.trust(Client(self.house.path, timeout=10).keys(), at=at)

    def trust_file(self, where: Path) -> Path:
        """The keys of the authority as a list of trust states them."""
        stated = {"ver": 1, "iat": int(AT.timestamp()), "exp": int(AT.timestamp()) + 86_400}
        held = Client(self.house.path, timeout=10).keys()
        own = [key for key in held if key["use"] not in {"log", "witness"}]
        stated["authorities"] = [
            {"id": "did:web:127.0.0.1%3A8000:a:xa-dla", "hosts": ["127.0.0.1:8000"], "keys": own}
        ]  # type: ignore[assignment]
        where.write_text(json.dumps(stated), encoding="utf-8")
        return where


@pytest.fixture(scope="module")
def _built(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> Known:
    house = signer_of(tmp_path_factory.mktemp("signer"), "XA-DLA", at=AT)
    with closing(house), kept(at=AT), override_settings(REGISTRY_SIGNER=str(house.path)):
        builders.authority()
        return Known(house)


@pytest.fixture
def known(_built: Known, tmp_path: Path, clock: Clock, settings: Any) -> Iterator[Known]:
    clock.stop(AT)
    found = copy(_built)
    with closing(_built.house.another(tmp_path)) as found.house:
        settings.REGISTRY_SIGNER = str(found.house.path)
        yield found


def refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


# Status lists


def test_a_list_comes_as_cwt_unless_jwt_is_asked_for(known: Known, public: Visitor) -> None:
    number = statuses.places([known.code])[known.code].number
    for accept, wanted in (
        ("", "application/statuslist+cwt"),
        ("*/*", "application/statuslist+cwt"),
        ("application/statuslist+jwt", "application/statuslist+jwt"),
        ("application/statuslist+cwt;q=0.5, application/*", "application/statuslist+jwt"),
    ):
        answer = public.get(f"/s/{number}", headers={"Accept": accept} if accept else {})
        assert (answer.status_code, answer["Content-Type"]) == (200, wanted)
        stated, _ = status_list.unseal(answer.content if "cwt" in wanted else answer.content.decode())
        assert stated.uri == f"http://127.0.0.1:8000/s/{number}"
        assert (stated.lifetime, stated.expires) == (300, int((AT + timedelta(days=7)).timestamp()))
        assert answer["Cache-Control"] == "public, s-maxage=30, stale-if-error=86400"
        assert answer["Access-Control-Allow-Origin"] == "*"
        held = public.get(
            f"/s/{number}", headers={"Accept": accept or "*/*", "If-None-Match": answer["ETag"]}
        )
        assert (held.status_code, held.content) == (304, b"")
        assert answer["ETag"].startswith('"')
    assert public.get("/s").json() == {"status_lists": [f"http://127.0.0.1:8000/s/{number}"]}


def test_the_w3c_lists_are_credentials_of_the_same_state(known: Known, public: Visitor) -> None:
    place = statuses.places([known.code])[known.code]
    for purpose in ("revocation", "suspension"):
        answer = public.get(f"/b/{place.number}/{purpose}", headers={"Accept": "application/vc+jwt"})
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/vc+jwt")
        claims = envelopes.read_json(envelopes.open_jws(answer.content.decode(), kind="vc+jwt").payload)
        assert claims["id"] == f"http://127.0.0.1:8000/b/{place.number}/{purpose}"
        assert claims["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
        assert not status_list.read_bitstring(claims["credentialSubject"]["encodedList"], place.index)


def test_a_list_that_is_not_there_is_a_problem(public: Visitor, db: None) -> None:
    for path in ("/s/0", "/s/999", "/s/01", "/s/-1", "/s/x", "/s/99999999999", "/b/999/revocation"):
        answer = public.get(path)
        refused(answer, 404, "list.not_found")
        assert answer["Access-Control-Allow-Origin"] == "*"


def test_what_a_list_does_not_do_is_said(known: Known, public: Visitor) -> None:
    number = statuses.places([known.code])[known.code].number
    refused(public.get(f"/s/{number}?time=1767600000"), 501, "list.no_history")
    refused(public.get(f"/s/{number}?lang=en"), 400, "parameter.unknown")
    refused(public.get(f"/s/{number}", headers={"Accept": "text/html"}), 406, "route.not_acceptable")
    refused(public.post(f"/s/{number}"), 405, "route.method_not_allowed")
    refused(public.get(f"/b/{number}/annoyance"), 404, "list.not_found")


# Credentials


def test_a_badge_of_a_licence_has_a_credential_for_wallets(known: Known, public: Visitor) -> None:
    answer = public.get(f"/c/{known.code.lower()}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/vc+jwt")
    envelope = envelopes.open_jws(answer.content.decode(), kind="vc+jwt")
    claims = envelopes.read_json(envelope.payload)
    place = statuses.places([known.code])[known.code]
    assert envelope.protected["cty"] == "vc"
    assert claims["@context"] == [
        "https://www.w3.org/ns/credentials/v2", "https://test.uncefact.org/vocabulary/untp/dia/working/",
    ]  # fmt: skip
    assert claims["issuer"]["id"] == "did:web:127.0.0.1%3A8000:a:xa-dla"
    subject = claims["credentialSubject"]
    assert (subject["registeredId"], subject["registerType"]) == (known.number, "Accreditation")
    assert subject["id"] == f"did:web:127.0.0.1%3A8000:l:{known.code}"
    assert [one["statusPurpose"] for one in claims["credentialStatus"]] == ["revocation", "suspension"]
    assert {one["statusListIndex"] for one in claims["credentialStatus"]} == {str(place.index)}
    name, _, kid = envelope.kid.partition("#")
    key = next(key for key in Client(known.house.path, timeout=10).keys() if key["kid"] == kid)  # noqa: SIM118
    assert (name, key["use"]) == (claims["issuer"]["id"], "vc")
    assert public_keys.vouches(key["jwk"], envelope.signed, envelope.signature)
    schema = VECTORS / "untp-dia" / "untp-dia-schema.json"
    if not schema.exists():
        pytest.skip("the UNTP schema is not here")
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text("utf-8")))
    assert not list(validator.iter_errors(claims))


def test_a_credential_that_is_not_there_is_a_problem(known: Known, public: Visitor) -> None:
    other = badges.issue("licence", builders.active(), at=AT).code
    refused(public.get(f"/c/{other}"), 404, "badge.not_signed")
    refused(public.get(f"/c/{numbering.badge_code('XA', lambda _: 0)}"), 404, "badge.not_found")
    refused(public.get("/c/nonsense"), 404, "badge.not_found")
    badges.withdraw(known.code, reason="lost", by="OFFICER-1", at=AT)
    refused(public.get(f"/c/{known.code}"), 404, "badge.not_signed")


# Receipts and certificates


def read(answer: Any, known: Known) -> dict[str, Any]:
    """The claims of a receipt that an independent reader believes."""
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/jwt"), answer.content
    assert answer["Cache-Control"] == "no-store"
    judged = receipts.judge(answer.content.decode(), trust=known.trust())
    assert judged.genuine
    return dict(judged.claims or {})


def test_every_way_to_look_a_licence_up_can_be_answered_with_a_receipt(known: Known, public: Visitor) -> None:
    asked = "?nonce=n-17&aud=https%3A%2F%2Femployer.example"
    for path in (f"/api/v1/verify/{known.code}", f"/api/v1/licences/{known.number}"):
        claims = read(public.get(path + asked, headers=JWT), known)
        unsigned = public.get(path).json()
        assert (claims["iss"], claims["sub"]) == ("127.0.0.1:8000/a/xa-dla", known.number)
        assert claims["verdict"] == {
            "result": "licensed",
            "may_recruit": True,
            "reasons": ["licence.in_force"],
        }
        assert (claims["until"], claims["sequence"]) == (unsigned["until"], unsigned["sequence"])
        assert (claims["iat"], claims["valid_at"]) == (int(AT.timestamp()), "2026-01-05T09:00:00Z")
        assert (claims["nonce"], claims["aud"]) == ("n-17", "https://employer.example")
        assert claims["log"] == {"index": "pending", "size": 0, "root": None}
        assert "exp" not in claims
    assert read(public.get(f"/api/v1/verify/{known.code}", headers=JWT), known)["code"] == known.code


def test_a_suspension_is_in_the_next_receipt(known: Known, public: Visitor) -> None:
    builders.suspended(known.number, at=AT)
    claims = read(public.get(f"/api/v1/verify/{known.code}", headers=JWT), known)
    assert (claims["verdict"]["result"], claims["state"]) == ("not_licensed", "suspended")


def test_a_receipt_says_where_the_log_stands(known: Known, public: Visitor) -> None:
    path, origin = f"/api/v1/verify/{known.code}", "127.0.0.1:8000/log"
    client = Client(known.house.path, timeout=10)
    log.append([log.Leaf(b"{}", about="other"), log.Leaf(b"{}", about=known.number)])
    assert read(public.get(path, headers=JWT), known)["log"]["index"] == "pending", (
        "not under a checkpoint yet"
    )
    stated = log.publish(client, origin, at=AT)
    told = {"index": 1, "size": 2, "root": public_keys.base64url(stated.root)}
    assert read(public.get(path, headers=JWT), known)["log"] == told
    log.append([log.Leaf(b"{}", about=known.number)])
    assert read(public.get(path, headers=JWT), known)["log"] == told | {"index": "pending"}


def test_a_certificate_of_a_past_day_is_signed_as_json_web_token_and_as_pdf(
    known: Known, public: Visitor, clock: Clock
) -> None:
    builders.suspended(known.number, at=AT + timedelta(days=3))
    clock.stop(AT + timedelta(days=10))
    path = f"/api/v1/licences/{known.number}/certificate?on=2026-01-08&known_at=2026-01-09T00:00:00Z"
    claims = read(public.get(path, headers=JWT), known)
    plain = public.get(path).json()
    assert (claims["on"], claims["zone"]) == ("2026-01-08", "Asia/Kathmandu")
    assert [part["result"] for part in claims["segments"]] == ["licensed", "not_licensed"]
    assert claims["verdict"]["may_recruit"] is False
    assert (claims["known_sequence"], claims["known_at"]) == (plain["known_sequence"], plain["known_at"])
    page = public.get(path, headers={"Accept": "application/pdf"})
    assert (page.status_code, page["Content-Type"]) == (200, "application/pdf")
    assert page.content.startswith(b"%PDF-")
    assert page["Content-Disposition"] == f'inline; filename="{known.number}-2026-01-08.pdf"'


def test_the_certificate_is_one_page_in_every_language_with_the_same_signed_text(
    known: Known, public: Visitor
) -> None:
    path = f"/api/v1/licences/{known.number}/certificate"
    for language in settings.REGISTRY_PUBLIC_LANGUAGES:
        told = public.get(path, headers={"Accept": "application/pdf", "Accept-Language": language})
        assert told["Content-Language"] == language
        document = pypdfium2.PdfDocument(told.content)
        assert (len(document), document.count_attachments()) == (1, 1), language
        assert known.number[-8:-2] in document[0].get_textpage().get_text_range(), language


def test_the_code_on_the_certificate_is_the_receipt(known: Known, public: Visitor) -> None:
    import zxingcpp
    from PIL import Image

    from verification import qr

    receipt = public.get(f"/api/v1/licences/{known.number}/certificate", headers=JWT).content.decode()
    svg = qr.text_svg(receipt)
    side = int(re.findall(r'viewBox="0 0 (\d+) \d+"', svg)[0])
    picture = Image.new("L", (side, side), 255)
    x = y = 0.0
    for command, arguments in re.findall(r"([Mmh])([^Mmh]*)", re.findall(r'd="([^"]+)"', svg)[-1]):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", arguments)]
        if command == "h":
            for column in range(int(x), int(x + numbers[0])):
                picture.putpixel((column, int(y - 0.5)), 0)
            x += numbers[0]
        else:
            x, y = (numbers[0], numbers[1]) if command == "M" else (x + numbers[0], y + numbers[1])
    found = zxingcpp.read_barcode(picture.resize((side * 4, side * 4), Image.Resampling.NEAREST))
    assert found is not None
    assert found.text == receipt
    assert io.BytesIO(receipt.encode()).getbuffer().nbytes < 2_000


def test_what_a_signed_look_up_can_not_have_is_said(known: Known, public: Visitor) -> None:
    path = f"/api/v1/licences/{known.number}"
    refused(public.get(f"{path}?as_of=2026-01-05", headers=JWT), 400, "parameter.invalid")
    refused(public.get(f"{path}?nonce=x"), 400, "parameter.invalid")
    refused(public.get(f"{path}?nonce={'x' * 129}", headers=JWT), 400, "parameter.invalid")
    refused(public.get(path, headers={"Accept": "application/pdf"}), 406, "route.not_acceptable")
    refused(
        public.get(f"/api/v1/verify/{numbering.badge_code('XA', lambda _: 0)}", headers=JWT),
        404,
        "badge.not_found",
    )


def test_while_nobody_signs_only_the_signed_form_is_refused(known: Known, public: Visitor) -> None:
    known.house.close()
    for path in (f"/api/v1/verify/{known.code}", f"/api/v1/licences/{known.number}/certificate"):
        answer = public.get(path, headers=JWT)
        refused(answer, 503, "signature.unavailable")
        assert answer["Retry-After"] == "30"
        assert public.get(path).status_code == 200
    assert public.get(f"/c/{known.code}").status_code == 200, "what was signed already is there"


def test_a_key_that_was_rotated_is_taken_up_by_the_next_receipt(
    known: Known, public: Visitor, clock: Clock
) -> None:
    path = f"/api/v1/verify/{known.code}"
    first = read(public.get(path, headers=JWT), known)
    at = clock.stop(AT + timedelta(seconds=2))
    keys.rotate(known.house.directory, Use.RECEIPT, first["iss"], at=int(at.timestamp()), notice=0)
    assert read(public.get(path, headers=JWT), known)["iat"] == first["iat"] + 2


def test_a_receipt_can_be_verified_by_asking_and_without_asking(
    known: Known, public: Visitor, tmp_path: Path
) -> None:
    receipt = public.get(f"/api/v1/verify/{known.code}", headers=JWT).content.decode()
    told = public.post(
        "/api/v1/receipts/verify", {"receipt": receipt}, content_type="application/json"
    ).json()
    assert (told["genuine"], told["reason"], told["receipt"]["sub"]) == (
        True,
        "receipt.genuine",
        known.number,
    )
    command = [
        sys.executable,
        "-m",
        "verification.receipts",
        "-",
        "--trust",
        str(known.trust_file(tmp_path / "t")),
    ]
    said = subprocess.run(command, input=receipt, capture_output=True, text=True, check=False)
    assert said.returncode == receipts.GENUINE, said.stderr
    assert json.loads(said.stdout) == told


def test_a_changed_receipt_is_not_genuine_and_nonsense_is_a_problem(known: Known, public: Visitor) -> None:
    receipt = public.get(f"/api/v1/verify/{known.code}", headers=JWT).content.decode()
    head, payload, signature = receipt.split(".")
    claims = json.loads(public_keys.unbase64url(payload)) | {"verdict": {"result": "licensed"}}
    forged = f"{head}.{public_keys.base64url(json.dumps(claims).encode())}.{signature}"

    def ask(text: Any) -> Any:
        return public.post(
            "/api/v1/receipts/verify", json.dumps({"receipt": text}), content_type="application/json"
        )

    assert ask(forged).json() == {"genuine": False, "reason": "receipt.forged", "receipt": None}
    for nonsense in (
        "x",
        "a.b.c",
        receipt[:-3],
        f"{receipt}.x",
        public.get(f"/c/{known.code}").content.decode(),
    ):
        refused(ask(nonsense), 400, "receipt.malformed")
    for wrong in ("", 7, None, "x" * 20_000):
        refused(ask(wrong), 400, "field.invalid")


def test_no_changed_bit_of_a_receipt_is_believed(known: Known, public: Visitor) -> None:
    receipt = public.get(f"/api/v1/verify/{known.code}", headers=JWT).content
    trust = known.trust()

    @hypothesis_settings(
        max_examples=150,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(bit=st.integers(0, len(receipt) * 8 - 1))
    def changed(bit: int) -> None:
        altered = bytearray(receipt)
        altered[bit // 8] ^= 1 << bit % 8
        try:
            text = altered.decode("ascii")
            judged = receipts.judge(text, trust=trust)
        except (Malformed, UnicodeDecodeError):
            return
        assert not judged.genuine

    changed()


@pytest.mark.parametrize("use", [Use.BADGE, Use.STATUS, Use.CREDENTIAL])
def test_a_receipt_signed_by_a_key_for_something_else_is_refused(known: Known, use: Use) -> None:
    issuer = signing.issuer("XA-DLA")
    record = keys.in_force(keys.every(known.house.directory), use, issuer, int(AT.timestamp()))
    assert record is not None
    signer = keys.open_key(known.house.directory, record)
    claims = {
        "iss": issuer,
        "sub": known.number,
        "iat": int(AT.timestamp()),
        "verdict": {"result": "licensed"},
    }
    receipt = envelopes.seal_jws(claims, kid=record.kid, sign=signer.sign, kind="licence-status+jwt")
    assert receipts.judge(receipt, trust=known.trust()).reason is receipts.Reason.KEY_WRONG_USE


def test_a_receipt_of_a_stolen_key_is_no_proof(known: Known, public: Visitor) -> None:
    receipt = public.get(f"/api/v1/verify/{known.code}", headers=JWT).content.decode()
    kid = Client(known.house.path, timeout=10).signer(Kind.RECEIPT, signing.issuer("XA-DLA")).kid
    keys.compromise(known.house.directory, kid, at=int(AT.timestamp()) + 1, cutoff=0)
    judged = receipts.judge(receipt, trust=known.trust())
    assert (judged.reason, judged.claims) == (receipts.Reason.KEY_COMPROMISED, None)


# Prints, for who can not verify them


def test_a_scanned_print_is_judged_for_who_can_not(known: Known, public: Visitor) -> None:
    digits = tokens.digits(known.code, at=AT)
    address = f"http://127.0.0.1:8000/v/{known.code}#{digits}"

    def ask(token: Any) -> Any:
        return public.post(
            "/api/v1/verify-token", json.dumps({"token": token}), content_type="application/json"
        )

    for token in (address, digits):
        told = ask(token).json()
        assert (told["result"], told["print"]["reasons"]) == ("licensed", ["status.valid"])
        assert told["now"]["licence"] == known.number
    builders.suspended(known.number, at=AT)
    assert ask(address).json()["result"] == "not_licensed", "the register is asked, not the list alone"
    elsewhere = ask(f"https://verify-example.org/v/{known.code}#{digits}").json()
    assert (elsewhere["result"], elsewhere["now"]) == ("not_genuine", None)
    assert elsewhere["print"]["reasons"] == [offline.Reason.HOST_UNKNOWN]
    swapped = ask(f"http://127.0.0.1:8000/v/XAM9S346Q3D21#{digits}").json()
    assert (swapped["result"], swapped["now"]) == ("not_genuine", None)
    for nonsense in ("123", "9" * 700, f"http://127.0.0.1:8000/v/{known.code}#{digits[:-1]}"):
        refused(ask(nonsense), 400, "token.malformed")
    for wrong in ("", "x" * 9000, 5, ["x"]):
        refused(ask(wrong), 400, "field.invalid")


def test_of_a_stolen_keys_prints_the_logged_are_told_from_the_forged(known: Known, public: Visitor) -> None:
    def ask(digits: str) -> tuple[str, list[str]]:
        body = json.dumps({"token": digits})
        told = public.post("/api/v1/verify-token", body, content_type="application/json").json()
        return told["result"], told["print"]["reasons"]

    issued = tokens.digits(known.code, at=AT)
    key = Client(known.house.path, timeout=10).signer(Kind.BADGE, signing.issuer("XA-DLA"))
    badge, _ = codec.decode(issued)
    forged = codec.encode(replace(badge, name="Forged (DEMO)"), kid=key.kid, sign=key.sign)
    told = {"code": known.code, "kid": key.kid, "tok": codec.token_digest(issued)}
    sequencing.append({"t": "badge.issued", "at": leaves.instant(AT)} | told, at=AT)
    keys.compromise(known.house.directory, key.kid, at=int(AT.timestamp()) + 1, cutoff=log.size())
    published_keys.refresh(at=AT)
    assert ask(issued) == ("licensed", ["status.valid"])
    assert ask(forged) == ("not_genuine", ["token.not_logged"])


def test_a_print_of_tomorrow_is_not_good_today(known: Known, public: Visitor, clock: Clock) -> None:
    digits = tokens.digits(known.code, at=AT)
    clock.stop(AT - timedelta(days=1))
    told = public.post("/api/v1/verify-token", {"token": digits}, content_type="application/json").json()
    assert told["print"]["reasons"] == ["badge.not_yet"]
    assert told["result"] not in {"licensed", "limited"}


def test_nobody_is_judged_while_our_keys_are_not_known(public: Visitor, db: None) -> None:
    answer = public.post("/api/v1/verify-token", {"token": "123"}, content_type="application/json")
    refused(answer, 503, "signature.unavailable")


def test_what_was_signed_is_judged_while_the_signer_is_down_and_a_stolen_key_is_not_believed(
    known: Known, public: Visitor
) -> None:
    receipt = public.get(f"/api/v1/verify/{known.code}", headers=JWT).content.decode()

    def found() -> tuple[bool, str]:
        answer = public.post(
            "/api/v1/receipts/verify", {"receipt": receipt}, content_type="application/json"
        ).json()
        return answer["genuine"], answer["reason"]

    kid = Client(known.house.path, timeout=10).signer(Kind.RECEIPT, signing.issuer("XA-DLA")).kid
    keys.compromise(known.house.directory, kid, at=int(AT.timestamp()), cutoff=0)
    published_keys.refresh(at=AT)
    assert found() == (False, "key.compromised")
    known.house.close()
    assert found() == (False, "key.compromised")
    told = public.post(
        "/api/v1/verify-token",
        {"token": f"http://127.0.0.1:8000/v/{known.code}#{tokens.digits(known.code, at=AT)}"},
        content_type="application/json",
    ).json()
    assert told["result"] == "licensed"


# Credentials, by asking


def judged(public: Visitor, text: str) -> Any:
    body = json.dumps({"credential": text})
    return public.post("/api/v1/credentials/verify", body, content_type="application/json")


def test_a_credential_is_judged_with_what_its_badge_proves_now(
    known: Known, public: Visitor, clock: Clock
) -> None:
    text = public.get(f"/c/{known.code}").content.decode()
    told = judged(public, text).json()
    assert (told["genuine"], told["reason"], told["result"]) == (True, "credential.genuine", "licensed")
    assert told["credential"]["credentialSubject"]["registeredId"] == known.number
    builders.suspended(known.number, at=AT + timedelta(hours=1))
    clock.stop(AT + timedelta(hours=2))
    told = judged(public, text).json()
    assert (told["genuine"], told["result"]) == (True, "not_licensed")
    assert told["now"]["state"] == "suspended"
    head, payload, signature = text.split(".")
    claims = json.loads(public_keys.unbase64url(payload)) | {"name": "Somebody else"}
    forged = f"{head}.{public_keys.base64url(json.dumps(claims).encode())}.{signature}"
    assert judged(public, forged).json() == {
        "genuine": False, "reason": "credential.forged", "credential": None, "result": "not_genuine", "now": None,
        "credentials": [],
    }  # fmt: skip


def test_of_a_presentation_each_credential_is_judged_and_not_who_presents(
    known: Known, public: Visitor
) -> None:
    text = public.get(f"/c/{known.code}").content.decode()
    enveloped = [
        {"@context": secured.CONTEXT, "type": "EnvelopedVerifiableCredential", "id": f"data:application/vc+jwt,{one}"}
        for one in (text, "not a credential")
    ]  # fmt: skip
    claims = {
        "@context": [secured.CONTEXT],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": enveloped,
    }
    shown = envelopes.seal_jws(
        claims, kid="did:example:me#1", sign=minting.signer("holder"), kind="vp+jwt", content="vp"
    )
    told = judged(public, shown).json()
    assert (told["genuine"], told["reason"], told["result"]) == (False, "holder.unknown", "unknown")
    assert [one["reason"] for one in told["credentials"]] == ["credential.genuine", "credential.malformed"]
    assert [one["result"] for one in told["credentials"]] == ["licensed", "unknown"]


def test_what_is_no_credential_is_a_problem(known: Known, public: Visitor) -> None:
    for nonsense in ("x", "a.b.c", "a.b.c~", "AAAA", "{}"):
        refused(judged(public, nonsense), 400, "credential.malformed")
    refused(judged(public, "A" * (secured.LONGEST + 1)), 400, "field.invalid")


def test_every_w3c_input_gets_an_answer_or_a_problem(known: Known, public: Visitor) -> None:
    folder = VECTORS / "vc-jose-cose" / "tests" / "input"
    if not folder.exists():
        pytest.skip("the W3C inputs are not here")
    for path in sorted(folder.glob("*.txt")):
        answer = judged(public, path.read_text("ascii").strip())
        if any(bad in path.stem for bad in ("media-type", "bad-credential", "vc-vp", "not-base64")):
            refused(answer, 400, "credential.malformed")
        else:
            assert answer.status_code == 200, path.stem
            told = answer.json()
            assert (told["genuine"], told["result"]) == (False, "unknown"), "nobody of ours issued it"
