"""Messages to telephones: encrypted until they are sent, and nothing of them afterwards."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the table."""

    dependencies: ClassVar = [("api", "0071_languages_and_owners")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="TextMessage",
            fields=[
                (
                    "reference",
                    models.UUIDField(
                        help_text="the same each time it is tried", primary_key=True, serialize=False
                    ),
                ),
                ("sealed", models.TextField(blank=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("sent", "sent"), ("failed", "failed")],
                        default="waiting",
                        max_length=7,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["due_at"], name="text_message_due"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state", "waiting"), ("sealed", ""), _connector="XOR"),
                        name="text_message_forgotten",
                    )
                ],
            },
        ),
    ]
