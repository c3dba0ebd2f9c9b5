"""An account keeps the language it reads in, and drafts belong to accounts as well as to officers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column more, and a name that says whose a draft is."""

    dependencies = [
        ("api", "0064_look_ups"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="reads_in",
            field=models.CharField(
                blank=True,
                default="",
                help_text="in which pages are read; empty where none was chosen",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.RemoveConstraint(model_name="formdraft", name="form_draft_once"),
        migrations.RenameField(model_name="formdraft", old_name="officer", new_name="owner"),
        migrations.AddConstraint(
            model_name="formdraft",
            constraint=models.UniqueConstraint(fields=("owner", "place"), name="form_draft_once"),
        ),
    ]
