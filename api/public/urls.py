"""Routes of the public API, below ``/api/``; the most asked for stand first: routes are tried in order."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, re_path

from api.problems import Refusal
from api.public import (
    agencies,
    alerts,
    badges,
    changes,
    codes,
    debarments,
    dumps,
    licences,
    live,
    receipts,
    schema,
    search,
    verifications,
)


def nothing_here(_request: HttpRequest, **_path: str) -> HttpResponse:
    """Refuse every other address, without the framework's page."""
    raise Refusal("route.not_found")


described: list[URLPattern] = [
    *licences.urlpatterns,
    *badges.urlpatterns,
    *live.urlpatterns,
    *verifications.urlpatterns,
    *receipts.urlpatterns,
    *search.urlpatterns,
    *agencies.urlpatterns,
    *debarments.urlpatterns,
    *alerts.urlpatterns,
    *changes.urlpatterns,
    *codes.urlpatterns,
    *dumps.urlpatterns,
]
urlpatterns: list[URLPattern] = [*described, *dumps.files, *schema.urlpatterns, re_path("", nothing_here)]
