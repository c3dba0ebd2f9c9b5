"""Every table that holds law is in the change journal, so that a row edited with the triggers off is found.

Approvals, proposals, texts, snapshots of lists and the commits themselves join those of ``0002_guards``. What may have
to be erased (rulings 14) stands in an image as its SHA-256 alone: ``registry_sealed``. Texts and snapshots only grow
from now on, and a proposal is closed and never altered.
"""

from django.db import migrations

ONLY_GROW = ("registry_entrytext", "registry_listsnapshot")

#: The table, its columns that are sealed, and what can happen to a row of it.
JOURNALLED = (
    ("registry_approval", (), "i"),
    ("registry_entrytext", ("text",), "i"),
    ("registry_listsnapshot", (), "i"),
    ("registry_proposal", ("terms", "closed_reason"), "iud"),
    ("registry_registercommit", (), "i"),
)

SEAL = """
CREATE FUNCTION registry_sealed(image jsonb, columns text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT image || coalesce((
        SELECT jsonb_object_agg(name, encode(sha256(convert_to((image -> name)::text, 'UTF8')), 'hex'))
        FROM unnest(columns) AS name
    ), '{}')
$$;
CREATE FUNCTION registry_journal_sealed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)
        SELECT TG_TABLE_NAME, 'D', o.id, registry_sealed(to_jsonb(o), TG_ARGV), pg_current_xact_id()::text::bigint
        FROM old_rows o;
    ELSE
        INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)
        SELECT TG_TABLE_NAME, left(TG_OP, 1), n.id, registry_sealed(to_jsonb(n), TG_ARGV),
               pg_current_xact_id()::text::bigint
        FROM new_rows n;
    END IF;
    RETURN NULL;
END $$;
"""

PROPOSALS = """
CREATE FUNCTION registry_only_closed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closing CONSTANT text[] := ARRAY['state', 'closed_by', 'closed_at', 'closed_reason', 'entry_id'];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'open' AND to_jsonb(NEW) - closing = to_jsonb(OLD) - closing THEN
        RETURN NEW;
    END IF;
    IF current_setting('registry.redaction', true) = 'on'
       AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'a proposal is only closed: % is refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER registry_proposal_only_closed BEFORE UPDATE OR DELETE ON registry_proposal
    FOR EACH ROW EXECUTE FUNCTION registry_only_closed();
"""

EVENTS = {
    "i": ("INSERT", "NEW TABLE AS new_rows"),
    "u": ("UPDATE", "NEW TABLE AS new_rows"),
    "d": ("DELETE", "OLD TABLE AS old_rows"),
}

GUARDS = "".join(
    f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION registry_refuse_change();\n"
    for table in ONLY_GROW
)


def _sealed(columns: tuple[str, ...]) -> str:
    return ", ".join(f"'{column}'" for column in columns)


JOURNALS = "".join(
    f"CREATE TRIGGER {table}_journal_{name} AFTER {EVENTS[name][0]} ON {table} REFERENCING {EVENTS[name][1]} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION registry_journal_sealed({_sealed(columns)});\n"
    for table, columns, names in JOURNALLED
    for name in names
)


def _known(table: str, columns: tuple[str, ...]) -> str:
    """What is there already, as it stands now; a text belongs to the transaction of its entry, which speaks for it."""
    transaction = "pg_current_xact_id()::text::bigint"
    if table == "registry_entrytext":
        transaction = """coalesce((
            SELECT min(j.transaction_id) FROM registry_changejournal j
            WHERE j.relation = 'registry_entry' AND j.key = n.entry_id), 0)"""
    return f"""
INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)
SELECT '{table}', 'I', n.id, registry_sealed(to_jsonb(n), ARRAY[{_sealed(columns)}]::text[]), {transaction}
FROM {table} n ORDER BY n.id;
"""  # noqa: S608 - of the names above


KNOWN = "SET LOCAL timezone TO 'UTC';\n" + "".join(_known(table, columns) for table, columns, _ in JOURNALLED)

UNDO = (
    "".join(
        f"DROP TRIGGER {table}_journal_{name} ON {table};\n"
        for table, _, names in JOURNALLED
        for name in names
    )
    + "".join(f"DROP TRIGGER {table}_only_grows ON {table};\n" for table in ONLY_GROW)
    + """
DROP TRIGGER registry_proposal_only_closed ON registry_proposal;
DROP FUNCTION registry_only_closed();
DROP FUNCTION registry_journal_sealed();
DROP FUNCTION registry_sealed(jsonb, text[]);
"""
)


class Migration(migrations.Migration):
    """Add the guards and the triggers, and take in what is there."""

    dependencies = [("registry", "0009_proposal_states")]

    operations = [migrations.RunSQL(SEAL + KNOWN + GUARDS + JOURNALS + PROPOSALS, UNDO)]
