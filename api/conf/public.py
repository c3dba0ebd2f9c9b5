"""The public application: pages, public API, proofs. No session, no cookie, no upload, nothing to sign in to."""

from django.urls import URLPattern, URLResolver, include, path

from api.conf.door import Application

MIDDLEWARE = [
    # api.middleware: request id, problem errors and throttles come first.
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("api.health")),
    path("api/v1/", include("api.public.urls")),
    path("", include("api.pages.urls")),
]

application = Application(__name__, MIDDLEWARE)
