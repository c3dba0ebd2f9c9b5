"""Telephones without a browser: messages by SMS and menus by USSD, over the signed HTTP of an operator's gateway."""
