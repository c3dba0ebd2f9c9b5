"""What somebody typed into a search box, taken apart: a number, ways to reach an agency, and what remains as a name.

Nothing is guessed away: a text that may be a number and a name is read as both. Only a telephone number or an address
that stands beside a name is taken out of it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qs, urlsplit

import phonenumbers

from registry.rules import contacts, numbering
from registry.rules.errors import BadInput
from registry.rules.names import LONGEST, hashed

#: Sites where anybody has an address: that two share the site says nothing.
FREE_MAIL: Final = frozenset(
    {
        "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "yahoo.co.in", "ymail.com", "hotmail.com",
        "outlook.com", "live.com", "msn.com", "icloud.com", "me.com", "aol.com", "proton.me", "protonmail.com",
        "gmx.com", "gmx.net", "mail.com", "mail.ru", "yandex.ru", "yandex.com", "zoho.com", "rediffmail.com",
        "qq.com", "163.com", "126.com", "naver.com", "hanmail.net", "web.de", "hotmail.co.uk",
    }
)  # fmt: skip

#: Sites on which an agency is a page among many: never the agency's own domain.
SOCIAL_SITES: Final = frozenset(
    {
        "facebook.com",
        "x.com",
        "instagram.com",
        "tiktok.com",
        "youtube.com",
        "linkedin.com",
        "t.me",
        "vk.com",
        "wa.me",
    }
)

#: Where strangers have a site below one name: that it is somebody's says nothing of those below it.
SHARED_HOSTS: Final = frozenset(
    {
        "blogspot.com", "business.site", "github.io", "godaddysites.com", "google.com", "herokuapp.com", "netlify.app",
        "pages.dev", "site123.me", "squarespace.com", "tumblr.com", "vercel.app", "web.app", "webflow.io", "weebly.com",
        "wixsite.com", "wordpress.com",
    }
)  # fmt: skip

#: The second label of names like ``co.uk``, below which everybody registers.
_COMMON_SECOND: Final = frozenset(
    {"ac", "co", "com", "edu", "go", "gob", "gouv", "gov", "ne", "net", "or", "org"}
)

#: Where a page is a telephone: its number, in the path or as the parameter ``phone``.
_PHONE_PAGES: Final = frozenset({"wa.me", "api.whatsapp.com", "web.whatsapp.com", "whatsapp.com"})


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach an agency, in the register's form.

    ``sure`` unless a country or a site had to be left open; ``given`` if it can be nothing but a contact. ``writing``:
    what was typed; one writing may be read in several ways.
    """

    kind: str
    value: str
    sure: bool = True
    given: bool = True
    writing: str = field(default="", compare=False)

    @property
    def key(self) -> int:
        """The key under which it is kept; a site ``above`` the one asked for is kept as any site."""
        return hashed(f"{'domain' if self.kind == 'above' else self.kind}:{self.value}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A query taken apart. ``numbers`` are its three forms as a number, strict to loose; empty if it can't be one."""

    name: str
    contacts: tuple[Contact, ...]
    typed: str
    ours: str
    """The number of this register's own that it is, as printed; else empty."""
    numbers: tuple[str, ...]
    mistyped: bool
    """It has the shape of a number of ours and its check symbol does not fit: no name may be found by it."""
    number_like: bool
    """It is rather a number than a name: what has other digits is not what was meant."""
    bare: bool = False
    """Nothing was typed but contacts, or what may be read as some."""
    beside: bool = False
    """A contact was given apart from the name or number: it must be theirs."""


def read(text: str, contact: str = "") -> Asked:
    """The query taken apart; safe for anything that can be typed, of any length.

    ``contact``: what was given as a phone, page or e-mail address and as nothing else. Refuses one that is none.
    """
    text, contact = _legible(text), _legible(contact)
    found, name, bare = _contacts(text)
    ours, mistyped = _number_of_ours(text)
    beside = _contacts(contact)[0] if contact.strip() else ()
    if contact.strip() and not beside:
        raise ContactUnreadable("no telephone, page or e-mail address can be read here", field="contact")
    if ours:  # the digits of a number of ours are no telephone
        found, bare = (), False
    if not text.strip():
        bare = True
    found = tuple(dict.fromkeys((*found, *(replace(one, given=True) for one in beside))))
    letters, digits = sum(map(str.isalpha, text)), sum(map(str.isdigit, text))
    return Asked(
        name=name,
        contacts=found,
        bare=bare,
        beside=bool(beside),
        typed=text,
        ours=ours,
        numbers=number_forms(text) if digits else (),
        mistyped=mistyped,
        number_like=bool(ours) or digits > letters,
    )


class ContactUnreadable(BadInput):
    """What was given as a contact is no telephone number, e-mail address, web site or page."""

    code = "contact.unreadable"


def contacts_in(text: str) -> tuple[Contact, ...]:
    """Every contact that can be read in a text; safe for anything."""
    return _contacts(_legible(text))[0]


def _legible(text: str) -> str:
    text = unicodedata.normalize("NFKC", text[:LONGEST].encode("utf-8", "ignore").decode())[: 2 * LONGEST]
    return "".join(_plain(symbol) for symbol in text)


def _plain(symbol: str) -> str:
    if symbol.isdecimal():
        return str(unicodedata.decimal(symbol))
    return " " if unicodedata.category(symbol) in {"Cc", "Zl", "Zp"} else symbol


def _number_of_ours(text: str) -> tuple[str, bool]:
    """The number of ours that the text is, and whether it would be one but for its check symbol.

    Written in parts, the first must be a number's: *Gulf Star 8312345* squeezed has the shape as well.
    """
    try:
        return numbering.canonical(text), False
    except numbering.Mistyped:
        groups = re.findall(r"[^\W_]+", text)
        return "", len(groups) == 1 or len(groups[0]) == 2
    except numbering.NotOurs:
        return "", False


# Numbers

_LOOK_ALIKES: Final = str.maketrans("OIL", "011")
_AFTER_DIGIT: Final = re.compile(r"(?<=\d)[OIL]+|(?<![^\W_])O(?=\d)")
_GROUP: Final = re.compile(r"\d+|[^\W\d_]+")


def number_forms(text: str) -> tuple[str, str, str]:
    """A number as it is looked up: without separators; then O, I and L as digits; then without leading zeros.

    Two numbers that share a form may still be two (``12/3`` and ``1/23`` share the strict one).
    """
    strict = numbering.folded(text)[:120]
    capitals = _AFTER_DIGIT.sub(lambda found: found[0].translate(_LOOK_ALIKES), text.upper())
    groups = [
        group.lstrip("0") or "0" if group.isdigit() else group.translate(_LOOK_ALIKES)
        for group in _GROUP.findall(capitals)
    ]
    return strict, strict.translate(_LOOK_ALIKES), ".".join(groups)[:120]


def number_agrees(asked: str, held: str, step: int) -> bool:
    """Whether a held number is the one asked for, at this look-up (0 strict, 1 look-alikes, 2 leading zeros)."""
    if step == 0:
        return numbering.agrees(asked, held)
    if step == 1:
        return numbering.agrees(asked.upper().translate(_LOOK_ALIKES), held.upper().translate(_LOOK_ALIKES))
    return number_forms(asked)[2] == number_forms(held)[2] != ""


def number_keys(forms: tuple[str, ...]) -> list[int]:
    """The keys under which a number is kept and looked up, strict to loose."""
    return [hashed(f"number{place}:{form}") for place, form in enumerate(forms)]


# Contacts

_EMAIL: Final = re.compile(r"[^\s@<>(),;:\"]{1,64}@[^\s@<>(),;:\"/]+\.[^\s@<>(),;:\"/]{2,}")
_ADDRESS: Final = re.compile(
    r"(?:https?://)?(?:[\w-]{1,63}\.)+[^\W\d_]{2,24}(?::\d+)?(?:/[^\s<>\"]*)?", re.IGNORECASE
)
_HANDLE: Final = re.compile(r"(?<![\w@])@([\w.-]{3,60})")
_PHONE: Final = re.compile(
    r"(?<![\w/.-])\(?(?:\+|00)?\(?\d(?:[\s().\-/\u2010-\u2015]{0,2}\d){6,16}(?![\w/-])"
)


def _contacts(text: str) -> tuple[tuple[Contact, ...], str, bool]:
    """The contacts in a text, what remains as a name, and whether nothing but contacts was there."""
    found: list[Contact] = []
    name = rest = text
    for taken in (_emails, _pages, _phones):
        more, name = taken(name)
        found += more
        for writing in {contact.writing for contact in more}:
            rest = rest.replace(writing, " ")
    return tuple(dict.fromkeys(found))[:12], name, bool(found) and not any(map(str.isalnum, rest))


def _written(found: list[Contact], writing: str) -> list[Contact]:
    return [replace(contact, writing=writing) for contact in found]


def _emails(text: str) -> tuple[list[Contact], str]:
    found: list[Contact] = []
    for written in _EMAIL.findall(text):
        try:
            address = contacts.email(written.rstrip("."))
        except BadInput:
            continue
        above = [replace(one, sure=False) for one in _above(address.rpartition("@")[2])]
        found += _written([*of_email(address), *above], written)
        text = text.replace(written, " ")
    return found, text


def of_email(address: str) -> list[Contact]:
    """An address, and its site unless anybody has addresses there."""
    site = address.rpartition("@")[2]
    own_site = (
        [] if site in FREE_MAIL else [Contact("domain", site.removeprefix("www."), sure=False, given=False)]
    )
    return [Contact("email", address), *own_site]


def _pages(text: str) -> tuple[list[Contact], str]:
    """Pages and sites. A bare site stays in the name too: *A.J.International* is no address."""
    found: list[Contact] = []
    for written in _ADDRESS.findall(_HANDLE.sub(" ", text)):
        explicit = "/" in written or written.lower().startswith("www.")
        held = _page(written, given=explicit)
        if held and explicit:
            text = text.replace(written, " ")
        found += _written(held, written)
    handles = [
        Contact("handle", one.lower(), sure=False, given=False, writing=f"@{one}")
        for one in _HANDLE.findall(text)
    ]
    return [*found, *handles], text


def _page(written: str, *, given: bool) -> list[Contact]:
    """The page or the site at an address: of a page on a site where anybody has one, the page alone."""
    if phone := _phone_of_page(written):
        return phone
    found: list[Contact] = []
    try:
        found.append(Contact("social", contacts.social_page(written), given=given))
    except BadInput:
        pass
    else:
        if found[0].value.partition("/")[0] in SOCIAL_SITES:
            return found
    try:
        site = contacts.web_domain(written)
    except BadInput:
        return found
    if site in SOCIAL_SITES:
        return found
    return [Contact("domain", site, given=given), *found, *_above(site)]


def _phone_of_page(written: str) -> list[Contact]:
    """The telephone that a page of a messenger leads to, which always has its country's code."""
    try:
        parts = urlsplit(written if "//" in written else f"//{written}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:  # a bracket without its pair
        return []
    if host not in _PHONE_PAGES:
        return []
    digits = re.sub(r"\D", "", (parse_qs(parts.query).get("phone") or [parts.path])[0])
    return of_phone(f"+{digits}") if digits else []


def _above(site: str) -> list[Contact]:
    """The sites of which this is a part: whoever has the name of one has all below it."""
    labels = site.split(".")
    names = [".".join(labels[place:]) for place in range(1, len(labels) - 1)]
    return [Contact("above", name, given=False) for name in names if is_own(name)]


def is_own(site: str) -> bool:
    """Whether a name below this one is its holder's: not where strangers register or have their pages."""
    labels = site.split(".")
    registry = len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _COMMON_SECOND
    return len(labels) > 1 and not registry and site not in SHARED_HOSTS | SOCIAL_SITES | FREE_MAIL


def _phones(text: str) -> tuple[list[Contact], str]:
    found: list[Contact] = []
    for written in _PHONE.findall(text):
        more = of_phone(written)
        if more and (more[0].sure or any(map(str.isalpha, text))):
            text = text.replace(written, " ")
        found += _written(more, written)
    return found, text


def of_phone(written: str) -> list[Contact]:
    """A telephone number in E.164 where its country can be told, and without country as dialled at home."""
    digits = re.sub(r"\D", "", written)
    international = digits.removeprefix("00")
    found: list[Contact] = []
    try:
        number = phonenumbers.parse(f"+{international}")
        sure = written.lstrip("( ").startswith(("+", "00"))
        if phonenumbers.is_valid_number(number):
            e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            found.append(Contact("phone", e164, sure=sure))
            if sure:
                return found
    except phonenumbers.NumberParseException:
        pass
    at_home = digits.lstrip("0")
    return [*found, Contact("local", at_home, sure=False)] if 6 <= len(at_home) <= 15 else found


def held_keys(kind: str, value: str) -> list[int]:
    """The keys under which a registered contact is kept; ``value`` in the register's form."""
    held = [Contact(kind, value)]
    if kind == "phone":
        held.append(Contact("local", _at_home(value)))
    if kind == "email":
        held += of_email(value)[1:]
    if kind == "social":
        held.append(Contact("handle", value.rpartition("/")[2].lower()))
    return list(dict.fromkeys(contact.key for contact in held))


def _at_home(e164: str) -> str:
    """The number as dialled in its own country, without a leading zero."""
    try:
        return str(phonenumbers.national_significant_number(phonenumbers.parse(e164))).lstrip("0")
    except phonenumbers.NumberParseException:
        return ""


def held_matches(asked: Contact, kind: str, value: str) -> bool:
    """Whether a registered contact is the one asked for; keys may collide, this may not."""
    if asked.kind == "local":
        return kind == "phone" and _at_home(value) == asked.value
    if asked.kind == "handle":
        return kind == "social" and value.rpartition("/")[2].lower() == asked.value
    if asked.kind == "above":
        return kind == "domain" and value == asked.value
    if asked.kind == "domain" and kind == "email":
        return value.rpartition("@")[2].removeprefix("www.") == asked.value
    return kind == asked.kind and value == asked.value
