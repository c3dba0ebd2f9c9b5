"""What was signed and published stays: no token, index or publication is altered or deleted, and the log takes them."""

from typing import ClassVar

from django.db import migrations

ONLY_GROW = ("verification_badgetoken", "verification_statusindex", "verification_statuspublication")
JOURNALLED = ("verification_badgetoken", "verification_statuspublication")

GUARDS = "".join(
    f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION verification_log_refuse();\n"
    for table in ONLY_GROW
) + "".join(
    f"CREATE TRIGGER {table}_journal_i AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION registry_journal();\n"
    for table in JOURNALLED
)

UNDO = "".join(f"DROP TRIGGER {table}_journal_i ON {table};\n" for table in JOURNALLED) + "".join(
    f"DROP TRIGGER {table}_only_grows ON {table};\n" for table in ONLY_GROW
)


class Migration(migrations.Migration):
    """Add the triggers."""

    dependencies: ClassVar = [("verification", "0010_tokens_and_lists"), ("registry", "0002_guards")]

    operations: ClassVar = [migrations.RunSQL(GUARDS, UNDO)]
