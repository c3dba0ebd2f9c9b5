"""Names and contacts have one stored form, and what has none is refused with its field."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.rules import contacts
from registry.rules.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS: dict[str, Callable[..., str]] = {
    "name": contacts.name,
    "phone": contacts.phone,
    "email": contacts.email,
    "domain": contacts.web_domain,
    "social_page": contacts.social_page,
    "lei": contacts.lei,
    "corridor": contacts.corridor,
    "occupation": contacts.occupation,
    "currency": contacts.currency,
}


@pytest.mark.parametrize(
    ("form", "written", "stored"),
    [
        ("name", "  Everest\u200b  Overseas \n (P) Ltd ", "Everest Overseas (P) Ltd"),
        ("name", "Cafe\u0301", "Café"),
        ("name", "ক্\u200dষ", "ক্\u200dষ"),
        ("name", "O'Brien & <Sons>", "O'Brien & <Sons>"),
        ("name", "\u202egnihton\u202c", "gnihton"),
        ("phone", "+44 (0)20 7946 0958", "+442079460958"),
        ("phone", "+977 1-4412345", "+97714412345"),
        ("phone", "+৯৭৭ ১ ৪৪১২৩৪৫", "+97714412345"),
        ("email", " mailto:Office@Bücher.Example ", "office@xn--bcher-kva.example"),
        ("email", "अ@नेपाल.भारत", "अ@xn--l2bey1c2b.xn--h2brj9c"),
        ("domain", "HTTPS://www.Bücher.example:8080/jobs?x=1#top", "xn--bcher-kva.example"),
        ("domain", "gov.uk.", "gov.uk"),
        ("domain", "www.com", "www.com"),
        ("domain", "ｅｘａｍｐｌｅ。com", "example.com"),
        ("social_page", "https://m.facebook.com/Ever.Est/?ref=1", "facebook.com/ever.est"),
        ("social_page", "fb.com/groups/Jobs", "facebook.com/groups/jobs"),
        ("social_page", "https://ne-np.facebook.com/profile.php?id=1000123", "facebook.com/1000123"),
        ("social_page", "https://www.facebook.com/people/Ever-Est/1000123/", "facebook.com/1000123"),
        ("social_page", "https://twitter.com/AbC/status/1", "x.com/abc"),
        ("social_page", "https://www.tiktok.com/@AbC?lang=en", "tiktok.com/@abc"),
        ("social_page", "https://youtube.com/channel/UCabcDEF", "youtube.com/channel/UCabcDEF"),
        ("social_page", "https://www.youtube.com/Foo", "youtube.com/@foo"),
        ("social_page", "https://np.linkedin.com/company/Foo-Bar/", "linkedin.com/company/foo-bar"),
        ("social_page", "t.me/s/Foo", "t.me/foo"),
        ("social_page", "https://www.facebook.com/%E0%A4%85", "facebook.com/अ"),
        ("social_page", "https://jobs.example/Our/Page", "jobs.example/Our/Page"),
        ("lei", "2138 00ku d8la jwsq 9d15", "213800KUD8LAJWSQ9D15"),
        ("corridor", " qa ", "QA"),
        ("corridor", "xb", "XB"),
        ("occupation", " 5321 ", "5321"),
        ("occupation", "0", "0"),
        ("currency", "npr", "NPR"),
    ],
)
def test_each_has_one_stored_form(form: str, written: str, stored: str) -> None:
    assert FORMS[form](written) == stored


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("name", " \u200b "),
        ("name", "a\x00b"),
        ("name", "a\ud800"),
        ("name", "a" * 301),
        ("phone", "020 7946 0958"),
        ("phone", "+44 20 7946"),
        ("phone", "+999 555 0142"),
        ("phone", "+44 20 7946 0958 ext 3"),
        ("phone", "call us"),
        ("phone", "1" * 10_000),
        ("email", "office"),
        ("email", "office@local"),
        ("email", "Office <office@x.example>"),
        ("email", "a@b@c.example"),
        ("email", "a..b@c.example"),
        ("email", "a@[192.0.2.1]"),
        ("email", "a\x00@c.example"),
        ("email", f"{'a' * 65}@c.example"),
        ("domain", "localhost"),
        ("domain", "192.0.2.1"),
        ("domain", "user@x.example"),
        ("domain", "straße.example"),
        ("domain", "*.x.example"),
        ("domain", "a..example"),
        ("domain", "[::1"),
        ("domain", "<b>.example"),
        ("domain", f"{'a' * 64}.example"),
        ("social_page", "@everest"),
        ("social_page", "facebook.com"),
        ("social_page", "https://www.facebook.com/story.php?id=1"),
        ("social_page", "https://www.facebook.com/profile.php"),
        ("social_page", "https://www.instagram.com/p/Cxyz/"),
        ("social_page", "youtube.com/watch?v=1"),
        ("social_page", "t.me/s"),
        ("lei", "213800KUD8LAJWSQ9D16"),
        ("lei", "213800KUD8LAJWSQ9D1"),
        ("corridor", "Qatar"),
        ("corridor", "UK"),
        ("occupation", "53211"),
        ("occupation", "٥٣٢١"),
        ("occupation", ""),
        ("currency", "XAA"),
    ],
)
def test_what_has_no_stored_form_is_refused_with_its_field(form: str, written: str) -> None:
    with pytest.raises(BadInput) as refusal:
        FORMS[form](written, field="their_field")
    assert refusal.value.facts["field"] == "their_field"
    assert refusal.value.detail.endswith(".")


@pytest.mark.parametrize(("country", "stored"), [("GB", "+442079460958"), ("NP", None), ("XA", None)])
def test_a_number_without_its_country_is_read_where_it_is_dialled(country: str, stored: str | None) -> None:
    if stored:
        assert contacts.phone("020 7946 0958", country=country) == stored
    else:
        with pytest.raises(contacts.PhoneInvalid):
            contacts.phone("020 7946 0958", country=country)


@given(st.sampled_from(sorted(FORMS)), st.text())
def test_any_text_has_a_stored_form_that_stays_or_is_refused(form: str, text: str) -> None:
    try:
        stored = FORMS[form](text)
    except BadInput:
        return
    assert FORMS[form](stored) == stored
    assert "\x00" not in stored


addresses = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "http://", "https://www.", "//", "m."]),
    st.sampled_from(
        ["facebook.com", "fb.me", "x.com", "tiktok.com", "youtube.com", "t.me", "a.example", "linkedin.com"]
    ),
    st.text("abcXYZ/@.?=&%0अ~ ", max_size=20).map("/{}".format),
)


@given(addresses)
def test_every_address_of_a_page_settles_on_one(address: str) -> None:
    try:
        stored = contacts.social_page(address)
    except contacts.SocialPageInvalid:
        return
    assert contacts.social_page(stored) == stored
    assert contacts.social_page(f"https://{stored}") == stored


@given(st.text())
def test_a_name_keeps_its_letters(text: str) -> None:
    try:
        stored = contacts.name(text)
    except contacts.NameInvalid:
        return
    letters = [symbol for symbol in unicodedata.normalize("NFC", text) if symbol.isalpha()]
    assert [symbol for symbol in stored if symbol.isalpha()] == letters
