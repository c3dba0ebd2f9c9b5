"""The exact rate limits' table: unlogged, because a crash may fill every bucket again."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the buckets."""

    dependencies: ClassVar = [("api", "0001_users")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="RateBucket",
            fields=[
                ("key", models.BinaryField(max_length=16, primary_key=True, serialize=False)),
                ("day", models.DateField(db_index=True)),
                ("tokens", models.FloatField()),
                ("granted", models.BooleanField()),
                ("touched_at", models.DateTimeField()),
            ],
            options={"db_table": "api_ratebucket"},
        ),
        migrations.RunSQL("ALTER TABLE api_ratebucket SET UNLOGGED", "ALTER TABLE api_ratebucket SET LOGGED"),
    ]
