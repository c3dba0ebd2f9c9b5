"""Routes of the desk, below ``/desk/``: those of its rooms, one after another."""

from django.urls import URLPattern, URLResolver

from api.desk import (
    account,
    agencies,
    agency,
    alerts,
    applications,
    early_warning,
    filters,
    holders,
    letters,
    licences,
    motions,
    people,
    persons,
    photographs,
    policies,
    prints,
    proposals,
    queue,
    readings,
    reports,
    requests,
    screening,
    securities,
    session,
    versions,
)
from api.desk.concerns import room as concerns

_ROOMS = (
    queue,
    agencies,
    agency,
    versions,
    applications,
    holders,
    licences,
    letters,
    proposals,
    motions,
    prints,
    photographs,
    securities,
    screening,
    persons,
    alerts,
    policies,
    requests,
    concerns,
    people,
    readings,
    session,
    account,
    filters,
    reports,
    early_warning,
)

urlpatterns: list[URLPattern | URLResolver] = [route for room in _ROOMS for route in room.urlpatterns]
