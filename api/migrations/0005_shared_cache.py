"""The cache that every process of the desk shares: used second-factor codes and counts of failed sign-ins.

A code that was used must be refused by the other processes too, so it can not be kept in the memory of one.
"""

from django.db import migrations

TABLE = """
CREATE TABLE api_sharedcache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX api_sharedcache_expires ON api_sharedcache (expires);
"""


class Migration(migrations.Migration):
    """Add the table that Django's database cache reads and writes."""

    dependencies = [("api", "0004_token_scopes")]

    operations = [migrations.RunSQL(TABLE, "DROP TABLE api_sharedcache")]
