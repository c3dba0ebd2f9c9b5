"""The tour: what a visitor and two officers do, over HTTP, against a demo that is running.

Needs nothing but Python. ``PORT`` as for ``scripts/demo``. Suspends an invented agency with two officers of the demo.
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
from typing import Any

PORT = int(os.environ.get("PORT", "8000"))
PUBLIC = f"http://127.0.0.1:{PORT}"
DESK = f"http://127.0.0.1:{os.environ.get('DESK_PORT', PORT + 1)}"
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

    def sign_in(self, name: str) -> None:
        """Sign in as a demo officer with password and one-time code."""
        for last in (False, True):
            body = {"username": name, "password": PASSWORD, "code": one_time_code(SECRET)}
            session = self.ask("/api/v1/staff/session", body)
            if "csrf_token" in session:
                break
            if last:
                raise SystemExit(f"{name} was not let in: {session.get('detail', session)}")
            time.sleep(31)  # a code is good once: the next one comes within half a minute
        self.token = session["csrf_token"]


def say(words: str, *facts: object) -> None:
    """A line of the tour."""
    sys.stdout.write(f"{words} {' · '.join(str(fact) for fact in facts)}\n")


def verdict(answer: Mapping[str, Any]) -> str:
    """The answer in one line."""
    said = answer["verdict"]
    return f"{said['result']}: {said['reasons'][0]['text']}"


def main() -> None:
    """Look up, scan, suspend, scan again."""
    worker = Visitor(PUBLIC)
    name = sys.argv[1] if len(sys.argv) > 1 else "Harbour Bridge"
    hit = worker.ask(f"/api/v1/search?q={urllib.parse.quote(name)}")["data"][0]
    number = hit["number"]
    say("Search     ", f"“{name}”", hit["name"], number, f"{hit['match']} match")
    say("Look up    ", verdict(worker.ask(f"/api/v1/licences/{number}")))

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
    yesterday = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86_400))  # noqa: TID251 - the visitor's clock
    past = worker.ask(f"/api/v1/licences/{number}?as_of={yesterday}")
    say("Yesterday  ", f"as of {yesterday}", verdict(past))


if __name__ == "__main__":
    main()
