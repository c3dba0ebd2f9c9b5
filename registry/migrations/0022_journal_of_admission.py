"""Applications, their words and papers and the rounds of screening join the journal; officers' own words are sealed.

What may have to be erased stands in an image as its SHA-256 alone (``0010_journal_of_all_that_is_law``), so what
``0021_screening`` wrote there in clear is sealed now. A round of screening only grows.
"""

from django.db import migrations

#: The table, its columns that are sealed, and what can happen to a row of it.
JOURNALLED = (
    ("registry_application", ("account", "legal_name", "locality"), "iud"),
    ("registry_applicationtext", ("said", "salt"), "i"),
    ("registry_applicationdocument", ("reference", "name", "sha256", "stored_as"), "iud"),
    ("registry_screeninground", (), "i"),
)
#: In the journal since ``0021_screening``: the table and the column that an officer fills in words.
SEALED = (("registry_declaredlink", "evidence"), ("registry_judgement", "reason"))

EVENTS = {
    "i": ("INSERT", "NEW TABLE AS new_rows"),
    "u": ("UPDATE", "NEW TABLE AS new_rows"),
    "d": ("DELETE", "OLD TABLE AS old_rows"),
}


def _list(columns: tuple[str, ...]) -> str:
    return ", ".join(f"'{column}'" for column in columns)


def _trigger(table: str, columns: tuple[str, ...], name: str) -> str:
    return (
        f"CREATE TRIGGER {table}_journal_{name} AFTER {EVENTS[name][0]} ON {table} REFERENCING {EVENTS[name][1]} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION registry_journal_sealed({_list(columns)});\n"
    )


KNOWN = "".join(
    f"""
INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)
SELECT '{table}', 'I', n.id, registry_sealed(to_jsonb(n), ARRAY[{_list(columns)}]::text[]),
       pg_current_xact_id()::text::bigint
FROM {table} n ORDER BY n.id;
"""  # noqa: S608 - of the names above
    for table, columns, _ in JOURNALLED
)
JOURNALS = "".join(_trigger(table, columns, name) for table, columns, names in JOURNALLED for name in names)
GUARD = """
CREATE TRIGGER registry_screeninground_only_grows BEFORE UPDATE OR DELETE ON registry_screeninground
    FOR EACH ROW EXECUTE FUNCTION registry_refuse_change();
"""


def _past_the_guard(statements: str) -> str:
    return f"SET LOCAL registry.redaction = 'on';\n{statements}SET LOCAL registry.redaction = 'off';\n"


SEAL = _past_the_guard(
    "".join(
        f"""
UPDATE registry_changejournal SET image = registry_sealed(image, ARRAY['{column}']) WHERE relation = '{table}';
DROP TRIGGER {table}_journal_i ON {table};
{_trigger(table, (column,), "i")}"""  # noqa: S608 - of the names above
        for table, column in SEALED
    )
)

UNSEAL = "".join(
    f"""
UPDATE registry_changejournal j SET image = j.image || jsonb_build_object('{column}', t.{column})
FROM {table} t WHERE j.relation = '{table}' AND j.key = t.id;
DROP TRIGGER {table}_journal_i ON {table};
CREATE TRIGGER {table}_journal_i AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION registry_journal();
"""  # noqa: S608 - of the names above
    for table, column in SEALED
)
FORGET = "".join(
    f"DELETE FROM registry_changejournal WHERE relation = '{table}';\n"  # noqa: S608 - of the names above
    for table, _, _ in JOURNALLED
)
DROPS = "DROP TRIGGER registry_screeninground_only_grows ON registry_screeninground;\n" + "".join(
    f"DROP TRIGGER {table}_journal_{name} ON {table};\n" for table, _, names in JOURNALLED for name in names
)


class Migration(migrations.Migration):
    """Take in what is there, seal what stood in clear, and add the triggers."""

    dependencies = [("registry", "0021_screening")]

    operations = [
        migrations.RunSQL(
            ["SET LOCAL timezone TO 'UTC';", KNOWN, JOURNALS, GUARD, SEAL],
            [_past_the_guard(UNSEAL + FORGET), DROPS],
        ),
    ]
