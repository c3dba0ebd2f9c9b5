"""Occupations by ISCO-08, the ILO's classification: a code of one to four digits begins the codes of all in its group.

So ``8`` (plant and machine operators) holds ``83`` (drivers), which holds ``8322`` (car, taxi and van drivers).
"""

from collections.abc import Iterable


def within(occupation: str, groups: Iterable[str]) -> bool:
    """Whether one of ``groups`` is the occupation, or a group that holds it."""
    return any(occupation.startswith(group) for group in groups)
