"""Which language a page speaks, and how its links keep it. Nothing is remembered about the reader."""

from functools import lru_cache

from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.conf.locale import LANG_INFO
from django.http import HttpRequest
from django.utils import translation

from api import labels


def of(request: HttpRequest) -> str:
    """The reader's language: ``?lang=``, else ``Accept-Language``, else English."""
    return labels.language(request.META.get("HTTP_ACCEPT_LANGUAGE", ""), _asked(request))


def chosen(request: HttpRequest) -> str:
    """The language that the address itself asks for, or nothing: links keep it."""
    try:
        return labels.variant(_asked(request))
    except LookupError:
        return ""


def kept(request: HttpRequest) -> str:
    """The end of a link that keeps the language the address had chosen: ``?lang=…`` or nothing."""
    code = chosen(request)
    return f"?lang={code}" if code else ""


def gettext(text: str) -> str:
    """The text in the language that is active, as Django's ``gettext``; a page has dozens, each looked up once."""
    return _said(text, translation.get_language() or settings.LANGUAGE_CODE)


@lru_cache(maxsize=32768)
def _said(text: str, language: str) -> str:  # noqa: ARG001 - the active language is a part of the key
    return translation.gettext(text)


@lru_cache(maxsize=64)
def direction(language: str) -> str:
    """``rtl`` or ``ltr``."""
    return "rtl" if language.partition("-")[0] in settings.LANGUAGES_BIDI else "ltr"


@lru_cache(maxsize=64)
def others(language: str) -> tuple[tuple[str, str], ...]:
    """The other languages a reader can choose, each in its own name; empty when there is only one."""
    return tuple((code, own_name(code)) for code in labels.languages() if code != language)


def every() -> tuple[tuple[str, str], ...]:
    """Every language that officers and applicants can choose, each in its own name."""
    return tuple((code, own_name(code)) for code, _name in settings.LANGUAGES)


def _asked(request: HttpRequest) -> str:
    asked = request.GET.get("lang", "") if request.META.get("QUERY_STRING") else ""
    return asked if len(asked) <= labels.LONGEST_TAG else ""


def own_name(code: str) -> str:
    """A language's name in itself, such as ``العربية``; where nobody knows it, the code."""
    known = LANG_INFO.get(code, {}).get("name_local") or _locale_name(code) or code
    return known[:1].upper() + known[1:]


def _locale_name(code: str) -> str:
    try:
        return Locale.parse(code.replace("-", "_")).get_display_name() or ""
    except (UnknownLocaleError, ValueError):
        return ""
