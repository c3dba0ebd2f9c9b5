"""One command a module, each calling one function."""
