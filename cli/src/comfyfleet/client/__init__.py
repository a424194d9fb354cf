"""A client of the fleet's public API for the commands; it uses nothing that is not public."""
