"""A page as bytes on the wire: its template, its language, its headers, its squeeze.

Every page of ours goes out through :func:`page`: no cookie, no script, nothing from elsewhere; its policy names the one
style sheet by hash. The other security headers are those of every answer (``api.middleware``).
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.utils.safestring import SafeString, mark_safe
from zlib_ng import zlib_ng

from api import etags, labels
from api.pages import languages, originals, sheet

FOLDER: Final = Path(__file__).parent
ENGINE: Final = Engine(
    dirs=[str(FOLDER / "templates")], libraries={"i18n": "django.templatetags.i18n"}, string_if_invalid=""
)
VARY: Final = "Accept, Accept-Language, Accept-Encoding"
_WINDOW: Final = 13
"""Eight kilobytes, as a power of two."""

_SLOT: Final = re.compile("\ue000([a-z_]+)\ue001")


@dataclass(frozen=True, slots=True)
class Frame:
    """What every template knows: language, links that keep it, what is invented or unsigned about it, the sheet."""

    language: str
    direction: str
    tongues: tuple[tuple[str, str], ...]
    suffix: str
    query: str
    chosen: str
    demo: bool
    unsigned: str
    sheet: SafeString


def frame(
    language: str, *, chosen: str = "", request: HttpRequest | None = None, styles: sheet.Sheet = sheet.SITE
) -> Frame:
    """The frame of a page in ``language``; with a request its links to other languages keep what was asked."""
    kept = (
        [(k, v) for k, v in request.GET.items() if k != "lang"] if request is not None and request.GET else []
    )
    return Frame(
        language=language,
        direction=languages.direction(language),
        tongues=languages.others(language),
        suffix=f"?lang={chosen}" if chosen else "",
        query=f"{urlencode(kept)}&" if kept else "",
        chosen=chosen,
        demo=settings.REGISTRY_DEMO,
        unsigned=originals.note(),
        sheet=mark_safe(styles.css),  # noqa: S308 - our own file, fixed at start and named in the policy by its hash
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """What of a request shapes a page: its language, the language that the address chose, gzip, the ETags held."""

    language: str
    chosen: str
    squeezes: bool
    held: str

    @classmethod
    def of(cls, request: HttpRequest) -> "Reader":
        """The reader behind a request."""
        meta = request.META
        return cls(languages.of(request), languages.chosen(request), *_wishes(meta))

    @classmethod
    def plain(cls, environ: Mapping[str, Any]) -> "Reader":
        """The reader behind a plain request: an address without parameters."""
        accepted = environ.get("HTTP_ACCEPT_LANGUAGE", "")
        return cls(labels.language(accepted[: labels.LONGEST_HEADER]), "", *_wishes(environ))

    @property
    def kept(self) -> str:
        """The end of a link that keeps the language the address had chosen."""
        return f"?lang={self.chosen}" if self.chosen else ""


_NO_GZIP: Final = re.compile(r"gzip\s*;\s*q=0(?:\.0*)?\s*(?:,|$)")


def _wishes(environ: Mapping[str, Any]) -> tuple[bool, str]:
    accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
    squeezes = "gzip" in accepted and not (";" in accepted and _NO_GZIP.search(accepted))
    return squeezes, environ.get("HTTP_IF_NONE_MATCH", "")


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it goes out, but for the headers that all our pages have: the edge puts them on."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def response(self) -> HttpResponse:
        """The page as Django sends it."""
        answer = HttpResponse(self.body, status=self.status, headers=self.headers)
        if self.status == 304:
            del answer["Content-Type"]
        return answer


def markup(template: str, context: Mapping[str, Any]) -> str:
    """The page as HTML, in the language that is active."""
    return ENGINE.get_template(f"pages/{template}").render(Context({**context}, use_l10n=False))


@dataclass(frozen=True, slots=True)
class Form:
    """A page with slots, made from its template once; filling it is one join.

    It holds words and shapes of ours, never a fact of the register: those are read anew for each reader.
    """

    pieces: tuple[str, ...]

    @classmethod
    def of(cls, html: str) -> "Form":
        """The form of a page that was rendered with :func:`slot` where the facts go."""
        return cls(tuple(_SLOT.split(html)))

    def filled(self, facts: Mapping[str, str]) -> str:
        """The page with the facts in it; they must be HTML already."""
        told = list(self.pieces)
        told[1::2] = [facts[name] for name in told[1::2]]
        return "".join(told)


def slot(name: str) -> str:
    """A place in a form, in characters that belong to nobody's script."""
    return f"\ue000{name}\ue001"


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
    around = frame(language, chosen=languages.chosen(request), request=request, styles=styles)
    body = markup(template, {**context, "page": around})
    return send(request, body, language, status=status, tag=tag, cache=cache, styles=styles)


