"""The badges' table."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the badges."""

    initial = True

    dependencies: ClassVar = []

    operations: ClassVar = [
        migrations.CreateModel(
            name="Badge",
            fields=[
                ("code", models.CharField(max_length=13, primary_key=True, serialize=False)),
                (
                    "subject_kind",
                    models.TextField(
                        choices=[("licence", "licence"), ("office", "office"), ("appointment", "appointment")]
                    ),
                ),
                ("subject_number", models.TextField()),
                (
                    "authority",
                    models.TextField(help_text="code of the authority whose register the subject is in"),
                ),
                ("issued_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "withdrawn_reason",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("lost", "lost"),
                            ("stolen", "stolen"),
                            ("copied", "copied"),
                            ("damaged", "damaged"),
                            ("misissued", "issued by mistake"),
                        ],
                    ),
                ),
                ("withdrawn_by", models.TextField(blank=True, help_text="the officer's number")),
            ],
            options={
                "indexes": [models.Index(fields=["subject_number", "issued_at"], name="badge_subject")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["subject_number"],
                        condition=models.Q(withdrawn_at__isnull=True),
                        name="badge_live_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(withdrawn_at__isnull=True, withdrawn_reason="", withdrawn_by="")
                        | models.Q(withdrawn_at__gte=models.F("issued_at"))
                        & ~models.Q(withdrawn_reason="")
                        & ~models.Q(withdrawn_by=""),
                        name="badge_withdrawn_with_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(code__regex=r"^[A-Z]{2}[0-9A-HJKMNP-TV-Z]{11}$"),
                        name="badge_code_shape",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(subject_kind__in=["licence", "office", "appointment"]),
                        name="badge_subject_kind",
                    ),
                ],
            },
        ),
    ]
