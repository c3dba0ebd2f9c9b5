"""HTML for workers and employers."""
