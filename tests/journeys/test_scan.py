"""A worker scans a badge: the page behind it says the right thing, weighs little and asks for nothing."""

import base64
import gzip
import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from api import labels
from api.pages import sheet
from registry import agencies
from registry.rules.lifecycle import Action, Scope, StepTerms
from tests import builders, chance
from tests.journeys.conftest import Bluefinch
from verification import badges

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("misses_forgotten")]

WEIGHT = 14 * 1024
UNKNOWN = "XA00000000000"


def text(response: Any) -> str:
    """What a reader sees of a page, in one line."""
    page = re.sub(r"<style>.*?</style>|<head>.*?</head>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_licensed_agency_is_green_with_a_circle_a_word_and_a_sentence(
    public: Client, bluefinch: Bluefinch
) -> None:
    response = public.get(f"/v/{bluefinch.badge}")
    page = response.content.decode()
    assert response.status_code == 200
    assert 'class="verdict go"' in page
    assert "<circle" in page.partition("<h1")[0]
    assert ">Licensed</h1>" in page
    assert "This agency may recruit workers. Its licence is good until 4 January 2028." in page
    assert "Checked at 14:45 on 5 January 2026 (Nepal Time)" in page


def test_the_page_names_holder_number_office_scope_and_official_contacts(
    public: Client, bluefinch: Bluefinch
) -> None:
    told = text(public.get(f"/v/{bluefinch.badge}"))
    for fact in (
        "Bluefinch Manpower (DEMO)",
        bluefinch.licence,
        "Level 2, 14 Harbour Road, Port Demo",
        "+12025550142",
        "office@bluefinch.example",
        "bluefinch.example",
        "Bluefinch Jobs",
        "5 January 2026",
        "4 January 2028",
        "Qatar",
        "5321",
        "What to do",
        "DEMO Authority XA-DLA",
    ):
        assert fact in told


def test_a_suspension_is_red_with_an_octagon_on_the_very_next_scan(
    public: Client, bluefinch: Bluefinch
) -> None:
    assert 'class="verdict go"' in public.get(f"/v/{bluefinch.badge}").content.decode()
    builders.suspended(bluefinch.licence, at=bluefinch.at)
    page = public.get(f"/v/{bluefinch.badge}").content.decode()
    assert 'class="verdict stop"' in page
    assert 'd="M20 2h24l18 18' in page.partition("<h1")[0]
    assert "Not licensed</h1>" in page
    assert "suspended since 5 January 2026. This is a measure for now: nothing has been proved." in page
    assert "Do not pay, do not sign, and do not hand over your passport." in page
    assert "Used forged documents" in page
    assert "go" not in re.findall(r'class="verdict (\w+)', page)


def test_the_life_of_the_licence_is_drawn_and_whoever_decided_is_named(
    public: Client, bluefinch: Bluefinch
) -> None:
    before = public.get(f"/v/{bluefinch.badge}").content.decode()
    assert "Licensed from 5 January 2026" in before
    assert "Decided by" not in before
    builders.suspended(bluefinch.licence, at=bluefinch.at)
    for path in (bluefinch.badge, bluefinch.office_badge):
        page = public.get(f"/v/{path}").content.decode()
        picture = page[
            page.index('<svg class="band"') : page.index("</svg>", page.index('<svg class="band"'))
        ]
        assert "Not licensed from 5 January 2026" in picture
        assert 'fill="url(#hatch)"' in picture, "red differs by more than its colour"
        assert "today</text>" in picture
        assert "Decided by</dt><dd><bdi>DEMO Authority XA-DLA" in page


