"""Letters to applicants and holders, the language they are written in, and how far events became letters."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add them."""

    dependencies = [
        ("api", "0008_saved_filters"),
    ]

    operations = [
        migrations.AddField(
            model_name="outbox",
            name="gathered_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="language",
            field=models.CharField(default="en", help_text="in which letters are written", max_length=10),
        ),
        migrations.CreateModel(
            name="Mail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.EmailField(max_length=254)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("sent", "sent"),
                            ("failed", "failed"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True)),
                ("occasion", models.CharField(max_length=120)),
                ("kind", models.CharField(max_length=24)),
                ("about", models.CharField(blank=True, max_length=40)),
                ("language", models.CharField(max_length=10)),
                ("facts", models.JSONField(default=dict)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["due_at"], name="mail_due"
                    ),
                    models.Index(fields=["about", "-id"], name="mail_about"),
                ],
                "constraints": [models.UniqueConstraint(fields=("occasion", "address"), name="mail_once")],
            },
        ),
    ]
