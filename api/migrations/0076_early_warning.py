"""Counts of what is asked for in vain, an hour and code: the early warning."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One table."""

    dependencies = [
        ("api", "0074_text_messages"),
    ]

    operations = [
        migrations.CreateModel(
            name="EarlyWarning",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "hour",
                        "kind",
                        "code",
                        "authority",
                        "district",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("hour", models.DateTimeField()),
                ("kind", models.CharField(max_length=10)),
                ("code", models.CharField(max_length=40)),
                ("authority", models.CharField(max_length=20)),
                ("district", models.CharField(max_length=6)),
                ("count", models.BigIntegerField()),
            ],
            options={"db_table": "api_earlywarning"},
        ),
    ]