def test_a_cut_scope_is_amber_with_a_triangle_and_says_for_what(public: Client, bluefinch: Bluefinch) -> None:
    terms = StepTerms(
        grounds=("WAGE-DEDUCTION",),
        cut=Scope(corridors=("QA",)),
        effective=bluefinch.at.date() + timedelta(15),
    )
    builders.take(bluefinch.licence, Action.RESTRICT, terms, at=bluefinch.at)
    from registry import clock

    with clock.frozen(bluefinch.at + timedelta(days=20)):
        page = public.get(f"/v/{bluefinch.badge}").content.decode()
    assert 'class="verdict wait"' in page
    assert 'd="M28 5a5' in page.partition("<h1")[0]
    assert "Licensed with limits</h1>" in page
    assert "Not for jobs in</dt><dd><bdi>Qatar" in page
    assert "Jobs in</dt><dd><bdi>demo country XB</bdi></dd>" in page
    assert "may recruit only for the jobs and countries named below" in page
    assert "This agency may recruit workers." not in page
    assert "The licence is in force." not in page


def test_a_licence_without_its_security_is_nowhere_said_to_be_in_force(
    public: Client, bluefinch: Bluefinch
) -> None:
    from registry import clock

    agency = builders.agency("Ostwind (DEMO)", at=bluefinch.at, company_number="C-9")
    number = builders.granted(agency, "B", at=bluefinch.at)
    builders.secured(number, at=bluefinch.at, until=bluefinch.at.date() + timedelta(days=30))
    builders.take(number, Action.ACTIVATE, at=bluefinch.at)
    assert "The licence is in force." in public.get(f"/licences/{number}").content.decode()
    with clock.frozen(bluefinch.at + timedelta(days=40)):
        page = public.get(f"/licences/{number}").content.decode()
    assert "Not licensed</h1>" in page
    assert "In force, since" in page, "as the authority has it"
    assert "The licence is in force." not in page


@pytest.mark.parametrize("kind", ["office", "appointment"])
def test_whoever_may_no_longer_act_is_not_told_beside_that_the_licence_is_good(
    public: Client, bluefinch: Bluefinch, kind: str
) -> None:
    from registry import clock

    good = ("The licence is in force.", "all countries and all jobs")
    at, last = bluefinch.at, bluefinch.at.date() + timedelta(days=3)
    agency = builders.agency("Westwind (DEMO)", at=at, company_number="C-10")
    builders.active(agency, "A", at=at)
    by: dict[str, Any] = {"by": builders.maker(at), "at": at}
    if kind == "office":
        number = builders.head_office(agency, at=at)
        over = agencies.amend_office(number, {"last_day": last}, **by, idempotency_key=builders.key())
    else:
        given: dict[str, Any] = {"name": "Asha Demo", "role": "registered_recruiter", "first_day": at.date()}
        number = builders.approved(
            agencies.appoint(agency, **given, **by, idempotency_key=builders.key()), at=at
        )
        over = agencies.end_appointment(number, last_day=last, **by, idempotency_key=builders.key())
    builders.approved(over, at=at)
    code = badges.issue(kind, number, at=at).code
    page = public.get(f"/v/{code}").content.decode()
    assert "Licensed</h1>" in page
    assert all(said in page for said in good)
    with clock.frozen(at + timedelta(days=10)):
        page = public.get(f"/v/{code}").content.decode()
    assert "Not licensed</h1>" in page
    assert "In force, since" in page, "as the authority has it"
    assert not any(said in page for said in good)


def test_an_expired_licence_is_red_from_the_first_second_of_the_day_after(
    public: Client, bluefinch: Bluefinch
) -> None:
    from registry import clock
    from registry.rules import days

    end = days.end_of(bluefinch.at.date().replace(year=2028) - timedelta(days=1), "Asia/Kathmandu")
    with clock.frozen(end - timedelta(seconds=1)):
        assert 'class="verdict go"' in public.get(f"/v/{bluefinch.badge}").content.decode()
    with clock.frozen(end):
        page = public.get(f"/v/{bluefinch.badge}").content.decode()
    assert 'class="verdict stop"' in page
    assert "The licence ended on 4 January 2028 and was not renewed." in page


