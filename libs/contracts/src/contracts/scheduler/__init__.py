"""Messages and bucket values of the scheduler."""
