"""Entries of the log as bytes: one way to write them, and what is no entry is refused."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from verification import leaves
from verification.cbor import Malformed
from verification.leaves import Answer

names = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
values = st.recursive(
    st.text(max_size=30) | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(names, values, max_size=6))
def test_an_entry_is_written_as_rfc_8785_has_it(fields: dict[str, object]) -> None:
    leaf = {**fields, "t": "dump.published"}
    data = leaves.write(leaf)
    told = {name: value for name, value in leaf.items() if value not in (None, "")} | {"v": 1}
    assert data == rfc8785.dumps(told)  # type: ignore[arg-type]  # JSON of any depth
    assert leaves.read(data) == told


@given(st.binary(max_size=60))
def test_what_is_no_entry_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        leaves.read(data)


def test_an_entry_has_a_known_version_and_type() -> None:
    wrong: tuple[object, ...] = (
        {"v": 2, "t": "dump.published"},
        {"v": 1, "t": "x"},
        {"t": "dump.published"},
        [],
        "x",
    )
    for leaf in wrong:
        with pytest.raises(Malformed):
            leaves.read(json.dumps(leaf).encode())
    with pytest.raises(Malformed):
        leaves.write({"t": "nothing known"})
    with pytest.raises(Malformed):
        leaves.write({"t": "dump.published", "name": "x" * 70_000})


def test_an_answer_holds_from_its_instant_to_the_next() -> None:
    spans: list[list[Any]] = [
        [None, "not_granted", "not_licensed", False],
        ["2026-01-05T09:00:00Z", "active", "licensed", True],
        ["2026-01-05T09:00:00.5Z", "suspended", "not_licensed", False],
    ]
    answer = Answer(0, "", "", spans)
    for at, state in (
        ("2020-01-01T00:00:00Z", "not_granted"),
        ("2026-01-05T08:59:59.999999Z", "not_granted"),
        ("2026-01-05T09:00:00Z", "active"),
        ("2026-01-05T09:00:00.499999Z", "active"),
        ("2026-01-05T09:00:00.500000Z", "suspended"),
        ("2026-01-05T09:00:01Z", "suspended"),
    ):
        said = answer.at(at)
        assert said is not None
        assert said[0] == state, at
    assert Answer(0, "").at("2026-01-05T09:00:00Z") is None


def test_an_entry_that_names_another_one_before_it_is_out_of_place() -> None:
    first = {"t": "licence.grant", "lic": "XA-1"}
    second = first | {"prev": {"i": 0, "h": "00"}}
    with pytest.raises(Malformed, match="names"):
        leaves.fold([leaves.write(first), leaves.write(second)], ["aa", "bb"])
    with pytest.raises(Malformed, match="names"):
        leaves.fold([leaves.write(second)], ["bb"])
    right = first | {
        "prev": {"i": 0, "h": "aa"},
        "pub": {"holder": "AG-1", "spans": [[None, "a", "b", False]]},
    }
    answers = leaves.fold([leaves.write(first), leaves.write(right)], ["aa", "bb"])
    assert answers["XA-1"] == Answer(1, "bb", "AG-1", [[None, "a", "b", False]])