def test_any_letter_case_and_the_printed_hyphens_answer_without_a_redirect(
    public: Client, bluefinch: Bluefinch
) -> None:
    code = bluefinch.badge
    for written in (
        code.lower(),
        code.upper(),
        f"{code[:4]}-{code[4:8]}-{code[8:12]}-{code[12:]}",
        f"{code}/",
    ):
        response = public.get(f"/v/{written}")
        assert response.status_code == 200
        assert bluefinch.licence in text(response)


def test_a_badge_of_an_office_names_that_office_alone(public: Client, bluefinch: Bluefinch) -> None:
    from registry import agencies

    branch = {"kind": "branch", "address": "9 Market Lane", "locality": "Hill Town", "country": "XA"}
    by = builders.maker(bluefinch.at)
    builders.approved(
        agencies.add_office(bluefinch.agency, branch, by=by, at=bluefinch.at, idempotency_key=builders.key()),
        at=bluefinch.at,
    )
    told = text(public.get(f"/v/{bluefinch.office_badge}"))
    assert "14 Harbour Road" in told
    assert "9 Market Lane" not in told


def test_a_badge_of_a_person_names_the_person_and_what_they_may_do(
    public: Client, bluefinch: Bluefinch
) -> None:
    told = text(public.get(f"/v/{bluefinch.person_badge}"))
    assert "Mina Rai (DEMO) · Bluefinch Manpower (DEMO)" in told
    assert "registered recruiter" in told


def test_a_withdrawn_badge_is_red_and_tells_how_to_reach_the_holder(
    public: Client, bluefinch: Bluefinch
) -> None:
    badges.withdraw(bluefinch.badge, reason="copied", by="OFFICER-1", at=bluefinch.at)
    response = public.get(f"/v/{bluefinch.badge}")
    page = response.content.decode()
    assert response.status_code == 200
    assert 'class="verdict stop"' in page
    assert "This badge was reported lost, copied or replaced." in page
    assert "How to reach the agency itself" in page
    assert "+12025550142" in page
    assert "Licensed by" not in page
    assert "OFFICER" not in page


def test_an_unknown_code_is_not_in_this_register_and_the_answer_is_not_kept(public: Client) -> None:
    from registry.rules import numbering

    unknown = numbering.badge_code("XA", lambda _: 7)
    response = public.get(f"/v/{unknown}")
    assert response.status_code == 404
    assert response["Cache-Control"] == "no-store"
    assert "ETag" not in response
    told = text(response)
    assert "Not in this register" in told
    assert "404" not in told
    assert f'value="{unknown}"' in response.content.decode()


def test_a_mistyped_code_is_said_to_be_mistyped(public: Client, bluefinch: Bluefinch) -> None:
    wrong = bluefinch.badge[:-1] + ("3" if bluefinch.badge[-1] != "3" else "4")
    response = public.get(f"/v/{wrong}")
    assert response.status_code == 404
    assert "One of the letters or numbers is wrong." in text(response)


@pytest.mark.parametrize(
    "typed",
    [
        "x",
        "%00",
        "..%2f..%2fetc",
        "<script>alert(1)</script>",
        "a" * 5000,
        "%F0%9F%A6%8A",
        "'; DROP TABLE x; --",
    ],
)
def test_nonsense_for_a_code_is_a_plain_page_and_never_an_accident(public: Client, typed: str) -> None:
    response = public.get(f"/v/{typed}")
    assert response.status_code == 404
    assert re.search("Not in this register|nothing was checked", text(response))
    assert b"<script" not in response.content


def test_the_page_never_asks_for_a_sign_in_money_or_a_name(public: Client, bluefinch: Bluefinch) -> None:
    page = public.get(f"/v/{bluefinch.badge}").content.decode()
    assert "<form" not in page
    assert "<input" not in page
    assert not re.search(r"href=\"[^\"]*(login|sign|pay)", page)


