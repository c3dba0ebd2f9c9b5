"""What belongs to the edge alone: who may sign in, and the tokens of programs that do."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models

from registry.agenda import Matter
from registry.rules.lifecycle import Role, State

OFFICER_ROLES = [(role.value, role.value.replace("_", " ")) for role in Role if role is not Role.SYSTEM]
ACCOUNT_CHANGES = [("invite", "invite"), ("roles", "roles"), ("device", "new device"), ("end", "end")]
CHANGE_STATES = [("open", "open"), ("approved", "approved"), ("declined", "declined")]
MATTERS = [(matter.value, matter.value) for matter in Matter]
STATES = [(state.value, state.value.replace("_", " ")) for state in State]
#: Tables that only grow (``api.conf.roles``).
APPEND_ONLY = ("api_reading",)
REMINDERS = ("term_90", "security_30", "security_14", "security_3")
TOKEN_SCOPES = [("read", "read"), ("propose", "propose")]


class User(AbstractUser):
    """Somebody who may sign in at the desk.

    The register knows the person as an officer with a number, an authority and roles; this row is only the door key.
    The link is the number, as text: an account may be removed, what the officer decided stays.
    """

    officer_number = models.CharField(max_length=40, unique=True, null=True, blank=True)
    language = models.CharField(max_length=10, default="en", help_text="in which letters are written")
    reads_in = models.CharField(
        max_length=10, blank=True, help_text="in which pages are read; empty where none was chosen"
    )

    class Meta(AbstractUser.Meta):
        """One account an officer."""

        verbose_name = "user"
        verbose_name_plural = "users"


class Officer(models.Model):
    """Who may act in the register's name: a number that entries quote for ever, one authority, and roles as data.

    ``authority`` is the authority's code; empty only for an administrator of the whole installation, who decides
    nothing. An officer who leaves is ended, never removed.
    """

    number = models.CharField(max_length=40, unique=True)
    authority = models.CharField(max_length=20, blank=True)
    roles = ArrayField(models.CharField(max_length=20, choices=OFFICER_ROLES))
    appointed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Roles are those of the law; whoever has no authority is an administrator or an auditor and nothing else."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(roles__contained_by=[role for role, _ in OFFICER_ROLES], roles__len__gt=0),
                name="officer_roles_are_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(authority="")
                | models.Q(roles__contained_by=["administrator", "auditor"]),
                name="officer_has_an_authority",
            ),
        ]

    def __str__(self) -> str:
        """The number that entries quote."""
        return self.number


class AccountChange(models.Model):
    """A change of who may act, which one administrator proposes and another approves (domain model 3.6).

    ``kind``: an invitation, other roles, a lost device, or the end. ``number`` is the officer it is about; username,
    name, e-mail and authority are those of somebody invited.
    """

    kind = models.CharField(max_length=8, choices=ACCOUNT_CHANGES)
    number = models.CharField(max_length=40)
    authority = models.CharField(max_length=20, blank=True)
    roles = ArrayField(models.CharField(max_length=20, choices=OFFICER_ROLES), default=list)
    username = models.CharField(max_length=150, blank=True)
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    reason = models.TextField(blank=True)
    proposed_by = models.CharField(max_length=40)
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=8, default="open", choices=CHANGE_STATES)
    closed_by = models.CharField(max_length=40, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Two persons, and one open change of an officer at a time."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(state="approved") | ~models.Q(closed_by=models.F("proposed_by")),
                name="account_change_by_two",
            ),
            models.UniqueConstraint(
                fields=["number"], condition=models.Q(state="open"), name="account_change_open_once"
            ),
        ]

    def __str__(self) -> str:
        """What is proposed of whom."""
        return f"{self.kind} {self.number}"


class Invitation(models.Model):
    """A link that opens an account once, until it expires; only its digest is kept."""

    change = models.ForeignKey(AccountChange, on_delete=models.PROTECT, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        """Whom it is for."""
        return str(self.change)


class Reading(models.Model):
    """An officer read restricted fields: who, when, of which record, which kind of fields, through which door.

    Only grows: a trigger refuses every change, and the applications' role has no right to one.
    """

    at = models.DateTimeField()
    officer = models.CharField(max_length=40)
    authority = models.CharField(max_length=20, blank=True)
    record = models.CharField(max_length=80)
    fields = models.CharField(max_length=20)
    through = models.CharField(max_length=8, choices=[("desk", "desk"), ("api", "API"), ("tables", "tables")])

    class Meta:
        """Read by authority, the newest first."""

        indexes: ClassVar = [models.Index(fields=["authority", "-id"], name="reading_by_authority")]

    def __str__(self) -> str:
        """Who read what."""
        return f"{self.officer} read {self.record}"


class SavedFilter(models.Model):
    """A filter of the queue that an officer keeps under a name; what is empty is not asked."""

    officer = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    matters = ArrayField(models.CharField(max_length=12, choices=MATTERS), default=list, blank=True)
    licence_class = models.CharField(max_length=1, blank=True)
    state = models.CharField(max_length=20, blank=True, choices=STATES)
    corridor = models.CharField(max_length=2, blank=True)
    kept_at = models.DateTimeField()

    class Meta:
        """One filter of a name for each officer, of things that exist."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["officer", "name"], name="saved_filter_name_once"),
            models.CheckConstraint(
                condition=models.Q(matters__contained_by=[matter for matter, _ in MATTERS]),
                name="saved_filter_matters_are_known",
            ),
            models.CheckConstraint(
                condition=models.Q(licence_class__regex="^[A-Z]?$", corridor__regex="^([A-Z]{2})?$")
                & models.Q(state__in=["", *(state for state, _ in STATES)]),
                name="saved_filter_is_possible",
            ),
        ]

    def __str__(self) -> str:
        """Its name."""
        return self.name


