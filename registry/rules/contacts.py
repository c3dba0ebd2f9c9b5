"""Names, phones, addresses on the net and foreign codes, each in the one form the register keeps.

Every function returns the stored form or refuses with an error whose ``facts['field']`` names the field it
was given for. Nothing is guessed: a phone without its country, a page without its site or a code that no list
holds is refused.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import phonenumbers
import pycountry
from stdnum import lei as stdnum_lei
from stdnum.exceptions import ValidationError

from registry.rules import countries
from registry.rules.errors import BadInput

NAME_LENGTH: Final = 300
ADDRESS_LENGTH: Final = 255
"""Names of hosts end at 253, mail addresses at 254 characters (RFC 1035, RFC 5321)."""

CURRENCIES: Final = frozenset(currency.alpha_3 for currency in pycountry.currencies)
"""ISO 4217, its code for tests (XTS) included."""


class NameInvalid(BadInput):
    """The text is empty, too long or holds characters that no name has."""

    code = "name.invalid"


class PhoneInvalid(BadInput):
    """No telephone in the world has this number, or its country is not stated."""

    code = "phone.invalid"


class EmailInvalid(BadInput):
    """Mail can't be sent to this."""

    code = "email.invalid"


class DomainInvalid(BadInput):
    """This is not the name of a site."""

    code = "domain.invalid"


class SocialPageInvalid(BadInput):
    """This is not the address of a page on a social site."""

    code = "social_page.invalid"


class LeiInvalid(BadInput):
    """This is not a Legal Entity Identifier, or one with a typing error (ISO 17442)."""

    code = "lei.invalid"


class OccupationInvalid(BadInput):
    """This is not a code of ISCO-08: one to four digits."""

    code = "occupation.invalid"


class CurrencyUnknown(BadInput):
    """No currency has this code (ISO 4217)."""

    code = "currency.unknown"


#: Marks that steer the direction of writing or have no width: left by copying, able to make two names look
#: alike. The joiners U+200C and U+200D stay: Bengali, Nepali and Persian spelling needs them.
_STRAY: Final = dict.fromkeys(
    [0x00AD, 0x061C, 0x200B, 0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F), *range(0x2060, 0x206A)]
)


def name(text: str, *, field: str = "name") -> str:
    """The name in NFC, with single spaces, without invisible marks; script and signs stay as written."""
    tidy = " ".join(unicodedata.normalize("NFC", text.translate(_STRAY)).split())
    if not tidy:
        raise NameInvalid("The name is empty.", field=field)
    if len(tidy) > NAME_LENGTH:
        raise NameInvalid("The name is longer than {most} characters.", field=field, most=NAME_LENGTH)
    if any(unicodedata.category(symbol) in {"Cc", "Cs"} for symbol in tidy):
        raise NameInvalid("The name holds control characters.", field=field)
    return tidy


def phone(text: str, *, country: str | None = None, field: str = "phone") -> str:
    """The number in E.164, such as ``+97714412345``; ``country`` is where a number without + is dialled.

    Refuses numbers that no telephone has by the numbering plans of today, and extensions, which E.164 can't
    hold.
    """
    try:
        found = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        raise PhoneInvalid("Write the number with + and the country's code.", field=field) from error
    if found.extension or not phonenumbers.is_valid_number(found):
        raise PhoneInvalid("No telephone has this number; check its digits.", field=field)
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


_LOCAL_PART: Final = re.compile(r"[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f]{1,64}")


def email(text: str, *, field: str = "email") -> str:
    """The address in small letters with its domain in ASCII; ``mailto:`` and spaces around it go."""
    address = unicodedata.normalize("NFC", text.strip())
    if address[:7].lower() == "mailto:":
        address = address[7:]
    local, at, host = address.rpartition("@")
    fits = _LOCAL_PART.fullmatch(local) and all(local.split("."))
    site = _host(host) if at and fits else None
    if site is None or len(local) + 1 + len(site) > ADDRESS_LENGTH or not _printable(local):
        raise EmailInvalid("Write the address as name@site.", field=field)
    return f"{local.lower()}@{site}"


def web_domain(text: str, *, field: str = "domain") -> str:
    """The name of the site alone, in IDNA's ASCII form: no scheme, ``www.``, port, path or final dot.

    A name with one of the four characters that the two editions of IDNA read differently (such as the German
    sharp s) names two sites; it is refused unless it is written in its ``xn--`` form.
    """
    site = _host(_address(text)[0])
    if site is None:
        raise DomainInvalid("Write the site as name.example, or copy its address.", field=field)
    bare = site.removeprefix("www.")
    return bare if "." in bare else site


def social_page(text: str, *, field: str = "social_page") -> str:
    """The page as ``site/handle``, the same for every address that leads to it on the sites people use most.

    Refuses a handle without its site, a site without a page, and the address of a single post or picture.
    """
    host, path, query = _address(text)
    site = _host(host)
    if site is None:
        raise SocialPageInvalid("Copy the page's whole address, with its site.", field=field)
    site = _same_site(site)
    steps = [step for step in unicodedata.normalize("NFC", unquote(path)).split("/") if step]
    if site == "facebook.com" and steps == ["profile.php"]:
        steps = parse_qs(query).get("id", [])[:1]
    page = "/".join(_handle(site, steps) if site in _HANDLES else steps)
    if (
        not page
        or set("%?#\\;") & set(page)
        or len(site) + len(page) >= ADDRESS_LENGTH
        or not _printable(page)
    ):
        raise SocialPageInvalid(
            "Copy the address of the page itself, not of its site or a post.", field=field
        )
    return f"{site}/{page}"


