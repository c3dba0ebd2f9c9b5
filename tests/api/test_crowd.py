"""A crowd behind one address is never locked out, and whoever walks through numbers soon is: by rule, not by the clock.

Time is told to the buckets, so that an hour of a market hall takes a moment.
"""

import random
from collections.abc import Callable
from typing import Any, Final

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils.translation import gettext, override

from api import throttles
from api.problems import Refusal
from api.throttles import Memory
from registry.rules import numbering
from tests import builders
from verification import badges

PEOPLE: Final = 2_000
HOUR: Final = 3_600
MISTYPED: Final = 1 / 12
"""The share of what people scan and type that finds nothing: one typed code in four, and a third of them are typed."""
ASK: Final = RequestFactory()


class Processes:
    """Several processes of the application, among which a balancer deals the requests, at a time of the test's own."""

    def __init__(self, count: int, settings: Any) -> None:
        """Begin with every bucket full."""
        settings.REGISTRY_PROCESSES = count
        settings.REGISTRY_LIMITS = []
        self.now = 1_000.0
        self._each = [Memory(lambda: self.now) for _ in range(count)]
        self._deal = random.Random(20)  # noqa: S311 - no secret

    def asked(self, path: str, *, found: bool, address: str = "192.0.2.7") -> bool:
        """Whether a look-up is answered, as a view asks for it."""
        one = self._deal.choice(self._each)
        request: HttpRequest = ASK.get(path, REMOTE_ADDR=address)
        try:
            one.check(request)
        except Refusal:
            return False
        if not found:
            one.miss(request)
        return True


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("every", [60, 300])
def test_a_hall_of_two_thousand_behind_one_address_is_never_refused(
    count: int, every: int, settings: Any
) -> None:
    """Each asks every minute for a quarter of an hour, or every five minutes for an hour."""
    hall, chance = Processes(count, settings), random.Random(7)  # noqa: S311 - no secret
    looked = PEOPLE * (900 if every == 60 else HOUR) // every
    misses = sum(chance.random() < MISTYPED for _ in range(looked))
    rate = PEOPLE / every
    refused = 0
    for n in range(misses):  # what is found costs nothing, so only what is not can be refused or lead to it
        hall.now += chance.expovariate(rate * MISTYPED)
        refused += not hall.asked(f"/v/MISTYPED{n}", found=False)
        refused += not hall.asked("/v/GOOD", found=True)
    assert refused == 0
    assert misses > 1_000


def test_a_crowd_that_comes_all_at_once_is_answered(settings: Any) -> None:
    hall = Processes(2, settings)
    answers = [hall.asked(f"/v/CODE{n}", found=n % 12 != 0) for n in range(PEOPLE)]
    assert all(answers)


def test_one_forged_badge_that_two_thousand_scan_locks_nobody_out(settings: Any) -> None:
    hall = Processes(2, settings)
    answers = [hall.asked("/v/FORGED", found=False) for _ in range(PEOPLE)]
    answers += [hall.asked("/v/GOOD", found=True) for _ in range(PEOPLE)]
    assert all(answers)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_whoever_walks_through_codes_is_refused_soon_and_others_are_not(count: int, settings: Any) -> None:
    walk = Processes(count, settings)
    answered = 0
    for n in range(5_000):
        walk.now += 0.01
        answered += walk.asked(f"/v/{n}", found=False, address="198.51.100.9")
    assert answered <= throttles.MISSES.burst + 5_000 * 0.01 * throttles.MISSES.per_second + 2 * count
    assert walk.asked("/v/GOOD", found=True)
    walk.now += HOUR
    assert walk.asked("/v/1", found=False, address="198.51.100.9")


def test_an_address_of_ipv6_is_a_subscriber_not_a_telephone(settings: Any) -> None:
    walk = Processes(1, settings)
    answers = [walk.asked(f"/v/{n}", found=False, address=f"2001:db8:1:2::{n:x}") for n in range(1, 400)]
    assert not all(answers)


@pytest.mark.django_db
class TestThroughTheDoor:
    """The same of the application itself."""

    @pytest.fixture(autouse=True)
    def _limits(self, settings: Any) -> None:
        settings.REGISTRY_PROCESSES = 1
        settings.REGISTRY_LIMITS = ["misses=30/0.001", "searches=10/0.001"]
        settings.REGISTRY_PUBLIC_LANGUAGES = ["en", "ar"]
        throttles.look_ups.forget()

    @pytest.mark.parametrize(
        "walk",
        [
            lambda n: f"/v/{numbering.badge_code('XA', random.Random(n).randrange)}",  # noqa: S311 - no secret
            lambda n: f"/api/v1/verify/{numbering.badge_code('XA', random.Random(n).randrange)}",  # noqa: S311
            lambda n: f"/licences/XA-DLA-A-{n:06}-1", lambda n: f"/api/v1/licences/XA-DLA-A-{n:06}-1",
            lambda n: f"/api/v1/licences?number={n}", lambda n: f"/agencies/AG-{n:06}-1",
            lambda n: f"/api/v1/agencies/AG-{n:06}-1", lambda n: f"/api/v1/agencies?limit={n}",
            lambda n: f"/applications/LA-{n:06}-1", lambda n: f"/debarments/{n}", lambda n: f"/?q=name{n}",
            lambda n: f"/api/v1/search?q=name{n}", lambda n: f"/c/{n}", lambda n: f"/v/{n}/qr.svg",
        ],
    )  # fmt: skip
    def test_every_road_through_the_register_ends_soon(
        self, walk: Callable[[int], str], public: Client
    ) -> None:
        statuses = [public.get(walk(n)).status_code for n in range(1, 41)]
        assert statuses[0] != 429
        assert statuses[-1] == 429
        assert 429 in statuses[:32]

    def test_a_refusal_is_grey_and_in_the_readers_language(self, public: Client) -> None:
        for n in range(30):
            public.get(f"/v/NOTHING{n}")
        answer = public.get("/licences/NOTHING?lang=ar")
        page = answer.content.decode()
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) > 0
        assert answer["Cache-Control"] == "no-store"
        assert 'class="verdict unknown"' in page
        assert 'lang="ar" dir="rtl"' in page
        with override("ar"):
            assert gettext("This says nothing about the agency, good or bad.") in page

    def test_a_thousand_scans_of_good_badges_cost_nothing(self, public: Client) -> None:
        builders.authority()
        code = badges.issue("licence", builders.active(), at=builders.START).code
        assert {public.get(f"/v/{code}").status_code for _ in range(200)} == {200}
        assert public.get("/v/NOTHING").status_code == 404
