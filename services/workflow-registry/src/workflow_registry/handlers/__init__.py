"""Handlers of the registry: one function for each message and each tick."""
