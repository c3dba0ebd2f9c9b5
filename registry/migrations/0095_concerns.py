"""Concerns that people report: codes that stay, words and files that are deleted, acts that only grow."""

import django.db.models.deletion
from django.db import migrations, models

GUARD = """
CREATE TRIGGER registry_concernact_only_grows BEFORE UPDATE OR DELETE ON registry_concernact
    FOR EACH ROW EXECUTE FUNCTION registry_refuse_change();
"""


class Migration(migrations.Migration):
    """Add the tables; none of them is in the change journal (ADR 0024)."""

    dependencies = [
        ("registry", "0094_facets"),
    ]

    operations = [
        migrations.CreateModel(
            name="Concern",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.TextField(help_text="the tracking code, random", unique=True)),
                (
                    "submission",
                    models.TextField(help_text="keyed digest of the form and all that it said", unique=True),
                ),
                ("pin_hash", models.TextField(help_text="scrypt of the PIN, keyed and salted")),
                (
                    "tries",
                    models.PositiveSmallIntegerField(default=0, help_text="wrong PINs since tried_from"),
                ),
                ("tried_from", models.DateTimeField(null=True)),
                ("language", models.TextField(help_text="in which the person is answered")),
                ("categories", models.JSONField(help_text="as reported, then as a case officer confirmed")),
                ("urgent", models.BooleanField()),
                ("several", models.BooleanField(help_text="more people than the person who reports")),
                ("consent", models.BooleanField(help_text="it may be passed on")),
                (
                    "reachable",
                    models.BooleanField(help_text="there is a way to answer beside the status page"),
                ),
                (
                    "agency",
                    models.TextField(
                        blank=True, help_text="number of the agency that it is about, where it is known"
                    ),
                ),
                (
                    "licence",
                    models.TextField(blank=True, help_text="number of the licence, where it is known"),
                ),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("received", "received"),
                            ("open", "open"),
                            ("referred", "referred"),
                            ("closed", "closed"),
                        ]
                    ),
                ),
                (
                    "body",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("inspection", "inspection"),
                            ("labour_inspectorate", "labour_inspectorate"),
                            ("police", "police"),
                            ("anti_trafficking", "anti_trafficking"),
                            ("child_protection", "child_protection"),
                            ("consulate", "consulate"),
                            ("other_authority", "other_authority"),
                        ],
                    ),
                ),
                (
                    "outcome",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("substantiated", "substantiated"),
                            ("repaid", "repaid"),
                            ("not_substantiated", "not_substantiated"),
                            ("out_of_scope", "out_of_scope"),
                            ("unreachable", "unreachable"),
                            ("withdrawn", "withdrawn"),
                        ],
                    ),
                ),
                ("repaid", models.DecimalField(decimal_places=4, max_digits=19, null=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("received_at", models.DateTimeField()),
                ("triage_by", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "unread",
                    models.BooleanField(
                        default=False, help_text="the person wrote and no case officer has acted since"
                    ),
                ),
                (
                    "forget_at",
                    models.DateTimeField(
                        help_text="when what the person wrote is deleted; set at the close", null=True
                    ),
                ),
                (
                    "forgotten_at",
                    models.DateTimeField(help_text="when what the person wrote was deleted", null=True),
                ),
                (
                    "authority",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.authority"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConcernAct",
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
                            ("file", "file"),
                            ("triage", "triage"),
                            ("ask", "ask"),
                            ("reply", "reply"),
                            ("refer", "refer"),
                            ("close", "close"),
                            ("reopen", "reopen"),
                            ("forget", "forget"),
                        ]
                    ),
                ),
                ("by", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "facts",
                    models.JSONField(
                        default=dict, help_text="codes, days and numbers: never what somebody wrote"
                    ),
                ),
                (
                    "concern",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acts",
                        to="registry.concern",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConcernFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.TextField(help_text="random; its address in the desk", unique=True)),
                ("media_type", models.TextField(help_text="by its content")),
                ("size", models.PositiveIntegerField(help_text="bytes, as it is shown")),
                ("stored_as", models.TextField(unique=True)),
                (
                    "act",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="registry.concernact",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConcernText",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sealed", models.BinaryField()),
                (
                    "act",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="text",
                        to="registry.concernact",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="concern",
            index=models.Index(fields=["authority", "state", "triage_by"], name="concern_waiting"),
        ),
        migrations.AddIndex(
            model_name="concern",
            index=models.Index(
                condition=models.Q(("forgotten_at", None)), fields=["forget_at"], name="concern_to_forget"
            ),
        ),
        migrations.AddConstraint(
            model_name="concernact",
            constraint=models.UniqueConstraint(fields=("concern", "ordinal"), name="concern_act_once"),
        ),
        migrations.RunSQL(GUARD, "DROP TRIGGER registry_concernact_only_grows ON registry_concernact;"),
    ]
