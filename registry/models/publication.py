"""What the public reads: one row for each span of time on which a licence's answer does not change."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from registry.models.licence import Licence
from registry.models.register import RegisterCommit


class PublishedRecord(models.Model):
    """The ready answer of one licence for ``span``, the future included (rulings 6). Derived; rebuilt at will.

    ``body`` is JSON text with codes and without texts. ``withhold_from``: the instant from which something in it is
    no longer public, so that it must be made again (rulings 14).
    """

    number = models.TextField()
    # Found by the index of a licence's life, which begins with it.
    licence = models.ForeignKey(Licence, on_delete=models.CASCADE, related_name="published", db_index=False)
    span = DateTimeRangeField()
    state = models.TextField()
    result = models.TextField()
    may_recruit = models.BooleanField()
    body = models.TextField()
    withhold_from = models.DateTimeField(null=True)
    # No constraint: the row is derived, and the check would run for every span of a large intake while the register's
    # counter is held.
    commit = models.ForeignKey(
        RegisterCommit, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    ordinal = models.BigIntegerField(default=0)
    agency_number = models.TextField()
    authority_code = models.TextField()
    country = models.CharField(max_length=2)
    licence_class = models.TextField()
    corridors = ArrayField(models.CharField(max_length=2), default=list)
    #: What whoever looks for an agency may choose by (``registry.finding``); nothing where it may not recruit.
    facets = models.GeneratedField(
        expression=models.Func(
            "body", "licence_class", "corridors", "may_recruit", function="registry_facets"
        ),
        output_field=ArrayField(models.TextField(), null=True),
        db_persist=True,
    )

    class Meta:
        indexes = [
            models.Index(fields=["number"], name="published_number"),
            models.Index(fields=["agency_number", "number"], name="published_agency"),
            # A list of what is rare must not read what is frequent: each filter has an order of its own.
            models.Index(fields=["country", "agency_number", "number"], name="published_in_country"),
            models.Index(fields=["state", "agency_number", "number"], name="published_in_state"),
            models.Index(fields=["licence_class", "agency_number", "number"], name="published_in_class"),
            GinIndex(fields=["corridors"], name="published_corridors"),
            GinIndex(fields=["facets"], name="published_facets", condition=models.Q(may_recruit=True)),
            # What an authority's licences are at an instant and when the clock will turn them, from the index alone.
            models.Index(
                fields=["authority_code", "state", "span"],
                include=["licence_class", "corridors", "licence"],
                name="published_turns",
            ),
            models.Index(
                fields=["licence", "state", "span"],
                include=["licence_class", "corridors"],
                name="published_life",
            ),
            models.Index(
                fields=["authority_code", "span"],
                condition=models.Q(state__in=["active", "renewal_pending"], result="not_licensed"),
                name="published_uncovered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.result}"
