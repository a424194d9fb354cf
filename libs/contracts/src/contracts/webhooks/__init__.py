"""Webhooks: HTTP requests that tell programs of others about events of jobs."""
