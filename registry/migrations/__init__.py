"""Migrations of the register, one thing each."""
