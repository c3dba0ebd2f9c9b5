"""Contacts that look like somebody's and are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.rules import asked as asking
from registry.rules import imitation
from registry.rules.asked import Contact


def looks_like(asked: Contact, held: Contact) -> bool:
    """Whether the one would be looked up under the other's key, and is then said to imitate it."""
    keys = {model.key for model in imitation.models(asked)}
    found = bool(keys & set(asking.held_keys(held.kind, held.value)))
    return found and imitation.imitates(asked, held.kind, held.value)


HARBOUR = Contact("domain", "harbourbridge.example")


@pytest.mark.parametrize(
    "site",
    [
        "harbourbridqe.example", "harbourbridge.com", "harbour-bridge.example", "harborbridge.example",
        "harbuorbridge.example", "harb0urbr1dge.example", "harbourbridge.example.jobs-now.example",
        "harbourbridge-jobs.example", "jobs-harbourbridge.net", "harbourbriclge.example",
        "h\u0430rbourbridge.example".encode("idna").decode(), "h\xe1rbourbridge.example".encode("idna").decode(),
    ],
)  # fmt: skip
def test_a_site_that_looks_like_anothers_is_told(site: str) -> None:
    assert looks_like(Contact("domain", site), HARBOUR)
    assert looks_like(Contact("email", f"jobs@{site}"), HARBOUR)


@pytest.mark.parametrize(
    "site",
    ["harbourbridge.example", "jobs.harbourbridge.example", "harbourview.example", "silverlotus.example"],
)
def test_a_site_of_their_own_and_one_of_somebody_else_imitate_nobody(site: str) -> None:
    assert not looks_like(Contact("domain", site), HARBOUR)


def test_a_short_name_is_imitated_by_nothing() -> None:
    assert not looks_like(Contact("domain", "abd.com"), Contact("domain", "abc.com"))
    assert not looks_like(Contact("domain", "abc.net"), Contact("domain", "abc.com"))


def test_pages_and_addresses_of_free_mail_are_compared_by_their_names() -> None:
    page = Contact("social", "facebook.com/harbourbridge.demo")
    assert looks_like(Contact("social", "facebook.com/harbourbrigde.demo"), page)
    assert looks_like(Contact("social", "instagram.com/harbourbridge.demo"), page)
    assert looks_like(Contact("handle", "harbourbridge.dem0"), page)
    assert not looks_like(Contact("social", "facebook.com/silverlotus"), page)
    free = Contact("email", "harbourbridge@gmail.com")
    assert looks_like(Contact("email", "harbourbridqe@gmail.com"), free)
    assert not looks_like(Contact("email", "harbourbridge@yahoo.com"), free)


@given(st.text(max_size=60), st.sampled_from(["domain", "email", "social", "handle", "phone"]))
def test_whatever_is_asked_for_imitates_not_itself_and_takes_few_keys(text: str, kind: str) -> None:
    one = Contact(kind, text)
    models = imitation.models(one)
    assert len(models) <= 4000
    assert all(model.value != text for model in models)
