"""What a token may do, the part of it that is shown, and when it was last used.

A token made before has no scope and no shown part, so nobody could tell what it may do: it is removed.
"""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add scopes, prefix and last use to tokens."""

    dependencies = [("api", "0003_officers")]

    operations = [
        migrations.RunSQL("DELETE FROM api_apitoken", migrations.RunSQL.noop),
        migrations.AddField("apitoken", "last_used_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "apitoken",
            "prefix",
            models.CharField(default=None, max_length=12, unique=True),
            preserve_default=False,
        ),
        migrations.AddField(
            "apitoken",
            "scopes",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=[("read", "read"), ("propose", "propose")], max_length=8),
                default=None,
                size=None,
            ),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            "apitoken",
            models.CheckConstraint(
                condition=models.Q(("scopes__contained_by", ["read", "propose"]), ("scopes__len__gt", 0)),
                name="api_token_scopes_are_known",
            ),
        ),
    ]
