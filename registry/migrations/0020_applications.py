"""Applications, what happened to them and what was said; events and words only grow, events stand in the journal."""

import django.db.models.deletion
from django.db import migrations, models

APPEND_ONLY = ("registry_applicationevent", "registry_applicationtext")
GUARDS = "".join(
    f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION registry_refuse_change();"
    for table in APPEND_ONLY
)
JOURNAL = "".join(
    f"CREATE TRIGGER registry_applicationevent_journal_{name} AFTER {event} ON registry_applicationevent "
    f"REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION registry_journal();"
    for name, event, rows in (
        ("i", "INSERT", "NEW TABLE AS new_rows"),
        ("u", "UPDATE", "NEW TABLE AS new_rows"),
        ("d", "DELETE", "OLD TABLE AS old_rows"),
    )
)
UNDO = "".join(f"DROP TRIGGER {table}_only_grows ON {table};" for table in APPEND_ONLY) + "".join(
    f"DROP TRIGGER registry_applicationevent_journal_{name} ON registry_applicationevent;" for name in "iud"
)


class Migration(migrations.Migration):
    """Add them with their guards."""

    dependencies = [
        ("registry", "0013_published_life"),
    ]

    operations = [
        migrations.CreateModel(
            name="Application",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.TextField(unique=True)),
                ("account", models.TextField(help_text="whose application it is")),
                ("kind", models.TextField(choices=[("licence", "licence"), ("renewal", "renewal")])),
                ("legal_name", models.TextField(blank=True)),
                ("locality", models.TextField(blank=True)),
                ("licence_class", models.CharField(blank=True, max_length=1)),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("draft", "draft"),
                            ("submitted", "submitted"),
                            ("incomplete", "incomplete"),
                            ("under_review", "under_review"),
                            ("inspection", "inspection"),
                            ("objection_period", "objection_period"),
                            ("proposed_refusal", "proposed_refusal"),
                            ("minded_to_refuse", "minded_to_refuse"),
                            ("proposed_grant", "proposed_grant"),
                            ("granted", "granted"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                            ("lapsed", "lapsed"),
                        ]
                    ),
                ),
                ("due_at", models.DateTimeField(help_text="the next legal date", null=True)),
                ("opened_at", models.DateTimeField()),
                ("submitted_at", models.DateTimeField(null=True)),
                ("version", models.PositiveIntegerField(default=0)),
                (
                    "agency",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="applications",
                        to="registry.agency",
                    ),
                ),
                (
                    "authority",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="applications",
                        to="registry.authority",
                    ),
                ),
                (
                    "licence",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="applications",
                        to="registry.licence",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ApplicationDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.TextField(help_text="random; its address", unique=True)),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("company_register", "company_register"),
                            ("identity", "identity"),
                            ("good_conduct", "good_conduct"),
                            ("premises", "premises"),
                            ("finances", "finances"),
                            ("security", "security"),
                            ("other", "other"),
                        ]
                    ),
                ),
                ("name", models.TextField(help_text="as the applicant's computer called it")),
                ("media_type", models.TextField(help_text="by its content")),
                ("size", models.PositiveIntegerField(help_text="bytes")),
                ("sha256", models.TextField()),
                ("stored_as", models.TextField(unique=True)),
                ("added_at", models.DateTimeField()),
                (
                    "sent",
                    models.BooleanField(
                        default=False, help_text="part of an application that was sent: it stays"
                    ),
                ),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to="registry.application",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ApplicationDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("content", models.JSONField(default=dict)),
                ("saved_at", models.DateTimeField()),
                (
                    "application",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="draft",
                        to="registry.application",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ApplicationEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ordinal", models.PositiveIntegerField()),
                (
                    "action",
                    models.TextField(
                        choices=[
                            ("open", "open"),
                            ("submit", "submit"),
                            ("withdraw", "withdraw"),
                            ("ask", "ask"),
                            ("review", "review"),
                            ("order_inspection", "order_inspection"),
                            ("record_inspection", "record_inspection"),
                            ("call_for_objections", "call_for_objections"),
                            ("object", "object"),
                            ("propose_refusal", "propose_refusal"),
                            ("serve_notice", "serve_notice"),
                            ("represent", "represent"),
                            ("refuse", "refuse"),
                            ("propose_grant", "propose_grant"),
                            ("grant", "grant"),
                            ("take_back", "take_back"),
                        ]
                    ),
                ),
                ("step", models.TextField(help_text="code of the row in the table of steps")),
                ("by", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "facts",
                    models.JSONField(
                        default=dict, help_text="codes, days and numbers alone: never what somebody wrote"
                    ),
                ),
                ("deadlines", models.JSONField(default=dict)),
                ("policy_version", models.PositiveIntegerField(default=0)),
                (
                    "digest",
                    models.TextField(blank=True, help_text="SHA-256 of the salt and of what was said"),
                ),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="registry.application",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ApplicationText",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("said", models.JSONField()),
                ("salt", models.TextField(help_text="hexadecimal")),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="text",
                        to="registry.applicationevent",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(fields=["authority", "state", "due_at", "id"], name="application_waiting"),
        ),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(fields=["account", "id"], name="application_of_account"),
        ),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(fields=["agency"], name="application_of_agency"),
        ),
        migrations.AddConstraint(
            model_name="application",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "licence"), ("licence__isnull", False), _connector="OR"),
                name="application_renews_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="application",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("kind", "renewal"),
                    models.Q(("state__in", ["granted", "lapsed", "refused", "withdrawn"]), _negated=True),
                ),
                fields=("licence",),
                name="one_open_renewal",
            ),
        ),
        migrations.AddConstraint(
            model_name="applicationevent",
            constraint=models.UniqueConstraint(
                fields=("application", "ordinal"), name="application_event_once"
            ),
        ),
        migrations.RunSQL(GUARDS + JOURNAL, UNDO),
    ]
