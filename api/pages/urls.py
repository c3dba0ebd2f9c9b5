"""Routes of the public pages, below ``/``; the page of a badge is the most asked for and stands first."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path

from api.pages import agency, answer, applications, badge, debarments, home, licence, refusals, scanner

_MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="#0f4273"/>'
    '<path d="M18 33l10 10 18-21" fill="none" stroke="#fff" stroke-width="8" stroke-linecap="round" '
    'stroke-linejoin="round"/></svg>'
)


def mark(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the same for everybody
    """Our sign for a browser's tab."""
    return HttpResponse(
        _MARK, content_type="image/svg+xml", headers={"Cache-Control": "public, max-age=604800"}
    )


urlpatterns: list[URLPattern] = [
    path("v/<str:code>", answer.answer, name="badge"),
    path("v/<str:code>/", answer.answer),
    path("v/<str:code>/qr.png", badge.png, name="badge-png"),
    path("v/<str:code>/qr.svg", badge.svg, name="badge-svg"),
    path("v/<str:code>/badge", badge.badge, name="badge-print"),
    path("", home.home, name="home"),
    path("licences/<str:number>", licence.licence, name="licence-page"),
    path("agencies/<str:number>", agency.agency, name="agency-page"),
    path("applications", applications.applications, name="applications-page"),
    path("applications/<str:number>", applications.application, name="application-page"),
    path("debarments", debarments.debarments, name="debarments-page"),
    path("debarments/<str:number>", debarments.debarment, name="debarment-page"),
    path("scan", scanner.scanner, name="scanner"),
    path("worker.js", scanner.worker, name="scanner-worker"),
    path("manifest.webmanifest", scanner.manifest, name="manifest"),
    path("mark.svg", mark, name="mark"),
    re_path("", refusals.nothing_here),
]

refusals.prepare()
