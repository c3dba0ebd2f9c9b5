"""Routes of the officials' API, below ``/api/v1/staff/``."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
