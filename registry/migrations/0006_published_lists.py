"""Indexes for the filters of the public list of agencies: a rare value is found without reading the frequent ones."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add them."""

    dependencies = [("registry", "0005_unchecked_references")]

    operations = [
        migrations.AddIndex(
            "publishedrecord",
            models.Index(fields=["country", "agency_number", "number"], name="published_in_country"),
        ),
        migrations.AddIndex(
            "publishedrecord",
            models.Index(fields=["state", "agency_number", "number"], name="published_in_state"),
        ),
        migrations.AddIndex(
            "publishedrecord",
            models.Index(fields=["licence_class", "agency_number", "number"], name="published_in_class"),
        ),
    ]
