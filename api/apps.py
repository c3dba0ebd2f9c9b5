"""How Django finds the edge, and what it does when the tables have changed."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

from api.conf import roles


class ApiConfig(AppConfig):
    """The application of pages, public and staff API, sign-in and jobs."""

    name = "api"
    verbose_name = "Pages and programming interfaces"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have every migration followed by the grants that belong to it."""
        post_migrate.connect(_grant, sender=self)
        import_module("api.conf.checks")


def _grant(using: str, **_facts: Any) -> None:
    """Give the applications' role its rights, when whoever migrated is the owner and the role exists."""
    connection = connections[using]
    connection.ensure_connection()
    if connection.connection.info.user == roles.OWNER:
        roles.grant(connection.connection)
