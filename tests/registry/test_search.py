"""Searching the register: what is found, what is claimed of it, and what is never shown."""

from datetime import date, timedelta

import pytest
from django.db import connection, transaction

from registry import agencies, search
from registry.models import Agency, Licence
from registry.models.search import SearchName, SearchWord
from registry.rules import errors
from registry.rules.lifecycle import Action, StepTerms
from registry.search import indexing
from tests import builders
from tests.conftest import Kept

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
AT = builders.START + 10 * DAY


@pytest.fixture(scope="module")
def gulf_star(kept: Kept) -> str:
    """The licence of an agency alone in the register, Gulf Star Overseas."""
    with kept():
        builders.authority()
        return licensed("Gulf Star Overseas")


@pytest.fixture
def _authority(db: None) -> None:
    """An authority without licences."""
    builders.authority()


def licensed(name: str, *, latin_name: str = "") -> str:
    """A licence in force of a new agency; its number."""
    holder = builders.agency(name, company_number=builders.key(), latin_name=latin_name)
    return builders.active(holder)


def holder_of(number: str) -> str:
    return Licence.objects.get(number=number).agency.number


def add_channel(number: str, kind: str, value: str) -> None:
    by = builders.maker(builders.START)
    builders.approved(
        agencies.add_channel(
            holder_of(number), kind, value, by=by, at=builders.START, idempotency_key=builders.key()
        ),
        at=builders.START,
    )


def find(q: str, **more: object) -> tuple[search.Hit, ...]:
    return search.find(q, **{"limit": 20, "after": None, "at": AT, **more}).data  # type: ignore[arg-type]


def numbers(q: str, **more: object) -> list[str]:
    return [hit.number for hit in find(q, **more)]


# --- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ("شركة الأمين للاستقدام", "Al-Amin"),
        ("Karasin Recruiting", "كاراسين"),
        ("মেসার্স ঢাকা ইন্টারন্যাশনাল", "Dhaka International"),
        ("नेपाल म्यानपावर प्रा. लि.", "Nepal Manpower"),
    ],
)
def test_a_name_is_found_from_one_script_to_another_and_back(gulf_star: str, held: str, asked: str) -> None:
    number = licensed(held)
    assert numbers(asked)[0] == number


@pytest.mark.usefixtures("_authority")
def test_every_kind_of_name_is_found_under_its_kind() -> None:
    number = licensed("গালফ ওভারসিজ", latin_name="Gulf Overseas")
    by = builders.maker(builders.START)
    builders.approved(
        agencies.add_trading_name(
            holder_of(number), "Bright Harbour", by=by, at=builders.START, idempotency_key=builders.key()
        ),
        at=builders.START,
    )
    joined = licensed("Ribbon Limited t/a Willow Care")
    native, latin = find("গালফ ওভারসিজ")[0], find("Gulf Overseas")[0]
    assert (native.number, native.kind, native.match) == (number, "legal", "exact")
    assert (latin.number, latin.kind, latin.match) == (number, "latin", "exact")
    assert [(hit.number, hit.kind) for hit in find("bright harbour")] == [(number, "trading")]
    assert [(hit.number, hit.name, hit.kind) for hit in find("Willow Care")] == [
        (joined, "Willow Care", "trading")
    ]
    assert [(hit.number, hit.name, hit.kind) for hit in find("Ribbon Ltd")] == [
        (joined, "Ribbon Limited", "alias")
    ]
    assert find("Ribbon Ltd trading as Willow Care")[0].match == "exact"
    assert find("Ribbon Ltd trading as Harbour Light")[0].match == "weak"


def test_an_agency_with_two_licences_gives_two_hits_each_with_its_own_verdict(gulf_star: str) -> None:
    second = builders.active(holder_of(gulf_star), "C")
    builders.revoked(second, at=AT - DAY)
    hits = find("Gulf Star Overseas")
    assert {hit.number: hit.verdict for hit in hits} == {gulf_star: "licensed", second: "not_licensed"}
    assert {hit.match for hit in hits} == {"exact"}


def test_two_agencies_of_one_name_are_both_shown(gulf_star: str) -> None:
    both = {gulf_star, licensed("GULF STAR OVERSEAS LTD")}
    assert {hit.number for hit in find("Gulf Star Overseas") if hit.match == "exact"} == both


