"""Telling who reported a concern that there is news: by SMS, where they left a telephone and a gateway is set up.

A notice never says what about: somebody else may hold the telephone. Otherwise, and where the person said when or how
it is safe to reach them, the status page alone tells it.
"""

import logging
from datetime import datetime

import phonenumbers
from django.utils.translation import gettext, override

from api import labels
from api.outbound import sms
from api.phones import wording
from registry.remedy import intake

_log = logging.getLogger("api.outbound")


def notify(code: str, *, at: datetime) -> bool:
    """Have the person told that there is news of their concern; whether a message waits for the worker.

    What fails here fails nobody else: what an officer did is done, and the status page tells it.
    """
    try:
        language, where, country = intake.reach(code)
        number = phonenumbers.parse(where, country)
        with override(labels.language("", language)):
            text = gettext(wording.NEWS)
        return (
            sms.send(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), text, at=at)
            is not None
        )
    except phonenumbers.NumberParseException:  # an address of mail, or a number that nobody can call
        return False
    except Exception:  # noqa: BLE001 - whatever the database or the cipher does
        _log.exception("a notice could not be written down")
        return False
