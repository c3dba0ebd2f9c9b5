"""Messages: what is read, what is answered in which language, and the gateway's door with its signatures."""

import json
import logging
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings as place
from django.db import connection
from django.test import Client
from django.utils.translation import override
from hypothesis import HealthCheck, given
from hypothesis import settings as hypotheses
from hypothesis import strategies as st

from api import standard_webhooks, tallies, throttles
from api.models import EarlyWarning, TextMessage, User
from api.outbound import sms as outgoing
from api.phones import septets, sms, wording
from api.phones.gateway import Gateway
from registry.rules import numbering
from tests import builders
from tests.api.test_live import Known, build
from tests.conftest import Clock, Kept
from verification import badges, live_codes
from verification.check import Proof, Verdict
from verification.verdicts import Result

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 0, 20, tzinfo=UTC)
NEPAL, QATAR, KENYA, BRITAIN = "+9779812345678", "+97433123456", "+254712345678", "+447911123456"
LEEDS = "+447911123457"
SECRET = place.DEMO_GATEWAY_SECRET
EVERY = ["am", "ar", "bn", "en", "es", "fil", "fr", "hi", "id", "my", "ne", "si", "sw", "ta", "ur", "vi"]


@pytest.fixture(scope="module")
def _built(kept: Kept) -> Iterator[Known]:
    with kept(at=AT):
        yield build(AT)


@pytest.fixture
def known(_built: Known, clock: Clock) -> Known:
    clock.stop(AT)
    throttles.look_ups.forget()
    return _built


def ask(text: str, sender: str = BRITAIN) -> str:
    """The answer to a message."""
    return sms.answer(text, sender, at=AT).text


# --- what is said


def test_a_code_a_number_and_words_around_them_are_read(known: Known) -> None:
    shown = f"{known.badge[:4]} {known.badge[4:8]}-{known.badge[8:12]} {known.badge[12:]}"
    told = ask(shown)
    assert told.startswith(
        "VALID: Bluefinch Manpower (DEMO). Ask them for the 6 digits. Until 31 December 2027."
    )
    assert septets.length(told) <= 160
    for text in (
        known.badge.lower(),
        f"LIC {shown}",
        f"lic {known.licence}",
        f"EN {known.licence}",
        f"Dear Sir, is {shown} good, please?",
        f"english {known.badge}",
        f" {shown}\n\u200f",
    ):
        assert ask(text) == told or ask(text).startswith("VALID: Bluefinch")
    assert ask("hello") == ask("HELP") == ask("") == ask("🙂" * 200) == ask("x" * 10_000)
    for text in (f"{known.badge} 12345", f"{known.badge} 1234567 ok", f"{known.badge} 482 91"):
        assert ask(text) == "COULD NOT CHECK. Type the 6 digits."
    assert ask("recruitmentab please") == ask("HELP") == "Send the code on the badge or the licence number."
    typo = known.badge[:-1] + ("1" if known.badge[-1] != "1" else "2")
    assert ask(typo) == "NOT IN THE REGISTER. Read it again and send it once more."
    assert ask("17/2080").startswith("NOT IN THE REGISTER. Do not pay.")
    assert ask("XA-DLA-A-999999-0").startswith("NOT IN THE REGISTER.")


def test_what_is_not_good_is_never_called_valid(known: Known) -> None:
    builders.suspended(known.licence, at=AT)
    told = ask(known.badge)
    assert told == "NOT LICENSED: Bluefinch Manpower (DEMO). Do not pay. Suspended."
    badges.withdraw(known.of_person, reason="copied", by="XA-1", at=AT)
    told = ask(f"{known.of_person} {'1' * 6}")
    assert told.startswith("NOT GENUINE")
    assert "VALID" not in told


