"""The edge: every wire, in or out."""
