"""The subject of a change that waits is a keyed digest: the journal holds it in clear, and named people in it.

Subjects on record become digests, in the table and in the journal's images of it. Without a way back: the words
themselves are in the proposal's terms.
"""

import hashlib
import hmac

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

WORDY = "SELECT id, subject FROM registry_proposal WHERE action = 'amend_agency' AND subject <> ''"
ROW = "UPDATE registry_proposal SET subject = %s WHERE id = %s"
IMAGES = """
UPDATE registry_changejournal SET image = image || jsonb_build_object('subject', %s::text)
WHERE relation = 'registry_proposal' AND key = %s AND image ->> 'subject' <> ''
"""


def digest(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Write the digests, past the guards."""
    with editor.connection.cursor() as cursor:
        cursor.execute(WORDY)
        rows = cursor.fetchall()
        cursor.execute("SET LOCAL registry.redaction = 'on'")
        for key, words in rows:
            told = hmac.new(
                settings.REGISTRY_IDENTITY_KEY.encode(), words.encode(), hashlib.sha256
            ).hexdigest()
            cursor.execute(ROW, [told, key])
            cursor.execute(IMAGES, [told, key])
        cursor.execute("SET LOCAL registry.redaction = 'off'")


class Migration(migrations.Migration):
    """Say what the column holds, and bring what is there to it."""

    dependencies = [("registry", "0052_holders")]

    operations = [
        migrations.AlterField(
            model_name="proposal",
            name="subject",
            field=models.TextField(
                blank=True,
                help_text="sequence of the entry spoken of, or a keyed digest of the change, or empty",
            ),
        ),
        migrations.RunPython(digest, migrations.RunPython.noop),
    ]