def test_what_is_asked_for_in_vain_warns_and_what_is_found_does_not(known: Known, settings: Any) -> None:
    settings.REGISTRY_TALLY_SECONDS = 3600
    invented = numbering.badge_code("XA", lambda least: least // 2)
    for text in (known.badge, known.licence, invented, f"{known.licence[:-8]}777001-9", "help"):
        for number in range(12):
            ask(text, f"{NEPAL[:-2]}{number:02}")
    tallies.flush()
    counted = dict(EarlyWarning.objects.values_list("code", "count"))
    assert set(counted) == {invented, f"{known.licence[:-8]}777001-9"}, "and nothing of what was good"
    assert set(counted.values()) == {12}


def test_without_a_database_nothing_was_checked(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.execute_wrapper(_broken):
        assert ask(known.badge) == "COULD NOT CHECK. Try again later."
        assert ask(known.licence) == "COULD NOT CHECK. Try again later."


def _broken(*_given: Any) -> Any:
    from django.db import OperationalError

    raise OperationalError


def test_a_live_code_is_confirmed_by_message(known: Known) -> None:
    code = live_codes.shown(known.account, at=AT)[0]
    wrong = f"{(int(code.digits) + 1) % 10**6:06}"
    for badge in (known.badge, known.of_person, known.licence):
        assert ask(f"{badge} {code.digits[:3]} {code.digits[3:]}").startswith(
            "CONFIRMED: Mina Rai (DEMO), Bluefinch"
        )
        assert ask(f"{badge} {wrong}") == "NOT CONFIRMED. Do not pay."
    assert ask(f"{known.badge} {code.long}").startswith("CONFIRMED")
    User.objects.update(is_active=False)
    assert ask(f"{known.badge} {code.digits}") == "NOT CONFIRMED. Do not pay."


def test_digits_behind_a_code_are_not_read_as_its_end() -> None:
    """Written on, one code and its digits in some five hundred pass for a longer number whose check symbol fits."""
    assert sms.read("XAK0V7XGF3Z77 988 131") == sms.Message("", "XAK0V7XGF3Z77", "988131")
    draw, passing = random.Random(5), 0  # noqa: S311 - the same examples each time
    for _ in range(3000):
        code = numbering.badge_code("XA", draw.randrange)
        digits = f"{draw.randrange(10**6):06}"
        passing += sms._is_ours(code + digits) is True
        assert sms.read(f"{code} {digits}") == sms.Message("", code, digits)
        assert sms.read(f"{code} {digits} {digits}").digits == digits * 2
    assert passing, "none of these would have been misread"


def test_guessing_by_message_ends_after_five(known: Known) -> None:
    code = live_codes.shown(known.account, at=AT)[0].digits
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        assert ask(f"{known.badge} {wrong}", LEEDS).startswith("NOT CONFIRMED")
    assert ask(f"{known.badge} {code}", LEEDS) == "COULD NOT CHECK. Ask for the long code: 12 digits."
    assert ask(f"{known.badge} {code}", BRITAIN).startswith("CONFIRMED")
    for _ in range(24):
        ask("HELP", LEEDS)
    assert ask(known.badge, LEEDS) == "COULD NOT CHECK. Too many messages. Wait an hour."


@pytest.mark.parametrize(
    ("text", "sender", "language"),
    [
        ("HELP", NEPAL, "ne"), ("HELP", QATAR, "ar"), ("HELP", KENYA, "sw"), ("HELP", BRITAIN, "en"),
        ("NE HELP", QATAR, "ne"), ("en", NEPAL, "en"), ("العربية HELP", NEPAL, "ar"), ("FIL HELP", "nonsense", "fil"),
        ("HELP", "+639171234567", "fil"), ("HELP", "+919812345678", "hi"), ("XX HELP", "", "en"),
    ],
)  # fmt: skip
def test_the_language_is_the_words_or_the_countrys(
    text: str, sender: str, language: str, settings: Any, clock: Clock
) -> None:
    clock.stop(AT)
    settings.REGISTRY_PUBLIC_LANGUAGES = EVERY
    sms.of_country.cache_clear()
    sms.tongue.cache_clear()
    try:
        assert sms.answer(text, sender, at=AT).language == language
        assert sms.read("NE NP7K-3M9Q-X2TW-N 482913").language == "ne"
        assert sms.read("NE NEAB-CDEF-GH12-3").language == "ne"
        assert sms.read("EN FR7K-3M9Q-X2TW-N") == sms.Message("en", "FR7K-3M9Q-X2TW-N", "")
    finally:
        sms.of_country.cache_clear()
        sms.tongue.cache_clear()


_SCRIPTS = "Everest Overséas हिमाल म्यानपावर شركة الخليج ඉන්ද්\u200dරික တောင်ပံ 👷{}[]€"


@hypotheses(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(alphabet=_SCRIPTS, min_size=1, max_size=90), latin=st.text(alphabet="Aé z", max_size=40))
def test_every_answer_in_every_language_fits_one_message_and_names_its_verdict(name: str, latin: str) -> None:
    record = {
        "holder": {"name": name, "latin_name": latin}, "terms": [{"last_day": "2028-10-31"}],
        "channels": [{"kind": "phone", "value": "+97715550123456"}],
    }  # fmt: skip
    for language in EVERY:
        with override(language):
            for result in Result:
                found = Verdict(
                    "XA", Proof.KNOWN, result, (), AT, state="suspended", record=record, live=True,
                    person={"name": name, "latin_name": latin},
                )  # fmt: skip
                for space in (septets.SMS, septets.USSD):
                    text = sms._verdict(found, space)
                    word = septets.clean(str(_said(wording.WORDS[result])))
                    assert space.holds(text), (language, result, text)
                    assert text.startswith((f"{word}:", f"{word}.")), (language, result, text)
            for told in (wording.TOO_OFTEN, wording.LATER, wording.LONG_CODE, wording.TYPE_DIGITS):
                assert septets.SMS.holds(sms._grey(told, septets.SMS))
                assert septets.clean(_said(wording.WORDS["unknown"])) in sms._grey(told, septets.SMS)


@hypotheses(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=320) | st.text(alphabet="XA0123 LIC-482913\n\u202e🙂", max_size=80))
def test_whatever_is_sent_has_an_answer_that_fits_and_is_not_good(text: str, known: Known) -> None:
    about, digits = (told := sms.read(text)).about, told.digits
    shown, _live = sms.said(about, digits, NEPAL, at=AT)
    assert septets.SMS.holds(shown)
    assert shown.startswith(("Send the code", "NOT IN THE REGISTER", "COULD NOT CHECK", "SEVERAL"))


def _said(text: str) -> str:
    from django.utils.translation import gettext

    return gettext(text)


def test_a_name_is_in_the_readers_script_or_in_latin_letters(known: Known) -> None:
    names = {"name": "हिमाल सेवा", "latin_name": "Himal Service"}
    assert sms._named([names], "इजाजतपत्र छ") == "हिमाल सेवा"
    for word in ("VALID", "صالح", "CÓ PHÉP", ""):
        assert sms._named([names], word) == "Himal Service"
    assert sms._named([{"name": "हिमाल सेवा", "latin_name": ""}, {}], "VALID") == "हिमाल सेवा"
    assert ask(known.of_person).startswith("VALID: Mina Rai (DEMO), Bluefinch Manpower (DEMO).")


# --- the door


def signed(
    text: Any, sender: Any = LEEDS, *, identity: str = "m-1", at: datetime = AT, secret: str = SECRET
) -> Any:
    """A message's body, and the headers that sign it."""
    body = json.dumps({"from": sender, "text": text}).encode()
    return body, standard_webhooks.headers(identity, body, [secret], at=at)


def post(public: Client, body: bytes, headers: dict[str, str], path: str = "/gateway/sms") -> Any:
    media = "application/json" if path.endswith("sms") else "application/x-www-form-urlencoded"
    return public.post(path, body, content_type=media, headers=headers)


def test_the_door_answers_what_the_gateway_signed(public: Client, known: Known) -> None:
    answer = post(public, *signed(known.badge, BRITAIN))
    assert answer.status_code == 200
    told = answer.json()
    assert told["text"].startswith("VALID: Bluefinch")
    assert (told["language"], told["encoding"], told["length"]) == (
        "en",
        "gsm-7",
        septets.length(told["text"]),
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert not answer.cookies


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body, headers: (body + b" ", headers),
        lambda body, headers: (body, headers | {"webhook-signature": "v1," + "A" * 43 + "="}),
        lambda body, headers: (body, headers | {"webhook-signature": headers["webhook-signature"].replace("v1", "v2")}),
        lambda body, headers: (body, headers | {"webhook-id": "m-2"}),
        lambda body, headers: (body, headers | {"webhook-timestamp": str(int(AT.timestamp()) + 1)}),
        lambda body, headers: (body, headers | {"webhook-timestamp": "1" * 400}),
        lambda body, headers: (body, headers | {"webhook-timestamp": "-1"}),
        lambda body, _headers: (body, {}),
        lambda body, headers: (body, headers | {"webhook-signature": "v1,é " * 50}),
    ],
)  # fmt: skip
def test_whatever_is_not_signed_is_refused(public: Client, known: Known, spoil: Any) -> None:
    refused = post(public, *spoil(*signed("HELP")))
    assert refused.status_code == 401
    assert refused.json()["code"] == "gateway.not_signed"


