"""Handlers of auth: one function for each message and each tick."""
