"""Invented registers of any size, to measure with: lawful lives, reserved numbers, names that say DEMO."""
