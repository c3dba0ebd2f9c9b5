"""Replicas of the database: what a commit waits for, and how fresh a reader of one can prove to be (rulings 3).

PostgreSQL replays the primary's log in order. So a replica that has replayed a commit of some instant shows everything
that was committed before it; on a quiet primary the worker's signs of life are such commits.
"""

from django.conf import settings
from django.db import connection

_AGE = """
SELECT pg_is_in_recovery(), extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
"""


def wait() -> None:
    """Have this transaction acknowledged only when every synchronous replica shows it; nothing where there is none."""
    if settings.REGISTRY_REPLICATED:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = remote_apply")


def is_fresh() -> bool:
    """Whether the database is the primary, or proves that it is no older than ``REGISTRY_REPLICA_SECONDS``.

    What was committed later than it is by the replica's own clock shows that clock to be slow: it can prove no age.
    """
    with connection.cursor() as cursor:
        cursor.execute(_AGE)
        replica, age = cursor.fetchone()
    return not replica or (age is not None and abs(age) <= settings.REGISTRY_REPLICA_SECONDS)
