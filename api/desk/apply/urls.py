"""Routes of the applicants' pages, below ``/apply/``."""

from django.urls import URLPattern

from api.desk.apply import applications, licences, objections, session

urlpatterns: list[URLPattern] = [
    route for module in (session, objections, licences, applications) for route in module.urlpatterns
]
