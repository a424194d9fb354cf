"""Publishes messages that were committed with a transaction."""
