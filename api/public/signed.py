"""Answers that can be kept: the signed form of what a route answers unsigned.

Only the signed form needs the signer: while it is down the same question is answered unsigned, and ``503`` is said to
who insists on a signature.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from api import etags
from api.problems import Refusal
from api.public import reading, route
from registry import clock
from verification import check, log, receipts, signing
from verification.public_keys import base64url
from verification.receipts import Statement
from verification.signing import NotSigned, SignerDown

JWT: Final = receipts.MEDIA_TYPE
SIGNED: Final = {JWT: "The same, signed by the authority, to be kept: `typ` is `licence-status+jwt`."}
NONCE: Final = route.Parameter("nonce", reading.Text(most=128), "Signed form only: comes back in it.")
AUDIENCE: Final = route.Parameter("aud", reading.Text(most=200), "Signed form only: for whom it is made.")
PARAMETERS: Final = (NONCE, AUDIENCE)
SAYS: Final = ("signature.unavailable",)


def wanted(ask: route.Ask) -> bool:
    """Whether a signed answer is asked for; refuses parameters that only such a one can have."""
    if ask.media == JWT:
        return True
    for parameter in PARAMETERS:
        if ask[parameter.name] is not None:
            raise Refusal("parameter.invalid", parameter=parameter.name, wanted=f"used with Accept: {JWT}")
    return False


def of_answer(ask: route.Ask, body: Mapping[str, Any], *, at: datetime, **more: Any) -> str:
    """The receipt for an answer about a licence: its body as the public reads it."""
    verdict = body["verdict"]
    stated = Statement(
        licence=body["number"],
        holder=body["holder"]["name"],
        state=body["standing"]["state"] or "",
        verdict=_verdict(verdict["result"], verdict["may_recruit"], verdict["reasons"]),
        valid_at=at,
        until=verdict["until"],
        sequence=body["sequence"],
        log=_log(body["number"]),
        more=_asked(ask) | more,
    )
    return sign(stated, body["authority"]["code"])


def of_badge(ask: route.Ask, found: check.Verdict) -> str:
    """The receipt for a badge's answer; refuses one that names no licence, for there is nothing to state."""
    if not found.licence or found.badge is None:
        raise Refusal("signature.no_licence")
    stated = Statement(
        licence=found.licence,
        holder=found.holder,
        state=found.state,
        verdict=_verdict(found.result.value, found.may_recruit, [{"code": code} for code in found.reasons]),
        valid_at=found.checked_at,
        until=receipts.instant(found.until) if found.until else None,
        sequence=found.sequence,
        log=_log(found.licence, found.reached),
        more={"code": found.code, "kind": found.kind, "number": found.number} | _asked(ask),
    )
    return sign(stated, found.badge.authority)


def sign(stated: Statement, authority: str) -> str:
    """The statement, signed; refuses while nobody signs."""
    client = signing.client()
    try:
        if client is not None:
            return receipts.issue(client, signing.issuer(authority), stated, at=clock.now())
    except (NotSigned, SignerDown):
        pass
    raise Refusal("signature.unavailable", headers={"Retry-After": "30"})


def answer(receipt: str) -> route.Answer:
    """A receipt over HTTP; it is for one asker and nobody keeps it for another."""
    return route.Answer(receipt, seeds=None, caching=etags.KEEP_NOT, media_type=JWT)


def _verdict(result: str, may_recruit: bool, reasons: Any) -> dict[str, Any]:  # noqa: FBT001 - three parts of one thing
    return {"result": result, "may_recruit": may_recruit, "reasons": [reason["code"] for reason in reasons]}


def _asked(ask: route.Ask) -> dict[str, Any]:
    return {name: ask[name] for name in ("nonce", "aud") if ask[name] is not None}


def _log(licence: str, reached: log.Reached | None = None) -> dict[str, Any]:
    """Where the log stands: the licence's latest entry, or that it waits for one, and the newest checkpoint.

    ``reached``: what was read of it already.
    """
    reached = reached or log.reached(licence)
    if not reached.size:
        return {"index": "pending", "size": 0, "root": None}
    held = reached.latest is not None and reached.latest < reached.size
    index = reached.latest if held else "pending"
    return {"index": index, "size": reached.size, "root": base64url(reached.root)}
