"""How Django finds the read-only admin."""

from django.contrib.admin import apps


class AdminConfig(apps.AdminConfig):
    """The read-only admin, behind a second factor like every door of the desk."""

    default = False
    default_site = "api.staff.reading_room.ReadingRoom"
