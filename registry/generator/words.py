"""Invented names: as many different ones as there are serials, the same for the same serial, each says DEMO."""

from dataclasses import dataclass
from itertools import product
from typing import Final

_FRONTS: Final = (
    "Amber", "Ash", "Birch", "Blue", "Bright", "Cedar", "Clay", "Copper", "Coral", "Crane", "Dawn", "Day",
    "Deep", "Down", "East", "Elm", "Ever", "Fair", "Fern", "Field", "Fog", "Glen", "Gold", "Green", "Grey",
    "Hazel", "Heath", "High", "Hill", "Ivy", "Juniper", "Kestrel", "Lake", "Larch", "Lark", "Long", "Maple",
    "Marsh", "Meadow", "Mill", "Moss", "North", "Oak", "Otter", "Pearl", "Pine", "Plum", "Quartz", "Reed",
    "Rose", "Rowan", "Salt", "Sand", "Silver", "Slate", "Snow", "South", "Spring", "Stone", "Storm",
    "Swift", "Thistle", "West", "Willow",
)  # fmt: skip
_BACKS: Final = (
    "acre", "bank", "barrow", "bay", "beacon", "beck", "bell", "berry", "bloom", "borne", "bridge", "brook",
    "bury", "cliff", "combe", "court", "cove", "croft", "cross", "dale", "dene", "fall", "fell", "field",
    "finch", "fold", "ford", "gate", "glade", "grove", "harbour", "haven", "helm", "hollow", "holme",
    "isle", "keep", "ley", "light", "lock", "mark", "mead", "mere", "mill", "moor", "mount", "pass", "path",
    "point", "pool", "port", "reach", "ridge", "rise", "shaw", "shore", "side", "stead", "stow", "stream",
    "thorpe", "vale", "water", "wick",
)  # fmt: skip
_SYLLABLES: Final = tuple(map("".join, product("bdfghjklmnprstvz", "aeiou")))
_ENDINGS: Final = ("n", "r", "s", "l", "ra", "no", "shi", "tan", "vek", "mir", "dal", "rost")
_TRADES: Final = (
    "Manpower", "Recruitment", "Overseas Placement", "Staffing", "Employment Services", "Workforce",
    "Careers", "Labour Supply", "Human Resources", "Job Agency", "Crewing", "Care Staff", "Farm Labour",
    "Hospitality Staff", "Building Crews", "Domestic Workers",
)  # fmt: skip
_FORMS: Final = ("Ltd", "Pvt Ltd", "LLC", "Co", "Inc")
_PLACES: Final = ("Port", "Old", "New", "Upper", "Lower", "Inner", "Outer", "Little")
_STREETS: Final = ("Road", "Street", "Lane", "Square", "Quay", "Terrace", "Avenue", "Row")

#: How many serials have names of their own.
MOST: Final = len(_FRONTS) * len(_BACKS) * len(_SYLLABLES) ** 2 * len(_ENDINGS)
#: Shares no factor with ``MOST``: neighbouring serials get names that have nothing in common.
_STRIDE: Final = 104_729 * 611_953


@dataclass(frozen=True, slots=True)
class Holder:
    """An invented agency: its names, its web domain and where its head office is."""

    name: str
    trading_name: str
    domain: str
    address: str
    locality: str


def holder(serial: int) -> Holder:
    """The agency of a serial; two serials below ``MOST`` never share a name or a domain."""
    left = serial * _STRIDE % MOST
    left, front = divmod(left, len(_FRONTS))
    left, back = divmod(left, len(_BACKS))
    left, first = divmod(left, len(_SYLLABLES))
    left, second = divmod(left, len(_SYLLABLES))
    compound = _FRONTS[front] + _BACKS[back]
    family = (_SYLLABLES[first] + _SYLLABLES[second] + _ENDINGS[left]).capitalize()
    trade = _TRADES[(serial + back) % len(_TRADES)]
    form = _FORMS[(serial + front) % len(_FORMS)]
    town = _FRONTS[(back * 7 + serial) % len(_FRONTS)] + _BACKS[(front * 5 + serial) % len(_BACKS)]
    return Holder(
        name=f"{compound} {family} {trade} DEMO {form}",
        trading_name=f"{family} {_BACKS[(front + back) % len(_BACKS)].capitalize()} DEMO",
        domain=f"{compound}-{family}.example".lower(),
        address=f"{serial % 180 + 1} {_FRONTS[(front + 9) % len(_FRONTS)]} {_STREETS[second % len(_STREETS)]}",
        locality=f"{_PLACES[first % len(_PLACES)]} {town}",
    )
