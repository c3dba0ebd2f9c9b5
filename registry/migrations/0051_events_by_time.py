"""Events of applications by their time: what applicants are to be told of is read from there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the index."""

    dependencies = [("registry", "0050_appeals_and_fees")]

    operations = [
        migrations.AddIndex(
            model_name="applicationevent",
            index=models.Index(fields=["at"], name="application_event_by_time"),
        ),
    ]
