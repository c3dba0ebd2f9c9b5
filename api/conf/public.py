"""The public application: pages, public API, proofs. No session, no cookie, no upload, no sign-in."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from api.conf.door import Application
from api.conf.swift import Swift

# Two thin layers: what they cost is a part of every look-up.
MIDDLEWARE = ["api.middleware.Edge", "api.static_files.StaticFiles"]
if settings.REGISTRY_REPLICA_SECONDS:
    MIDDLEWARE.insert(1, "api.replica.Fresh")

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("api.public.urls")),
    path("log/", include("api.public.log")),
    path("", include("api.public.well_known")),
    path("", include("api.public.proofs")),
    path("", include("api.health")),
    path("gateway/", include("api.phones.door")),
    path("", include("api.pages.urls")),
]

handler500 = "api.pages.refusals.broken"

application: Callable[..., Any] = Application(__name__, MIDDLEWARE)
if not settings.REGISTRY_REPLICA_SECONDS:  # a replica proves its freshness first, behind the thin door
    application = Swift(application)
