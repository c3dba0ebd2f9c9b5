"""Benchmarks that print; nothing here is a test with a time limit. ``scripts/bench`` starts them."""
