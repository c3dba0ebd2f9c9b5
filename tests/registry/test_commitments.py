"""What may have to be forgotten: committed to, opened field by field, erased."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import commitments

salts = st.binary(min_size=32, max_size=32)


@given(salts, salts, st.text(), st.text())
def test_a_commitment_is_opened_by_its_salt_and_value_alone(
    one: bytes, other: bytes, value: str, wrong: str
) -> None:
    told = commitments.commit(one, "name", value)
    assert told == commitments.commit(one, "name", value)
    assert (told == commitments.commit(other, "name", value)) is (one == other)
    assert (told == commitments.commit(one, "name", wrong)) is (value == wrong)
    assert told != commitments.commit(one, "by", value)


@pytest.mark.django_db
def test_a_salt_is_made_once_and_gone_when_it_is_erased() -> None:
    first = commitments.salts(["17", "AG-1", "17"])
    assert commitments.salts(["17"])["17"] == first["17"]
    assert commitments.salts([]) == {}
    assert commitments.erase("17")
    assert not commitments.erase("17")
    assert commitments.salts(["17"])["17"] != first["17"]