@pytest.mark.usefixtures("_authority")
def test_a_misspelling_between_two_names_is_claimed_of_neither() -> None:
    licensed("Rahmatin Overseas")
    licensed("Rahmatir Overseas")
    hits = find("Rahmatix Overseas")
    assert len(hits) == 2
    assert {hit.match for hit in hits} == {"weak"}
    assert all("name.several" in hit.why for hit in hits)


@pytest.mark.usefixtures("_authority")
def test_a_short_name_is_not_claimed_to_be_a_longer_one() -> None:
    number = licensed("Gulf Star Overseas Training Centre")
    hits = find("Gulf Star Overseas")
    assert [(hit.number, hit.match) for hit in hits] == [(number, "weak")]


def test_only_what_is_public_now_is_found(gulf_star: str) -> None:
    by = builders.maker(builders.START)
    builders.approved(agencies.add_trading_name(
        holder_of(gulf_star), "Bright Harbour", by=by, at=builders.START, idempotency_key=builders.key(),
        first_day=date(2026, 2, 1), last_day=date(2026, 2, 28),
    ), at=builders.START)  # fmt: skip
    february = builders.START.replace(month=2, day=10)
    assert numbers("Bright Harbour") == []
    assert numbers("Bright Harbour", at=february) == [gulf_star]
    assert numbers("Bright Harbour", at=february + 30 * DAY) == []


@pytest.mark.usefixtures("_authority")
def test_a_licence_that_is_not_public_yet_is_not_found() -> None:
    holder = builders.agency("Gulf Star Overseas")
    builders.opened(holder)
    assert find("Gulf Star Overseas") == ()


def test_filters_are_applied_before_the_best_are_chosen(gulf_star: str) -> None:
    builders.authority("XB-MOL")
    here = [gulf_star, *(licensed("Gulf Star Overseas") for _ in range(2))]
    there = builders.active(builders.agency("Gulf Star Overseas", authority="XB-MOL"), authority="XB-MOL")
    assert set(numbers("gulf star")) == {*here, there}
    assert numbers("gulf star", country="XB") == [there]
    assert numbers("gulf star", authority="XB-MOL") == [there]
    assert set(numbers("gulf star", authority="XA-DLA")) == set(here)
    assert numbers("gulf star", country="X\x00\ud800") == []


# --- numbers -----------------------------------------------------------------------------------------------------


def test_a_number_is_found_however_it_is_typed(gulf_star: str) -> None:
    for typed in (
        gulf_star,
        gulf_star.lower(),
        gulf_star.replace("-", ""),
        gulf_star.replace("-", " "),
        f" {gulf_star} ",
    ):
        assert [(hit.number, hit.match, hit.kind, hit.name) for hit in find(typed)] == [
            (gulf_star, "exact", "number", "Gulf Star Overseas")
        ]
    assert numbers(holder_of(gulf_star)) == [gulf_star]


@pytest.mark.usefixtures("_authority")
def test_an_unknown_number_is_never_shown_as_found() -> None:
    number = licensed("XA DLA A 000123 Services")
    wrong = number[:-1] + ("7" if number[-1] != "7" else "8")
    assert find(wrong) == ()
    assert find(number.replace("000001", "000002")) == ()
    licensed("06472420")
    assert numbers("06472421") == []
    assert len(numbers("06472420")) == 1


@pytest.mark.usefixtures("_authority")
def test_a_number_of_elsewhere_is_found_from_strict_to_loose_and_no_other() -> None:
    holder = builders.agency("Gulf Star Overseas")
    number = builders.active(holder, legacy_number="RL-0010")
    other = builders.active(builders.agency("Kestrel Manpower", company_number="K1"), legacy_number="RL-0011")
    assert [(hit.number, hit.match) for hit in find("rl 0010")] == [(number, "exact")]
    assert [(hit.number, hit.match) for hit in find("RL-OO1O")] == [(number, "strong")]
    assert [(hit.number, hit.match, hit.why) for hit in find("RL 10")] == [
        (number, "strong", ("number.leading_zeros",))
    ]
    assert numbers("RL-0011") == [other]
    assert numbers("RL-0012") == []
    assert numbers("RL-00100") == []


