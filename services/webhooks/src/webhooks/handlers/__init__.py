"""Handlers of webhooks: requests, events and ticks."""
