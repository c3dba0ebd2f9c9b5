"""Who is asking: the true client address behind a configured number of our own proxies.

``X-Forwarded-For`` is written by whoever sends the request; only the entries that our own proxies appended
can be believed, and these are the last ``REGISTRY_TRUSTED_PROXIES`` of it. An address is never stored: it
becomes a key through an HMAC with a key of the day.
"""

import hmac
import ipaddress
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest

from registry import clock

_UNKNOWN: Final = "0.0.0.0"  # noqa: S104 - a word for "no address", nothing is bound to it


Environ = Mapping[str, Any]
"""A request as WSGI has it (Django's ``META``)."""
Asker = Callable[[str], bytes]
"""Somebody who asks: what stands for them today, for each purpose another."""


def address(environ: Environ) -> str:
    """The client's address, or the nearest one we can believe."""
    remote = environ.get("REMOTE_ADDR") or ""
    proxies: int = settings.REGISTRY_TRUSTED_PROXIES
    if not proxies:
        return remote or _UNKNOWN
    forwarded = (environ.get("HTTP_X_FORWARDED_FOR") or "").split(",")
    claimed = _without_port(forwarded[-proxies].strip()) if len(forwarded) >= proxies else ""
    return claimed if _network(claimed) else remote or _UNKNOWN


def _without_port(text: str) -> str:
    """An address as some proxies write it: ``192.0.2.1:5678``, ``[2001:db8::1]:5678``."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def key(request: HttpRequest, purpose: str = "") -> bytes:
    """Sixteen bytes that stand for the client today and for nobody tomorrow, others for each ``purpose``."""
    return key_of(request.META, purpose)


def key_of(environ: Environ, purpose: str = "") -> bytes:
    """The same, of a request as WSGI has it."""
    return keyed(_network(address(environ)) or _UNKNOWN, purpose)


def asker(environ: Environ) -> Asker:
    """Whoever sent the request."""
    return partial(key_of, environ)


def keyed(whose: str, purpose: str) -> bytes:
    """The same for anybody who is known by something else than an address, such as a telephone number."""
    return hmac.digest(_day_key(day()), f"{purpose} {whose}".encode(errors="surrogatepass"), "sha256")[:16]


def day() -> str:
    """The day whose key is in use (UTC)."""
    return clock.now().date().isoformat()


@lru_cache(maxsize=4096)
def _network(text: str) -> str:
    """One IPv4 host, or the /64 that one IPv6 subscriber has; empty for what is no address."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False).network_address)
    return str(found)


@lru_cache(maxsize=2)
def _day_key(today: str) -> bytes:
    return hmac.digest(settings.REGISTRY_THROTTLE_KEY.encode(), f"client address {today}".encode(), "sha256")