class FormDraft(models.Model):
    """What somebody has typed into a form and not sent: theirs alone, and gone once the form is filed.

    ``owner`` is an officer's number or an account's name; ``place`` is the form's address with its name; ``fields``
    are the answers by name, a list each, without secrets and declarations.
    """

    owner = models.CharField(max_length=40)
    place = models.CharField(max_length=240)
    fields = models.JSONField()
    kept_at = models.DateTimeField()

    class Meta:
        """One draft of a form for each owner."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "place"], name="form_draft_once")]
        indexes: ClassVar = [models.Index(fields=["kept_at"], name="form_draft_age")]

    def __str__(self) -> str:
        """Which form."""
        return self.place


class ApiToken(models.Model):
    """A program's key to read and to propose in an officer's name; only its digest is kept.

    ``prefix`` is the first part of the token, shown in lists so that its owner knows which one it is.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    label = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=8, choices=TOKEN_SCOPES))
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """A token lives for a while, never for ever."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")),
                name="api_token_expires_after_creation",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    scopes__contained_by=[scope for scope, _ in TOKEN_SCOPES], scopes__len__gt=0
                ),
                name="api_token_scopes_are_known",
            ),
        ]

    def __str__(self) -> str:
        """The label its owner gave it."""
        return self.label


class RateBucket(models.Model):
    """What one client may still ask today; the key is an HMAC under a key of the day, no address is kept.

    An unlogged table (migration): after a crash every bucket is full again, which harms nobody.
    """

    key = models.BinaryField(primary_key=True, max_length=16)
    day = models.DateField(db_index=True)
    tokens = models.FloatField()
    granted = models.BooleanField()
    touched_at = models.DateTimeField()

    class Meta:
        """One bucket a client, day and limit."""

        db_table = "api_ratebucket"

    def __str__(self) -> str:
        """How much is left."""
        return f"{self.tokens:.0f} left"


class LookUps(models.Model):
    """How often a licence was looked up in a week; nothing about who asked (``api.tallies``)."""

    pk = models.CompositePrimaryKey("licence", "week")
    licence = models.CharField(max_length=40)
    week = models.DateField(db_index=True)
    count = models.BigIntegerField()

    class Meta:
        """One row a licence and week."""

        db_table = "api_lookups"

    def __str__(self) -> str:
        """How often."""
        return f"{self.licence} {self.week}: {self.count}"


class EarlyWarning(models.Model):
    """How often, in an hour, something was asked for in vain or counted no more; nothing about who asked.

    ``kind`` and ``code`` say what (``api.early_warning``); ``authority`` is the one that the code names, its country
    where only that is known, or empty; ``district`` where a visitor said that it was shown (ISO 3166-2), else empty.
    """

    pk = models.CompositePrimaryKey("hour", "kind", "code", "authority", "district")
    hour = models.DateTimeField()
    kind = models.CharField(max_length=10)
    code = models.CharField(max_length=40)
    authority = models.CharField(max_length=20)
    district = models.CharField(max_length=6)
    count = models.BigIntegerField()

    class Meta:
        """One row an hour and whatever was asked for in it."""

        db_table = "api_earlywarning"

    def __str__(self) -> str:
        """How often."""
        return f"{self.kind} {self.code} {self.hour}: {self.count}"


class Watcher(models.Model):
    """An address that asked to be told of what is published about a licence; recorded by an officer."""

    licence = models.CharField(max_length=40)
    address = models.EmailField()
    asked_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=40)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """An address watches a licence once at a time."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["licence", "address"], condition=models.Q(ended_at=None), name="watcher_once"
            )
        ]

    def __str__(self) -> str:
        """What is watched."""
        return self.licence


