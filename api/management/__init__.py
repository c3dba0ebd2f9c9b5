"""Commands for people who run the register."""
