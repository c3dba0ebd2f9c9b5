"""Migrations of the edge: users, tokens, deliveries."""
