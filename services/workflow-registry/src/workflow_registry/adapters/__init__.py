"""The folder, Postgres and the key-value bucket."""
