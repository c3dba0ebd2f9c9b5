"""A page as bytes on the wire: its template, its language, its headers, its squeeze.

Every page of ours goes out through :func:`page`: no cookie, no script, nothing from elsewhere; its policy names the one
style sheet by hash. The other security headers are those of every answer (``api.middleware``).
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.template import Context, Engine
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString, mark_safe

from api import etags, labels
from api.pages import languages, sheet

FOLDER: Final = Path(__file__).parent
ENGINE: Final = Engine(
    dirs=[str(FOLDER / "templates")], libraries={"i18n": "django.templatetags.i18n"}, string_if_invalid=""
)
VARY: Final = ("Accept", "Accept-Language", "Accept-Encoding")
SMALL: Final = 512


@dataclass(frozen=True, slots=True)
class Frame:
    """What every template knows: language, links that keep it, the sheet."""

    language: str
    direction: str
    tongues: tuple[tuple[str, str], ...]
    suffix: str
    query: str
    chosen: str
    sheet: SafeString


def frame(request: HttpRequest | None, language: str, styles: sheet.Sheet = sheet.SITE) -> Frame:
    """The frame of a page in ``language``; without a request it keeps nothing of the address."""
    chosen = languages.chosen(request) if request is not None else ""
    kept = [(k, v) for k, v in request.GET.items() if k != "lang"] if request is not None and request.GET else []
    return Frame(
        language=language,
        direction=languages.direction(language),
        tongues=languages.others(language),
        suffix=languages.kept(request) if request is not None else "",
        query=f"{urlencode(kept)}&" if kept else "",
        chosen=chosen,
        sheet=mark_safe(styles.css),  # noqa: S308 - our own file, fixed at start and named in the policy by its hash
    )


def markup(template: str, context: Mapping[str, Any]) -> bytes:
    """The page as HTML, in the language that is active."""
    return ENGINE.get_template(f"pages/{template}").render(Context({**context})).encode()


def page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    tag: str = "",
    cache: str = etags.ASK_AGAIN,
    styles: sheet.Sheet = sheet.SITE,
) -> HttpResponse:
    """One page, in the language that is active; ``tag`` as :func:`tag` made it."""
    language = languages.of(request)
    body = markup(template, {**context, "page": frame(request, language, styles)})
    return send(request, body, language, status=status, tag=tag, cache=cache, styles=styles)


def send(
    request: HttpRequest,
    body: bytes,
    language: str,
    *,
    status: int = 200,
    tag: str = "",
    cache: str = etags.ASK_AGAIN,
    styles: sheet.Sheet = sheet.SITE,
) -> HttpResponse:
    """Finished HTML with our headers, squeezed for whoever can unsqueeze it."""
    response = HttpResponse(body, content_type="text/html; charset=utf-8", status=status)
    if squeezes(request) and len(body) > SMALL:
        response.content = gzip.compress(body, 6, mtime=0)
        response["Content-Encoding"] = "gzip"
    response["Content-Length"] = str(len(response.content))
    response["Content-Language"] = language
    response["Content-Security-Policy"] = styles.policy
    if tag:
        response["ETag"] = tag
    return _headed(response, cache)


def unchanged(request: HttpRequest, tag: str, *, cache: str = etags.ASK_AGAIN) -> HttpResponse | None:
    """A 304 when the reader already holds exactly this page."""
    held = request.META.get("HTTP_IF_NONE_MATCH")
    if not held or not etags.matches(held, tag):
        return None
    response = HttpResponseNotModified()
    response["ETag"] = tag
    return _headed(response, cache)


def tag(request: HttpRequest, *parts: object) -> str:
    """The strong ETag of the page that ``parts`` decide, in this language, this squeeze and this edition of our texts."""
    told = (edition(), languages.of(request), languages.chosen(request), squeezes(request), *parts)
    return etags.strong(repr(told).encode())


def squeezes(request: HttpRequest) -> bool:
    """Whether the reader takes gzip."""
    return "gzip" in request.META.get("HTTP_ACCEPT_ENCODING", "")


@cache
def edition() -> str:
    """A digest of everything of ours that shapes a page: templates, sheets, code and catalogues."""
    digest = hashlib.blake2b(labels.version().encode(), digest_size=8)
    folders = [FOLDER, *map(Path, settings.LOCALE_PATHS)]
    for file in sorted({f for folder in folders for f in folder.rglob("*") if f.suffix in {".html", ".css", ".py", ".mo"}}):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _headed(response: HttpResponse, cache_control: str) -> HttpResponse:
    response["Cache-Control"] = cache_control
    patch_vary_headers(response, VARY)
    return response
