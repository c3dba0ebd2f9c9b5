"""Routes of the desk, below ``/desk/``: those of its rooms, one after another."""

from django.urls import URLPattern, URLResolver

from api.desk import account, agencies, agency, people, queue, readings, session, versions

_ROOMS = (
    queue,
    agencies,
    agency,
    versions,
    people,
    readings,
    session,
    account,
)

urlpatterns: list[URLPattern | URLResolver] = [route for room in _ROOMS for route in room.urlpatterns]
