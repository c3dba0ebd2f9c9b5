"""Every way an intake says no before anything is written."""

from registry.rules.errors import BadInput, Refused


class ProfileInvalid(BadInput):
    """The profile cannot be understood; ``facts['key']`` names the key."""

    code = "profile.invalid"


class ProfileNotFound(BadInput):
    """No profile has this name, and no file lies at this path."""

    code = "profile.not_found"


class FileUnreadable(BadInput):
    """The file is not what the profile says it is, or breaks off: ``facts['line']`` where known."""

    code = "list.unreadable"


class ListInFuture(BadInput):
    """The list is said to be of a day that has not come yet."""

    code = "list.in_future"


class ListOutOfOrder(Refused):
    """A list of this day or a later one was taken in already: ``facts['latest']``."""

    code = "list.out_of_order"


class ListWouldShrink(Refused):
    """Too much of the list would be gone: ``facts['lost']`` of ``facts['known']``, as ``facts['percent']``."""

    code = "list.would_shrink"


class ListEmpty(Refused):
    """Not one row of the file could be taken in."""

    code = "list.empty"


class ListBusy(Refused):
    """Another intake of the same list is under way."""

    code = "list.busy"


class ProfileConflict(Refused):
    """What the profile says contradicts what the register holds: ``facts['key']``."""

    code = "profile.conflict"
