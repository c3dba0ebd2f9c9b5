"""The dossier of an agency: its life drawn, as it was on a day, and how its records changed."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from api.desk import navigation
from api.models import Reading
from registry import agencies
from registry.rules.lifecycle import Action, StepTerms
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import appoint, sign_in
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
START = AT - timedelta(days=60)
XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


class Holder:
    """An agency with a past: a suspension lifted, a name changed, an office moved, a person who came and went."""

    def __init__(self) -> None:
        """Found it sixty days ago and let it live."""
        builders.authority()
        self.number = builders.agency("Bluefinch Manpower (DEMO)", at=START, tax_number="TAX-778")
        self.office = builders.head_office(self.number, at=START)
        self.licence = builders.active(self.number, at=START)
        by = builders.maker(START)
        self.appointment = builders.approved(agencies.appoint(
            self.number, name="Mina Rai (DEMO)", role="director", first_day=START.date(), by=by, at=START,
            idempotency_key=builders.key(),
        ), at=START)  # fmt: skip
        self.suspended_at = START + timedelta(days=20)
        self.lifted_at = START + timedelta(days=30)
        self.renamed_at = START + timedelta(days=40)
        sequence = builders.suspended(self.licence, at=self.suspended_at)
        builders.lifted(self.licence, sequence, at=self.lifted_at)
        builders.approved(agencies.amend(
            self.number, {"legal_name": "Redfinch Manpower (DEMO)", "tax_number": "TAX-779"},
            by=builders.maker(self.renamed_at), at=self.renamed_at, idempotency_key=builders.key(),
            reason="a merger",
        ), at=self.renamed_at)  # fmt: skip


@pytest.fixture(scope="module")
def _built(kept: Kept) -> Holder:
    with kept(at=AT):
        return Holder()


@pytest.fixture
def holder(_built: Holder, clock: Clock) -> Holder:
    """An agency of XA-DLA with a past."""
    clock.stop(AT)
    return _built


@pytest.fixture
def officer(desk: Client, holder: Holder) -> Pages:
    """A licensing officer of XA-DLA at the desk."""
    return at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))


def read(pages: Pages, path: str, status: int = 200, **query: object) -> str:
    """A page of the desk that answers with that status."""
    answer = pages.get(path, **query)
    assert answer.status_code == status, answer.content.decode()[:500]
    return str(answer.content.decode())


# --- the picture -------------------------------------------------------------------------------------------------


def test_the_life_of_a_licence_is_a_picture_with_a_title_words_and_a_table(
    officer: Pages, holder: Holder
) -> None:
    page = read(officer, f"agencies/{holder.number}")
    picture = re.search(r'<figure class="life">(.*?)</figure>', page, re.DOTALL)
    assert picture is not None
    drawn = picture[1]
    assert f'<title id="life-{holder.licence}-title">The life of licence {holder.licence}</title>' in drawn
    told = re.search(r"<desc [^>]*>(.*?)</desc>", drawn, re.DOTALL)
    assert told is not None
    for words in ("In force, from", "Suspended, from 22 March 2026 until", "Term, from"):
        assert words in told[1]
    assert "over hatch" in drawn, "a suspension differs by pattern, not by colour alone"
    rows = re.search(r'aria-label="The life of licence [^"]*, in rows">(.*?)</table>', page, re.DOTALL)
    assert rows is not None
    for number in set(re.findall(r'class="no"[^>]*>(\d+)<', drawn)):
        assert f'<th scope="row">{number}</th>' in rows[1]


def test_a_decision_that_waits_for_its_effect_is_drawn_as_announced(officer: Pages, holder: Holder) -> None:
    terms = StepTerms(
        grounds=("FEE-PROHIBITED",), effective=(AT + timedelta(days=40)).date(),
        until=(AT + timedelta(days=70)).date(), notice_served_on=(AT - timedelta(days=30)).date(),
    )  # fmt: skip
    builders.take(holder.licence, Action.SUSPEND_DISCIPLINARY, terms, at=AT)
    page = read(officer, f"agencies/{holder.number}")
    assert "Decided, not yet in effect" in page
    assert '<g class="wait open">' in page


def test_an_agency_without_a_licence_has_no_picture(officer: Pages, holder: Holder) -> None:
    other = builders.agency("Greyfinch (DEMO)", at=AT)
    page = read(officer, f"agencies/{other}")
    assert "<figure" not in page
    assert "No licence was ever opened." in page


# --- as it was ---------------------------------------------------------------------------------------------------


def test_the_page_of_a_day_says_so_shows_that_day_and_leads_back(officer: Pages, holder: Holder) -> None:
    day = (holder.suspended_at + timedelta(days=1)).date()
    page = read(officer, f"agencies/{holder.number}", as_of=day)
    assert "as it was at the end of 23 March 2026" in page
    assert f'href="/desk/agencies/{holder.number}">Back to today' in page
    assert "Not licensed" in page
    assert "Bluefinch Manpower (DEMO)" in page
    assert "TAX-778" in page
    assert "Redfinch" not in page
    assert f'value="{day}"' in page
    assert "Suspension or restriction lifted" not in page
    today = read(officer, f"agencies/{holder.number}")
    assert "Back to today" not in today
    assert "Redfinch Manpower (DEMO)" in today


def test_what_was_known_then_knows_nothing_that_was_recorded_later(officer: Pages, holder: Holder) -> None:
    known = (holder.suspended_at - timedelta(days=1)).date()
    page = read(officer, f"agencies/{holder.number}", known_at=known)
    assert "Only what the register had recorded by the end of 21 March 2026" in page
    assert "Suspended" not in page
    assert "Bluefinch" in page


def test_before_its_first_entry_the_dossier_is_empty_and_says_so(officer: Pages, holder: Holder) -> None:
    page = read(officer, f"agencies/{holder.number}", as_of=(START - timedelta(days=5)).date())
    assert "The register held nothing of this agency then." in page
    assert "Redfinch" not in page


def test_an_appointment_that_begins_later_is_not_of_that_day(officer: Pages, holder: Holder) -> None:
    builders.approved(agencies.appoint(
        holder.number, name="Hari Lama (DEMO)", role="director", first_day=date(2026, 4, 28),
        by=builders.maker(AT), at=AT, idempotency_key=builders.key(),
    ), at=AT)  # fmt: skip
    assert "Hari Lama" in read(officer, f"agencies/{holder.number}")
    assert "Hari Lama" not in read(officer, f"agencies/{holder.number}", as_of="2026-04-27")


def test_today_s_date_is_today_s_page(officer: Pages, holder: Holder) -> None:
    assert "Back to today" not in read(officer, f"agencies/{holder.number}", as_of="2026-05-01")


@pytest.mark.parametrize("field", ["as_of", "known_at"])
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2026-05-02", "still to come"),
        ("yesterday", "Give a day"),
        ("2026-02-30", "Give a day"),
        ("9999-12-31", "out of reach"),
        ("0001-01-01", "out of reach"),
        (XSS, "Give a day"),
    ],
)
def test_a_bad_day_is_said_at_its_field_and_stays_typed(
    officer: Pages, holder: Holder, field: str, typed: str, said: str
) -> None:
    page = read(officer, f"agencies/{holder.number}", 422, **{field: typed})
    wrong = re.search(rf'id="id_{field}_error">(.*?)</div>', page, re.DOTALL)
    assert wrong is not None
    assert said in wrong[1]
    assert "<script>alert" not in page
    if typed != XSS:
        assert f'value="{typed}"' in page
    assert "Redfinch" in page


# --- versions ----------------------------------------------------------------------------------------------------


def test_every_sort_of_record_has_its_versions(officer: Pages, holder: Holder) -> None:
    page = read(officer, f"agencies/{holder.number}/versions")
    person = re.search(r"PE-\d+-\w", page)
    assert person is not None
    for record in (holder.number, holder.office, holder.appointment, holder.licence, person[0]):
        assert f"/desk/agencies/{holder.number}/versions/{record}" in page
        read(officer, f"agencies/{holder.number}/versions/{record}")


def test_two_versions_differ_field_by_field_with_who_when_and_why(officer: Pages, holder: Holder) -> None:
    path = f"agencies/{holder.number}/versions/{holder.number}"
    page = read(officer, path)
    for told in ("a merger", "OFFICER-OFFICER", "TAX-778", "TAX-779", "restricted", "Bluefinch", "Redfinch"):
        assert told in page
    ids = [int(one) for one in re.findall(r'name="older" value="(\d+)"', page)]
    assert ids == sorted(ids, reverse=True)
    swapped = read(officer, path, older=ids[0], newer=ids[-1])
    assert swapped.index("Bluefinch") < swapped.rindex("Redfinch")
    same = read(officer, path, older=ids[0], newer=ids[0])
    assert "No field differs" in same


def test_the_keys_of_an_appointment_are_numbers_and_digests_stay_short(
    officer: Pages, holder: Holder
) -> None:
    builders.approved(
        agencies.amend(
            holder.number,
            {"bank_account": "XA12 3456"},
            by=builders.maker(AT),
            at=AT,
            idempotency_key=builders.key(),
        ),
        at=AT,
    )
    page = read(officer, f"agencies/{holder.number}/versions/{holder.number}")
    assert "Bank account (kept as a digest)" in page
    assert not re.search(r"[0-9a-f]{40}", page.replace("csrf", ""))


@pytest.mark.parametrize(
    "query",
    [
        {"older": "1"},
        {"older": "x", "newer": "2"},
        {"older": "999999999", "newer": "999999998"},
        {"older": "9" * 40, "newer": "1"},
        {"older": "-1", "newer": "1"},
        {"older": XSS, "newer": XSS},
    ],
)
def test_versions_that_are_not_there_are_refused_in_words(
    officer: Pages, holder: Holder, query: dict[str, str]
) -> None:
    page = read(officer, f"agencies/{holder.number}/versions/{holder.number}", 422, **query)
    assert "Nothing was compared." in page
    assert "<script>alert" not in page


def test_the_versions_of_another_record_cannot_be_read_through_this_one(
    officer: Pages, holder: Holder
) -> None:
    office = read(officer, f"agencies/{holder.number}/versions/{holder.office}")
    foreign = re.findall(r'name="older" value="(\d+)"', office)[0]
    other = builders.agency("Greyfinch (DEMO)", at=AT)
    page = read(officer, f"agencies/{other}/versions/{other}")
    own = re.findall(r'name="older" value="(\d+)"', page)
    assert read(officer, f"agencies/{other}/versions/{holder.office}", 404)
    if foreign not in own:
        read(officer, f"agencies/{other}/versions/{other}", 422, older=foreign, newer=own[0])


@pytest.mark.django_db(transaction=True)
def test_what_was_erased_by_order_is_a_tombstone(
    desk: Client, clock: Clock, as_owner: Callable[[], AbstractContextManager[None]]
) -> None:
    from registry import history
    from registry.models import Person

    clock.stop(AT)
    holder = Holder()
    officer = at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))
    person = Person.objects.get()
    with as_owner():
        history.redact(
            person, ["birth_date", "nationality"], by="DLA-1", second="DLA-2", at=AT, order="Court 7/2026"
        )
    page = read(officer, f"agencies/{holder.number}/versions/{person.number}")
    assert "something was erased by order" in page
    assert "Court 7/2026" in page


def test_what_people_typed_is_text_everywhere(officer: Pages, clock: Clock, holder: Holder) -> None:
    nasty = builders.agency(XSS, at=AT, latin_name=XSS, address=XSS, locality=XSS, company_register=XSS)
    by = builders.maker(AT)
    builders.head_office(nasty, at=AT, name=XSS, address=XSS, locality=XSS)
    builders.approved(
        agencies.add_trading_name(nasty, XSS, by=by, at=AT, idempotency_key=builders.key()), at=AT
    )
    builders.approved(
        agencies.appoint(
            nasty,
            name=XSS,
            role="director",
            first_day=AT.date(),
            by=by,
            at=AT,
            idempotency_key=builders.key(),
        ),
        at=AT,
    )
    licence = builders.active(nasty, at=AT)
    terms = StepTerms(
        conditions=({"code": "C", "text": XSS},), texts={"en": XSS}, restricted_reasons=XSS,
        notice_served_on=(AT - timedelta(days=40)).date(),
    )  # fmt: skip
    builders.take(licence, Action.VARY, terms, at=AT)
    builders.approved(
        agencies.amend(nasty, {"locality": "Town"}, by=by, at=AT, reason=XSS, idempotency_key=builders.key()),
        at=AT,
    )
    for path in ("", "/versions", f"/versions/{nasty}", f"/versions/{licence}"):
        page = read(officer, f"agencies/{nasty}{path}")
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in read(officer, f"agencies/{nasty}")


# --- who may, and what is written down ---------------------------------------------------------------------------


def test_each_role_reads_the_dossier_and_its_versions_or_is_refused(desk: Client, holder: Holder) -> None:
    paths = (
        f"agencies/{holder.number}",
        f"agencies/{holder.number}?as_of=2026-04-01",
        f"agencies/{holder.number}/versions",
        f"agencies/{holder.number}/versions/{holder.office}",
    )
    found = {}
    for place, role in enumerate(sorted(navigation.EVERYBODY)):
        sign_in(desk, appoint(f"DLA-{place}", "XA-DLA", role.value))
        for path in paths:
            found[role, path] = desk.get(f"/desk/{path}").status_code
            assert desk.post(f"/desk/{path}").status_code in {403, 405}
    assert found == {
        (role, path): 200 if role in navigation.READERS else 403
        for role in navigation.EVERYBODY
        for path in paths
    }


@pytest.mark.parametrize(
    "path", ["", "?as_of=2026-04-01", "?as_of=nonsense", "/versions", "/versions/{office}"]
)
def test_another_authority_s_dossier_is_not_there(desk: Client, holder: Holder, path: str) -> None:
    other = at_desk(desk, appoint("LMA-7", "XB-LMA", "officer"))
    answer = other.client.get(f"/desk/agencies/{holder.number}{path.format(office=holder.office)}")
    assert answer.status_code == 404
    assert not Reading.objects.exists()


@pytest.mark.parametrize("record", ["AG-000999-0", "nonsense", "OF-000999-0", "%00", "<b>"])
def test_a_record_that_is_not_there_is_a_page_that_says_so(
    officer: Pages, holder: Holder, record: str
) -> None:
    assert officer.get(f"agencies/{holder.number}/versions/{record}").status_code == 404


def test_every_read_is_written_down(officer: Pages, holder: Holder) -> None:
    officer.get(f"agencies/{holder.number}", as_of="2026-04-01")
    officer.get(f"agencies/{holder.number}/versions")
    officer.get(f"agencies/{holder.number}/versions/{holder.office}")
    officer.get(f"agencies/{holder.number}/versions/{holder.number}")
    assert list(Reading.objects.order_by("pk").values_list("record", "fields")) == [
        (holder.number, "agency"),
        (holder.licence, "licence"),
        (holder.number, "versions"),
        (holder.office, "versions"),
        (holder.number, "versions"),
        (holder.number, "difference"),
    ]
