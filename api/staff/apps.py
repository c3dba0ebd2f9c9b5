"""How Django finds the read-only admin."""

from django.contrib.admin import apps


class AdminConfig(apps.SimpleAdminConfig):
    """The read-only admin, which only the officials' application loads: the others know no sign-in."""

    default = False
    default_site = "api.staff.reading_room.ReadingRoom"
