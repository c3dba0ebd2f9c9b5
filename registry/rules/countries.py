"""Which two-letter country codes the register knows: ISO 3166-1 and the codes ISO leaves to its users.

The user-assigned codes (AA, QM-QZ, XA-XZ, ZZ) belong to no country for ever; demonstrations and tests live
there.
"""

from __future__ import annotations

from functools import lru_cache
from string import ascii_uppercase
from typing import TYPE_CHECKING, Final

import pycountry

from registry.rules.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

USER_ASSIGNED: Final = frozenset(
    {"AA", "ZZ"}
    | {f"Q{letter}" for letter in "MNOPQRSTUVWXYZ"}
    | {f"X{letter}" for letter in ascii_uppercase}
)
"""ISO 3166-1, 8.1.3: codes that will never be given to a country."""

CODES: Final = frozenset(country.alpha_2 for country in pycountry.countries) | USER_ASSIGNED
"""Every two-letter code the register accepts."""


class CountryUnknown(BadInput):
    """No country has this code: two letters of ISO 3166-1 are wanted."""

    code = "country.unknown"


def country(text: str, *, field: str = "country") -> str:
    """The code in capitals; refuses with ``CountryUnknown`` what neither ISO 3166-1 nor its users hold."""
    code = text.strip().upper()
    if code not in CODES:
        raise CountryUnknown("Say the country as two letters of ISO 3166-1, such as NP.", field=field)
    return code


@lru_cache(maxsize=64)
def subdivisions(code: str) -> Mapping[str, str]:
    """The smallest subdivisions of a country that ISO 3166-2 names, by code; none where it names none."""
    found = [one for one in pycountry.subdivisions if one.country_code == code]
    above = {one.parent_code for one in found}
    return {one.code: one.name for one in found if one.code not in above}
