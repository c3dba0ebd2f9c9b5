"""The desk and the applicants' pages in Arabic: every text is ours to translate, and none stays in English."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html import unescape

import pytest
from django.conf import settings
from django.test import Client
from django.utils.translation import deactivate, override

from api.desk import refusals
from registry.rules.errors import StepNotAllowed, TermRefused
from tests import builders, desk_world
from tests.api.officials import sign_in
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)

_FOREIGN = re.compile(r'<(button|span|div|section|p)\b[^>]*\blang="(?!ar")[^"]*"[^>]*>')
_CODE = re.compile(r"<(code|script|style|kbd)\b.*?</\1>", re.DOTALL)
_SAID = re.compile(r'\b(?:aria-label|title|alt|placeholder|data-name|content)="([^"]*)"')
_WORDS = re.compile(r"[A-Za-z][a-z]{2,}(?:[ ’'-]+[A-Za-z]+)*")


def _ours(page: str) -> str:
    """The page without its parts in another language, each to its own end, whatever stands in it."""
    while opened := _FOREIGN.search(page):
        deep = 0
        for tag in re.finditer(rf"<(/?){opened[1]}\b[^>]*>", page[opened.start() :]):
            deep += -1 if tag[1] else 1
            if not deep:
                page = f"{page[: opened.start()]} {page[opened.start() + tag.end() :]}"
                break
        else:
            pytest.fail(f"never closed: {opened[0]}")
    return page


def english(page: str) -> set[str]:
    """What a page says in words of Latin letters, its attributes too.

    Parts in another language are let be, and the words of the law that are quoted as such («…»).
    """
    page = _CODE.sub(" ", _ours(page))
    for term in builders.POLICY["legal_terms"].values():
        page = page.replace(f"«{term}»", " ")
    body = f"<{page.partition('<body')[2]}"
    texts = [*_SAID.findall(body), *re.split(r"<[^>]*>", body)]
    return {found for text in texts for found in _WORDS.findall(unescape(text))}


#: Names and words that people entered, names of languages in their own words, and what is in Latin letters everywhere.
DATA = re.compile(
    r"northbird|kestrel|example|office|DEMO|Bank|Mina Rai|Demo|Harbour Road|Level|dla|pdf|company|register|identity"
    r"|good|conduct|premises|Two rooms|locked cabinet|records in order|Two directors were convicted|was another company"
    r"|English|Fran|ais|Bahasa Indonesia|Espa|ol|Filipino|Kiswahili|Ti|ng|Vi|t"
    r"|The answer does not change the finding|Papers under examination|Port Demo|Northbird|Authority XA-DLA"
    r"|Demo Recruitment Act|In Force|Force|Suspended"
)


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    """A request leaves its language behind in the thread."""
    yield
    deactivate()


@pytest.fixture(scope="module")
def _built(kept: Kept) -> desk_world.World:
    with kept(at=AT):
        return desk_world.built(AT)


@pytest.fixture
def world(_built: desk_world.World, clock: Clock) -> desk_world.World:
    clock.stop(AT)
    return _built


def test_no_page_says_anything_in_english(
    desk: Client, new_desk: Callable[[], Client], world: desk_world.World
) -> None:
    officer, applicant, nobody = desk, new_desk(), new_desk()
    sign_in(officer, world.officer)
    sign_in(applicant, world.applicant)
    pages = [(officer, f"/desk/{path}") for path in world.desk]
    pages += [(applicant, f"/apply/{path}") for path in world.apply] + [
        (nobody, path) for path in world.alone
    ]
    for client in (officer, applicant, nobody):
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ar"
    found, seen = {}, 0
    for client, path in pages:
        answer = client.get(path)
        page = answer.content.decode()
        seen += '<html lang="ar" dir="rtl">' in page
        left = sorted(words for words in english(page) if not DATA.fullmatch(words))
        if left:
            found[path] = left
    assert found == {}
    assert seen > 100


def test_a_refused_form_says_in_arabic_what_is_wrong(desk: Client, world: desk_world.World) -> None:
    client = sign_in(desk, world.officer).client
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ar"
    for path in world.desk:
        if path.endswith(("suspend_preventive", "fine", "correct", "invitations/new", "links")):
            answer = client.post(f"/desk/{path}", {})
            assert answer.status_code == 422, path
            assert {one for one in english(answer.content.decode()) if not DATA.fullmatch(one)} == set(), path


def test_the_register_s_own_refusal_is_said_in_arabic() -> None:
    refusal = TermRefused("a term is at most {months} months", field="last_day", months=36)
    stopped = StepNotAllowed("{action} is not a step from {state}", action="revoke", state="revoked")
    with override("ar"):
        assert refusals.sentence(refusal) == "لا تزيد المدة بالأشهر على 36."
        assert refusals.sentence(stopped) == "«سحب الترخيص» ليس إجراءً متاحًا من الحالة «مسحوب»."
    with override("en"):
        assert refusals.sentence(refusal) == "A term is at most 36 months."
    assert refusal.detail == "a term is at most 36 months"


@pytest.mark.parametrize(
    ("came_from", "back"),
    [
        ("https://testserver/desk/agencies?q=x", "/desk/agencies?q=x"),
        ("https://elsewhere.example/desk/agencies", "/desk/"),
        ("https://testserver/apply/", "/desk/"),
        ("https://testserver//evil.example/desk/", "/desk/"),
        ("", "/desk/"),
    ],
)
def test_a_language_is_chosen_where_one_stands(desk: Client, came_from: str, back: str) -> None:
    host = {"Referer": came_from.replace("testserver", desk.defaults.get("SERVER_NAME", "testserver"))}
    answer = desk.post("/desk/language", {"language": "ar"}, headers=host if came_from else {})
    assert (answer.status_code, answer.headers["Location"]) == (302, back)
    cookie = answer.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert cookie.value == "ar"
    assert cookie["httponly"]
    assert '<html lang="ar" dir="rtl">' in desk.get("/desk/sign-in").content.decode()


def test_a_language_that_nobody_speaks_changes_nothing(desk: Client) -> None:
    answer = desk.post("/desk/language", {"language": "xx<script>"})
    assert answer.status_code == 302
    assert settings.LANGUAGE_COOKIE_NAME not in answer.cookies
