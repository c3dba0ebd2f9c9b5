"""An agency (ILO C181 private employment agency) with its trading names, official channels and offices."""

from __future__ import annotations

from django.db import models

from registry.models.authority import Authority
from registry.models.tracking import tracked


class Agency(models.Model):
    """A legal entity that holds or seeks licences of one authority. It has no verdict: its licences have."""

    number = models.TextField(unique=True)
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="agencies")
    legal_name = models.TextField(help_text="in its own script, NFC")
    latin_name = models.TextField(blank=True)
    legal_form = models.TextField(blank=True)
    sole_trader = models.BooleanField(default=False)
    country = models.CharField(max_length=2)
    company_register = models.TextField(blank=True)
    company_number = models.TextField(blank=True)
    lei = models.CharField(max_length=20, blank=True)
    tax_number = models.TextField(blank=True)
    incorporated_on = models.DateField(null=True, blank=True)
    address = models.TextField(blank=True)
    locality = models.TextField(blank=True)
    bank_account_hmac = models.TextField(blank=True)
    listed_key = models.TextField(blank=True, help_text="identity in the list that it is known from")
    linked_to = models.JSONField(default=list, blank=True, help_text="numbers of the same company elsewhere")
    version = models.PositiveIntegerField(default=1)
    history = tracked()

    class Meta:
        verbose_name_plural = "agencies"
        constraints = [
            models.UniqueConstraint(
                fields=["authority", "company_register", "company_number"],
                condition=~models.Q(company_number=""),
                name="company_once_per_authority",
            ),
            models.CheckConstraint(condition=~models.Q(legal_name=""), name="agency_has_a_name"),
        ]
        indexes = [models.Index(fields=["authority", "listed_key"], name="agency_listed_key")]

    def __str__(self) -> str:
        return f"{self.number} {self.legal_name}"


class TradingName(models.Model):
    """A name under which the agency trades, from a day to a day."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="trading_names")
    name = models.TextField()
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    history = tracked()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_day__isnull=True)
                | models.Q(first_day__isnull=True)
                | models.Q(last_day__gte=models.F("first_day")),
                name="trading_name_days_in_order",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Office(models.Model):
    """A place of business: the head office or a branch. It can never stand above its head licence."""

    number = models.TextField(unique=True)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="offices")
    kind = models.TextField(choices=[("head", "head office"), ("branch", "branch")])
    name = models.TextField(blank=True)
    address = models.TextField(blank=True)
    locality = models.TextField(blank=True)
    region = models.TextField(blank=True, help_text="ISO 3166-2")
    postcode = models.TextField(blank=True)
    country = models.CharField(max_length=2)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    authorisation = models.TextField(blank=True)
    photograph = models.TextField(blank=True, default="", help_text="SHA-256 of what it shows")
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    history = tracked()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency"],
                condition=models.Q(kind="head", last_day__isnull=True),
                name="one_open_head_office",
            ),
            models.CheckConstraint(
                condition=models.Q(last_day__isnull=True)
                | models.Q(first_day__isnull=True)
                | models.Q(last_day__gte=models.F("first_day")),
                name="office_days_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["photograph"], condition=~models.Q(photograph=""), name="office_photograph")
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.locality}"


class Channel(models.Model):
    """An official way to reach the agency: what a worker compares with what was shown to them."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="channels")
    office = models.ForeignKey(
        Office, on_delete=models.PROTECT, null=True, blank=True, related_name="channels"
    )
    kind = models.TextField(
        choices=[("phone", "phone"), ("email", "e-mail"), ("domain", "web domain"), ("social", "social page")]
    )
    value = models.TextField(help_text="normalised: E.164, lower-case address, IDNA domain, host/handle")
    as_given = models.TextField(blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    history = tracked()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "kind", "value"],
                condition=models.Q(last_day__isnull=True),
                name="channel_once",
            )
        ]
        indexes = [models.Index(fields=["kind", "value"], name="channel_value")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
