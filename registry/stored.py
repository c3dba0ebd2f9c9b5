"""Of which stored files the register knows: papers, and what people sent with a concern, are noted in tables of ours.

Whatever table notes a file does so in a column ``stored_as``; a new one needs nothing here.
"""

from collections.abc import Collection
from typing import Final

from django.apps import apps

_AT_ONCE: Final = 1000
"""Names in one query: a folder may hold a hundred thousand."""


def known(names: Collection[str]) -> frozenset[str]:
    """Those of ``names`` (as the storage has them) that some row of the register still names."""
    models = apps.get_app_config("registry").get_models()
    noting = [model for model in models if any(field.name == "stored_as" for field in model._meta.fields)]
    asked = list(names)
    found = (
        model._default_manager.filter(stored_as__in=asked[start : start + _AT_ONCE]).values_list(
            "stored_as", flat=True
        )
        for start in range(0, len(asked), _AT_ONCE)
        for model in noting
    )
    return frozenset(name for rows in found for name in rows)
