"""Routes of the applicants' pages, below ``/apply/``."""

from django.urls import URLPattern

from api.desk.apply import applications, licences, live, objections, session

urlpatterns: list[URLPattern] = [
    route for module in (session, objections, live, licences, applications) for route in module.urlpatterns
]
