"""Users, roles, credentials and tokens."""
