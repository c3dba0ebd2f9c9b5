"""A gateway for demonstrations and tests: it speaks the contract of ``docs/sms.md`` and reaches no telephone.

What an operator's gateway does with the world, this one does with a page: a number and a text are typed, signed and
asked, and the reply is shown; so are menus. Messages that the register sends are checked and shown beneath. It keeps
them in memory alone, and is no part of a deployment.
"""

import json
import threading
import urllib.error
import urllib.request
from collections import deque
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import parse_qs, urlencode
from uuid import uuid4

from api import standard_webhooks
from registry import clock

SMS: Final = "/gateway/sms"
USSD: Final = "/gateway/ussd"
_TIMEOUT: Final = 10
_MOST_BYTES: Final = 16_384
_KEPT: Final = 50
_COULD_NOT: Final = "(no answer: HTTP {status})"


@dataclass
class Gateway:
    """A gateway beside a register at ``address`` (``http://127.0.0.1:8000``) with which it shares ``secret``."""

    address: str
    secret: str
    taken: deque[dict[str, str]] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def message(self, sender: str, text: str, *, reference: str = "") -> dict[str, Any]:
        """What the register answers to a message; ``text`` says so where it does not answer."""
        body = json.dumps({"from": sender, "text": text}).encode()
        status, answer = self._ask(SMS, body, "application/json", reference)
        told: dict[str, Any] = (
            json.loads(answer) if status == 200 else {"text": _COULD_NOT.format(status=status)}
        )
        return told

    def menu(self, sender: str, typed: str, *, session: str = "1", reference: str = "") -> str:
        """The screen of a menu: ``CON …`` or ``END …``."""
        body = urlencode(
            {"sessionId": session, "phoneNumber": sender, "serviceCode": "*384#", "text": typed}
        ).encode()
        status, answer = self._ask(USSD, body, "application/x-www-form-urlencoded", reference)
        return answer if status == 200 else f"END {_COULD_NOT.format(status=status)}"

    def take(self, headers: Any, body: bytes) -> int:
        """Take a message of the register, once; the status to answer with."""
        identity = standard_webhooks.verified(headers, body, [self.secret], at=clock.now())
        if not identity:
            return 401
        if all(one["id"] != identity for one in self.taken):
            self.taken.append({"id": identity, **json.loads(body)})
        return 202

    def serve(self, port: int = 0) -> ThreadingHTTPServer:
        """Answer at this port of this machine, in a thread, until it is shut down."""
        server = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_Handler,), {"gateway": self}))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server

    def _ask(self, path: str, body: bytes, media: str, reference: str) -> tuple[int, str]:
        signed = standard_webhooks.headers(reference or uuid4().hex, body, [self.secret], at=clock.now())
        request = urllib.request.Request(  # noqa: S310 - the operator named it
            self.address + path, body, {"Content-Type": media, **signed}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 - the same
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode("utf-8", "replace")
        except OSError:
            return 503, ""


_PAGE: Final = Template(Path(__file__).with_name("gateway.html").read_text("utf-8"))


class _Handler(BaseHTTPRequestHandler):
    """The page, and the door at which the register leaves its messages."""

    gateway: Gateway

    def do_GET(self) -> None:
        """The page."""
        self._show({})

    def do_POST(self) -> None:
        """A message or a menu that was typed, or a message of the register."""
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _MOST_BYTES))
        if self.path == "/messages":
            self._answer(self.gateway.take(self.headers, body), "")
            return
        sent = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        if self.path == "/sms":
            told = self.gateway.message(sent.get("from", ""), sent.get("text", ""))
            sent["reply"] = str(told["text"])
            sent["about"] = f"{told.get('encoding', '')} {told.get('length', '')} {told.get('language', '')}"
        else:
            sent["reply"] = self.gateway.menu(sent.get("from", ""), sent.get("typed", ""))
        self._show(sent)

    def log_message(self, *_said: Any) -> None:
        """Say nothing: a line would name a number."""

    def _show(self, sent: dict[str, str]) -> None:
        reply = sent.get("reply", "")
        shown = f"<section><pre>{escape(reply)}</pre><small>{escape(sent.get('about', ''))}</small></section>"
        taken = "".join(f"<p>{escape(one['to'])}<br>{escape(one['text'])}</p>" for one in self.gateway.taken)
        page = _PAGE.substitute(
            shown=shown if reply else "", sender=escape(sent.get("from", "+9779812345678")),
            text=escape(sent.get("text", "")), typed=escape(sent.get("typed", "")), taken=taken or "<p>None yet.</p>",
        )  # fmt: skip
        self._answer(200, page)

    def _answer(self, status: int, page: str) -> None:
        body = page.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