def test_it_is_complete_without_a_script_and_loads_nothing_from_elsewhere(
    public: Client, bluefinch: Bluefinch
) -> None:
    page = public.get(f"/v/{bluefinch.badge}").content.decode()
    assert "<script" not in page
    assert " style=" not in page
    assert not re.search(r'\son\w+="', page)
    assert not re.search(r"(src|href)=\"(https?:)?//(?!bluefinch\.example)", page)
    assert "url(" not in page
    assert re.findall(r'<link [^>]*href="([^"]+)"', page) == ["/mark.svg"]


def test_every_page_has_a_strict_policy_no_cookie_and_no_referrer(
    public: Client, bluefinch: Bluefinch
) -> None:
    badge = f"/v/{bluefinch.badge}"
    pages = [
        "/",
        "/?q=bluefinch",
        badge,
        f"{badge}/badge",
        f"/licences/{bluefinch.licence}",
        f"/agencies/{bluefinch.agency}",
    ]
    for path in (*pages, "/v/nothing", "/nowhere"):
        response = public.get(path)
        policy = response["Content-Security-Policy"]
        styles = re.findall(r"<style>(.*?)</style>", response.content.decode(), flags=re.DOTALL)
        hashes = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert [f"'sha256-{digest}'" in policy for digest in hashes] == [True]
        assert "Set-Cookie" not in response
        assert not response.cookies
        assert response["Referrer-Policy"] == "no-referrer"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert varies(response) == {"Accept", "Accept-Language", "Accept-Encoding"}


def varies(response: Any) -> set[str]:
    """The headers of a request that decide the answer."""
    return {part.strip() for part in response["Vary"].split(",")}


def heaviest(bluefinch: Bluefinch) -> None:
    """Give the agency far more of everything than an agency has, and every trouble at once."""
    from registry import agencies

    by, at = builders.maker(bluefinch.at), bluefinch.at
    for place in range(8):
        branch = {
            "kind": "branch",
            "address": f"{place} A Very Long Street Name Indeed, Building {place}",
            "locality": f"Town {place} upon the Longest River",
            "country": "XA",
        }
        builders.approved(
            agencies.add_office(bluefinch.agency, branch, by=by, at=at, idempotency_key=builders.key()), at=at
        )
        name = f"{place} Trading Name That Goes On And On {'and on ' * 12}"
        builders.approved(
            agencies.add_trading_name(bluefinch.agency, name, by=by, at=at, idempotency_key=builders.key()),
            at=at,
        )
        value = f"office-{place}@branch-{place}.bluefinch.example"
        builders.approved(
            agencies.add_channel(
                bluefinch.agency, "email", value, by=by, at=at, idempotency_key=builders.key()
            ),
            at=at,
        )
    builders.suspended(bluefinch.licence, at=at)


def test_html_and_style_together_weigh_less_than_14_kilobytes_on_the_wire(
    public: Client, bluefinch: Bluefinch, arabic: Any
) -> None:
    heaviest(bluefinch)
    for language in ("en", "ar"):
        for path in (f"/v/{bluefinch.badge}", f"/v/{bluefinch.office_badge}", "/v/nothing"):
            response = public.get(path, HTTP_ACCEPT_ENCODING="gzip, br", HTTP_ACCEPT_LANGUAGE=language)
            assert response["Content-Encoding"] == "gzip"
            assert response["Content-Language"] == language
            assert "<style>" in gzip.decompress(response.content).decode()
            assert len(response.content) < WEIGHT
            assert response["Content-Length"] == str(len(response.content))


def test_every_page_of_a_demo_says_so_and_no_page_of_a_register(
    public: Client, bluefinch: Bluefinch, settings: Any
) -> None:
    mark, badge = "DEMO: nothing on this page is real.", f"/v/{bluefinch.badge}"
    paths = [
        "/", "/?q=bluefinch", "/?q=nobody", badge, f"{badge}/badge", "/v/nothing", f"/licences/{bluefinch.licence}",
        f"/licences/{bluefinch.licence}?as_of=2026-10-01", "/licences/nothing", f"/agencies/{bluefinch.agency}",
        "/applications", "/applications/nothing", "/nothing",
    ]  # fmt: skip
    for path in paths:
        assert mark in public.get(path).content.decode(), path
    assert public.get(f"{badge}/badge").content.decode().count(mark) == 2, (
        "above the sheets and on the certificate"
    )
    settings.REGISTRY_DEMO = False
    for path in ("/", "/applications", "/nothing/else"):
        assert mark not in public.get(path).content.decode(), path


