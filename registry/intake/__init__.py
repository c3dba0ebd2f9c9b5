"""Taking other registers' files in: a profile (TOML) says how to read one, a report says what became of every row.

A list is not a decision: what is taken in are *observations* (this list, on this day, showed this row). The pure half
(``calendars``, ``profile``, ``readers``, ``rows``, ``compare``, ``report``) knows neither Django nor the clock;
``staging``, ``apply`` and ``findings`` write to the database. ``docs/intake.md`` explains how to write a profile.
"""