def send(
    request: HttpRequest,
    body: str,
    language: str,
    *,
    status: int = 200,
    tag: str = "",
    cache: str = etags.ASK_AGAIN,
    styles: sheet.Sheet = sheet.SITE,
) -> HttpResponse:
    """Finished HTML with our headers, squeezed for whoever can unsqueeze it."""
    squeezed, _held = _wishes(request.META)
    return _sent(
        body, language, squeezed=squeezed, status=status, tag=tag, cache=cache, styles=styles
    ).response()


def told(
    reader: Reader, body: Callable[[], str], *, tag: str, cache: str, styles: sheet.Sheet = sheet.SITE
) -> Page:
    """The page that ``tag`` names; ``body`` is made unless the reader holds exactly this page."""
    if reader.held and etags.matches(reader.held, tag):
        return _same(tag, cache, styles)
    return _sent(
        body(), reader.language, squeezed=reader.squeezes, status=200, tag=tag, cache=cache, styles=styles
    )


def unchanged(
    request: HttpRequest, tag: str, *, cache: str = etags.ASK_AGAIN, styles: sheet.Sheet = sheet.SITE
) -> HttpResponse | None:
    """A 304 when the reader already holds exactly this page."""
    _squeezed, held = _wishes(request.META)
    return _same(tag, cache, styles).response() if held and etags.matches(held, tag) else None


def _sent(
    body: str,
    language: str,
    *,
    squeezed: bool,
    status: int,
    tag: str,
    cache: str,
    styles: sheet.Sheet,
) -> Page:
    content = squeeze(body) if squeezed else body.encode()
    headers = {"Content-Type": "text/html; charset=utf-8"}
    if squeezed:
        headers["Content-Encoding"] = "gzip"
    headers |= {
        "Content-Length": str(len(content)),
        "Content-Language": language,
        "Content-Security-Policy": styles.policy,
    }
    if tag:
        headers["ETag"] = tag
    return Page(status, headers | {"Cache-Control": cache, "Vary": VARY}, content)


def _same(tag: str, cache: str, styles: sheet.Sheet) -> Page:
    """Nothing but headers, for a reader who holds the page.

    It says the page's policy once more: a browser puts the headers of a 304 over those it kept, and another policy
    would take the style from the page.
    """
    headers = {"ETag": tag, "Content-Security-Policy": styles.policy, "Cache-Control": cache, "Vary": VARY}
    return Page(304, headers, b"")


def tag(reader: Reader, *parts: object) -> str:
    """The strong ETag of the page that ``parts`` decide, in this language, squeeze and edition of our texts."""
    shaped = (edition(), reader.language, reader.chosen, reader.squeezes, *parts)
    return etags.strong(repr(shaped).encode())


def squeeze(body: str) -> bytes:
    """A page as gzip (RFC 1952). Its beginning, the style sheet above all, is the same on many pages: squeezed once."""
    head, end, rest = body.partition("</style>")
    begun = _begun(head + end)
    told = rest.encode()
    going = begun.squeezer.copy()
    size = begun.size + len(told)
    closing = struct.pack("<LL", zlib.crc32(told, begun.checksum), size & 0xFFFFFFFF)
    return b"".join((begun.squeezed, going.compress(told), going.flush(), closing))


@dataclass(frozen=True, slots=True)
class _Begun:
    """The beginning of a page, squeezed; what squeezes the rest, having read it; its checksum and size."""

    squeezed: bytes
    squeezer: Any
    checksum: int
    size: int


@lru_cache(maxsize=128)
def _begun(head: str) -> _Begun:
    """The beginning is squeezed as far as it goes, for it is done once; the rest in haste, for each reader.

    Of the beginning eight kilobytes are looked back on and few matches remembered (RFC 1951): pages are about as long,
    and all that is remembered is copied for each page.
    """
    read = head.encode()
    whole = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    squeezed = whole.compress(read) + whole.flush(zlib.Z_SYNC_FLUSH)
    squeezer = zlib_ng.compressobj(2, zlib.DEFLATED, -_WINDOW, 5, zdict=read[-(1 << _WINDOW) :])
    return _Begun(squeezed, squeezer, zlib.crc32(read), len(read))


@cache
def edition() -> str:
    """A digest of everything of ours that shapes a page: templates, sheets, scripts, code and catalogues."""
    digest = hashlib.blake2b(labels.version().encode(), digest_size=8)
    folders = [FOLDER, *map(Path, settings.LOCALE_PATHS)]
    shaping = {".html", ".css", ".js", ".py", ".mo", ".po"}
    for file in sorted({f for folder in folders for f in folder.rglob("*") if f.suffix in shaping}):
        digest.update(file.read_bytes())
    return digest.hexdigest()
