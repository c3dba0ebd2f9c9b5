"""Guards in the database itself: tables that only grow, the change journal, the one counter.

The functions belong to the owner and run with the owner's rights, so the applications' role needs no right to write the
journal and cannot take a trigger away. ``registry.redaction`` is the one way past the guard: it counts only for the
owner (``registry.history.redact``).
"""

from django.db import migrations

#: As they stood when this migration was written; later tables bring their own guards.
APPEND_ONLY = (
    "registry_entry",
    "registry_registercommit",
    "registry_policyset",
    "registry_approval",
    "registry_changejournal",
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
JOURNALLED = (
    "registry_agency",
    "registry_appointment",
    "registry_authority",
    "registry_channel",
    "registry_debarment",
    "registry_entry",
    "registry_licence",
    "registry_office",
    "registry_person",
    "registry_policyset",
    "registry_sanction",
    "registry_term",
    "registry_tradingname",
)

REFUSE = """
CREATE FUNCTION registry_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('registry.redaction', true) = 'on'
       AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""

JOURNAL = """
CREATE FUNCTION registry_journal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id, commit_id, ordinal)
        SELECT TG_TABLE_NAME, 'I', n.id, to_jsonb(n), pg_current_xact_id()::text::bigint,
               (CASE WHEN TG_TABLE_NAME = 'registry_entry' THEN to_jsonb(n) ->> 'commit_id' END)::bigint,
               (CASE WHEN TG_TABLE_NAME = 'registry_entry' THEN to_jsonb(n) ->> 'ordinal' END)::bigint
        FROM new_rows n;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)
        SELECT TG_TABLE_NAME, 'U', n.id, to_jsonb(n), pg_current_xact_id()::text::bigint FROM new_rows n;
    ELSE
        INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)
        SELECT TG_TABLE_NAME, 'D', o.id, to_jsonb(o), pg_current_xact_id()::text::bigint FROM old_rows o;
    END IF;
    RETURN NULL;
END $$;
"""


def _guards() -> str:
    return "".join(
        f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION registry_refuse_change();\n"
        for table in APPEND_ONLY
    )


def _journals() -> str:
    return "".join(
        f"CREATE TRIGGER {table}_journal_{name} AFTER {event} ON {table} REFERENCING {rows} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION registry_journal();\n"
        for table in JOURNALLED
        for name, event, rows in (
            ("i", "INSERT", "NEW TABLE AS new_rows"),
            ("u", "UPDATE", "NEW TABLE AS new_rows"),
            ("d", "DELETE", "OLD TABLE AS old_rows"),
        )
    )


def _undo() -> str:
    drops = [f"DROP TRIGGER IF EXISTS {table}_only_grows ON {table};" for table in APPEND_ONLY]
    drops += [
        f"DROP TRIGGER IF EXISTS {table}_journal_{x} ON {table};" for table in JOURNALLED for x in "iud"
    ]
    return "\n".join(drops) + "\nDROP FUNCTION registry_journal();\nDROP FUNCTION registry_refuse_change();"


class Migration(migrations.Migration):
    """Triggers and the counter's row."""

    dependencies = [("registry", "0001_register")]

    operations = [
        migrations.RunSQL(REFUSE + JOURNAL + _guards() + _journals(), _undo()),
        migrations.RunSQL(
            "INSERT INTO registry_register (id, last_sequence) VALUES (1, 0) ON CONFLICT DO NOTHING;",
            migrations.RunSQL.noop,
        ),
    ]
