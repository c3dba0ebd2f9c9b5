"""How much one client may ask.

Two kinds of bucket. Looking up is free as long as it finds something; what is not found costs a token of an
approximate bucket in this process's memory (the limit divided by the number of processes), so a worker
scanning badges never waits and somebody walking through numbers soon does. Searching and posting cost tokens
of an exact bucket in one unlogged table that all processes share. No address is kept: keys are HMACs under a
key of the day, and the rows of yesterday are deleted.
"""

import math
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NoReturn

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import HttpRequest

from api import clients
from api.problems import Refusal

#: The draft that the ``RateLimit`` headers follow.
DRAFT: Final = "draft-ietf-httpapi-ratelimit-headers-10"

_MOST_BUCKETS: Final = 20_000
_WRITTEN: Final = re.compile(r"\s*(misses|searches|checks)=(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket of ``burst`` tokens that fills at ``per_second``."""

    name: str
    burst: float
    per_second: float

    def policy(self) -> str:
        """The ``RateLimit-Policy`` header: how much, and after how many seconds it is full again."""
        return f'"{self.name}";q={int(self.burst)};w={math.ceil(self.burst / self.per_second)}'

    def left(self, tokens: float) -> str:
        """The ``RateLimit`` header: what is left, and when the bucket will be full."""
        return f'"{self.name}";r={max(0, int(tokens))};t={math.ceil((self.burst - tokens) / self.per_second)}'

    def wait(self, tokens: float, cost: float) -> int:
        """Whole seconds until ``cost`` tokens will be there."""
        return max(1, math.ceil((cost - tokens) / self.per_second))


#: Different look-ups that find nothing. A hall of 2,000 people behind one address, each of whom asks every minute and
#: one in twelve of whom mistypes, misses 2.8 times a second: it is never refused.
MISSES: Final = Limit("misses", burst=300, per_second=3)
#: Searches by name or contact.
SEARCHES: Final = Limit("searches", burst=60, per_second=1)
#: Items of a batch of checks.
CHECKS: Final = Limit("checks", burst=20_000, per_second=200)
#: Live codes that were wrong, by badge and asker: five tries in ten minutes.
LIVE: Final = Limit("live", burst=5, per_second=5 / 600)
#: Live codes that were wrong, by holder: all badges, whoever asks.
LIVE_OF_HOLDER: Final = Limit("live-holder", burst=20, per_second=20 / 3600)
#: Long live codes, by asker.
LIVE_LONG: Final = Limit("live-long", burst=60, per_second=60 / 600)
#: Messages by SMS and sessions by USSD, by telephone number.
MESSAGES: Final = Limit("messages", burst=30, per_second=30 / 3600)


def configured(limit: Limit) -> Limit:
    """The limit as ``REGISTRY_LIMITS`` has it (``searches=60/1``: at once, each second), else as above."""
    return _own(tuple(settings.REGISTRY_LIMITS)).get(limit.name, limit)


@lru_cache(maxsize=16)
def _own(written: tuple[str, ...]) -> dict[str, Limit]:
    """The operator's limits by name; stops the process with a sentence that names a wrong one."""
    found = {}
    for text in written:
        match = _WRITTEN.fullmatch(text)
        if match is None or float(match[2]) < 1 or not float(match[3]):
            message = f"REGISTRY_LIMITS has {text!r}: say a limit such as searches=60/1."
            raise ImproperlyConfigured(message)
        found[match[1]] = Limit(match[1], burst=float(match[2]), per_second=float(match[3]))
    return found


class Memory:
    """Approximate buckets of one process, the most recently used ones."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Begin with every bucket full; ``now`` tells seconds that only grow."""
        self._now = now
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()
        self._missed: OrderedDict[bytes, None] = OrderedDict()
        self._empty_until = 0.0
        self._lock = threading.Lock()

    def check(self, request: HttpRequest) -> None:
        """Refuse a client whose bucket is empty; one comparison of two numbers when nobody's is."""
        if self.calm():
            return
        now = self._now()
        limit = self._limit()
        key = clients.key(request)
        with self._lock:
            tokens = self._tokens(key, limit, now)
        if tokens < 1:
            refuse(limit, tokens, 1)

    def calm(self) -> bool:
        """Whether nobody at all has to be refused."""
        return self._now() >= self._empty_until

    def miss(self, request: HttpRequest) -> None:
        """Charge a look-up that found nothing; the same again costs nothing.

        Whoever walks through numbers asks each once. A crowd that was shown one forged badge asks for one.
        """
        now = self._now()
        limit = self._limit()
        key = clients.key(request)
        asked = clients.key(request, f"missed {request.get_full_path()}")
        with self._lock:
            if asked in self._missed:
                return
            self._missed[asked] = None
            while len(self._missed) > _MOST_BUCKETS:
                self._missed.popitem(last=False)
            tokens = max(0.0, self._tokens(key, limit, now) - 1)
            self._buckets[key] = (tokens, now)
            self._buckets.move_to_end(key)
            while len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
            if tokens < 1:
                self._empty_until = max(self._empty_until, now + (1 - tokens) / limit.per_second)

    def forget(self) -> None:
        """Fill every bucket again (a test starts with this)."""
        with self._lock:
            self._buckets.clear()
            self._missed.clear()
            self._empty_until = 0.0

    def _tokens(self, key: bytes, limit: Limit, now: float) -> float:
        tokens, since = self._buckets.get(key, (limit.burst, now))
        return min(limit.burst, tokens + (now - since) * limit.per_second)

    @staticmethod
    def _limit() -> Limit:
        limit = configured(MISSES)
        processes = settings.REGISTRY_PROCESSES
        return Limit(limit.name, max(1.0, limit.burst / processes), limit.per_second / processes)


look_ups: Final = Memory()

_TAKE: Final = """
INSERT INTO api_ratebucket AS bucket (key, day, tokens, granted, touched_at)
VALUES (%(key)s, %(day)s, %(burst)s - %(cost)s, true, clock_timestamp())
ON CONFLICT (key) DO UPDATE SET (tokens, granted, touched_at) = (
    SELECT CASE WHEN there >= %(cost)s THEN there - %(cost)s ELSE there END,
           there >= %(cost)s, clock_timestamp()
    FROM (SELECT LEAST(%(burst)s, bucket.tokens + %(rate)s
                 * EXTRACT(EPOCH FROM clock_timestamp() - bucket.touched_at)::float8) AS there) AS now)
RETURNING tokens, granted
"""

_seen_day: dict[str, str] = {}


def take(request: HttpRequest, limit: Limit, cost: float = 1) -> dict[str, str]:
    """Take ``cost`` tokens from the client's exact bucket, or refuse; gives the headers for what is left."""
    return spend(clients.key(request, limit.name), limit, cost)


def spend(key: bytes, limit: Limit, cost: float = 1) -> dict[str, str]:
    """Take ``cost`` tokens from the exact bucket of this key (``clients.key``, ``clients.keyed``), or refuse.

    One statement on an unlogged table: two processes can not both take the last token.
    """
    limit = configured(limit)
    cost = min(float(cost), limit.burst)
    today = clients.day()
    _forget_yesterday(today)
    facts: dict[str, bytes | str | float] = {
        "key": key,
        "day": today,
        "burst": float(limit.burst),
        "cost": cost,
        "rate": float(limit.per_second),
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, facts)
        tokens, granted = cursor.fetchone()
    if not granted:
        refuse(limit, tokens, cost)
    return {"RateLimit-Policy": limit.policy(), "RateLimit": limit.left(tokens)}


def give_back(key: bytes, limit: Limit) -> None:
    """Put back the token that was taken for something that turned out to cost nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE api_ratebucket SET tokens = LEAST(%s, tokens + 1) WHERE key = %s",
            [float(configured(limit).burst), key],
        )


def refuse(limit: Limit, tokens: float, cost: float) -> NoReturn:
    """Say 429: how long to wait, and by which rule."""
    wait = limit.wait(tokens, cost)
    headers = {"Retry-After": str(wait), "RateLimit-Policy": limit.policy(), "RateLimit": limit.left(tokens)}
    raise Refusal("rate.exceeded", headers=headers, retry_after=wait)


def _forget_yesterday(today: str) -> None:
    """Delete the rows of other days, once a day and process: their keys can never be asked for again."""
    if _seen_day.get("day") == today:
        return
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM api_ratebucket WHERE day < %s", [today])
    _seen_day["day"] = today
