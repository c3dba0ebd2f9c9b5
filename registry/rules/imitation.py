"""Contacts that look like somebody's and are not: what a page or an address may be an imitation of.

``models`` gives the contacts that one asked for may imitate, to be looked up; ``imitates`` says whether it does. A
site imitates another by letters that look alike (UTS 39), by one typing error, by another ending, or by having the
other's name within its own (``harbour.example.jobs-now.example``). Whoever looks like someone is not them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from string import ascii_lowercase, digits
from typing import Final

import pycountry
from rapidfuzz.distance import OSA

from registry.rules.asked import FREE_MAIL, Contact, is_own

SHORTEST: Final = 5
"""Letters of a name: of a shorter one everything is a typing error away."""

_LOOK_ALIKES: Final = str.maketrans(
    "\u0430\u0431\u0432\u0435\u0451\u0456\u0457\u0458\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0455\u0501\u051b\u04cf"
    "\u03b1\u03b2\u03b5\u03b7\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0131\u017f01358",
    "a6beeiijkmhopctyxsdqlabenikvoptuxisolesb",
)
"""Letters of other scripts and digits by the Latin letter that they are taken for."""
_PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("l", "i"), ("q", "g"))
"""Written the one way and read the other; in this order."""
_SIGNS: Final = ascii_lowercase + digits + "-"
_COUNTRIES: Final = tuple(country.alpha_2.lower() for country in pycountry.countries)
_BELOW: Final = ("", "com.", "co.", "org.", "net.")
"""What may stand before the ending of a country."""
_ENDINGS: Final = (
    "com", "net", "org", "info", "biz", "co", "online", "site", "jobs", "agency", "work", "app", "me", "xyz", "club",
    "example",
)  # fmt: skip


def _latin(label: str) -> str:
    """The name without accents, with the Latin letters that those of other scripts, and digits, are taken for."""
    if label.startswith("xn--"):
        try:
            label = label.encode("ascii").decode("idna")
        except UnicodeError:
            return label
    plain = unicodedata.normalize("NFKD", label.casefold())
    return "".join(symbol for symbol in plain if not unicodedata.combining(symbol)).translate(_LOOK_ALIKES)


def skeleton(label: str) -> str:
    """What the eye keeps of a name: no accents, no hyphens, look-alikes as one letter."""
    seen = re.sub(r"[-._]", "", _latin(label))
    for written, read in _PAIRS:
        seen = seen.replace(written, read)
    return seen


def models(asked: Contact) -> tuple[Contact, ...]:
    """The registered contacts that this one may imitate, in the order of their likeliness; itself is none of them."""
    found: Iterator[Contact]
    match asked.kind:
        case "domain":
            found = (Contact("domain", site) for site in _sites(asked.value))
        case "email":
            found = _addresses(asked.value)
        case "social":
            found = _pages(asked.value)
        case "handle":
            found = (Contact("handle", name) for name in _near(asked.value))
        case _:
            return ()
    return tuple(dict.fromkeys(one for one in found if one.value != asked.value))[:4000]


def imitates(asked: Contact, kind: str, value: str) -> bool:
    """Whether what was asked for looks like this registered contact, and is another."""
    like = _LIKE.get((asked.kind, kind))
    return like is not None and like(asked.value, value)


def _split(site: str) -> tuple[str, str]:
    """The name that somebody registered, and the ending below which they did."""
    labels = site.split(".")
    own = [place for place in range(len(labels) - 1) if is_own(".".join(labels[place:]))]
    place = max(own, default=0)
    return labels[place], ".".join(labels[place + 1 :])


def _like_site(asked: str, held: str) -> bool:
    if asked == held or asked.endswith(f".{held}"):
        return False
    name, ending = _split(asked)
    own, held_ending = _split(held)
    if name == own:
        return len(own) >= SHORTEST and ending != held_ending
    within = f".{held}." in f".{asked}." or (len(own) > SHORTEST and skeleton(own) in skeleton(name))
    return within or _like(name, own)


def _like(name: str, own: str) -> bool:
    """One typing error apart, or the same to the eye."""
    if name == own or min(len(name), len(own)) < SHORTEST:
        return False
    return skeleton(name) == skeleton(own) or OSA.distance(name, own, score_cutoff=1) <= 1


def _like_address(asked: str, held: str) -> bool:
    local, _, site = asked.rpartition("@")
    own, _, held_site = held.rpartition("@")
    if site == held_site:
        return site in FREE_MAIL and _like(local, own)
    return held_site not in FREE_MAIL and _like_site(site, held_site)


def _like_page(asked: str, held: str) -> bool:
    page, own = asked.rpartition("/")[2].lstrip("@"), held.rpartition("/")[2].lstrip("@")
    return asked != held and (page == own or _like(page, own))


_LIKE: Final[Mapping[tuple[str, str], Callable[[str, str], bool]]] = {
    ("domain", "domain"): _like_site,
    ("email", "domain"): lambda asked, held: _like_site(asked.rpartition("@")[2], held),
    ("email", "email"): _like_address,
    ("social", "social"): _like_page,
    ("handle", "social"): lambda asked, held: _like(asked, held.rpartition("/")[2].lstrip("@")),
}
"""How two contacts are compared, by what was asked for and what is on record."""


def _sites(site: str) -> Iterator[str]:
    labels = site.split(".")
    for start in range(len(labels)):
        for end in range(start + 2, len(labels) + 1):
            run = ".".join(labels[start:end])
            if is_own(run) and end < len(labels):
                yield run
    name, ending = _split(site)
    country = ending.rpartition(".")[2]
    local = (
        [country, f"com.{country}", f"co.{country}", f"org.{country}", f"net.{country}"]
        if len(country) == 2
        else []
    )
    endings = dict.fromkeys((ending, *_ENDINGS, *local))
    parts = name.split("-")
    runs = ["".join(parts[a:b]) for a in range(len(parts)) for b in range(a + 1, len(parts) + 1)]
    hyphened = ["-".join(parts[a:b]) for a in range(len(parts)) for b in range(a + 1, len(parts) + 1)]
    for seen in dict.fromkeys((name, *_unlike(name), *runs, *hyphened)):
        if len(seen) >= SHORTEST:
            yield from (f"{seen}.{one}" for one in endings)
    for near in _near(name):
        yield f"{near}.{ending}"
    if len(name) >= SHORTEST:
        yield from (f"{name}.{one}{abroad}" for abroad in _COUNTRIES for one in _BELOW[:3])


def _addresses(address: str) -> Iterator[Contact]:
    local, _, site = address.rpartition("@")
    if site in FREE_MAIL:
        yield from (Contact("email", f"{near}@{site}") for near in _near(local))
        return
    yield from (Contact("domain", one) for one in _sites(site))


def _pages(page: str) -> Iterator[Contact]:
    site, _, name = page.partition("/")
    yield Contact("handle", name.rpartition("/")[2])
    yield from (Contact("social", f"{site}/{near}") for near in _near(name))


def _unlike(name: str) -> Iterator[str]:
    """The name with what is taken for something else written as that, one way and the other."""
    yield from (_latin(name), _latin(name.replace("1", "i")), skeleton(name))
    for written, read in (*_PAIRS, ("0", "o"), ("1", "l"), ("1", "i"), ("3", "e"), ("5", "s"), ("8", "b")):
        yield name.replace(written, read)
        yield name.replace(read, written)


def _near(name: str) -> Iterator[str]:
    """The names one typing error away; of a short one none."""
    if not SHORTEST <= len(name) <= 40:
        return
    yield from _unlike(name)
    for place in range(len(name) + 1):
        head, tail = name[:place], name[place:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for sign in (*_SIGNS, ".", "_"):
            yield head + sign + tail
            if tail:
                yield head + sign + tail[1:]
