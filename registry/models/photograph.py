"""The bytes of a picture that an office or an appointment shows."""

from __future__ import annotations

from django.db import models


class Photograph(models.Model):
    """A JPEG by its SHA-256. A side row: it is deleted when nothing shows it and nothing that waits would.

    ``Office.photograph`` and ``Appointment.photograph`` name it, so their history says what was shown when. In the
    database, and not in a folder, because a replica serves it and a withdrawal is one transaction.
    """

    sha256 = models.TextField(unique=True)
    content = models.BinaryField()
    kept_at = models.DateTimeField(help_text="when somebody last proposed it")
    kept_by = models.TextField()

    def __str__(self) -> str:
        return self.sha256[:12]
