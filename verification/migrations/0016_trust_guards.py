"""Both tables only grow, the journal sees every row, and no version is published after a later one."""

from typing import ClassVar

from django.db import migrations

TABLES = ("verification_keystatement", "verification_trustlistversion")

GUARD = """
CREATE FUNCTION verification_trust_list_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM verification_trustlistversion WHERE version >= NEW.version) THEN
        RAISE EXCEPTION 'version % of the list of trust is not the newest', NEW.version
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER verification_trustlistversion_grows BEFORE INSERT ON verification_trustlistversion
    FOR EACH ROW EXECUTE FUNCTION verification_trust_list_grows();
""" + "".join(
    f"""
CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION registry_refuse_change();
CREATE TRIGGER {table}_journal_i AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION registry_journal();
CREATE TRIGGER {table}_journal_u AFTER UPDATE ON {table} REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION registry_journal();
CREATE TRIGGER {table}_journal_d AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION registry_journal();
"""
    for table in TABLES
)

UNDO = (
    "".join(f"DROP TRIGGER {table}_only_grows ON {table};\n" for table in TABLES)
    + "".join(f"DROP TRIGGER {table}_journal_{name} ON {table};\n" for table in TABLES for name in "iud")
    + """
DROP TRIGGER verification_trustlistversion_grows ON verification_trustlistversion;
DROP FUNCTION verification_trust_list_grows();
"""
)


class Migration(migrations.Migration):
    """Add the triggers."""

    dependencies: ClassVar = [("verification", "0015_trust"), ("registry", "0002_guards")]

    operations: ClassVar = [migrations.RunSQL(GUARD, UNDO)]
