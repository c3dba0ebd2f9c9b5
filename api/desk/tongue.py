"""The language in which somebody reads the desk or the applicants' pages: kept with the account and by the browser.

The browser keeps it in a cookie, so that the sign-in page and the pages of errors have it too. The account keeps what
was chosen while it was signed in, and gives it to the browser when it signs in elsewhere. Letters follow the choice
until the account chooses another language for them.
"""

from typing import Final

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api import auth, phrases
from api.models import User

_UNASKED: Final = User._meta.get_field("language").default
"""In which language letters are written to an account that nobody asked."""


def spoken(code: str) -> bool:
    """Whether these pages speak it."""
    return code in dict(settings.LANGUAGES)


def choose(request: HttpRequest, response: HttpResponseBase, code: str) -> None:
    """From now on the browser and the account of the session read ``code``; nothing where we do not speak it."""
    if not spoken(code):
        return
    _give(response, code)
    user = request.user
    if isinstance(user, User) and user.reads_in != code:
        follows = user.language == (user.reads_in or _UNASKED) and code in phrases.LANGUAGES
        letters = {"language": code} if follows else {}
        User.objects.filter(pk=user.pk).update(reads_in=code, **letters)


def give(request: HttpRequest, response: HttpResponseBase) -> None:
    """After a sign-in, give the browser the language of the account."""
    session: SessionBase | None = getattr(request, "session", None)
    code = session.pop(auth.LANGUAGE, "") if session is not None and auth.LANGUAGE in session else ""
    if spoken(code):
        _give(response, code)


def _give(response: HttpResponseBase, code: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
