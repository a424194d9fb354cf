"""Postgres, the bus and metrics, each behind its port."""