@pytest.mark.parametrize("off", [timedelta(minutes=6), -timedelta(minutes=6)])
def test_an_old_request_is_a_replay(public: Client, known: Known, off: timedelta) -> None:
    assert post(public, *signed("HELP", at=AT + off)).status_code == 401
    assert post(public, *signed("HELP", secret="whsec_" + "A" * 32)).status_code == 401


def test_a_message_that_comes_again_is_answered_again_and_costs_nothing(public: Client, known: Known) -> None:
    code = live_codes.shown(known.account, at=AT)[0].digits
    wrong = f"{(int(code) + 1) % 10**6:06}"
    again = signed(f"{known.badge} {wrong}")
    texts = {post(public, *again).json()["text"] for _ in range(9)}
    assert texts == {"NOT CONFIRMED. Do not pay."}
    right = post(public, *signed(f"{known.badge} {code}", identity="m-2")).json()["text"]
    assert right.startswith("CONFIRMED")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b" ", 400), (b"[]", 400), (b"{}", 400), (b'{"from": 1, "text": "x"}', 400),
        (b'{"from": "+1", "text": 1}', 400), (b'{"from": "12", "text": "x"}', 400),
        (b'{"from": "+9779812345678", "text": "x", "more": 1}', 400), (b"\xff", 400),
        (b'{"from": "+9779812345678", "text": "' + b"x" * 10_000 + b'"}', 200), (b"x" * 20_000, 413),
        ('{"from": "+9779812345678", "text": "\\u202e\\u0000🙂"}'.encode(), 200),
    ],
)  # fmt: skip
def test_hostile_bodies_are_refused_or_read_as_a_call_for_help(
    public: Client, known: Known, body: bytes, status: int
) -> None:
    headers = standard_webhooks.headers("m-9", body, [SECRET], at=AT)
    assert post(public, body, headers).status_code == status


