"""The demo's own ceremony: a list of trust signed by roots that everybody with the demo has.

In earnest three people hold it with files carried by hand (``docs/ceremony.md``); here one program plays all of them,
so that the demo's badges can be verified without a network.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import django  # noqa: E402 - the path is set above
from django.apps import apps  # noqa: E402 - the same

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "api.conf.settings")
if not apps.ready:
    django.setup()

from django.conf import settings  # noqa: E402 - Django is ready

from api.conf import embedded  # noqa: E402 - the same
from registry import clock  # noqa: E402 - the same
from registry.rules.errors import NotFound  # noqa: E402 - the same
from verification import (  # noqa: E402 - the same
    ceremony,
    public_keys,
    published_keys,
    published_trust,
    signing,
    trust_list,
    vaults,
)
from verification.vaults import FileSigner  # noqa: E402 - the same

PASSPHRASE: Final = "a passphrase that everybody has"  # noqa: S105 - public on purpose
SECONDS: Final = 10
"""How long the signer may take to tell its keys while everything starts."""

RENEWED_BEFORE: Final = 20 * ceremony.DAY
"""A list that ends sooner is followed by another."""


def main() -> int:
    """Publish a list of trust if the demo has keys and none that is right; 0 also when there was nothing to do."""
    at = clock.now()
    try:
        stated = signing.Client(Path(settings.REGISTRY_SIGNER), timeout=SECONDS).keys()
    except signing.SignerDown:
        return 0
    published_keys.record(stated, at=at)
    try:
        hold(embedded.VAR / "roots", at=at)
    except (ceremony.CeremonyRefused, trust_list.NotTrusted, vaults.VaultClosed) as refusal:
        print(f"The demo goes on without a new list of trust: {refusal}")
    return 0


def hold(folder: Path, *, at: datetime) -> bool:
    """Hold the ceremony with the three roots of this folder, made when absent; whether a list was published.

    ``roots.json`` in the folder holds their thumbprints, for whoever verifies without asking anybody.
    """
    signers = [_root(folder / f"{number}.pem") for number in range(trust_list.ROOTS)]
    roots = [public_keys.base64url(public_keys.thumbprint(one.public_jwk)) for one in signers]
    (folder / "roots.json").write_text(json.dumps(roots) + "\n", encoding="ascii")
    codes = sorted(
        {key.authority.rpartition("/")[2].upper() for key in published_keys.every() if "/a/" in key.authority}
    )
    statements = []
    for code in codes:
        with suppress(NotFound):
            statements.append(published_keys.statement(code, at=at))
    known, now = published_trust.believed(), int(at.timestamp())
    if not statements or (known is not None and _right(known, statements, now)):
        return False
    payload = ceremony.draft(
        statements,
        issuer=trust_list.did(settings.REGISTRY_HOST),
        known=known,
        next_roots=roots,
        at=now,
    )
    signatures = [ceremony.sign(payload, one, known=known) for one in signers[: trust_list.QUORUM]]
    document = ceremony.assemble(payload, signatures, known=known)
    published_trust.publish(document, roots=roots, at=at)
    return True


def _root(path: Path) -> FileSigner:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        vaults.make_locked(path, PASSPHRASE)
    return FileSigner(path, PASSPHRASE)


def _right(known: trust_list.Signed, statements: Sequence[Mapping[str, Any]], now: int) -> bool:
    """Whether the published list says the same, and goes on saying it for a while."""
    lasting = known.trust.expires - now > RENEWED_BEFORE
    stated: list[Mapping[str, Any]] = json.loads(known.payload)["authorities"]
    return lasting and all(one in stated for one in statements)


if __name__ == "__main__":
    sys.exit(main())
