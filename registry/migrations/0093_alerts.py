"""Alerts: versions of what the public is warned of. They only grow, and stand in the journal, their words sealed."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

GUARDS = """
CREATE TRIGGER registry_alert_only_grows BEFORE UPDATE OR DELETE ON registry_alert
    FOR EACH ROW EXECUTE FUNCTION registry_refuse_change();
CREATE TRIGGER registry_alert_journal_i AFTER INSERT ON registry_alert REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION registry_journal_sealed('names', 'contacts', 'place', 'source', 'texts');
"""
UNDO = """
DROP TRIGGER registry_alert_journal_i ON registry_alert;
DROP TRIGGER registry_alert_only_grows ON registry_alert;
"""


class Migration(migrations.Migration):
    """Add the table and its guards."""

    dependencies = [
        ("registry", "0091_photographs"),
    ]

    operations = [
        migrations.AlterField(
            model_name="motion",
            name="about",
            field=models.TextField(
                help_text="number of the agency, person, request or alert that it is about, or the name of a new alert"
            ),
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.TextField()),
                ("version", models.PositiveIntegerField()),
                ("kind", models.TextField(choices=[("unlicensed", "unlicensed"), ("clone", "clone")])),
                ("names", models.JSONField(help_text="what they call themselves, the chief name first")),
                ("contacts", models.JSONField(help_text="[{kind, value}] in the register's form")),
                ("place", models.TextField(blank=True, help_text="where they were seen")),
                ("seen_on", models.DateField(blank=True, null=True)),
                (
                    "grounds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None
                    ),
                ),
                ("source", models.TextField(blank=True)),
                (
                    "texts",
                    models.JSONField(
                        default=dict, help_text="what the authority says to the public, by language"
                    ),
                ),
                ("first_day", models.DateField()),
                ("last_day", models.DateField(blank=True, null=True)),
                ("ended", models.TextField(blank=True, choices=[("over", "over"), ("error", "error")])),
                (
                    "agency",
                    models.ForeignKey(
                        blank=True,
                        help_text="the one cloned",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alerts",
                        to="registry.agency",
                    ),
                ),
                (
                    "authority",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alerts",
                        to="registry.authority",
                    ),
                ),
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.entry"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["agency"], name="alert_of_agency")],
                "constraints": [
                    models.UniqueConstraint(fields=("number", "version"), name="alert_version_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("agency__isnull", False), ("kind", "clone")),
                            models.Q(("agency__isnull", True), ("kind", "unlicensed")),
                            _connector="OR",
                        ),
                        name="alert_of_a_clone_names_whom",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDS, UNDO),
    ]
