"""Webhooks of the caller and their deliveries."""
