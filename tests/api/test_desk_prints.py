"""Prints: the same bytes each time, read back as text, as a picture and by a scanner, in five scripts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from django.conf import settings
from django.test import Client

from api.desk import navigation, prints
from registry import dossier, licensing
from registry.rules.lifecycle import Action, StepTerms
from tests import builders, pictures
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import Answer, appoint, sign_in
from tests.conftest import Clock, Kept
from verification import badges

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
SAID = {
    "en": "Papers under examination #panic() $x$ ] <b>",
    "ar": "الأوراق قيد الفحص",
    "bn": "কাগজপত্র পরীক্ষাধীন",
    "ne": "कागजात जाँचमा छन्",
    "am": "ወረቀቶች እየተመረመሩ ነው",
}
NAME = "রূপসী ক্ষেত্র रोजगार ሥራ وكالة (DEMO)"


@pytest.fixture(scope="module")
def _built(kept: Kept) -> str:
    with kept(at=AT):
        builders.authority()
        start = AT - timedelta(days=20)
        agency = builders.agency(
            NAME, at=start, latin_name="Rupashi #set Fields", address="Kha 7", locality="Port Demo"
        )
        builders.head_office(agency, at=start)
        number = builders.active(agency, at=start)
        badges.issue("licence", number, at=start)
        terms = StepTerms(grounds=("FALSE-DOC",), texts=SAID)
        decision = builders.take(number, Action.SUSPEND_PREVENTIVE, terms, at=AT - timedelta(days=2))
        builders.lifted(number, decision.sequence, at=AT - timedelta(days=1))
        return number


@pytest.fixture
def licence(_built: str, clock: Clock) -> str:
    """A licence in force with a badge, of an agency whose name is in four scripts; suspended and lifted."""
    clock.stop(AT)
    return _built


@pytest.fixture
def officer(desk: Client, licence: str) -> Pages:
    return at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))


def _suspension(licence: str) -> int:
    entries = dossier.restricted_licence(licence, by=builders.maker(AT), at=AT)["entries"]
    return next(int(one["sequence"]) for one in entries if one["action"] == "suspend_preventive")


def _text(answer: Answer) -> str:
    assert answer.status_code == 200, answer.content[:400]
    assert answer.headers["Content-Type"] == "application/pdf"
    read = pypdfium2.PdfDocument(answer.content)
    return "\n".join(page.get_textpage().get_text_range() for page in read)


def _keep(content: bytes, name: str) -> None:
    """The pages as pictures, if somebody wants to look."""
    if pictures.wanted():
        pictures.FOLDER.mkdir(parents=True, exist_ok=True)
        for number, page in enumerate(pypdfium2.PdfDocument(content), 1):
            page.render(scale=1.5).to_pil().save(pictures.FOLDER / f"{name}-{number}.png")


def _picture(content: bytes, page: int = 0, *, scale: float = 4) -> Any:
    return pypdfium2.PdfDocument(content)[page].render(scale=scale).to_pil().convert("L")


def test_the_certificate_and_the_card_say_who_and_what_and_their_codes_lead_to_the_page(
    officer: Pages, licence: str
) -> None:
    answer = officer.get(f"licences/{licence}/certificate.pdf")
    text = _text(answer)
    _keep(answer.content, "certificate")
    code = badges.for_subject("licence", licence)[0].code
    for told in (
        licence,
        "Rupashi #set Fields",
        "Licence to recruit workers",
        f"/v/{code}",
        "DEMO Authority",
    ):
        assert told in text, told
    assert len(pypdfium2.PdfDocument(answer.content)) == 2
    for page in (0, 1):
        (found,) = zxingcpp.read_barcodes(_picture(answer.content, page))
        assert found.text.lower().endswith(f"://{settings.REGISTRY_HOST}/v/{code}".lower())


def test_a_print_has_the_same_bytes_on_every_day(officer: Pages, licence: str, clock: Clock) -> None:
    paths = (f"licences/{licence}/certificate.pdf", f"licences/{licence}/letters/{_suspension(licence)}.pdf")
    first = [officer.get(path).content for path in paths]
    clock.stop(AT + timedelta(days=3))
    sign_in(officer.client, appoint("DLA-17", "XA-DLA", "officer"))
    assert [officer.get(path).content for path in paths] == first


@pytest.mark.parametrize("language", sorted(SAID))
def test_a_letter_tells_the_decision_in_the_language_asked_for(
    officer: Pages, licence: str, language: str
) -> None:
    sequence = _suspension(licence)
    answer = officer.get(f"licences/{licence}/letters/{sequence}.pdf", lang=language)
    text = _text(answer)
    _keep(answer.content, f"letter-{language}")
    assert f"{licence} / {sequence}" in text or language == "ar"
    if language in {"en", "am"}:
        assert SAID[language] in text
    else:  # read back in the order in which they stand on paper: compare the letters
        letters = {c for c in SAID[language] if c.isalpha()}
        assert letters <= set(text) | {"\u09af"}, letters - set(text)


def _ink(text: str, language: str) -> Any:
    """A word as it falls on paper, black on white, cut to its edges."""
    told = {
        "language": language, "rtl": language == "ar", "issuer": "", "made": [2026, 5, 1], "demo": "", "title": "",
        "basis": "", "holder": "", "agency": "", "place": "", "day": "", "reference": "", "paragraphs": [text],
        "facts": [], "summary": "", "closing": [], "signed": "", "code": "", "check": "", "print": "",
    }  # fmt: skip
    picture = _picture(prints.typeset("letter.typ", told), scale=6)
    below = picture.crop((0, int(picture.height * 0.16), picture.width, int(picture.height * 0.85)))
    ink = below.point(lambda value: 255 * (value < 128))
    return ink.crop(ink.getbbox())


def _pieces(ink: Any) -> int:
    """Into how many pieces that do not touch the ink falls."""
    dark = {(x, y) for y in range(ink.height) for x in range(ink.width) if ink.getpixel((x, y))}
    count = 0
    while dark:
        count, left = count + 1, [dark.pop()]
        while left:
            x, y = left.pop()
            near = {(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)} & dark
            dark -= near
            left += near
    return count


@pytest.mark.parametrize(
    ("word", "language", "pieces"),
    [
        ("محمد", "ar", 1),  # four letters, joined
        ("মম", "bn", 1),  # hung from one line
        ("मम", "ne", 1),  # the same
        ("ሰላም", "am", 3),  # letters that stand alone
    ],
)
def test_scripts_are_shaped_as_their_readers_write_them(word: str, language: str, pieces: int) -> None:
    assert _pieces(_ink(word, language)) == pieces


def test_a_conjunct_is_one_sign_and_not_its_parts() -> None:
    """Bengali k + virama + ssa is written as one narrow sign, without a virama below."""
    assert _ink("ক্ষ", "bn").width < 0.85 * _ink("ক্\u200cষ", "bn").width


def test_a_notice_to_show_cause_says_until_when_an_answer_is_heard(officer: Pages, licence: str) -> None:
    terms = StepTerms(
        grounds=("FEE-OVERCHARGE",), until=date(2026, 12, 31), notice_served_on=AT.date() - timedelta(days=30),
        texts={"en": "Fees above the cap."}, no_conflict=True,
    )  # fmt: skip
    waiting = licensing.propose(
        licence, Action.SUSPEND_DISCIPLINARY, by=builders.maker(AT), at=AT, terms=terms, idempotency_key="x"
    )
    text = _text(officer.get(f"licences/{licence}/show-cause/{waiting.id}.pdf"))
    for told in ("Notice to show cause", "22 May 2026", "Nothing is decided yet", "Fees above the cap."):
        assert told in text, told
    assert officer.get(f"licences/{licence}/show-cause/999999.pdf").status_code == 404


def test_no_certificate_of_a_licence_that_is_not_good_today_or_has_no_badge(
    officer: Pages, licence: str
) -> None:
    builders.suspended(licence, at=AT)
    assert officer.get(f"licences/{licence}/certificate.pdf").status_code == 409
    bare = builders.active(at=AT)
    assert officer.get(f"licences/{bare}/certificate.pdf").status_code == 409


def test_another_authority_s_prints_are_not_there_and_every_role_gets_its_own(
    desk: Client, licence: str
) -> None:
    paths = (f"licences/{licence}/certificate.pdf", f"licences/{licence}/letters/{_suspension(licence)}.pdf")
    sign_in(desk, appoint("LMA-7", "XB-LMA", "officer"))
    for path in (*paths, f"licences/{licence}/letters/999999.pdf", "licences/<b>/certificate.pdf"):
        assert desk.get(f"/desk/{path}").status_code == 404, path
    for place, role in enumerate(sorted(navigation.EVERYBODY)):
        sign_in(desk, appoint(f"DLA-{place + 10}", "XA-DLA", role.value))
        for path in paths:
            expected = 200 if role in navigation.READERS else 403
            assert desk.get(f"/desk/{path}").status_code == expected, (role, path)


def _lines(content: bytes) -> list[str]:
    """The first page's lines as an eye meets them, from the left to the right."""
    page = pypdfium2.PdfDocument(content)[0].get_textpage()
    lines: dict[int, list[tuple[float, str]]] = {}
    for place in range(page.count_chars()):
        left, bottom, _right, _top = page.get_charbox(place, loose=True)
        lines.setdefault(round(bottom), []).append((left, page.get_text_range(place, 1)))
    return ["".join(one for _, one in sorted(line)).replace(" ", "") for line in lines.values()]


def test_in_arabic_addresses_numbers_and_english_words_still_run_from_left_to_right(
    officer: Pages, licence: str
) -> None:
    code = badges.for_subject("licence", licence)[0].code
    wall = _lines(officer.get(f"licences/{licence}/certificate.pdf", lang="ar").content)
    assert any(f"{settings.REGISTRY_HOST}/v/{code}" in line for line in wall)
    assert any(licence in line for line in wall)
    only = StepTerms(grounds=("FALSE-DOC",), texts={"en": "Papers under examination."})
    entry = builders.take(licence, Action.SUSPEND_PREVENTIVE, only, at=AT).sequence
    letter = _lines(officer.get(f"licences/{licence}/letters/{entry}.pdf", lang="ar").content)
    assert any(line.endswith("Papersunderexamination.") for line in letter)
    assert any(f"{licence}/{entry}" in line for line in letter)
