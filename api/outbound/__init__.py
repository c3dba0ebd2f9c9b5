"""What leaves the house by itself: one module a protocol."""