@pytest.mark.usefixtures("_authority")
def test_one_number_at_two_authorities_is_found_at_both() -> None:
    builders.authority("XB-MOL")
    here = builders.active(builders.agency("Gulf Star"), legacy_number="0010")
    there = builders.active(
        builders.agency("Kestrel", authority="XB-MOL"), authority="XB-MOL", legacy_number="0010"
    )
    assert set(numbers("0010")) == {here, there}
    assert numbers("0010", country="XB") == [there]
    assert {hit.match for hit in find("010")} == {"weak"}


# --- contacts ----------------------------------------------------------------------------------------------------


def test_a_contact_is_found_in_any_writing(gulf_star: str) -> None:
    for kind, value in [
        ("phone", "+880 1711-123456"),
        ("email", "info@gulfstar.example"),
        ("domain", "gulfstar.example"),
        ("social", "https://facebook.com/GulfStar"),
    ]:
        add_channel(gulf_star, kind, value)
    for typed, kind, match in [
        ("+8801711123456", "phone", "exact"),
        ("০১৭১১-১২৩৪৫৬", "phone", "strong"),
        ("INFO@gulfstar.example", "email", "exact"),
        ("https://www.gulfstar.example/jobs", "domain", "exact"),
        ("m.facebook.com/gulfstar/", "social", "exact"),
        ("@GulfStar", "social", "strong"),
    ]:
        hits = [(hit.number, hit.kind, hit.match, hit.name) for hit in find(typed)]
        assert hits == [(gulf_star, kind, match, "Gulf Star Overseas")], typed
    assert [(hit.match, hit.why) for hit in find("jobs@gulfstar.example")] == [("weak", ("domain.of_email",))]
    assert find("+880 1711-123457") == ()


def test_a_phone_that_is_not_on_the_record_of_the_named_agency_is_told(gulf_star: str) -> None:
    add_channel(gulf_star, "phone", "+8801711123456")
    other = licensed("Kestrel Manpower")
    add_channel(other, "phone", "+8801811999888")
    own = find("Gulf Star Overseas +880 1711-123456")[0]
    assert (own.number, own.match) == (gulf_star, "exact")
    unknown = find("Gulf Star Overseas, call 01999-777666")[0]
    assert (unknown.number, unknown.match) == (gulf_star, "weak")
    assert "contact.does_not_match" in unknown.why
    named = {hit.number: hit for hit in find("Gulf Star Overseas +8801811999888")}
    assert "contact.does_not_match" in named[gulf_star].why
    assert named[gulf_star].match == "weak"
    assert named[other].kind == "phone"
    page = find("Gulf Star Overseas facebook.com/gulf.star.jobs")[0]
    assert "contact.does_not_match" in page.why


def test_an_ended_contact_is_no_longer_the_agencys(gulf_star: str) -> None:
    add_channel(gulf_star, "phone", "+8801711123456")
    builders.approved(agencies.end_channel(
        holder_of(gulf_star), "phone", "+8801711123456", last_day=date(2026, 1, 8),
        by=builders.maker(builders.START), at=builders.START, idempotency_key=builders.key(),
    ), at=builders.START)  # fmt: skip
    assert numbers("+8801711123456", at=builders.START + DAY) == [gulf_star]
    assert numbers("+8801711123456") == []


# --- pages -------------------------------------------------------------------------------------------------------


def test_pages_follow_each_other_without_gap_or_repetition(gulf_star: str) -> None:
    all_of_them = {
        gulf_star,
        *(licensed(f"Gulf Star {name}") for name in ("Kestrel", "Willow", "Amber", "Birch")),
    }
    seen: list[str] = []
    after = None
    for _ in range(5):
        page = search.find("Gulf Star", limit=2, after=after, at=AT)
        seen += [hit.number for hit in page.data]
        after = page.next
        if after is None:
            break
    assert after is None
    assert sorted(seen) == sorted(all_of_them)


@pytest.mark.parametrize("after", ["x", "0.9", "x~y", "~"])
@pytest.mark.usefixtures("_authority")
def test_a_cursor_that_is_none_of_ours_is_refused(after: str) -> None:
    with pytest.raises(errors.CursorInvalid) as refused:
        find("Gulf Star", after=after)
    assert refused.value.facts["field"] == "after"


