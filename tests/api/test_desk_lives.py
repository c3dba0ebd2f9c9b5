"""The picture of a licence's life: where its pieces are, how they differ, which way time runs."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from api.desk import lives
from api.desk.lives import Life, Piece
from registry.rules.life import Lane, Stretch

START = datetime(2026, 1, 1, tzinfo=UTC)


def after(days: float) -> datetime:
    """That many days after the start."""
    return START + timedelta(days=days)


FOUND = (
    Stretch(Lane.STATE, START, after(100), "active", result="licensed"),
    Stretch(Lane.STATE, after(100), after(101), "suspended", result="not_licensed"),
    Stretch(Lane.STATE, after(101), None, "active", result="licensed"),
    Stretch(Lane.TERM, START, after(700)),
    Stretch(Lane.SUSPENSION, after(100), after(101), "preventive_suspension", ref=7),
    Stretch(Lane.SUSPENSION, after(100.5), after(300), "administrative_suspension", ref=8),
)


def drawn(found: tuple[Stretch, ...] = FOUND, language: str = "en") -> Life:
    """The picture in a language."""
    with override(language):
        life = lives.drawn("X-1", found, sequences={7: 12}, on=after(350), zone="UTC", today=True)
    assert life is not None
    return life


def by_number(life: Life) -> list[Piece]:
    """The pieces in the order of the table."""
    return sorted(life.pieces, key=lambda piece: piece.number)


def test_nothing_is_drawn_of_nothing() -> None:
    assert lives.drawn("X-1", (), sequences={}, on=START, zone="UTC", today=True) is None


def test_every_piece_is_a_row_of_the_table_with_the_same_number() -> None:
    life = drawn()
    assert [str(piece.number) for piece in by_number(life)] == [row[0] for row in life.table.rows]
    assert [row[4] for row in life.table.rows if row[4]] == [12]


def test_pieces_stay_inside_and_a_day_can_be_seen() -> None:
    for language in ("en", "ar"):
        for piece in drawn(language=language).pieces:
            assert piece.width >= lives.NARROWEST
            assert piece.x >= 0
            assert piece.x + piece.width <= 100.01


def test_what_overlaps_lies_in_two_rows() -> None:
    first, second = by_number(drawn())[4:]
    assert first.y != second.y


def test_green_and_red_differ_by_pattern_too() -> None:
    state = by_number(drawn())[:3]
    assert len({piece.y for piece in state}) == 1
    assert [(piece.tone, piece.pattern) for piece in state] == [("go", ""), ("stop", "hatch"), ("go", "")]


def test_right_to_left_is_the_mirror_image() -> None:
    left, right = drawn(), drawn(language="ar")
    for one, other in zip(by_number(left), by_number(right), strict=True):
        assert one.x + other.x + one.width == pytest.approx(100, abs=0.05)
    assert left.line + right.line == pytest.approx(100, abs=0.05)
    with override("ar"):
        percent = re.findall(r'x="([^"]*)%"', str(right))
    assert percent
    assert all(re.fullmatch(r"[0-9.]+", one) for one in percent), (
        "written as SVG reads it, whatever the language"
    )


def test_an_instant_s_life_is_drawn_too() -> None:
    life = drawn((Stretch(Lane.STATE, after(350), None, "active", result="licensed"),))
    assert life.pieces[0].width > 0


def test_the_words_of_a_condition_are_text() -> None:
    life = drawn((Stretch(Lane.CONDITION, START, None, "<script>alert(1)</script>"),))
    assert "<script>" not in str(life)
