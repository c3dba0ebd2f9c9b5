"""The bodies that go out, as OpenAPI describes them.

The register writes these bodies itself (``registry.publishing``) and a look-up passes them through as they
are; a test holds real answers against this description, so that the two cannot part.
"""

from typing import Any

from rest_framework import serializers

from api import labels
from registry.rules.lifecycle import Action, Overlay, State

_RESULTS = list(labels.RESULTS)
CHANNEL_KINDS = ["phone", "email", "domain", "social"]
OFFICE_KINDS = ["head", "branch"]


class CodedBody(serializers.Serializer[Any]):
    """A stable code with its text in the reader's language."""

    code = serializers.CharField()
    text = serializers.CharField(required=False, help_text="In the language of `Content-Language`.")


class VerdictBody(serializers.Serializer[Any]):
    """The answer in one word, and why."""

    result = serializers.ChoiceField(choices=_RESULTS, help_text="`unknown` is never a licence.")
    may_recruit = serializers.BooleanField(
        help_text="True only when the answer is a yes or a limited yes and somebody new may be taken on."
    )
    reasons = CodedBody(many=True, help_text="The weightiest first.")
    until = serializers.DateTimeField(allow_null=True, help_text="When the clock alone may change it.")


class StandingBody(serializers.Serializer[Any]):
    """The canonical state, what else is true beside it, and the authority's own word for it."""

    state = serializers.ChoiceField(
        choices=[s.value for s in State], allow_null=True, help_text="`null`: no longer public."
    )
    overlays = serializers.ListField(child=serializers.ChoiceField(choices=[o.value for o in Overlay]))
    legal_term = serializers.CharField(allow_blank=True, help_text="The authority's own word.")
    since = serializers.DateTimeField(allow_null=True)


class HolderBody(serializers.Serializer[Any]):
    """The agency that holds the licence."""

    number = serializers.CharField()
    name = serializers.CharField(help_text="In its own script.")
    latin_name = serializers.CharField(allow_blank=True)
    trading_names = serializers.ListField(child=serializers.CharField())


class AuthorityBody(serializers.Serializer[Any]):
    """Who licenses, and in which time zone its days begin."""

    code = serializers.CharField()
    name = serializers.DictField(child=serializers.CharField(), help_text="By language (BCP 47).")
    country = serializers.CharField()
    zone = serializers.CharField(help_text="IANA time zone.")
    contact = serializers.JSONField(required=False)
    complaint = serializers.JSONField(required=False)


class CutBody(serializers.Serializer[Any]):
    """What a restriction takes out of the scope."""

    corridors = serializers.ListField(child=serializers.CharField())
    occupations = serializers.ListField(child=serializers.CharField())
    new_recruitment_only = serializers.BooleanField()


class ScopeBody(serializers.Serializer[Any]):
    """For which countries (ISO 3166-1) and occupations (ISCO-08) it is good; empty = all."""

    corridors = serializers.ListField(child=serializers.CharField())
    occupations = serializers.ListField(child=serializers.CharField())
    cut = CutBody(allow_null=True)


class WorkerFeeBody(serializers.Serializer[Any]):
    """What a recruiter may ask a worker to pay in all, by the authority's law. A cap is money or months of the wage."""

    rule = CodedBody()
    amount = serializers.CharField(allow_null=True, help_text="Decimal, major units.")
    currency = serializers.CharField(allow_null=True, help_text="ISO 4217.")
    months_of_wage = serializers.CharField(allow_null=True, help_text="Decimal months of the first wage.")
    law = serializers.CharField(allow_blank=True, help_text="Where that is written.")


class TermBody(serializers.Serializer[Any]):
    """One term; both days inclusive, local days of the authority."""

    first_day = serializers.DateField()
    last_day = serializers.DateField()


class OfficeBody(serializers.Serializer[Any]):
    """A place of business."""

    number = serializers.CharField()
    kind = serializers.ChoiceField(choices=OFFICE_KINDS)
    name = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_blank=True)
    locality = serializers.CharField(allow_blank=True)
    country = serializers.CharField()
    first_day = serializers.DateField(allow_null=True)
    last_day = serializers.DateField(allow_null=True)
    photograph = serializers.CharField(
        required=False,
        help_text="SHA-256 of the JPEG at `/photographs/{sha256}.jpg`, where the office shows one.",
    )


class ChannelBody(serializers.Serializer[Any]):
    """An official way to reach the agency."""

    kind = serializers.ChoiceField(choices=CHANNEL_KINDS)
    value = serializers.CharField()


class SanctionBody(serializers.Serializer[Any]):
    """What the authority did to the holder, as long as the law lets the public read it."""

    kind = serializers.ChoiceField(choices=list(labels.SANCTIONS))
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)
    over = serializers.BooleanField()
    grounds = CodedBody(many=True)
    public_until = serializers.DateTimeField(allow_null=True)


