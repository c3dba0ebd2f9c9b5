"""The promises of the register, as sentences that run."""
