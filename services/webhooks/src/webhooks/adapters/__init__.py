"""Adapters of webhooks: Postgres, HTTP and the seal of secrets."""
