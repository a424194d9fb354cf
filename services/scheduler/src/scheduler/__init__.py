"""Which job runs where and when, and what became of it."""
