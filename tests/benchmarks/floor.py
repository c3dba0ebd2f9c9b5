"""The floor: a bare Django, a DRF view with a serializer, one indexed query. What anybody would write first.

Nothing that costs is left in (no middleware, no authentication, no throttle, one renderer, a connection that stays
open), so that what stands above it does so by its own merit. For ``scripts/bench`` alone.
"""

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import path
from psycopg.conninfo import conninfo_to_dict

_database = conninfo_to_dict(os.environ["DATABASE_URL"])
settings.configure(
    SECRET_KEY="a benchmark keeps no secret",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=[],
    USE_TZ=True,
    USE_I18N=False,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _database.get("dbname"),
            "USER": _database.get("user"),
            "PASSWORD": _database.get("password"),
            "HOST": _database.get("host"),
            "PORT": str(_database.get("port") or ""),
            "CONN_MAX_AGE": None,
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_THROTTLE_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
)
django.setup(set_prefix=False)

from rest_framework import serializers  # noqa: E402 - Django must be set up first
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Licence(models.Model):
    """A row of the register's own table, found by the index on its number."""

    number = models.TextField(unique=True)
    licence_class = models.TextField()
    origin = models.TextField()
    legacy_number = models.TextField()
    state = models.TextField()
    may_recruit = models.BooleanField()
    scope = models.JSONField()
    version = models.PositiveIntegerField()

    class Meta:
        app_label = "floor"
        managed = False
        db_table = "registry_licence"

    def __str__(self) -> str:
        return self.number


class LicenceSerializer(serializers.Serializer[Licence]):
    """Eight fields; a plain serializer is faster than one made from the model."""

    number = serializers.CharField()
    licence_class = serializers.CharField()
    origin = serializers.CharField()
    legacy_number = serializers.CharField()
    state = serializers.CharField()
    may_recruit = serializers.BooleanField()
    scope = serializers.JSONField()
    version = serializers.IntegerField()


class LicenceView(APIView):
    """One licence by its number."""

    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002 - Django's signature
        """The row as JSON."""
        return Response(LicenceSerializer(Licence._default_manager.get(number=number)).data)


_CONSTANT = b'{"number":"XZ-GEN-A-000001-K","state":"active"}'


def constant(request: HttpRequest) -> HttpResponse:
    """Bytes that never change: what Django and the server cost without a database."""
    return HttpResponse(_CONSTANT, content_type="application/json")


urlpatterns = [path("licences/<str:number>", LicenceView.as_view()), path("nodb", constant)]
application = get_wsgi_application()
