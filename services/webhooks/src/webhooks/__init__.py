"""Tells programs of others about events, by signed HTTP requests."""
