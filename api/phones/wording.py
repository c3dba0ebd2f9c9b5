"""What short texts say, by the result of the one verdict table; each must fit with a name into 70 characters.

Written for a reader of ten. Translations may be no longer than the English, or a message says less besides.
"""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_noop as _

COULD_NOT_CHECK: Final = _("COULD NOT CHECK")
#: The first word of a message: what colour and shape say on a page.
WORDS: Final[Mapping[str, str]] = {
    "licensed": _("VALID"),
    "limited": _("LIMITED"),
    "not_licensed": _("NOT LICENSED"),
    "unknown": COULD_NOT_CHECK,
    "not_found": _("NOT IN THE REGISTER"),
    "ambiguous": _("SEVERAL LICENCES"),
    "not_genuine": _("NOT GENUINE"),
}
CONFIRMED: Final = _("CONFIRMED")
NOT_CONFIRMED: Final = _("NOT CONFIRMED")

UNTIL: Final = _("Until %(day)s.")
OFFICE: Final = _("Office %(phone)s.")
ASK_DIGITS: Final = _("Ask them for the 6 digits.")
SOME_JOBS: Final = _("Only for some jobs or countries.")
DO_NOT_PAY: Final = _("Do not pay.")
READ_AGAIN: Final = _("Read it again and send it once more.")
LATER: Final = _("Try again later.")
SEND_MORE: Final = _("Send the licence number.")
LONG_CODE: Final = _("Ask for the long code: 12 digits.")
TOO_OFTEN: Final = _("Too many messages. Wait an hour.")
#: To somebody who reported a concern; who else may hold the telephone learns nothing from it.
NEWS: Final = _("There is news for you. Read it with your code and PIN.")
HELP: Final = _("Send the code on the badge or the licence number.")

#: Menus by USSD.
BACK: Final = _("0 Back")
CHECK: Final = _("Check a licence")
NUMBERS: Final = _("Help numbers")
TYPE_CODE: Final = _("Type the code on the badge or the licence number.")
TYPE_DIGITS: Final = _("Type the 6 digits.")
NO_NUMBERS: Final = _("There is no help number here.")
CHOOSE: Final = _("Choose one of the numbers.")
ENDED: Final = _("Please begin again.")
