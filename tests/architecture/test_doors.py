"""Two applications in one code base: what each opens, and what the public one never sends."""

import pytest
from django.test import Client
from django.utils.module_loading import import_string

from api.conf import desk as desk_door
from api.conf import public as public_door

FORBIDDEN_IN_PUBLIC = ("session", "csrf", "auth", "messages")


def test_the_public_application_knows_no_session_sign_in_or_cookie() -> None:
    named = [name.lower() for name in public_door.MIDDLEWARE]
    assert not [name for name in named for word in FORBIDDEN_IN_PUBLIC if word in name]


def test_every_middleware_of_both_applications_exists() -> None:
    for name in {*public_door.MIDDLEWARE, *desk_door.MIDDLEWARE}:
        assert import_string(name)


@pytest.mark.django_db
def test_officials_routes_are_unknown_at_the_public_application(public: Client, desk: Client) -> None:
    assert public.get("/admin/login/").status_code == 404
    assert desk.get("/admin/login/").status_code in {200, 302}


def test_both_applications_live_and_set_no_cookie(public: Client, desk: Client) -> None:
    for door in (public, desk):
        answer = door.get("/healthz")
        assert answer.status_code == 200
        assert answer.json() == {"status": "ok", "checks": {"process": "ok"}}
        assert not answer.cookies


@pytest.mark.django_db
def test_an_answer_of_the_public_application_is_not_changed_by_one_of_the_desk_in_between(
    public: Client, desk: Client
) -> None:
    before = public.get("/healthz")
    desk.get("/admin/login/")
    after = public.get("/healthz")
    assert set(before.headers) == set(after.headers)
