"""One function for each message and each tick."""
