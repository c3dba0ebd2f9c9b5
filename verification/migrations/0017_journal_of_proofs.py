"""New badges, their places in lists, checkpoints and witnesses' lines are in the journal, for the audit alone.

So that one edited with the triggers off is found (``registry.audit.of_journal``); the log takes none of these.
"""

from typing import ClassVar

from django.db import migrations

TABLES = (
    "verification_badge",
    "verification_statuslist",
    "verification_statusindex",
    "verification_logcheckpoint",
    "verification_logcosignature",
)

CREATE = """
CREATE FUNCTION verification_journal_new() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)
    SELECT TG_TABLE_NAME, 'I', coalesce((to_jsonb(n) ->> 'id')::bigint, 0), to_jsonb(n),
           pg_current_xact_id()::text::bigint
    FROM new_rows n;
    RETURN NULL;
END $$;
SET LOCAL timezone TO 'UTC';
"""


def _of(table: str) -> str:
    return f"""
INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)
SELECT '{table}', 'I', coalesce((to_jsonb(n) ->> 'id')::bigint, 0), to_jsonb(n), pg_current_xact_id()::text::bigint
FROM {table} n;
CREATE TRIGGER {table}_journal_i AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION verification_journal_new();
"""  # noqa: S608 - of the names above


UNDO = (
    "".join(f"DROP TRIGGER {table}_journal_i ON {table};\n" for table in TABLES)
    + "DROP FUNCTION verification_journal_new();"
)


class Migration(migrations.Migration):
    """Take in what is there, and add the triggers."""

    dependencies: ClassVar = [
        ("registry", "0008_journal_for_the_log"),
        ("verification", "0016_trust_guards"),
    ]

    operations: ClassVar = [migrations.RunSQL(CREATE + "".join(map(_of, TABLES)), UNDO)]
