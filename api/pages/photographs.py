"""``/photographs/{sha256}.jpg``: what an office looks like, and who works there, as long as the register shows it.

The address names the very bytes, so whoever has them need not ask again; nobody in between may keep them for others, so
that a photograph which was withdrawn is gone for the next who asks.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString, mark_safe

from api import etags, throttles
from api.pages import refusals
from api.pages.languages import gettext
from registry import clock, lookup
from registry.rules.errors import PhotographNotFound

KEEP: Final = "private, max-age=604800, immutable"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@refusals.guarded
def photograph(request: HttpRequest, sha256: str) -> HttpResponse:
    """The picture; 404 without a page for one that is withdrawn as for one that never was."""
    throttles.look_ups.check(request)
    try:
        content = lookup.public_photograph(sha256 if _SHA256.fullmatch(sha256) else "", at=clock.now())
    except PhotographNotFound:
        throttles.look_ups.miss(request)
        return HttpResponse(status=404, content_type="text/plain", headers={"Cache-Control": etags.KEEP_NOT})
    headers = {"ETag": f'"{sha256}"', "Cache-Control": KEEP}
    if etags.matches(request.META.get("HTTP_IF_NONE_MATCH", ""), headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(content, content_type="image/jpeg", headers=headers)


def of_office(office: Mapping[str, Any] | None) -> SafeString:
    """The office's photograph as HTML, or nothing; a browser fetches it when the reader comes near it."""
    return _figure(office or {}, "office", gettext("This is what the office looks like."))


def of_offices(offices: Sequence[Mapping[str, Any]]) -> SafeString:
    """The photographs of all these offices as HTML, each with where it is."""
    shown = [office for office in offices if office.get("photograph")]
    if len(shown) == 1:
        return of_office(shown[0])
    return mark_safe("".join(_figure(one, "office", _where(one)) for one in shown))  # noqa: S308 - of escaped pieces


def of_person(person: Mapping[str, Any] | None) -> SafeString:
    """The photograph of a person whom the public may see, as HTML, or nothing."""
    told = {"name": (person or {}).get("name", "")}
    return _figure(person or {}, "person", gettext("This is what %(name)s looks like.") % told)


def _where(office: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, (office.get("address"), office.get("locality"))))


def _figure(shown: Mapping[str, Any], kind: str, caption: str) -> SafeString:
    """A picture in a frame whose size is known before it comes, so that nothing moves when it does."""
    sha256 = shown.get("photograph")
    if not sha256:
        return SafeString()
    return mark_safe(  # noqa: S308 - all of it is escaped
        f'<figure class="{kind}"><img src="/photographs/{escape(str(sha256))}.jpg" loading="lazy" decoding="async"'
        f' alt="{escape(gettext("Photograph"))}"><figcaption>{escape(caption)}</figcaption></figure>\n'
    )
