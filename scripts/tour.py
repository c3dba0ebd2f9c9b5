"""The tour: what a visitor and two officers do, over HTTP, against a demo that is running.

Needs nothing but Python. ``PORT`` as for ``scripts/demo``, else the one that the demo of this folder left. Suspends an
invented agency that is in force, another one each time, with two officers of the demo; an argument chooses one by name.
"""

import base64
import hmac
import http.cookiejar
import json
import os
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

LEFT = Path(__file__).resolve().parents[1] / "var" / "demo.json"


def _hosts() -> tuple[str, str]:
    """Where the demo is: its public host and the desk's."""
    if "PORT" not in os.environ and LEFT.exists():
        left = json.loads(LEFT.read_text(encoding="utf-8"))
        return left["public"], left["desk"]
    port = int(os.environ.get("PORT", "8000"))
    return f"127.0.0.1:{port}", f"127.0.0.1:{os.environ.get('DESK_PORT', port + 1)}"


PUBLIC, DESK = (f"http://{host}" for host in _hosts())
KEPT = ("Harbour Bridge",)
"""Names that the README's examples need in force."""
PASSWORD = "demo-only-never-in-use"  # noqa: S105 - the demo's, printed when it starts
SECRET = "DEMODEMODEMODEMODEMODEMODEMODEMO"  # noqa: S105 - the same


def one_time_code(secret: str) -> str:
    """The six digits that an authenticator shows now (RFC 6238, 30 seconds, SHA-1)."""
    counter = struct.pack(">Q", int(time.time()) // 30)  # noqa: TID251 - an authenticator has its own clock
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


class Visitor:
    """Somebody with a browser's memory for cookies; writes carry the token that a form would."""

    def __init__(self, site: str) -> None:
        """Come to a site for the first time."""
        self.site = site
        self.token = ""
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.browser = urllib.request.build_opener(jar)

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """GET, or POST with a body; the JSON that comes back, refusals too."""
        headers = {"Accept": "application/json", "Origin": self.site}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
            headers |= {"X-CSRFToken": self.token} if self.token else {}
        asked = urllib.request.Request(self.site + path, data=data, headers=headers)  # noqa: S310 - our own site
        try:
            with self.browser.open(asked) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            return json.load(refused)
        except urllib.error.URLError:
            raise SystemExit(
                f"No demo answers at {self.site}. Start it with scripts/demo, or say its port: PORT=8700 scripts/tour"
            ) from None

    def sign_in(self, name: str) -> None:
        """Sign in as a demo officer with password and one-time code."""
        for patience in (2, 1, 0):
            body = {"username": name, "password": PASSWORD, "code": one_time_code(SECRET)}
            session = self.ask("/api/v1/staff/session", body)
            if "csrf_token" in session:
                break
            if not patience:
                raise SystemExit(f"{name} was not let in: {session.get('detail') or session}")
            say(
                "Wait       ", f"{name}'s one-time code was used already; the next comes within half a minute"
            )
            time.sleep(31)
        self.token = session["csrf_token"]


def say(words: str, *facts: object) -> None:
    """A line of the tour."""
    sys.stdout.write(f"{words} {' · '.join(str(fact) for fact in facts)}\n")


def verdict(answer: Mapping[str, Any]) -> str:
    """The answer in one line."""
    said = answer["verdict"]
    return f"{said['result']}: {said['reasons'][0]['text']}"


def in_force(worker: Visitor) -> str:
    """The name of an agency that the officers of the tour may suspend and nobody has suspended yet."""
    for row in worker.ask("/api/v1/agencies?limit=100")["data"]:
        name, licence = row["name"].removesuffix(" (DEMO)"), row["licence"]
        ours = licence["number"].startswith("XA-DLA-A-") and name.isascii() and not name.startswith(KEPT)
        if ours and (licence["state"], licence["result"]) == ("active", "licensed"):
            return str(name)
    raise SystemExit(
        "No agency is in force any more: begin again with an empty var/postgres, or name one that is."
    )


def main() -> None:
    """Look up, scan, suspend, scan again."""
    worker = Visitor(PUBLIC)
    name = sys.argv[1] if len(sys.argv) > 1 else in_force(worker)
    hits = worker.ask(f"/api/v1/search?q={urllib.parse.quote(name)}")["data"]
    if not hits:
        raise SystemExit(f"Nobody in the register is called “{name}”.")
    hit = hits[0]
    number = hit["number"]
    say("Search     ", f"“{name}”", hit["name"], number, f"{hit['match']} match")
    before = worker.ask(f"/api/v1/licences/{number}")
    say("Look up    ", verdict(before))

    proposer, registrar = Visitor(DESK), Visitor(DESK)
    proposer.sign_in("asha")
    registrar.sign_in("chandra")
    subject = {"kind": "licence", "number": number}
    code = proposer.ask("/api/v1/staff/badges", subject)["code"]
    say("Scan       ", f"{PUBLIC}/v/{code}", verdict(worker.ask(f"/v/{code}")))

    terms = {"grounds": ["IMMINENT-HARM"], "texts": {"en": "A tour of the demo."}}
    version = proposer.ask(f"/api/v1/staff/licences/{number}")["version"]
    body = {"action": "suspend_preventive", "terms": terms, "no_conflict": True, "expected_version": version}
    waiting = proposer.ask(f"/api/v1/staff/licences/{number}/proposals", body)
    if "number" not in waiting:
        raise SystemExit(f"The proposal was refused: {waiting['detail']}")
    say("Propose    ", "asha proposes a preventive suspension", f"proposal {waiting['number']}")
    approval = {"no_conflict": True, "expected_version": version}
    own = proposer.ask(f"/api/v1/staff/proposals/{waiting['number']}/approvals", approval)
    say("Four eyes  ", "asha approves her own proposal", f"{own['status']} {own['code']}")
    done = registrar.ask(f"/api/v1/staff/proposals/{waiting['number']}/approvals", approval)
    decision = done["decisions"][0]
    say("Approve    ", "chandra approves", f"entry {decision['sequence']}", decision["recorded_at"])
    say("Scan again ", f"{PUBLIC}/v/{code}", verdict(worker.ask(f"/v/{code}")))
    zone = before["authority"]["zone"]
    now = datetime.now(UTC).astimezone(ZoneInfo(zone))  # noqa: TID251 - the visitor's clock
    yesterday = (now - timedelta(days=1)).date()
    past = worker.ask(f"/api/v1/licences/{number}?as_of={yesterday}")
    say("Yesterday  ", f"as of {yesterday}, a day in {zone}", verdict(past))


if __name__ == "__main__":
    main()
