"""What happens after a change, outside the officer's request: read what is due and do it.

A job carries no facts, it only wakes this module; what is due stands in tables of our own. So a job may
be lost, run twice or run late and nothing is missed: the next one, at most a minute away, finds the work.

The worker has a lane for each of four sorts of work, so that none waits for a longer one. Status lists are what a
phone without a line knows of a suspension: they have a job of their own, which does nothing else and takes part of a
second. The log, and the tokens that name its entries, follow in another. What the night does to the register as a
whole (dumps, comparisons) takes minutes, and a witness may not answer: these have the others. Locks keep each of the
longer sorts in its lane.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from procrastinate import JobContext, builtin_tasks
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from registry import clock

logger = logging.getLogger(__name__)

Work = Callable[..., object]

FOLLOWS: Final = "register.follow"
NIGHTLY: Final = "nightly"
"""Locks: what has the same one goes one after the other."""


def due() -> tuple[Work, ...]:
    """Everything that waits for a change or for a moment; each takes ``at=`` and does what is due by then.

    Status lists first: no token is signed before the list that it names says how its badge stands. Then the log and
    its checkpoint. A token names the newest entry of its licence in the log, and is one itself, so the log is taken
    further after them too. Only the worker asks: the public application loads this module with the queue and may not
    reach a writer.
    """
    from api.outbound import email, mails, sms  # noqa: PLC0415 - see above
    from registry import licensing, motions, publishing, screening, securities  # noqa: PLC0415 - the same
    from registry.admission import applicants  # noqa: PLC0415 - the same
    from verification import published_keys, sequencing, statuses, tokens  # noqa: PLC0415 - the same

    return (
        statuses.refresh,
        sequencing.advance,
        sequencing.publish,
        publishing.refresh,
        licensing.expire_proposals,
        motions.expire,
        applicants.expire,
        securities.run_due,
        published_keys.refresh,
        tokens.refresh,
        sequencing.advance,
        sequencing.publish,
        email.refresh,
        mails.refresh,
        sms.refresh,
        screening.run_due,
        statuses.reconcile,
    )


@app.task(name="register.changed")
def changed(**_facts: object) -> None:
    """Do what a change of the register has made due: the status lists at once, the rest after."""
    _lists_first()


@app.periodic(cron="* * * * *")
@app.task(name="register.moment", queueing_lock="register.moment")
def moment(timestamp: int) -> None:  # noqa: ARG001 - our clock decides, not the queue's
    """Do what time alone has made due; every minute."""
    _lists_first()


@app.task(name="register.follow", lock=FOLLOWS, queueing_lock=FOLLOWS)
def follow() -> None:
    """Do everything that is due; one at a time, and one that waits is enough."""
    run(at=clock.now())


def _lists_first() -> None:
    from verification import statuses  # noqa: PLC0415 - as in ``due``

    try:
        statuses.refresh(at=clock.now())
    finally:
        with suppress(AlreadyEnqueued):
            follow.defer()


@app.periodic(cron="47 2 * * *")
@app.task(name="search.recount", lock=NIGHTLY, queueing_lock="search.recount")
def recount(timestamp: int) -> None:  # noqa: ARG001 - it counts whatever there is
    """Add up the counts of words that changed; nightly. Searches are right without it, and a little slower."""
    from registry.search import indexing  # noqa: PLC0415 - as in ``due``

    indexing.recount()


@app.periodic(cron="37 2 * * *")
@app.task(name="screening.nightly", queueing_lock="screening.nightly")
def screen(timestamp: int) -> None:  # noqa: ARG001 - it screens by our clock
    """Compare everybody with the barred and with outside lists; nightly."""
    from registry import screening  # noqa: PLC0415 - as in ``due``

    screening.nightly(at=clock.now())


@app.periodic(cron="*/5 * * * *")
@app.task(name="log.witness", lock="log.witness", queueing_lock="log.witness")
def witness(timestamp: int) -> None:  # noqa: ARG001 - whatever is newest
    """Have our witnesses sign the newest checkpoint."""
    from verification import witnessing  # noqa: PLC0415 - as in ``due``

    witnessing.ask(at=clock.now())


@app.periodic(cron="27 1 * * *")
@app.task(name="log.reconcile", lock=NIGHTLY, queueing_lock="log.reconcile")
def reconcile(timestamp: int) -> None:  # noqa: ARG001 - it compares whatever there is
    """Compare what is published with the log; nightly. A difference raises the alarm of ``/readyz``."""
    from verification import sequencing  # noqa: PLC0415 - as in ``due``

    sequencing.reconcile(at=clock.now())


@app.periodic(cron="7 1 * * *")
@app.task(name="dump.publish", lock=NIGHTLY, queueing_lock="dump.publish")
def dump(timestamp: int) -> None:  # noqa: ARG001 - it writes whatever there is
    """Publish the register as files; nightly."""
    from verification import dumps  # noqa: PLC0415 - as in ``due``

    dumps.publish(at=clock.now())


@app.periodic(cron="37 4 * * *")
@app.task(name="letters.remind", queueing_lock="letters.remind")
def remind(timestamp: int) -> None:  # noqa: ARG001 - it reminds by our clock
    """Remind holders of terms and securities that end; daily."""
    from api.outbound import email  # noqa: PLC0415 - as in ``due``

    email.remind(at=clock.now())


@app.periodic(cron="27 3 * * *")
@app.task(name="drafts.tidy", queueing_lock="drafts.tidy")
def forget_drafts(timestamp: int) -> None:  # noqa: ARG001 - it tidies by our clock
    """Forget drafts of officers' forms that were left lying; nightly."""
    from api import drafts  # noqa: PLC0415 - as in ``due``

    drafts.tidy(at=clock.now())


@app.periodic(cron="7 3 * * *")
@app.task(name="applications.forget", queueing_lock="applications.forget")
def forget_applications(timestamp: int) -> None:  # noqa: ARG001 - it forgets by our clock
    """Delete drafts, concerns, photographs and counts whose time is over; nightly."""
    from api import retention  # noqa: PLC0415 - as in ``due``

    retention.refresh(at=clock.now())


@app.periodic(cron="17 3 * * *")
@app.task(name="queue.tidy", queueing_lock="queue.tidy", pass_context=True)
async def tidy(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - it tidies by its own clock
    """Forget jobs that ended three days ago; nightly. What changed stands in the journal, not here."""
    await builtin_tasks.remove_old_jobs(context, max_hours=72, remove_failed=True)


def run(*, at: datetime) -> None:
    """Do all work due by ``at``; one that fails stops no other and stays due for the next call."""
    failed: list[Exception] = []
    for work in due():
        try:
            work(at=at)
        except Exception as error:
            logger.exception("Work that was due by %s failed", at)
            failed.append(error)
    if failed:
        raise ExceptionGroup("work that was due failed", failed)
