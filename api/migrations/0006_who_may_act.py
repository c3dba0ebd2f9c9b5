"""Changes of who may act, invitations, and the log of who read what, which only grows."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the tables and guard the log in the database itself."""

    dependencies = [
        ("api", "0005_shared_cache"),
        ("registry", "0002_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("invite", "invite"),
                            ("roles", "roles"),
                            ("device", "new device"),
                            ("end", "end"),
                        ],
                        max_length=8,
                    ),
                ),
                ("number", models.CharField(max_length=40)),
                ("authority", models.CharField(blank=True, max_length=20)),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("officer", "officer"),
                                ("supervisor", "supervisor"),
                                ("registrar", "registrar"),
                                ("duty_officer", "duty officer"),
                                ("appeals_body", "appeals body"),
                                ("inspector", "inspector"),
                                ("case_officer", "case officer"),
                                ("consular", "consular"),
                                ("analyst", "analyst"),
                                ("auditor", "auditor"),
                                ("administrator", "administrator"),
                            ],
                            max_length=20,
                        ),
                        default=list,
                        size=None,
                    ),
                ),
                ("username", models.CharField(blank=True, max_length=150)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("reason", models.TextField(blank=True)),
                ("proposed_by", models.CharField(max_length=40)),
                ("proposed_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("approved", "approved"), ("declined", "declined")],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("closed_by", models.CharField(blank=True, max_length=40)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "approved"), _negated=True),
                            models.Q(("closed_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="account_change_by_two",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("number",),
                        name="account_change_open_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitations",
                        to="api.accountchange",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("officer", models.CharField(max_length=40)),
                ("authority", models.CharField(blank=True, max_length=20)),
                ("record", models.CharField(max_length=80)),
                ("fields", models.CharField(max_length=20)),
                (
                    "through",
                    models.CharField(
                        choices=[("desk", "desk"), ("api", "API"), ("tables", "tables")], max_length=8
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["authority", "-id"], name="reading_by_authority")],
            },
        ),
        migrations.RunSQL(
            """CREATE TRIGGER api_reading_only_grows BEFORE UPDATE OR DELETE ON api_reading
               FOR EACH ROW EXECUTE FUNCTION registry_refuse_change();""",
            "DROP TRIGGER IF EXISTS api_reading_only_grows ON api_reading;",
        ),
    ]
