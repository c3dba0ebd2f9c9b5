"""``/schema`` and ``/docs``: the description of this API, for programs and for people.

The page works without a script (every operation in plain HTML) and better with one (Swagger UI, served by
ourselves); nothing on it comes from anybody else.
"""

from functools import lru_cache
from typing import Any

import yaml
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from api import etags
from api.public import reading, route

YAML = "application/vnd.oai.openapi"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ABOUT = """Anyone may ask, without a key.

**Verdicts.** Read `verdict.result` and `verdict.may_recruit`, never the state alone. `unknown` is not a licence,
and no error is an answer about a licence.

**Codes and texts.** Programs read codes, which are stable; people read texts, in the language of `?lang=` or
`Accept-Language`. Every code is at `/api/v1/codes`.

**Asking again.** Every verdict has a strong `ETag` and `Cache-Control: no-cache`: keep it, and ask again with
`If-None-Match`. `until` says when the clock alone may change it.

**Errors** are RFC 9457 problems with a stable `code`; quote `request_id` when you ask us about one.

**Limits.** Looking up what exists is free. What is not found, searches and batches cost tokens of a bucket for
each address; answers that nobody may share tell what is left in `RateLimit` and `RateLimit-Policy`
(draft-ietf-httpapi-ratelimit-headers-10), and so does `429` with `Retry-After`.

**Pages** follow a cursor: take `next` as `after` until it is `null`."""
_TAGS = {
    "Licences": "What the register says about a licence.",
    "Badges": "What a printed code proves.",
    "Receipts": "Answers that were signed, and prints, judged for who can not do it.",
    "Search": "From whatever you were given to a licence.",
    "Agencies": "Who holds licences.",
    "Alerts": "Whom the authorities warn of.",
    "Changes": "For whoever keeps a copy.",
    "Codes": "What the codes mean.",
}
_SWAGGER = "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui"
_START = b"""window.addEventListener("load", function () {
  SwaggerUIBundle({
    url: "/api/v1/schema",
    dom_id: "#operations",
    deepLinking: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
  });
});
"""


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI document of the public API, generated from the routes."""
    from api.public import urls  # noqa: PLC0415 - the routes hold this one too

    patterns = [path(f"api/{p.pattern}", p.callback, name=p.name) for p in urls.described]
    generator = SchemaGenerator(patterns=patterns)  # type: ignore[no-untyped-call]  # the library has no types
    found: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    found["info"]["description"] = _ABOUT
    found["tags"] = [{"name": name, "description": about} for name, about in _TAGS.items()]
    return found


def as_yaml() -> str:
    """The document as it is committed in ``docs/openapi.yaml``."""
    return yaml.safe_dump(_plain(document()), sort_keys=False, allow_unicode=True, width=110)


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The document: JSON, or YAML when asked for."""
    accepts = request.META.get("HTTP_ACCEPT", "")
    in_yaml = "yaml" in accepts or YAML in accepts
    if not in_yaml:
        reading.accepted(accepts)
    ask = route.Ask(request, {}, "en")
    media_type = f"{YAML}; charset=utf-8" if in_yaml else route.JSON
    body = _yaml if in_yaml else _json
    return route.respond(ask, route.Answer(body(), caching=etags.RELEASE, media_type=media_type))


@require_safe
def docs(_request: HttpRequest) -> HttpResponse:
    """The page for people."""
    body = _page()
    return HttpResponse(
        body, headers={"Cache-Control": etags.RELEASE, "Content-Security-Policy": PAGE_POLICY}
    )


@require_safe
def start(_request: HttpRequest) -> HttpResponse:
    """The few lines that start Swagger UI; a file of its own, so that the page needs no inline script."""
    return HttpResponse(_START, content_type="text/javascript", headers={"Cache-Control": etags.RELEASE})


@lru_cache(maxsize=1)
def _yaml() -> bytes:
    return as_yaml().encode()


@lru_cache(maxsize=1)
def _json() -> bytes:
    return route.written(_plain(document()))


@lru_cache(maxsize=1)
def _page() -> str:
    described = document()
    operations = [
        (method.upper(), where, operation.get("summary", ""), operation.get("description", ""))
        for where, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    rows = format_html_join("", "<dt><code>{} {}</code></dt><dd>{}. {}</dd>", operations)
    return format_html(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        '<link rel="icon" href="/mark.svg"><link rel="stylesheet" href="{css}"></head>'
        '<body><main id="operations"><h1>{title}</h1><p>{about}</p>'
        '<p><a href="/api/v1/schema">OpenAPI 3.1</a> · <a href="/api/v1/codes">{codes}</a></p><dl>{rows}</dl>'
        '</main><script src="{bundle}"></script><script src="/api/v1/docs/start.js"></script></body></html>',
        title=described["info"]["title"],
        about=_ABOUT.partition("\n")[0],
        codes=gettext("Every code"),
        rows=rows,
        css=static(f"{_SWAGGER}.css"),
        bundle=static(f"{_SWAGGER}-bundle.js"),
    )


def _plain(value: Any) -> Any:
    """Nothing but dicts, lists, texts and numbers, so that any writer can write it."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)


urlpatterns: list[URLPattern] = [
    path("v1/schema", schema, name="schema"),
    path("v1/docs", docs, name="docs"),
    path("v1/docs/start.js", start),
]
