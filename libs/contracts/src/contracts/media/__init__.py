"""Messages of media."""
