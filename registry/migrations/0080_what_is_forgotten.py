"""Papers and applications that were never sent: what is forgotten nightly is found among them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the indexes."""

    dependencies = [("registry", "0070_proposals_without_words")]

    operations = [
        migrations.AddIndex(
            model_name="application",
            index=models.Index(
                fields=["state"], condition=models.Q(submitted_at=None), name="application_never_sent"
            ),
        ),
        migrations.AddIndex(
            model_name="applicationdocument",
            index=models.Index(
                fields=["application"], condition=models.Q(sent=False), name="application_paper_unsent"
            ),
        ),
    ]
