"""What ``check --deploy`` refuses: a moved clock, demo keys, hosts that are nobody's, a role too strong."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.db import connections

from api import standard_webhooks
from api.conf import environment, roles
from verification import signing, witnessing
from verification.cbor import Malformed

LEAST_SECRET = 32
SIGNER_SECONDS = 5
LOCAL = {"localhost", "127.0.0.1", "[::1]", ""}


@register(Tags.security, deploy=True)
def refuse_a_demo(**_facts: Any) -> list[CheckMessage]:
    """Refuse to call a place deployed that runs as a demo does."""
    return [*_clock_and_demo(), *_secrets(), *_hosts()]


def _clock_and_demo() -> Iterator[CheckMessage]:
    if settings.REGISTRY_CLOCK:
        yield Error(
            "REGISTRY_CLOCK moves the clock.",
            hint="Unset it: a register answers for now.",
            id="registry.E001",
        )
    if settings.REGISTRY_DEMO:
        yield Error("REGISTRY_DEMO is on.", hint="Set REGISTRY_DEMO=false.", id="registry.E002")
    if settings.DEBUG:
        yield Error(
            "REGISTRY_DEBUG is on.", hint="Unset it: it prints our insides to anybody.", id="registry.E003"
        )


def _secrets() -> Iterator[CheckMessage]:
    secrets = {
        "REGISTRY_SECRET_KEY": settings.SECRET_KEY,
        "REGISTRY_IDENTITY_KEY": settings.REGISTRY_IDENTITY_KEY,
        "REGISTRY_CONCERN_KEY": settings.REGISTRY_CONCERN_KEY,
    }
    for name, secret in secrets.items():
        if secret == settings.DEMO_SECRET or len(secret) < LEAST_SECRET:
            yield Error(
                f"{name} is missing, short or the demo's.",
                hint=f"Set it to at least {LEAST_SECRET} random characters.",
                id="registry.E004",
            )
    shared = settings.REGISTRY_GATEWAY_SECRETS
    if settings.DEMO_GATEWAY_SECRET in shared or not all(map(standard_webhooks.is_secret, shared)):
        yield Error(
            "REGISTRY_GATEWAY_SECRETS has one that is no secret, or the demo's.",
            hint="Say whsec_ and the base64 of 24 to 64 random bytes.",
            id="registry.E004",
        )
    if len(set(secrets.values())) < len(secrets):
        yield Error(
            "Two secrets are the same.", hint="Give each purpose a key of its own.", id="registry.E005"
        )


def _hosts() -> Iterator[CheckMessage]:
    for name in ("REGISTRY_HOST", "REGISTRY_DESK_HOST"):
        if getattr(settings, name).rsplit(":", 1)[0] in LOCAL:
            yield Error(
                f"{name} is this machine alone.",
                hint="Set it to the host that is printed on badges, or where officials sign in.",
                id="registry.E006",
            )
    if settings.REGISTRY_HOST == settings.REGISTRY_DESK_HOST:
        yield Error(
            "The public and the officials' application share a host.",
            hint="Cookies of the one must not reach the other.",
            id="registry.E007",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield Error("REGISTRY_ALLOWED_HOSTS allows every host.", id="registry.E008")
    if settings.REGISTRY_SCHEME != "https":
        yield Error("REGISTRY_SCHEME is not https.", id="registry.E009")
    contacts = settings.REGISTRY_SECURITY_CONTACT
    if not contacts or not all(one.startswith(("mailto:", "https://", "tel:")) for one in contacts):
        yield Caution(
            "REGISTRY_SECURITY_CONTACT names nobody to tell of a weakness.",
            hint="Set it to mailto:, https:// or tel: addresses for /.well-known/security.txt.",
            id="registry.W003",
        )
    if not settings.REGISTRY_CLAMD:
        yield Caution(
            "REGISTRY_CLAMD names no scanner.",
            hint="Set it to clamd's host:port or socket; until then no applicant can send a document.",
            id="registry.W010",
        )
    if not environment.text("REGISTRY_SMTP", ""):
        yield Caution(
            "REGISTRY_SMTP names no mail server.",
            hint="Set it; until then nobody is told of anything, and no applicant can confirm an address and apply.",
            id="registry.W011",
        )
    if not settings.REGISTRY_TRUSTED_PROXIES:
        yield Caution(
            "REGISTRY_TRUSTED_PROXIES is 0.",
            hint="Behind a proxy all visitors would share one rate limit; say how many proxies there are.",
            id="registry.W001",
        )


@register(Tags.security)
def read_witnesses(**_facts: Any) -> list[CheckMessage]:
    """Refuse keys of witnesses and of logs that can not be read: they would be missed when they are needed."""
    found: list[CheckMessage] = []
    for name, read in (
        ("REGISTRY_WITNESSED", witnessing.witnessed),
        ("REGISTRY_WITNESSES", witnessing.witnesses),
    ):
        try:
            read()
        except Malformed as fault:
            found.append(
                Error(
                    f"{name} can not be read: {fault}.",
                    hint="A key is as its owner publishes it (vkey); behind a witness's stands @ and its address.",
                    id="registry.E012",
                )
            )
    return found


@register(Tags.security, deploy=True)
def refuse_demo_keys(**_facts: Any) -> list[CheckMessage]:
    """Refuse a signer that holds keys of a demonstration; ask it, for no application can read its directory."""
    if not settings.REGISTRY_SIGNER:
        return []
    try:
        stated = signing.Client(Path(settings.REGISTRY_SIGNER), timeout=SIGNER_SECONDS).keys()
    except (signing.SignerDown, signing.NotSigned):
        return [
            Caution(
                f"No signer answers at REGISTRY_SIGNER ({settings.REGISTRY_SIGNER}).",
                hint="Start python -m verification.signer as its own user, whose group may write to the socket.",
                id="registry.W002",
            )
        ]
    insecure = [f"{key['kid']} ({key['use']})" for key in stated if key["insecure"]]
    if not insecure:
        return []
    return [
        Error(
            f"The signer holds keys that everybody with the demo has: {', '.join(insecure)}.",
            hint="Give it a directory of its own, filled by manage.py keys create.",
            id="registry.E011",
        )
    ]


@register(Tags.database, deploy=True)
def refuse_a_powerful_role(databases: Sequence[str] | None = None, **_facts: Any) -> list[CheckMessage]:
    """Refuse a database role that could rewrite the past.

    Run by ``check --deploy --database default``, never by ``migrate``, whose role may do it.
    """
    found: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relkind IN ('r', 'p')"
                " AND has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE') ORDER BY relname",
                [list(roles.append_only())],
            )
            tables = [row[0] for row in cursor.fetchall()]
            if tables:
                cursor.execute("SELECT current_user")
                role = cursor.fetchone()[0]
                found.append(
                    Error(
                        f"The role {role} may rewrite {', '.join(tables)}.",
                        hint=f"Connect as {roles.APP}; only migrations run as {roles.OWNER}.",
                        id="registry.E010",
                    )
                )
    return found
