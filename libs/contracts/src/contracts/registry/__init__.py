"""Messages and bucket values of the workflow registry."""
