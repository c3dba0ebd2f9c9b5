"""Badges, pictures and verdicts."""