# --- the index ---------------------------------------------------------------------------------------------------


def test_a_change_is_searchable_in_its_own_transaction_and_an_old_name_is_not(gulf_star: str) -> None:
    builders.approved(agencies.amend(
        holder_of(gulf_star), {"legal_name": "Kestrel Manpower"}, by=builders.maker(AT), at=AT,
        expected_version=Agency.objects.get(number=holder_of(gulf_star)).version, idempotency_key=builders.key(),
    ), at=AT)  # fmt: skip
    assert numbers("Kestrel Manpower") == [gulf_star]
    assert numbers("Gulf Star Overseas") == []


@pytest.mark.usefixtures("_authority")
def test_indexing_again_changes_nothing() -> None:
    number = licensed("Gulf Star Overseas t/a Willow Care")
    add_channel(number, "phone", "+8801711123456")
    before = (_rows(), _words())
    indexing.index([holder_of(number)])
    assert (_rows(), _words()) == before
    ids = set(SearchName.objects.values_list("pk", flat=True))
    indexing.index([holder_of(number), holder_of(number), "AG-999999-X"])
    assert set(SearchName.objects.values_list("pk", flat=True)) == ids


@pytest.mark.usefixtures("_authority")
def test_made_again_from_nothing_the_index_is_the_same() -> None:
    for name in ("Gulf Star Overseas t/a Willow Care", "Kestrel Manpower", "শাপলা ওভারসিজ"):
        add_channel(licensed(name), "phone", "+8801711123456")
    indexing.recount()
    before = (_rows(), _words())
    assert indexing.rebuild() == 3
    assert (_rows(), _words()) == before


def test_counts_add_up_whether_or_not_they_were_added(gulf_star: str) -> None:
    for _ in range(2):
        licensed("Gulf Star Overseas")
    before = _words()
    assert before["gulf"] == before[""] == 3
    assert indexing.recount() > 0
    assert _words() == before
    assert indexing.recount() == 0
    assert SearchWord.objects.filter(word="gulf").count() == 1


def test_an_agency_that_is_gone_is_forgotten(gulf_star: str) -> None:
    SearchName.objects.create(
        subject="AG-999999-X", authority="XA-DLA", country="XA", kind="legal", text="Ghost", folded="ghost",
        keys=[1], valid=(None, None),
    )  # fmt: skip
    indexing.index(["AG-999999-X", holder_of(gulf_star)])
    assert set(SearchName.objects.values_list("subject", flat=True)) == {holder_of(gulf_star)}


def _rows() -> list[tuple[object, ...]]:
    return sorted(
        SearchName.objects.values_list("subject", "licence", "kind", "text", "folded", "keys"), key=str
    )


def _words() -> dict[str, int]:
    counts: dict[str, int] = {}
    for word, names in SearchWord.objects.values_list("word", "names"):
        counts[word] = counts.get(word, 0) + names
    return {word: count for word, count in counts.items() if count}


def test_adopting_a_listed_licence_keeps_its_old_reference_searchable(gulf_star: str) -> None:
    licence = Licence.objects.get(number=gulf_star)
    Licence.objects.filter(pk=licence.pk).update(legacy_number="RL-0010")
    indexing.index([licence.agency.number])
    assert numbers("RL-0010") == [gulf_star]


def test_a_search_inside_a_writers_transaction_leaves_its_settings_alone(gulf_star: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        find("Gulf Star")
        cursor.execute("SHOW enable_seqscan")
        assert cursor.fetchone() == ("on",)


def test_a_revoked_licence_is_found_and_says_so(gulf_star: str) -> None:
    sequence = builders.suspended(gulf_star, at=builders.START + DAY)
    assert [(hit.number, hit.verdict) for hit in find("Gulf Star Overseas")] == [(gulf_star, "not_licensed")]
    builders.take(gulf_star, Action.LIFT, StepTerms(refers_to=sequence), at=builders.START + 2 * DAY)
    assert [(hit.number, hit.verdict) for hit in find("Gulf Star Overseas")] == [(gulf_star, "licensed")]
