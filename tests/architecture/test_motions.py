"""Motions: whatever asks by kind knows every kind of the law's table."""

from api.desk import motions as room
from registry import motions
from registry.rules.motions import RULES, Motion


def test_every_table_by_kind_has_every_kind_of_the_law() -> None:
    assert set(RULES) == set(Motion)
    for table in (motions._TAKEN_BY, room._SHOWN, room.NAMES, room.ROUTES):
        assert set(table) == set(RULES)
