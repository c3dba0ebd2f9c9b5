"""What the code must look like, checked by reading it."""
