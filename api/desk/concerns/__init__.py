"""Concerns on this host: the door that takes what people send (``door``), and the case officers' room (``room``)."""
