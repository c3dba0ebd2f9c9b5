"""Wakes the rest of the world after a change: one neutral job, queued in the same transaction (rulings 26).

The job carries no facts; the change journal and the published record hold them. A transaction that is rolled back
leaves no job behind. The register knows the job by its name only.
"""

from procrastinate.contrib.django import app

TASK = "register.changed"


def put() -> None:
    """Queue ``register.changed`` in this transaction; whoever works on it finds what is due by itself."""
    app.configure_task(TASK, allow_unknown=True).defer()
