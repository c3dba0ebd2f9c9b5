"""A licence and its terms: a projection of its entries for queries, never the law itself."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField
from django.contrib.postgres.fields.ranges import RangeOperators
from django.db import models
from django.db.models import F, Func, Value

from registry.models.agency import Agency
from registry.models.authority import Authority
from registry.models.tracking import tracked


class Licence(models.Model):
    """A licence by number. ``state`` and ``may_recruit`` are what the fold said when the licence was last written."""

    number = models.TextField(unique=True)
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="licences")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="licences")
    licence_class = models.TextField()
    origin = models.TextField(choices=[("decided", "by decision"), ("listed", "known from lists")])
    legacy_number = models.TextField(blank=True)
    legacy_folded = models.TextField(blank=True)
    renumbered_to = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="formerly"
    )
    list_source = models.TextField(blank=True, help_text="the list that it is known from")
    list_key = models.TextField(blank=True, help_text="its identity in that list")
    state = models.TextField(default="not_granted")
    may_recruit = models.BooleanField(default=False)
    scope = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1)
    history = tracked()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["list_source", "list_key"],
                condition=~models.Q(list_key=""),
                name="listed_identity_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["legacy_folded"], condition=~models.Q(legacy_folded=""), name="licence_legacy"
            )
        ]

    def __str__(self) -> str:
        return self.number


class Term(models.Model):
    """The days ``[first, last]`` of one term; terms of a licence never overlap (rulings 15)."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="terms")
    days = DateRangeField()
    history = tracked()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="terms_do_not_overlap",
                expressions=[
                    (
                        Func(F("licence_id"), F("licence_id"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    ("days", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=models.Q(days__isempty=False), name="term_has_days"),
        ]

    def __str__(self) -> str:
        return f"{self.licence_id} {self.days}"
