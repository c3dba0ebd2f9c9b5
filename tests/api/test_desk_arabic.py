"""The desk and the applicants' pages in Arabic: every text is ours to translate, and none stays in English."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape

import pytest
from django.conf import settings
from django.test import Client

from tests import desk_world
from tests.api.officials import sign_in
from tests.conftest import Clock

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)

_FOREIGN = re.compile(r'<(button|span|div|section|p)\b[^>]*\blang="(?!ar")[^"]*"[^>]*>.*?</\1>', re.DOTALL)
_CODE = re.compile(r"<(code|script|style|kbd)\b.*?</\1>", re.DOTALL)
_SAID = re.compile(r'\b(?:aria-label|title|alt|placeholder|data-name|content)="([^"]*)"')
_WORDS = re.compile(r"[A-Za-z][a-z]{2,}(?:[ ’'-]+[A-Za-z]+)*")


def english(page: str) -> set[str]:
    """What a page says in words of Latin letters, its attributes too; parts in another language are let be."""
    page = _CODE.sub(" ", _FOREIGN.sub(" ", page))
    body = f"<{page.partition('<body')[2]}"
    texts = [*_SAID.findall(body), *re.split(r"<[^>]*>", body)]
    return {found for text in texts for found in _WORDS.findall(unescape(text))}


#: Names and words that people entered, names of languages in their own words, and what is in Latin letters everywhere.
DATA = re.compile(
    r"northbird|kestrel|example|office|DEMO|Bank|Mina Rai|Demo|Harbour Road|Level|dla|pdf|company|register|identity"
    r"|good|conduct|premises|Two rooms|locked cabinet|records in order|Two directors were convicted|was another company"
    r"|English|Fran|ais"
    r"|The answer does not change the finding|Papers under examination|Port Demo|Northbird|Authority XA-DLA"
)


@pytest.fixture
def world(clock: Clock) -> desk_world.World:
    return desk_world.built(clock.stop(AT))


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
