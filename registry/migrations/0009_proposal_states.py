"""A proposal is never overtaken: an approval that the licence's state no longer allows is refused."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """The states that a proposal has."""

    dependencies = [("registry", "0008_journal_for_the_log")]

    operations = [
        migrations.AlterField(
            model_name="proposal",
            name="state",
            field=models.TextField(
                choices=[(s, s) for s in ("open", "approved", "declined", "expired")], default="open"
            ),
        )
    ]
