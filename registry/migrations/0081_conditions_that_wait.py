"""Entries with conditions: those that wait are found among them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0080_what_is_forgotten"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("effect__has_key", "conditions")),
                fields=["authority"],
                name="entry_conditions",
            ),
        ),
    ]
