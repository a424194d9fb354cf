"""What auth does: one function for each message and each tick."""
