"""Routes of the officials' API, below ``/api/v1/staff/``: those of its resources, one after another."""

from django.urls import URLPattern, URLResolver

from api.staff import session, tokens

urlpatterns: list[URLPattern | URLResolver] = [*session.urlpatterns, *tokens.urlpatterns]
