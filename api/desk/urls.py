"""Routes of the desk, below ``/desk/``: those of its rooms, one after another."""

from django.urls import URLPattern, URLResolver

from api.desk import account, agencies, prints, queue, readings, screening, securities, session

_ROOMS = (
    queue,
    agencies,
    prints,
    securities,
    screening,
    readings,
    session,
    account,
)

urlpatterns: list[URLPattern | URLResolver] = [route for room in _ROOMS for route in room.urlpatterns]
