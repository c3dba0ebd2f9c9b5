"""Routes of the officials' API, below ``/api/v1/staff/``: those of its resources, one after another."""

from django.urls import URLPattern, URLResolver

from api.staff import agencies, authorities, badges, licences, proposals, session, tokens

_RESOURCES = (session, tokens, authorities, agencies, licences, proposals, badges)

urlpatterns: list[URLPattern | URLResolver] = [
    route for resource in _RESOURCES for route in resource.urlpatterns
]