_SAME_SITE: Final = {
    "fb.com": "facebook.com",
    "fb.me": "facebook.com",
    "m.me": "facebook.com",
    "twitter.com": "x.com",
    "instagr.am": "instagram.com",
    "telegram.me": "t.me",
    "vkontakte.ru": "vk.com",
}

_HANDLES: Final = {
    "facebook.com": frozenset({"groups", "people", "pages", "p"}),
    "x.com": frozenset[str](),
    "instagram.com": frozenset[str](),
    "tiktok.com": frozenset[str](),
    "youtube.com": frozenset({"c", "user", "channel"}),
    "linkedin.com": frozenset({"company", "in", "school", "showcase"}),
    "t.me": frozenset({"s"}),
    "vk.com": frozenset[str](),
    "wa.me": frozenset[str](),
}
"""Sites whose pages are named by a handle in any case, and the words before it that may say its kind."""

_NO_HANDLE: Final = frozenset(
    {
        "events",
        "explore",
        "hashtag",
        "home",
        "i",
        "intent",
        "login",
        "marketplace",
        "media",
        "permalink",
        "photo",
        "reel",
        "reels",
        "search",
        "share",
        "sharer",
        "shorts",
        "status",
        "stories",
        "story",
        "tv",
        "video",
        "videos",
        "watch",
    }
)
"""First steps that lead to a post, a picture or a search, never to somebody's page."""


def _same_site(site: str) -> str:
    """One name for the sites people use most, whatever language or device their address is for."""
    for known in (*_HANDLES, *_SAME_SITE):
        if site == known or site.endswith(f".{known}"):
            return _SAME_SITE.get(known, known)
    bare = site.removeprefix("www.")
    return bare if "." in bare else site


def _handle(site: str, steps: list[str]) -> list[str]:
    """The steps that name the page: the handle, after its kind where the site needs one."""
    kind = steps[0].lower() if steps else ""
    if kind not in _HANDLES[site]:
        handle = kind.lstrip("@")
        post = handle in _NO_HANDLE or handle.endswith(".php") or (site, kind) == ("instagram.com", "p")
        if post or not handle:
            return []
        return [f"@{handle}" if site in {"tiktok.com", "youtube.com"} else handle]
    if (site, kind) in {("facebook.com", "people"), ("facebook.com", "pages")}:
        return steps[2:3]  # the step between is a name to read, in any spelling
    if (site, kind) == ("t.me", "s"):
        return [step.lower() for step in steps[1:2]]
    return [kind, steps[1] if kind == "channel" else steps[1].lower()] if len(steps) > 1 else []


def lei(text: str, *, field: str = "lei") -> str:
    """The Legal Entity Identifier in capitals; refuses a wrong length or check (ISO 17442)."""
    code = re.sub(r"[\s-]", "", text).upper()
    try:
        if not re.fullmatch(r"[0-9A-Z]{18}[0-9]{2}", code, re.ASCII):
            raise LeiInvalid("An LEI has 20 letters and digits, the last two digits.", field=field)
        return str(stdnum_lei.validate(code))
    except ValidationError as error:
        raise LeiInvalid(
            "The check digits of this LEI do not fit: a digit or letter is wrong.", field=field
        ) from error


def corridor(text: str, *, field: str = "corridor") -> str:
    """The country of work as two letters of ISO 3166-1."""
    return countries.country(text, field=field)


def occupation(text: str, *, field: str = "occupation") -> str:
    """The ISCO-08 code: one to four digits, from a major group to a unit group."""
    code = text.strip()
    if not re.fullmatch(r"[0-9]{1,4}", code, re.ASCII):
        raise OccupationInvalid("An occupation is one to four digits of ISCO-08.", field=field)
    return code


def currency(text: str, *, field: str = "currency") -> str:
    """The three letters of ISO 4217."""
    code = text.strip().upper()
    if code not in CURRENCIES:
        raise CurrencyUnknown("Say the currency as three letters of ISO 4217, such as NPR.", field=field)
    return code


def _address(text: str) -> tuple[str, str, str]:
    """Host, path and query of an address with or without its scheme; all empty where there is none."""
    text = text.strip()
    if not re.match(r"(?i)https?://", text):
        text = f"https://{text.removeprefix('//')}"
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:  # a bracket without its pair
        return "", "", ""
    return ("" if "@" in parts.netloc else host), parts.path, parts.query


_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_IDNA_DEVIATIONS: Final = frozenset("ßς\u200c\u200d")


def _host(text: str) -> str | None:
    """The host's name in ASCII and small letters, or nothing: two labels or more, the last not a number."""
    text = text.strip().removesuffix(".")
    if _IDNA_DEVIATIONS & set(text.lower()):
        return None
    try:
        site = text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = site.split(".")
    fits = len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels) and len(site) <= 253
    return site if fits and not labels[-1].isdecimal() else None


def _printable(text: str) -> bool:
    return not any(unicodedata.category(symbol) in {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"} for symbol in text)
