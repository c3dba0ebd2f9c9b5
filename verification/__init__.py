"""Proving a licence, online and off: badges, codes and verdicts."""
