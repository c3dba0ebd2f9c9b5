"""Migrations of the proofs, one thing each."""
