"""What the transparency log needs of the journal: an order by transactions, a word on published rows, and salts.

A row's image is the same text whatever zone a session speaks. Published rows are derived and many, so a statement
that writes some leaves one row in the journal: how many, and the numbers of their licences unless they are too many
to be written by hand.
"""

from django.db import migrations, models

ZONE = "ALTER FUNCTION registry_journal() SET timezone TO 'UTC';"
NO_ZONE = "ALTER FUNCTION registry_journal() RESET timezone;"

PUBLISHED = """
CREATE FUNCTION registry_journal_published() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    written bigint;
    numbers jsonb;
BEGIN
    SELECT count(*) INTO written FROM touched;
    IF written = 0 THEN
        RETURN NULL;
    END IF;
    SELECT jsonb_agg(number) INTO numbers FROM (SELECT DISTINCT number FROM touched LIMIT 1001) few;
    IF jsonb_array_length(numbers) > 1000 THEN
        numbers := NULL;
    END IF;
    INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)
    VALUES (TG_TABLE_NAME, left(TG_OP, 1), 0, jsonb_build_object('rows', written, 'numbers', numbers),
            pg_current_xact_id()::text::bigint);
    RETURN NULL;
END $$;
CREATE TRIGGER registry_publishedrecord_journal_i AFTER INSERT ON registry_publishedrecord
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION registry_journal_published();
CREATE TRIGGER registry_publishedrecord_journal_u AFTER UPDATE ON registry_publishedrecord
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION registry_journal_published();
CREATE TRIGGER registry_publishedrecord_journal_d AFTER DELETE ON registry_publishedrecord
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION registry_journal_published();
"""

UNDO = """
DROP TRIGGER registry_publishedrecord_journal_i ON registry_publishedrecord;
DROP TRIGGER registry_publishedrecord_journal_u ON registry_publishedrecord;
DROP TRIGGER registry_publishedrecord_journal_d ON registry_publishedrecord;
DROP FUNCTION registry_journal_published();
"""


class Migration(migrations.Migration):
    """Add them."""

    dependencies = [("registry", "0007_statistics")]

    operations = [
        migrations.CreateModel(
            name="Salt",
            fields=[
                ("about", models.TextField(primary_key=True, serialize=False)),
                ("value", models.BinaryField()),
            ],
        ),
        migrations.AddIndex(
            model_name="changejournal",
            index=models.Index(fields=["transaction_id"], name="journal_of_transaction"),
        ),
        migrations.RunSQL(ZONE, NO_ZONE),
        migrations.RunSQL(PUBLISHED, UNDO),
    ]