def test_the_door_is_shut_where_no_secret_is_shared(public: Client, known: Known, settings: Any) -> None:
    settings.REGISTRY_GATEWAY_SECRETS = ()
    assert post(public, *signed("HELP")).status_code == 404


def test_menus_go_through_the_same_door(public: Client, known: Known) -> None:
    def screen(typed: str, identity: str) -> str:
        body = urlencode(
            {"sessionId": "s", "phoneNumber": BRITAIN, "serviceCode": "*384#", "text": typed}
        ).encode()
        headers = standard_webhooks.headers(identity, body, [SECRET], at=AT)
        answer = post(public, body, headers, "/gateway/ussd")
        assert answer.status_code == 200
        return str(answer.content.decode())

    assert screen("", "1").startswith("CON 1 English")
    assert screen("1*1", "2").startswith("CON Type the code")
    told = screen(f"1*1*{known.badge}", "3")
    assert told.startswith("CON VALID: Bluefinch Manpower (DEMO).")
    assert told.endswith("Type the 6 digits.\n0 Back")
    code = live_codes.shown(known.account, at=AT)[0].digits
    assert screen(f"1*1*{known.badge}*{code}", "4").startswith("END CONFIRMED: Mina Rai")
    assert screen(f"1*1*{known.badge}*12", "5") == "END COULD NOT CHECK. Type the 6 digits."
    assert screen("1*1*17/2080", "6") == "END NOT IN THE REGISTER. Do not pay."
    assert screen("1*2", "7") == "END There is no help number here."


