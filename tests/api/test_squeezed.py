"""What a page is squeezed to is the page, whatever it holds and however often its beginning was squeezed before."""

import gzip
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages import render

PIECES = st.lists(
    st.one_of(st.just("</style>"), st.text(), st.text(min_size=1).map(lambda text: text * 3000))
)


@given(PIECES, st.lists(st.text(), min_size=1, max_size=3))
def test_a_squeezed_page_is_the_page(beginning: list[str], rests: list[str]) -> None:
    for rest in rests:
        page = "".join((*beginning, "</style>", rest))
        assert gzip.decompress(render.squeeze(page)).decode() == page


@given(st.text())
def test_a_page_without_a_sheet_is_squeezed_too(page: str) -> None:
    assert gzip.decompress(render.squeeze(page)).decode() == page


@pytest.mark.parametrize(
    ("accepted", "squeezed"),
    [("gzip", True), ("br;q=1.0, gzip;q=0.8", True), ("gzip;q=0.05", True), ("gzip;q=0", False),
     ("identity, gzip ; q=0.0, br", False), ("br", False), ("", False)],
)  # fmt: skip
def test_a_page_is_squeezed_for_whoever_takes_it(accepted: str, squeezed: bool) -> None:  # noqa: FBT001 - a column
    assert render.Reader.plain({"HTTP_ACCEPT_ENCODING": accepted}).squeezes is squeezed


def test_the_rest_of_a_page_looks_back_on_its_beginning() -> None:
    told = "".join(
        hashlib.sha256(bytes([place])).hexdigest() for place in range(60)
    )  # nothing in it repeats itself
    alone, twice = (len(render.squeeze(f"{told}</style>{rest}")) for rest in ("", told))
    assert twice - alone < len(told) / 20
