"""What an authority warns of: somebody who recruits without a licence, or who pretends to be a licensed agency.

Each row is one version, whole; rows are only added. The newest version of a number says what holds; the entry behind a
version says since when the register knew it.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from registry.models.agency import Agency
from registry.models.authority import Authority
from registry.models.entry import Entry


class Alert(models.Model):
    """One version of an alert. ``ended``: the version takes it back, as over or as entered in error."""

    number = models.TextField()
    version = models.PositiveIntegerField()
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="alerts")
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="+")
    kind = models.TextField(choices=[("unlicensed", "unlicensed"), ("clone", "clone")])
    names = models.JSONField(help_text="what they call themselves, the chief name first")
    contacts = models.JSONField(help_text="[{kind, value}] in the register's form")
    agency = models.ForeignKey(
        Agency,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="alerts",
        help_text="the one cloned",
    )
    place = models.TextField(blank=True, help_text="where they were seen")
    seen_on = models.DateField(null=True, blank=True)
    grounds = ArrayField(models.TextField(), default=list)
    source = models.TextField(blank=True)
    texts = models.JSONField(default=dict, help_text="what the authority says to the public, by language")
    first_day = models.DateField()
    last_day = models.DateField(null=True, blank=True)
    ended = models.TextField(blank=True, choices=[("over", "over"), ("error", "error")])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number", "version"], name="alert_version_once"),
            models.CheckConstraint(
                condition=models.Q(kind="clone", agency__isnull=False)
                | models.Q(kind="unlicensed", agency__isnull=True),
                name="alert_of_a_clone_names_whom",
            ),
        ]
        indexes = [models.Index(fields=["agency"], name="alert_of_agency")]

    def __str__(self) -> str:
        return f"{self.number} version {self.version}"
