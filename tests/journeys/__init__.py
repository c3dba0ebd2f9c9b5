"""Whole journeys through the public pages, by HTTP and in a real browser."""
