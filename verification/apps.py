"""How Django finds the proofs."""

from django.apps import AppConfig


class VerificationConfig(AppConfig):
    """The application of badges and checks."""

    name = "verification"
    verbose_name = "Badges and checks"
    default_auto_field = "django.db.models.BigAutoField"