def test_the_page_says_what_a_worker_may_be_asked_to_pay(public: Client, bluefinch: Bluefinch) -> None:
    path, quoted = f"/v/{bluefinch.badge}", "says the International Labour Organization"
    assert quoted in text(public.get(path))
    fee = {"rule": "capped", "amount": "250", "currency": "XTS", "law": "Demo Act, section 12"}
    agencies.set_policy(
        "XA-DLA", {**builders.POLICY, "worker_fee": fee}, in_force_from=bluefinch.at, by=builders.SYSTEM,
        at=bluefinch.at, idempotency_key=builders.key(),
    )  # fmt: skip
    for page in (path, f"/licences/{bluefinch.licence}"):
        said = text(public.get(page))
        assert "250 XTS This is the most that anybody may ask you to pay" in said
        assert "Demo Act, section 12" in said
    told = public.get(f"/api/v1/licences/{bluefinch.licence}").json()["worker_fee"]
    assert (told["rule"]["text"], told["amount"]) == (labels.FEES["fee.capped"], "250")
    builders.suspended(bluefinch.licence, at=bluefinch.at)
    said = text(public.get(path))
    assert "250" not in chance.without_badge(said, bluefinch.badge)
    assert quoted in said


def test_the_same_page_is_304_and_a_suspension_makes_it_another(public: Client, bluefinch: Bluefinch) -> None:
    first = public.get(f"/v/{bluefinch.badge}")
    tag = first["ETag"]
    assert first["Cache-Control"] == "no-cache"
    assert not tag.startswith("W/")
    again = public.get(f"/v/{bluefinch.badge}", HTTP_IF_NONE_MATCH=f'"other", {tag}')
    assert again.status_code == 304
    assert not again.content
    assert again["ETag"] == tag
    assert again["Cache-Control"] == "no-cache"
    assert again["Content-Security-Policy"] == first["Content-Security-Policy"]
    builders.suspended(bluefinch.licence, at=bluefinch.at)
    changed = public.get(f"/v/{bluefinch.badge}", HTTP_IF_NONE_MATCH=tag)
    assert changed.status_code == 200
    assert changed["ETag"] != tag


def test_the_minute_that_is_printed_is_the_minute_of_the_check(
    public: Client, bluefinch: Bluefinch, clock: Any
) -> None:
    tag = public.get(f"/v/{bluefinch.badge}")["ETag"]
    clock.stop(bluefinch.at + timedelta(minutes=1))
    later = public.get(f"/v/{bluefinch.badge}", HTTP_IF_NONE_MATCH=tag)
    assert later.status_code == 200
    assert "Checked at 14:46" in text(later)


def test_squeezed_and_plain_pages_have_tags_of_their_own(public: Client, bluefinch: Bluefinch) -> None:
    plain = public.get(f"/v/{bluefinch.badge}")
    squeezed = public.get(f"/v/{bluefinch.badge}", HTTP_ACCEPT_ENCODING="gzip")
    assert plain["ETag"] != squeezed["ETag"]
    assert gzip.decompress(squeezed.content) == plain.content


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


NEGOTIATED = (
    (None, "text/html"),
    ("*/*", "text/html"),
    (BROWSER, "text/html"),
    ("text/html", "text/html"),
    ("image/png", "text/html"),
    ("text/html;q=0.9, application/json;q=0.1", "text/html"),
    ("application/json", "application/json"),
    ("application/json, text/plain, */*", "application/json"),
    ("application/json, */*;q=0.1", "application/json"),
    ("text/html;q=0.4, application/json", "application/json"),
)