class Posting(models.Model):
    """A letter to one address by e-mail, and what became of it; ``withdrawn``: its time had passed before its turn."""

    address = models.EmailField()
    state = models.CharField(
        max_length=9, default="waiting", choices=[(s, s) for s in ("waiting", "sent", "failed", "withdrawn")]
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        """Each kind of letter is a table of its own."""

        abstract = True


class Delivery(Posting):
    """A letter about one entry to one address, or a reminder of something that ends.

    ``reminds`` and ``ends_at``: of what a reminder is, with its days before, and the first instant after the end; then
    ``sequence`` is how far the register was when it was written. ``withdrawn``: the entry was not public any more when
    its turn came, or the end was past.
    """

    sequence = models.BigIntegerField()
    licence = models.CharField(max_length=40)
    reason = models.CharField(max_length=12, choices=[(r, r) for r in ("holder", "watcher", "told_before")])
    reminds = models.CharField(max_length=12, blank=True, choices=[(r, r) for r in REMINDERS])
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Everybody is told of an entry once, and reminded once of each end, so many days before."""

        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sequence", "address"], condition=models.Q(reminds=""), name="delivery_once"
            ),
            models.UniqueConstraint(
                fields=["licence", "address", "reminds", "ends_at"],
                condition=~models.Q(reminds=""),
                name="reminder_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(state="waiting"), name="delivery_due"),
            models.Index(fields=["licence", "-sequence"], name="delivery_of_licence"),
        ]

    def __str__(self) -> str:
        """Of which entry."""
        return f"{self.sequence} {self.state}"


class TextMessage(models.Model):
    """A message to a telephone, and what became of it.

    ``sealed``: number and text, encrypted under a key that is not in the database, and empty as soon as it was sent or
    given up: whom we wrote to stands nowhere.
    """

    reference = models.UUIDField(primary_key=True, help_text="the same each time it is tried")
    sealed = models.TextField(blank=True)
    state = models.CharField(
        max_length=7, default="waiting", choices=[(s, s) for s in ("waiting", "sent", "failed")]
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        """Nothing is kept of what is over."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state="waiting") ^ models.Q(sealed=""), name="text_message_forgotten"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(state="waiting"), name="text_message_due")
        ]

    def __str__(self) -> str:
        """How it stands."""
        return f"{self.reference} {self.state}"


class Mail(Posting):
    """A letter to an applicant or a holder: which words, about what, in which language.

    ``occasion``: what it is about, once an address (an event of an application, a new account). ``facts``: names and
    days that its words need, never what was said in confidence; a link that opens something is made as it is sent.
    """

    occasion = models.CharField(max_length=120)
    kind = models.CharField(max_length=24)
    about = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=10)
    facts = models.JSONField(default=dict)

    class Meta:
        """Everybody is told of an occasion once."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["occasion", "address"], name="mail_once")]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(state="waiting"), name="mail_due"),
            models.Index(fields=["about", "-id"], name="mail_about"),
        ]

    def __str__(self) -> str:
        """Of which occasion."""
        return f"{self.occasion} {self.state}"


class Outbox(models.Model):
    """How far the feed of changes has been turned into deliveries, and when events last were into mails; one row."""

    sequence = models.BigIntegerField()
    gathered_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        """The number of the last entry."""
        return str(self.sequence)
