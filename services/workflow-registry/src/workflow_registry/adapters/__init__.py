"""Adapters of the registry: Postgres, the folder, the scheduler and the bucket."""