class DecidedBody(serializers.Serializer[Any]):
    """A decision that is made and not yet in effect."""

    effective_from = serializers.DateTimeField()
    action = serializers.ChoiceField(choices=[a.value for a in Action])


class SegmentBody(serializers.Serializer[Any]):
    """One part of a day on which the answer changed."""

    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    verdict = VerdictBody()
    standing = StandingBody()


class LicenceBody(serializers.Serializer[Any]):
    """A licence as the public may read it."""

    number = serializers.CharField()
    verdict = VerdictBody()
    standing = StandingBody()
    holder = HolderBody()
    authority = AuthorityBody()
    legacy_number = serializers.CharField(allow_blank=True, help_text="The authority's own older number.")
    origin = serializers.ChoiceField(
        choices=["decided", "listed"], help_text="By decision, or known from lists."
    )
    scope = ScopeBody()
    worker_fee = WorkerFeeBody(allow_null=True, help_text="Null where the authority states no rule.")
    terms = TermBody(many=True)
    conditions = serializers.ListField(child=serializers.DictField())
    offices = OfficeBody(many=True)
    channels = ChannelBody(many=True)
    sanctions = SanctionBody(many=True)
    decided = DecidedBody(many=True)
    listed = serializers.DictField(
        allow_null=True, help_text="List, day and source, where it is known from lists."
    )
    history_complete_since = serializers.DateTimeField(
        allow_null=True, help_text="Before this instant something may have been made private again."
    )
    since = serializers.DateTimeField(allow_null=True, help_text="Since when this answer holds.")
    until = serializers.DateTimeField(allow_null=True, help_text="Until when, by the clock alone.")
    sequence = serializers.IntegerField(help_text="The register's sequence number of the last change in it.")
    segments = SegmentBody(many=True, required=False, help_text="With `as_of` a day: its parts.")
    as_of = serializers.CharField(required=False, help_text="As asked.")
    known_at = serializers.CharField(required=False, help_text="As asked.")
    known_sequence = serializers.IntegerField(
        required=False, help_text="What the register had recorded by `known_at`."
    )

    def get_fields(self) -> dict[str, Any]:
        """``class`` is a word of Python's own and cannot be declared above."""
        return {**super().get_fields(), "class": serializers.CharField(help_text="The class of the licence.")}


class CertificateBody(serializers.Serializer[Any]):
    """The status of a licence on one day."""

    on = serializers.DateField(help_text="A local day of the authority.")
    zone = serializers.CharField(help_text="The time zone in which that day runs.")
    number = serializers.CharField()
    holder = HolderBody()
    authority = AuthorityBody()
    verdict = VerdictBody()
    standing = StandingBody()
    scope = ScopeBody()
    terms = TermBody(many=True)
    segments = SegmentBody(many=True)
    history_complete_since = serializers.DateTimeField(allow_null=True)
    sequence = serializers.IntegerField()
    known_at = serializers.DateTimeField(required=False)
    known_sequence = serializers.IntegerField(required=False)

    def get_fields(self) -> dict[str, Any]:
        """``class`` is a word of Python's own and cannot be declared above."""
        return {**super().get_fields(), "class": serializers.CharField()}


class EntryBody(serializers.Serializer[Any]):
    """A published entry."""

    sequence = serializers.IntegerField()
    kind = serializers.CharField()
    action = serializers.ChoiceField(choices=[a.value for a in Action])
    text = serializers.CharField(help_text="Of the action, in the reader's language.")
    step = serializers.CharField(allow_blank=True, help_text="Its place in the table of lawful steps.")
    recorded_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField()
    effective_from = serializers.DateTimeField()
    effective_until = serializers.DateTimeField(allow_null=True)
    until = serializers.CharField(allow_null=True, help_text="The last day as stated.")
    grounds = CodedBody(many=True)
    sanction = serializers.CharField(allow_null=True)
    refers_to = serializers.IntegerField(allow_null=True, help_text="The entry it speaks of.")
    deadlines = serializers.DictField(child=serializers.CharField())
    term = TermBody(allow_null=True)
    texts = serializers.DictField(child=serializers.CharField(), help_text="Public summary by language.")
    undone_by = serializers.DictField(
        allow_null=True, help_text="Corrected or set aside, and by which entry."
    )
    listed = serializers.DictField(allow_null=True, help_text="What a published list showed, and when.")


class TimelineBody(serializers.Serializer[Any]):
    """Every published entry of a licence, the oldest first."""

    data = EntryBody(many=True)  # type: ignore[assignment]  # a field, which the serializer takes away
