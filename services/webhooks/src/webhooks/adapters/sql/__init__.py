"""Postgres: webhooks, deliveries, their sending and their retention."""
