"""A client of the fleet's public API, for the commands; it knows nothing that others cannot."""
