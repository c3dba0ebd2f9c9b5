"""The officials' application: desk, staff API, admin, sign-in; sessions and second factors live here alone."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from api.conf.door import Application
from api.desk.concerns import door as concerns
from api.desk.queue import front
from api.pages.urls import mark

MIDDLEWARE = settings.MIDDLEWARE
admin.autodiscover()

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("api.health")),
    path("api/v1/staff/", include("api.staff.urls")),
    path("_allauth/", include("api.staff.accounts")),
    path("admin/", admin.site.urls),
    path("", front),
    path("", include(concerns.urlpatterns)),
    path("mark.svg", mark, name="desk-mark"),
    path("desk/", include("api.desk.urls")),
    path("apply/", include("api.desk.apply.urls")),
]
handler404 = "api.desk.door.nothing_here"
handler500 = "api.desk.door.broken"

application = Application(__name__, MIDDLEWARE)
