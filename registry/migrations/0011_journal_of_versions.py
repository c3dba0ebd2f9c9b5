"""The journal keeps by whom and when versions were written: one row a statement, with a digest over its versions.

What a version says is in the image of its record; here stand its number, record, date, sort and officer. The reason is
left out, for a redaction writes its own into it.
"""

from django.db import migrations

TABLES = (
    "registry_historicalagency",
    "registry_historicalappointment",
    "registry_historicalauthority",
    "registry_historicalchannel",
    "registry_historicaldebarment",
    "registry_historicallicence",
    "registry_historicaloffice",
    "registry_historicalperson",
    "registry_historicalterm",
    "registry_historicaltradingname",
)

CREATE = """
CREATE FUNCTION registry_version_told(number bigint, record bigint, at timestamptz, sort text, officer text)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(' ', number, record, extract(epoch FROM at), sort, officer)
$$;
CREATE FUNCTION registry_journal_versions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)
    SELECT TG_TABLE_NAME, 'I', min(history_id), jsonb_build_object(
               'ids', range_agg(int8range(history_id, history_id, '[]')),
               'sha256', encode(sha256(convert_to(string_agg(
                   registry_version_told(history_id, id, history_date, history_type, history_user_id),
                   ',' ORDER BY history_id), 'UTF8')), 'hex')),
           pg_current_xact_id()::text::bigint
    FROM new_rows HAVING count(*) > 0;
    RETURN NULL;
END $$;
"""


def _of(table: str) -> str:
    return f"""
INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)
SELECT '{table}', 'I', min(history_id), jsonb_build_object(
           'ids', range_agg(int8range(history_id, history_id, '[]')),
           'sha256', encode(sha256(convert_to(string_agg(
               registry_version_told(history_id, id, history_date, history_type, history_user_id),
               ',' ORDER BY history_id), 'UTF8')), 'hex')),
       pg_current_xact_id()::text::bigint
FROM {table} GROUP BY history_id / 10000 ORDER BY 3;
CREATE TRIGGER {table}_journal_i AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION registry_journal_versions();
"""  # noqa: S608 - of the names above


UNDO = (
    "".join(f"DROP TRIGGER {table}_journal_i ON {table};\n" for table in TABLES)
    + "DROP FUNCTION registry_journal_versions();\n"
    + "DROP FUNCTION registry_version_told(bigint, bigint, timestamptz, text, text);"
)


class Migration(migrations.Migration):
    """Take in what is there, and add the triggers."""

    dependencies = [("registry", "0010_journal_of_all_that_is_law")]

    operations = [migrations.RunSQL(CREATE + "".join(map(_of, TABLES)), UNDO)]
