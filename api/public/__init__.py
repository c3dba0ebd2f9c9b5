"""JSON for anyone."""
