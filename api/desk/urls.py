"""Routes of the desk, below ``/desk/``: those of its rooms, one after another."""

from django.urls import URLPattern, URLResolver

from api.desk import account, agencies, filters, people, queue, readings, reports, session

_ROOMS = (
    queue,
    agencies,
    people,
    readings,
    session,
    account,
    filters,
    reports,
)

urlpatterns: list[URLPattern | URLResolver] = [route for room in _ROOMS for route in room.urlpatterns]
