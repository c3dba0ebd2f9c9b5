"""The register through its own doors."""
