"""The law in plain Python, without a database."""
