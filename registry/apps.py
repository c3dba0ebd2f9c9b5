"""How Django finds the register."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """The register's application."""

    name = "registry"
    verbose_name = "Register of licensed recruiters"
    default_auto_field = "django.db.models.BigAutoField"