def test_a_browser_gets_the_page_and_a_program_that_asks_gets_json(
    public: Client, bluefinch: Bluefinch
) -> None:
    for accept, wanted in NEGOTIATED:
        response = public.get(f"/v/{bluefinch.badge}", headers={"Accept": accept} if accept else {})
        assert response.status_code == 200
        assert response["Content-Type"].partition(";")[0] == wanted, accept
        assert varies(response) == {"Accept", "Accept-Language", "Accept-Encoding"}
        if wanted == "application/json":
            assert response.json()["verdict"]["result"] == "licensed"


def test_a_program_reads_a_problem_for_a_code_that_is_not_ours(public: Client) -> None:
    response = public.get("/v/nothing", HTTP_ACCEPT="application/json")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "badge.not_found"


def test_page_and_json_never_disagree(public: Client, bluefinch: Bluefinch) -> None:
    from api.pages import verdicts

    builders.suspended(bluefinch.licence, at=bluefinch.at)
    body = public.get(f"/v/{bluefinch.badge}", HTTP_ACCEPT="application/json").json()
    page = public.get(f"/v/{bluefinch.badge}").content.decode()
    tone = verdicts.TONES[body["appearance"]["colour"]][0]
    assert f'class="verdict {tone}"' in page
    assert [reason["code"] for reason in body["verdict"]["reasons"]] == ["suspension.preventive"]


def test_who_asks_for_one_nothing_after_another_reads_a_grey_page(public: Client, settings: Any) -> None:
    settings.REGISTRY_LIMITS = ["misses=2/0.001"]
    settings.REGISTRY_PROCESSES = 1
    answers = [public.get(f"/v/nothing{n}") for n in range(4)]
    last = answers[-1]
    assert [answer.status_code for answer in answers] == [404, 404, 429, 429]
    assert int(last["Retry-After"]) > 0
    assert 'class="verdict unknown"' in last.content.decode()
    assert "Could not be checked" in text(last)
    assert "This says nothing about the agency, good or bad." in text(last)


def test_pages_only_read(public: Client, bluefinch: Bluefinch) -> None:
    for method in ("post", "put", "delete", "patch"):
        response = getattr(public, method)(f"/v/{bluefinch.badge}")
        assert response.status_code == 405
        assert response["Allow"] == "GET, HEAD, OPTIONS"


def test_head_has_the_headers_of_get(public: Client, bluefinch: Bluefinch) -> None:
    got, head = public.get(f"/v/{bluefinch.badge}"), public.head(f"/v/{bluefinch.badge}")
    assert head.status_code == 200
    assert head["ETag"] == got["ETag"]
    assert not head.content


def test_the_sheet_says_every_pair_of_colours_with_enough_contrast() -> None:
    css = (sheet.FOLDER / "tokens.css").read_text()
    for scheme in css.split("@media (prefers-color-scheme: dark)")[:2]:
        found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})\b", scheme))
        tokens = {**dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})\b", css.partition("@media")[0])), **found}
        for ink, ground in (
            ("ink", "page"),
            ("ink", "card"),
            ("soft", "page"),
            ("soft", "card"),
            ("accent", "card"),
            ("accent", "page"),
            ("on-accent", "accent"),
            ("on-go", "go"),
            ("on-stop", "stop"),
            ("on-wait", "wait"),
            ("on-unknown", "unknown"),
            ("go-ink", "card"),
            ("stop-ink", "card"),
            ("wait-ink", "card"),
            ("unknown-ink", "card"),
            ("go-ink", "go-tint"),
            ("stop-ink", "stop-tint"),
            ("wait-ink", "wait-tint"),
            ("unknown-ink", "unknown-tint"),
            ("ink", "go-tint"),
            ("ink", "stop-tint"),
            ("ink", "wait-tint"),
            ("ink", "unknown-tint"),
        ):
            assert contrast(tokens[ink], tokens[ground]) >= 4.5, (ink, ground)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of ``#rgb`` or ``#rrggbb``."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
