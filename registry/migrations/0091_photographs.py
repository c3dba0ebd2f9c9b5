"""Pictures of offices and of people at their appointments; the bytes in a table of their own, sealed in the journal."""

from django.db import migrations, models

EVENTS = {
    "i": ("INSERT", "NEW TABLE AS new_rows"),
    "u": ("UPDATE", "NEW TABLE AS new_rows"),
    "d": ("DELETE", "OLD TABLE AS old_rows"),
}
JOURNALS = "".join(
    f"CREATE TRIGGER registry_photograph_journal_{name} AFTER {event} ON registry_photograph REFERENCING {rows} "
    "FOR EACH STATEMENT EXECUTE FUNCTION registry_journal_sealed('content');\n"
    for name, (event, rows) in EVENTS.items()
)
UNDO = "".join(
    f"DROP TRIGGER registry_photograph_journal_{name} ON registry_photograph;\n" for name in EVENTS
)


class Migration(migrations.Migration):
    """Add them with their journal."""

    dependencies = [
        ("registry", "0090_persons_by_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="Photograph",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.TextField(unique=True)),
                ("content", models.BinaryField()),
                ("kept_at", models.DateTimeField(help_text="when somebody last proposed it")),
                ("kept_by", models.TextField()),
            ],
        ),
        migrations.AddField(
            model_name="appointment",
            name="photograph",
            field=models.TextField(blank=True, default="", help_text="SHA-256 of what it shows"),
        ),
        migrations.AddField(
            model_name="appointment",
            name="photograph_agreed_on",
            field=models.DateField(
                blank=True, help_text="when the person said in writing that the public may see it", null=True
            ),
        ),
        migrations.AddField(
            model_name="historicalappointment",
            name="photograph",
            field=models.TextField(blank=True, default="", help_text="SHA-256 of what it shows"),
        ),
        migrations.AddField(
            model_name="historicalappointment",
            name="photograph_agreed_on",
            field=models.DateField(
                blank=True, help_text="when the person said in writing that the public may see it", null=True
            ),
        ),
        migrations.AddField(
            model_name="historicaloffice",
            name="photograph",
            field=models.TextField(blank=True, default="", help_text="SHA-256 of what it shows"),
        ),
        migrations.AddField(
            model_name="office",
            name="photograph",
            field=models.TextField(blank=True, default="", help_text="SHA-256 of what it shows"),
        ),
        migrations.AddIndex(
            model_name="appointment",
            index=models.Index(
                condition=models.Q(("photograph", ""), _negated=True),
                fields=["photograph"],
                name="appointment_photograph",
            ),
        ),
        migrations.AddIndex(
            model_name="office",
            index=models.Index(
                condition=models.Q(("photograph", ""), _negated=True),
                fields=["photograph"],
                name="office_photograph",
            ),
        ),
        migrations.AddConstraint(
            model_name="appointment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("photograph", ""),
                    models.Q(("photograph_agreed_on__isnull", False), ("public_name", True)),
                    _connector="OR",
                ),
                name="photograph_agreed_to",
            ),
        ),
        migrations.RunSQL(JOURNALS, UNDO),
    ]