def test_no_number_is_kept_or_logged(public: Client, known: Known, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for place_, text in enumerate((known.badge, "HELP", f"{known.badge} 000000")):
            post(public, *signed(text, identity=f"m-{place_}"))
        post(public, *signed("HELP", sender="+977 981"))
    assert "9812345678" not in caplog.text
    with connection.cursor() as cursor:
        cursor.execute("SELECT encode(key, 'escape') FROM api_ratebucket")
        assert "9812345678" not in str(cursor.fetchall())


# --- messages that we send


@dataclass
class Sent:
    """A gateway that runs, and the register told of it."""

    gateway: Gateway
    port: int


@pytest.fixture
def sent(settings: Any, clock: Clock) -> Iterator[Sent]:
    clock.stop(AT)
    gateway = Gateway("http://127.0.0.1:1", SECRET)
    server = gateway.serve()
    settings.REGISTRY_GATEWAY = f"http://127.0.0.1:{server.server_port}/messages"
    yield Sent(gateway, server.server_port)
    server.shutdown()
    server.server_close()


def test_a_message_is_sent_once_and_forgotten(sent: Sent) -> None:
    text = "Your report C-77 was read. " + "More of it. " * 30
    reference = outgoing.send(NEPAL, text, at=AT)
    assert reference is not None
    row = TextMessage.objects.get(pk=reference)
    assert "9812345678" not in row.sealed
    assert "C-77" not in row.sealed
    assert outgoing.refresh(at=AT) == 1
    assert outgoing.refresh(at=AT) == 0
    told = sent.gateway.taken[0]
    assert (told["id"], told["to"]) == (str(reference), NEPAL)
    assert told["text"].startswith("Your report C-77")
    assert septets.SMS.holds(told["text"])
    row.refresh_from_db()
    assert (row.state, row.sealed, row.sent_at) == ("sent", "", AT)


def test_a_gateway_that_is_down_is_tried_with_growing_pauses_and_at_last_given_up(
    settings: Any, sent: Sent
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings.REGISTRY_GATEWAY = f"http://127.0.0.1:{nobody.getsockname()[1]}/messages"
        outgoing.send(NEPAL, "One.", at=AT)
        outgoing.send(QATAR, "Two.", at=AT)
        at, tries = AT, 0
        while TextMessage.objects.filter(state="waiting").exists():
            assert outgoing.refresh(at=at) == 0
            tries += 1
            at += timedelta(days=1)
    assert tries == 6
    assert list(TextMessage.objects.values_list("state", "sealed")) == [("failed", "")] * 2
    settings.REGISTRY_GATEWAY = f"http://127.0.0.1:{sent.port}/messages"
    assert outgoing.refresh(at=at) == 0
    settings.REGISTRY_GATEWAY_SECRETS = ("whsec_" + "A" * 32,)
    outgoing.send(NEPAL, "Three.", at=at)
    assert outgoing.refresh(at=at) == 0
    assert TextMessage.objects.get(last_error="the gateway said 401").state == "failed", "refused for good"


def test_nothing_is_written_where_nobody_sends_or_to_what_is_no_number(settings: Any) -> None:
    settings.REGISTRY_GATEWAY = ""
    assert outgoing.send(NEPAL, "x", at=AT) is None
    assert not TextMessage.objects.exists()
    with pytest.raises(ValueError, match="no number"):
        outgoing.send("0815", "x", at=AT)


@pytest.mark.django_db(transaction=True)
def test_a_telephone_asks_a_register_over_real_http(public_site: str, clock: Clock) -> None:
    clock.stop(AT)
    known = build(AT)
    gateway = Gateway(public_site, SECRET)
    assert gateway.message(BRITAIN, known.badge)["text"].startswith("VALID: Bluefinch")
    assert gateway.menu(BRITAIN, f"1*1*{known.badge}").startswith("CON VALID")
    assert (
        Gateway(public_site, "whsec_" + "A" * 32).message(BRITAIN, "HELP")["text"] == "(no answer: HTTP 401)"
    )
    assert Gateway("http://127.0.0.1:1", SECRET).message(BRITAIN, "HELP")["text"] == "(no answer: HTTP 503)"
