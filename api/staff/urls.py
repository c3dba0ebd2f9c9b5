"""Routes of the officials' API, below ``/api/v1/staff/``: those of its resources, one after another."""

from django.urls import URLPattern, URLResolver

from api.staff import (
    agencies,
    alerts,
    appointments,
    authorities,
    badges,
    findings,
    holders,
    licences,
    motions,
    offices,
    persons,
    proposals,
    requests,
    schema,
    session,
    tokens,
)

_RESOURCES = (
    session,
    tokens,
    authorities,
    agencies,
    offices,
    appointments,
    licences,
    proposals,
    motions,
    persons,
    alerts,
    requests,
    holders,
    badges,
    findings,
)

described: list[URLPattern] = [route for resource in _RESOURCES for route in resource.urlpatterns]

urlpatterns: list[URLPattern | URLResolver] = [*described, *schema.urlpatterns]
