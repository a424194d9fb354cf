"""Connects services to Postgres: connections, transactions, schemas and roles."""
