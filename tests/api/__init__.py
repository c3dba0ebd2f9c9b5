"""The promises of the edge, over HTTP."""
