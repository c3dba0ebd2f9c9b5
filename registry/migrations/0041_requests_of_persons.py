"""Requests of persons to see or correct what is held of them, sealed in the journal."""

import django.db.models.deletion
from django.db import migrations, models

EVENTS = {
    "i": ("INSERT", "NEW TABLE AS new_rows"),
    "u": ("UPDATE", "NEW TABLE AS new_rows"),
    "d": ("DELETE", "OLD TABLE AS old_rows"),
}
JOURNALLED = (
    ("registry_subjectrequest", "iud", "'asked_by', 'identity_check', 'words', 'closed_reason'"),
    ("registry_subjectfile", "i", "'content'"),
)
GUARDS = (
    "CREATE TRIGGER registry_subjectrequest_only_closed BEFORE UPDATE OR DELETE ON registry_subjectrequest "
    "FOR EACH ROW EXECUTE FUNCTION registry_only_closed();\n"
    "CREATE TRIGGER registry_subjectfile_only_grows BEFORE UPDATE OR DELETE ON registry_subjectfile "
    "FOR EACH ROW EXECUTE FUNCTION registry_refuse_change();\n"
) + "".join(
    f"CREATE TRIGGER {table}_journal_{name} AFTER {EVENTS[name][0]} ON {table} REFERENCING {EVENTS[name][1]} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION registry_journal_sealed({sealed});\n"
    for table, names, sealed in JOURNALLED
    for name in names
)
UNDO = (
    "DROP TRIGGER registry_subjectrequest_only_closed ON registry_subjectrequest;\n"
    "DROP TRIGGER registry_subjectfile_only_grows ON registry_subjectfile;\n"
) + "".join(
    f"DROP TRIGGER {table}_journal_{name} ON {table};\n" for table, names, _ in JOURNALLED for name in names
)


class Migration(migrations.Migration):
    """Add them with their guards."""

    dependencies = [("registry", "0040_motions")]

    operations = [
        migrations.CreateModel(
            name="SubjectRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.TextField(choices=[("access", "access"), ("rectification", "rectification")]),
                ),
                ("asked_by", models.TextField()),
                (
                    "identity_check",
                    models.TextField(help_text="how it was made sure that they are who they say"),
                ),
                ("words", models.TextField(help_text="what is asked")),
                ("received_on", models.DateField()),
                ("due_on", models.DateField(help_text="the last day of an answer in time")),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                (
                    "state",
                    models.TextField(
                        choices=[(s, s) for s in ("open", "answered", "refused")], default="open"
                    ),
                ),
                ("closed_by", models.TextField(blank=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("closed_reason", models.TextField(blank=True)),
                (
                    "authority",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.authority"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        help_text="empty: nobody is on record",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="registry.person",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["authority", "state", "due_on"], name="request_due")],
            },
        ),
        migrations.CreateModel(
            name="SubjectFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("content", models.JSONField()),
                ("made_at", models.DateTimeField()),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="file",
                        to="registry.subjectrequest",
                    ),
                ),
            ],
        ),
        migrations.RunSQL([GUARDS], [UNDO]),
    ]
