"""The officers' desk: pages for a whole day's work in a browser; one module a room, no rule of its own.

``docs/desk.md`` says how a room is built.
"""
